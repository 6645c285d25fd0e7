"""`python -m fixwatch`: the same as the command `fixwatch`."""

from fixwatch.cli import main

if __name__ == "__main__":
    main()
