"""`python -m afterpush`: the same as the console script."""

from afterpush.program import main

if __name__ == "__main__":
    main()
