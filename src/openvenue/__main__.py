"""`python -m openvenue`: the same program as the `openvenue` command."""

from openvenue.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
