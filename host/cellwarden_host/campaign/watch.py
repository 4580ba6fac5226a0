"""What really flows: the plant's truth, looked at after every step of the firmware.

For each thing that a rule may forbid this notes when it was last possible (a path stood open),
when it last went on, and for how long at a stretch. Knows the plant only, never what the
firmware believes.
"""

from __future__ import annotations

from typing import Any

FLOW_MA = 500.0  # less than this is leakage, noise and what the board itself takes
KINDS = ("charge", "discharge", "balance", "heater")


class Watch:
    """``bad_us[kind]``: when it could last go on, ``flow_us[kind]``: when it last did (None:
    never since ``begin``); ``longest_us[kind]``: the longest that it did without a break;
    ``opened[kind]``: its path has been open at least once."""

    def __init__(self, plant: Any) -> None:
        self._plant = plant
        self._pack = plant.pack
        self.bad_us: dict[str, int | None] = {}
        self.flow_us: dict[str, int | None] = {}
        self.longest_us: dict[str, int] = {}
        self.opened: dict[str, bool] = {}
        self.fired_us: int | None = None
        self.begin(0)

    def begin(self, now_us: int) -> None:
        """Forget what was: from now on it counts."""
        self.bad_us = dict.fromkeys(KINDS)
        self.flow_us = dict.fromkeys(KINDS)
        self.longest_us = dict.fromkeys(KINDS, 0)
        self.opened = dict.fromkeys(KINDS, False)
        self._from_us: dict[str, int | None] = dict.fromkeys(KINDS)
        self.look(now_us)

    def look(self, now_us: int) -> None:
        """Note what goes on at this moment."""
        pack = self._pack
        ma = pack.current_ma
        charge, discharge = pack.conducting()
        into, out = ma >= FLOW_MA, ma <= -FLOW_MA
        # Precharge goes outwards through its resistor while the discharge switch is open.
        through = -ma > self.precharge_ma()
        # A closed switch that only relieves its body diode lets nothing forbidden through:
        # it opens within a sample of that current falling or turning round.
        self._note("charge", now_us, into, into or (charge and not out))
        flows = (discharge and out) or through
        self._note("discharge", now_us, flows, flows or (discharge and not into))
        bleeds = any(pack.cells.bleed_ma)
        self._note("balance", now_us, bleeds, bleeds)
        self._note("heater", now_us, pack.heater_on, pack.heater_on)
        if self._plant.secondary_fired and self.fired_us is None:
            self.fired_us = now_us

    def _note(self, kind: str, now_us: int, flows: bool, possible: bool) -> None:
        if possible:
            self.bad_us[kind] = now_us
        else:
            self.opened[kind] = True
        if not flows:
            self._from_us[kind] = None
            return
        self.flow_us[kind] = now_us
        begun_us = self._from_us[kind]
        if begun_us is None:
            begun_us = self._from_us[kind] = now_us
        self.longest_us[kind] = max(self.longest_us[kind], now_us - begun_us)

    def on(self, now_us: int) -> list[str]:
        """What goes on now, or could; balancing pauses around measurements and between turns."""
        recent = {"balance": 5_000_000}
        return [
            kind
            for kind, last_us in self.bad_us.items()
            if last_us is not None and now_us - last_us <= recent.get(kind, 0)
        ]

    def precharge_ma(self) -> float:
        """The most that the precharge resistor and the board's own supply let out."""
        return FLOW_MA + 1.1 * self._pack.pack_mv() / self._plant.board.PRECHARGE_OHM
