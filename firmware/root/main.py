"""Starts the battery management system. Ctrl-C stops it, with everything off."""

import gc

# Loading modules leaves much garbage between what stays. Collected often, the heap stays whole;
# later the firmware chooses the moments itself.
gc.threshold(16_384)
from firmware.start import run  # noqa: E402

gc.collect()
gc.threshold(-1)
run()
