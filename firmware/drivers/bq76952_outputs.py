"""The output pins of a board whose FETs a BQ76952 drives: two locks on every switch.

The pins go to the chip's CFETOFF and DFETOFF inputs behind the heartbeat's one-shot, so that
whatever switches pins off (boot, Ctrl-C, a hung controller) opens the FETs without a word on
the bus. The chip's own permission follows each command, and what is fed back is what the chip
says its drivers do.
"""

from firmware.drivers.bq76952_locks import CHARGE_ON, DISCHARGE_ON
from firmware.outputs import Outputs


class Bq76952Outputs(Outputs):
    """``Outputs`` that tells the chip as well."""

    def __init__(self, pins, chip):
        self._chip = chip
        self.feedback_known = False
        super().__init__(pins)

    def apply(self, commands):
        """Pins first: they open a FET at once, and the chip's word follows."""
        super().apply(commands)
        if commands.reset_short is True:
            self._chip.release_short()
        if not self.locked:
            self._chip.permit(self.charge_on, self.discharge_on)

    def all_off(self):
        """Pins and permissions to their rest state."""
        super().all_off()
        self._chip.permit(False, False)

    def read_feedback(self):
        """What the chip's newest status says; False when that status did not come."""
        status = self._chip.fet_status
        self.charge_feedback = 1 if status & CHARGE_ON else 0
        self.discharge_feedback = 1 if status & DISCHARGE_ON else 0
        return self.feedback_known
