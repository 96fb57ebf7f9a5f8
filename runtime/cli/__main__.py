"""`python -m runtime.cli` is `hookd`."""

from runtime.cli import main

if __name__ == "__main__":
    main()
