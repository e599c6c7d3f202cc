"""What OpenVenue costs, each figure beside its target and a limit measured in the same run."""
