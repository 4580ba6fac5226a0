"""What is known of each cell beyond its voltage: resistance, charge against the others, leaks;
and heat that nothing explains.

The parts take turns, one a tick, so that no tick is long. The mean resistance is handed to the
estimator, and the quantities are told what the rules of early warning judge. All but the heating
is kept over a restart, and forgotten when the settings speak of other cells. It decides nothing.
"""

from array import array

from . import ids
from .cell_charge import CellCharge
from .cell_leak import WHERE, WORST
from .cell_resistance import CellResistance
from .self_heating import SelfHeating
from .ticks import elapsed_ms

_SLOW_MS = 300  # ticks further apart, as of a recorded log, have room for all parts
# Blocks of registers after the cells' voltages; then leaks.
_RESISTANCE = 1
_CHARGE = 2
# Kinds of arrays by the bytes of an item.
_KIND = "Bh?i"
# A board that had no power, or does not know whether, does not know for how long.
_UNKNOWN_TIME = (ids.RESTART_CAUSE_IS_UNKNOWN, ids.RESTART_CAUSE_IS_POWER)


class CellHealth:
    def __init__(self, board):
        self.resistance = CellResistance()
        self.charge = CellCharge(board)
        self.heating = SelfHeating(board)
        self._pack = array("i", (0,))  # capacity, chemistry and count in one
        self._revision = -1
        self._turn = 0
        self._ms = 0

    def begin(self, restart_cause):
        """At the first tick."""
        if restart_cause in _UNKNOWN_TIME:
            self.charge.leak.lose_time()

    def update(self, r, q, settings, estimator, balance, heater_on, uptime_s, now_ms):
        """Once a tick, after balancer and heater."""
        live = settings.live
        if settings.revision != self._revision:
            self._revision = settings.revision
            self._take_pack(live)
        turn = self._turn = (self._turn + 1) & 3
        slow = elapsed_ms(now_ms, self._ms) > _SLOW_MS
        self._ms = now_ms
        soc_permille = estimator.soc_permille if estimator.known else -1
        resistance = self.resistance
        if slow or not turn & 1:
            resistance.update(r, q, live, soc_permille)
            estimator.resistance_uohm = resistance.now_uohm
        if slow or turn == 1:
            charge = self.charge
            charge.update(r, live, balance, estimator.curve, soc_permille, uptime_s, now_ms)
            facts = charge.leak.facts
            q.tell(ids.Q_CELL_LEAK, facts[WORST], facts[WHERE])
        if slow or turn == 3:
            heating = self.heating
            heating.update(r, live, resistance.now_uohm, heater_on, now_ms)
            q.tell(ids.Q_SELF_HEATING_DC, heating.rise_dc, heating.where)

    def _take_pack(self, live):
        cells = live[ids.CELL_COUNT]
        pack = (live[ids.CAPACITY_MAH] * 8 + live[ids.CHEMISTRY]) * 64 + cells
        if pack != self._pack[0]:
            self._pack[0] = pack
            self.resistance.forget_all(cells)
            self.charge.forget_all(cells)

    def register(self, block, cell):
        """A cell's register in one of the blocks that follow the voltages."""
        if block == _RESISTANCE:
            return self.resistance.register(cell)
        return (self.charge if block == _CHARGE else self.charge.leak).register(cell)

    # --- stored -------------------------------------------------------------------------------

    def _kept(self):
        charge = self.charge
        leak = charge.leak
        return (
            self._pack,
            self.resistance.info,
            self.resistance.r16,
            charge.looked,
            charge.difference,
            leak.facts,
            leak.rate,
            leak.kept,
            leak.charge,
            leak.since_h,
            leak.used_h,
            leak.owed_mas,
            leak.took,
        )

    def state_into(self, out, offset):
        """Store what must survive a restart; returns the bytes written."""
        at = offset
        for values in self._kept():
            raw = bytes(values)
            out[at : at + len(raw)] = raw
            at += len(raw)
        return at - offset

    def state_from(self, data, offset, size):
        """Take back what ``state_into`` wrote; another layout is not taken."""
        kept = self._kept()
        if size != sum([len(bytes(values)) for values in kept]):
            return
        for values in kept:
            n = len(values)
            item = len(bytes(values)) // n
            raw = array(_KIND[item - 1], bytes(data[offset : offset + n * item]))
            for i in range(n):
                values[i] = raw[i]
            offset += n * item
        self.resistance.cells = self.charge.cells = self._pack[0] & 63
        self.resistance.sum_up()
