"""``python -m cellwarden_host.cli`` is the ``cellwarden`` command where it is not installed."""

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main())
