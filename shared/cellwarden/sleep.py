"""When the board should switch itself off to spare an empty pack (safety.md 10).

An empty pack with no charger is emptied further by the very board that guards it. So after an
under-voltage trip without a charger, and with nobody talking to it, it asks for deep sleep:
within WAIT_MS of the trip, or AGAIN_MS after a wake-up that found nothing new. It only asks;
outputs are off by then, and the firmware saves everything first. A person may ask for sleep at
any time (one-key sleep): it comes unless current flows, outputs on or off, and has no end in
time. Whatever is charging or discharging, it never asks.
"""

from . import ids
from .ticks import elapsed_ms

WAIT_MS = 540_000  # ten minutes are allowed; saving and falling asleep take their part
AGAIN_MS = 10_000
_RULES = bytes((ids.RULE_CELL_UV1, ids.RULE_CELL_UV2, ids.RULE_PACK_UV))


class Sleep:
    """``due`` is true while the board should go to deep sleep."""

    def __init__(self, start_ms):
        self.due = False
        self.woken = False  # this start is a wake-up, set by the firmware
        self.asked = False  # a person wants it
        self._since_ms = start_ms

    def ask(self, held):
        """A person asks; refused while ``held``: current flows, or a charger would wake it."""
        self.asked = not held
        return self.asked

    def update(self, protection, charger_seen, outputs_on, someone, flows, now_ms):
        """Once a tick. ``someone``: a session is open; who only reads does not keep it awake."""
        if self.asked:
            if flows or charger_seen:
                self.asked = False  # things have changed since
            else:
                self.due = True
                return
        empty = False
        for rule in _RULES:
            if protection.is_active(rule):
                empty = True
        if someone:
            self.woken = False
        if not empty or charger_seen or outputs_on or someone or flows:
            self._since_ms = now_ms
            self.due = False
            return
        wait_ms = AGAIN_MS if self.woken else WAIT_MS
        if elapsed_ms(now_ms, self._since_ms) >= wait_ms:
            self.due = True
