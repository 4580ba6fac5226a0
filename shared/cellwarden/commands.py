"""What the core wants from the hardware: written by the core each tick, read by the drivers.

The rest state of every field is "off". A driver that finds anything it does not understand
switches off. Nothing here drives a pin.
"""

from .readings import MAX_CELLS

# Buzzer patterns, quietest first; the buzzer driver plays the pattern, the core only names it.
BUZZER_SILENT = 0
BUZZER_WARNING = 1
BUZZER_PROTECTION = 2
BUZZER_DANGER = 3


class Commands:
    """One set of outputs. ``balance[i]`` is the duty of cell ``i + 1``: 0 off, 1 on."""

    def __init__(self):
        self.balance = bytearray(MAX_CELLS)
        self.all_off()

    def all_off(self):
        """Return every output to its rest state."""
        self.charge = False  # charge MOSFET or relay
        self.discharge = False  # discharge MOSFET or relay
        self.precharge = False
        self.heater = False
        self.fire_secondary = False  # secondary disconnect: never taken back once true
        self.reset_short = False  # one tick: clear the comparator's latch
        self.buzzer = BUZZER_SILENT
        for i in range(MAX_CELLS):
            self.balance[i] = 0
