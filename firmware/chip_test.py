"""Runs the self-test of the measuring chips and lets its code go again.

The test is needed at start-up and when a person asks; in between its 4 kB of memory serve
better. Outputs must be off: it takes the chips away from measuring.
"""

import gc
import sys

import firmware
import firmware.drivers


def failures(hardware):
    """Bit mask of what failed, as ``firmware.selftest`` names the bits; 0 when all is well."""
    if hardware.chip is not None:
        from firmware.drivers.bq76952_test import failures_of

        result = failures_of(hardware.chip)
        failures_of = None
        _forget(firmware.drivers, "bq76952_test")
        return result
    from firmware.selftest import SelfTest

    result = SelfTest(hardware).run()
    SelfTest = None
    _forget(firmware, "selftest")
    return result


def _forget(package, name):
    if sys.implementation.name == "micropython":
        del sys.modules[package.__name__ + "." + name]
        delattr(package, name)
        gc.collect()
