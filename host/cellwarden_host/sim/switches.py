"""Charge and discharge switches: MOSFETs at once, relays after a while; each may fail.

A switch knows its driver's level and whether it really conducts; which way a body diode lets
current through is the pack's business. Nothing here decides to switch.
"""

RELAY_CLOSE_US = 25_000
RELAY_OPEN_US = 12_000
CHATTER_US = 20_000
NEVER = 1 << 62


class Switch:
    """``closed`` is the truth, ``driven`` the gate driver's output."""

    def __init__(self, relay=False, break_ma=0):
        self.relay = relay
        self.break_ma = break_ma
        self.driven = False
        self.closed = False
        self.stuck = None  # "on": cannot open, "off": cannot close
        self.chatter = False
        self.due_us = NEVER
        self.operations = 0
        self.operations_loaded = 0

    def drive(self, level, now_us, current_ma=0.0):
        """The driver's output changes; a relay follows later."""
        level = bool(level)
        if level == self.driven:
            return
        self.driven = level
        if self.relay:
            self.due_us = now_us + (RELAY_CLOSE_US if level else RELAY_OPEN_US)
        else:
            self._move(level, current_ma)

    def fed_back(self):
        """What a relay's auxiliary contact says, or the gate driver of a MOSFET."""
        return int(self.closed if self.relay else self.driven)

    def settle(self, now_us, current_ma):
        """Carry out what is due; true when the contact moved."""
        if now_us < self.due_us:
            return False
        self.due_us = NEVER
        was = self.closed
        if self.chatter and self.driven:
            self._move(not self.closed, current_ma)
            self.due_us = now_us + CHATTER_US
        else:
            self._move(self.driven, current_ma)
        return self.closed != was

    def refresh(self, now_us):
        """A fault came or went: take the position that now applies."""
        if self.chatter and self.driven:
            self.due_us = now_us
        self._move(self.driven, 0.0)

    def _move(self, level, current_ma):
        if self.stuck == "on":
            level = True
        elif self.stuck == "off":
            level = False
        if level == self.closed:
            return
        self.operations += 1
        if not level and self.relay and abs(current_ma) > self.break_ma:
            self.operations_loaded += 1
        self.closed = level
