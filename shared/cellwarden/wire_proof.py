"""Proves the sense wires before the secondary disconnect is fired on a cell's voltage.

A cut sense wire floats: one cell reads far too high, its neighbour too low, and the sum stays
right. That opens the switches like any level 2, but a fuse must not blow for it. So while a
level 2 stands or is about to, open-wire checks are asked for without a pause, and the
disconnect is released only by a limit that is broken now, on wires that two checks have found
whole meanwhile. Level 2's own delay leaves time for them: proven wires cost no time. Current
that goes on against a protection is measured without sense wires, and waits for none.
"""

from . import ids
from . import schema_data as schema
from .protection import PENDING

_CHECKS = 2
_RULES = bytes((ids.RULE_CELL_OV2, ids.RULE_CELL_UV2_FLOW))
_CERTAIN = bytes((ids.RULE_CHARGE_UNSTOPPED, ids.RULE_DISCHARGE_UNSTOPPED))


class WireProof:
    """``releases()`` says whether the disconnect may fire."""

    def __init__(self):
        self._broken = False  # a limit of level 2 is broken now
        self._standing = False  # and its rule has tripped
        self._plausible = False
        self._from = 0  # checks that had been done when it broke
        self.armed = False

    def update(self, readings, quantities, protection, settings):
        """Once a tick: ask for checks while a limit of level 2 is broken."""
        live = settings.live
        state = protection.state
        quiet = not (
            state[ids.RULE_CELL_OV2] or state[ids.RULE_CELL_UV2] or state[ids.RULE_CELL_UV2_FLOW]
        )
        if quiet and self.armed and settings.commissioned:
            self._broken = self._standing = readings.open_wire_wanted = False
            return
        self._arm(quantities, settings)
        broken = standing = False
        for rule in _RULES:
            quantity = schema.RULE_QUANTITY[rule]
            over = quantities.value[quantity] >= live[schema.RULE_TRIP[rule]]
            if quantities.valid[quantity] and over:
                broken = True
                if protection.is_active(rule):
                    standing = True
        if broken and not self._broken:
            self._from = readings.open_wire_count
        self._broken = broken
        self._standing = standing
        # Cells that do not add up to the pack, or of which one is absurdly low, are not proof.
        q = ids.Q_SUM_ERROR_PERMILLE
        most = live[schema.RULE_TRIP[ids.RULE_SUM_MISMATCH]]
        adds_up = quantities.valid[q] and quantities.value[q] < most
        low = quantities.value[ids.Q_CELL_MIN_MV] <= live[ids.CELL_UV2_MV]
        flow = protection.is_active(ids.RULE_CELL_UV2_FLOW)
        self._plausible = adds_up and (flow or not low)
        readings.open_wire_wanted = broken or protection.state[ids.RULE_CELL_UV2] == PENDING

    def releases(self, readings, quantities, protection):
        """True when a level 2 stands on a value that is known, broken now, and proven."""
        for rule in _CERTAIN:
            if protection.is_active(rule):
                return True
        armed = self.armed or protection.is_active(ids.RULE_CHARGE_STUCK_ON)
        if not armed or not self._standing or quantities.value[ids.Q_OPEN_WIRES]:
            return False
        if not self._plausible:
            return False
        return (readings.open_wire_count - self._from) & 0x3FFFFFFF >= _CHECKS

    def _arm(self, quantities, settings):
        valid = quantities.valid
        if not settings.commissioned:
            self.armed = False
        elif valid[ids.Q_CELL_MAX_MV] and valid[ids.Q_CELL_MIN_MV]:
            live = settings.live
            value = quantities.value
            low = value[ids.Q_CELL_MIN_MV] > live[ids.CELL_UV1_MV]
            if low and value[ids.Q_CELL_MAX_MV] < live[ids.CELL_OV1_MV]:
                self.armed = True
