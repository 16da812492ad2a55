"""``python -m downslope`` is the command line."""

from downslope.cli import main

if __name__ == "__main__":
    main()
