"""Proves the sense wires before the secondary disconnect is fired on a cell's voltage.

A cut sense wire floats: one cell reads far too high, its neighbour too low, and the sum stays
right. That opens the switches like any level 2, but a fuse must not blow for it. So while a
level 2 stands or is about to, open-wire checks are asked for without a pause, and the
disconnect is released only by a limit that is broken now, on wires that two checks have found
whole meanwhile. Level 2's own delay leaves time for them: proven wires cost no time.
"""

from . import ids
from . import schema_data as schema
from .protection import ACTIVE, PENDING

_CHECKS = 2
_RULES = bytes((ids.RULE_CELL_OV2, ids.RULE_CELL_UV2_FLOW))


class WireProof:
    """``releases()`` says whether the disconnect may fire."""

    def __init__(self):
        self._asking = False
        self._from = 0

    def update(self, readings, protection):
        """Once a tick: ask for checks while a level 2 stands or is pending."""
        state = protection.state
        wanted = state[ids.RULE_CELL_OV2] == PENDING or state[ids.RULE_CELL_UV2] == PENDING
        for rule in _RULES:
            if state[rule] >= ACTIVE:
                wanted = True
        if wanted and not self._asking:
            self._from = readings.open_wire_count
        self._asking = wanted
        readings.open_wire_wanted = wanted

    def releases(self, readings, quantities, protection, live):
        """True when a level 2 stands on a value that is known, broken now, and proven."""
        if not self._asking or quantities.value[ids.Q_OPEN_WIRES]:
            return False
        if (readings.open_wire_count - self._from) & 0x3FFFFFFF < _CHECKS:
            return False
        for rule in _RULES:
            quantity = schema.RULE_QUANTITY[rule]
            limit = live[schema.RULE_TRIP[rule]]
            if protection.state[rule] >= ACTIVE and quantities.valid[quantity]:
                if quantities.value[quantity] >= limit:
                    return True
        return False
