"""`openvenue`, and `python -m openvenue`."""

from openvenue.cli.main import main

if __name__ == "__main__":
    main()
