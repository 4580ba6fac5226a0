"""Starts the battery management system. Ctrl-C stops it, with everything off.

The loader chooses which of the two firmwares runs. One on trial that ends by itself, or that
cannot even be loaded, is given up for the other.
"""

import gc

# Loading modules leaves much garbage between what stays. Collected often, the heap stays whole;
# later the firmware chooses the moments itself.
gc.threshold(16_384)
import loader.start  # noqa: E402

if loader.start.begin():
    loader.forget()
    loaded = False
    try:
        from firmware.start import run

        loaded = True

        gc.collect()
        gc.threshold(-1)
        run()
    except Exception as error:
        import sys

        sys.print_exception(error)
    loader.ended(loaded)
