"""What the machine and bare libraries can do. No project code: a slower venue moves no limit."""
