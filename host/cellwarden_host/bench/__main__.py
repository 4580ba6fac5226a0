"""``python -m cellwarden_host.bench``, the same as ``cellwarden bench``."""

import sys

from ..cli import main

sys.exit(main(["bench", *sys.argv[1:]]))
