"""Entry point: ``lithophile`` and ``python -m lithophile``."""

from lithophile.application import main

if __name__ == "__main__":
    main()
