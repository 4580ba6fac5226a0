"""Starts the battery management system. Ctrl-C stops it, with everything off.

The loader chooses which of the two firmwares runs. One on trial that ends by itself, or that
cannot even be loaded, is given up for the other; after one that had confirmed itself the loader
waits for an update. Ctrl-C leads to the prompt from everywhere.
"""

import gc

# Loading modules leaves much garbage between what stays. Collected often, the heap stays whole;
# later the firmware chooses the moments itself.
gc.threshold(16_384)
import loader.start  # noqa: E402

try:
    ready = loader.start.begin()
except Exception as error:
    import sys

    sys.print_exception(error)
    loader.start.rescue()
if ready:
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
    loader.stopped(loaded)
