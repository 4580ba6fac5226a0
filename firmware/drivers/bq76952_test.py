"""The start-up self-test of a BQ76952: nothing may switch on while one part of it fails.

Runs before the first tick with outputs off and waits for the chip: sets it up with read-back,
sees that it measures, that no FET is on, that its die makes sense and that its short-circuit
protection is armed. The bits are those of ``firmware.selftest``, whose words fit here too.
"""

from firmware.clock import sleep_us
from firmware.drivers.bq76952 import DIE
from firmware.drivers.bq76952_bringup import SILENT, STRANGER, BringUp
from firmware.drivers.bq76952_setup import SCD

AFE_SILENT = 1 << 0
AFE_CONFIG = 1 << 1
AFE_CELL_PATTERN = 1 << 2
AFE_SUPPLY = 1 << 8
SHUNT_IDENTITY = 1 << 10
SHUNT_CONFIG = 1 << 11
SHUNT_CONVERSION = 1 << 12

_ATTEMPTS = 3
_SCANS_MS = 400  # a full scan takes 190 ms, and the first set only serves to compare with
_STEP_MS = 20
_DIE_DC = (-400, 1_250)


def failures_of(chip):
    """Bit mask of what failed, 0 when all is well; takes 0.5 s, more when something fails."""
    steps = BringUp(chip)
    for _ in range(_ATTEMPTS):
        if steps.run():
            break
    else:
        if steps.reason == SILENT:
            return AFE_SILENT
        return SHUNT_IDENTITY if steps.reason == STRANGER else AFE_CONFIG
    failed = SHUNT_CONFIG if chip.setup.unarmed & SCD else 0
    scanned = current = 0
    for _ in range(_SCANS_MS // _STEP_MS):
        sleep_us(_STEP_MS * 1_000)
        scanned += 1 if chip.read_cells() else 0
        current += 1 if chip.read_current() else 0
    if scanned < 3:
        failed |= AFE_CELL_PATTERN
    if not current:
        failed |= SHUNT_CONVERSION
    chip.read_temperatures()
    if not chip.read_temperatures() or not _DIE_DC[0] <= chip.temp_dc(DIE) <= _DIE_DC[1]:
        failed |= AFE_SUPPLY
    if not chip.read_status() or chip.fet_status & 0x0F:
        failed |= AFE_CONFIG
    return failed
