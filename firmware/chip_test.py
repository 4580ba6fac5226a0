"""Runs the self-test of the measuring chips and lets its code go again.

The test is needed at start-up and when a person asks; in between its 4 kB of memory serve
better. Outputs must be off: it takes the chips away from measuring.
"""

import gc
import sys

import firmware

_MODULE = "firmware.selftest"


def failures(hardware):
    """Bit mask of what failed, as ``firmware.selftest`` names the bits; 0 when all is well."""
    from firmware.selftest import SelfTest

    result = SelfTest(hardware).run()
    if sys.implementation.name == "micropython":
        del sys.modules[_MODULE]
        del firmware.selftest
        SelfTest = None
        gc.collect()
    return result
