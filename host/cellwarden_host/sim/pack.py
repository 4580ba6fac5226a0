"""The power path of a simulated pack: cells, fuse, shunt, switches, bus, load and charger.

Common port: pack - fuse - shunt - charge MOSFET - discharge MOSFET - bus, with a precharge
branch (resistor and diode, outwards only) across both MOSFETs; load and charger share the bus,
the charger behind its own diode. An open MOSFET still conducts the other way through its body
diode. Separate ports (relay boards): the load hangs on the discharge switch, the charger on
the charge switch.

Each step is solved in closed form (the bus settles as an exponential), so a step may be long;
it is at most 100 ms, shorter while the bus moves, and never crosses a change of a switch.
A short circuit is the comparator's: its latch opens both drivers in the same instant.

mA charging positive, mV, ohm; times are microseconds of virtual time. Nothing here knows
registers or pins.
"""

import math
from collections.abc import Callable
from typing import Any

from .cells import Cells
from .charger import Charger
from .load import Load
from .pack_config import PackConfig
from .switches import NEVER, Switch
from .thermal import ZONES, Thermal

MAX_STEP_US = 100_000
BUS_STEP_US = 5_000
DIODE_MV = 700.0
PATH_OHM = 0.0015  # fuse, shunt, cables
SWITCH_OHM = 0.0002  # each MOSFET bank, fully on
LEAK_OHM = 1_000_000  # through the MOSFETs that are off


class Pack:
    """Owns the electrical truth; ``advance`` is the only thing that lets time pass."""

    def __init__(self, board: Any, config: PackConfig) -> None:
        self.board = board
        self.config = config
        self.cells = Cells(config)
        self.thermal = Thermal(config)
        self.load = Load(config)
        self.charger = Charger()
        relay = board.SWITCH_TYPE == "relay"
        self.charge = Switch(relay, board.RELAY_BREAK_MA)
        self.discharge = Switch(relay, board.RELAY_BREAK_MA)
        self.precharge = Switch()
        self.common_port = board.COMMON_PORT
        self.diodes = not relay
        self.now_us = 0
        self.current_ma = 0.0
        self.bus_mv = 0.0
        self.charger_mv = 0.0
        self.fuse_blown = False
        self.short_trip_ma = config.short_trip_ma or 5.0 * board.RATING_MA
        self.short_latched = False
        self.short_dead = False  # a fault: the comparator never trips
        self.peak_ma = 0.0
        self.heater_on = False
        self.heater_dead = False
        self.precharge_j = 0.0  # heat now in the resistor
        self.precharge_burnt = False
        self.in_mas = 0.0  # charge through the shunt, in and out
        self.out_mas = 0.0
        self.in_mj = 0.0  # energy at the pack's terminals, in and out
        self.out_mj = 0.0
        self.balance_mj = 0.0
        self._power_j = 0.0
        self._seen_key: tuple[int, float] | None = None  # moment of the voltages below
        self._seen_mv: list[float] = []
        # Called after each step: the shunt monitor's fast watch.
        self.on_step: Callable[[int], None] | None = None
        for cell in range(min(config.supply_tap_cells, config.cells)):
            self.cells.set_drain(cell, self._supply_ma())
        self.solve()

    def _supply_ma(self):
        return self.config.supply_ua / 1000 * (self.config.cells / self.config.supply_tap_cells)

    # --- time -------------------------------------------------------------------------------

    def advance(self, now_us):
        """Live until ``now_us``."""
        while self.now_us < now_us:
            step = MAX_STEP_US if self._bus_quiet else BUS_STEP_US
            due = min(self.charge.due_us, self.discharge.due_us)
            step = min(step, now_us - self.now_us, max(0, due - self.now_us))
            if step:
                self._step(step)
            if due != NEVER and due <= self.now_us:
                moved = self.charge.settle(self.now_us, self.current_ma)
                if self.discharge.settle(self.now_us, self.current_ma) or moved:
                    self.solve()

    def _step(self, step_us):
        dt = step_us / 1e6
        if self._isolated:
            self._settle_bus(dt)
        ma = self.current_ma
        mas = ma * dt
        mj = self.pack_mv() * mas / 1000
        if mas > 0:
            self.in_mas += mas
            self.in_mj += mj
        else:
            self.out_mas -= mas
            self.out_mj -= mj
        self._power_j += self._path_w * dt
        self.now_us += step_us
        if self.cells.step(dt, ma):
            self.refresh()
        self.solve()
        if self.on_step is not None:
            self.on_step(self.now_us)

    def refresh(self):
        """Book charge and heat; new voltages, resistances and temperatures."""
        cells = self.cells
        dt = cells._pending_s
        if dt > 0:
            heat = cells.heat_j()
            if self.heater_on and not self.heater_dead:
                for zone in range(ZONES):
                    heat[zone] += self.config.heater_mw / 1000 * dt / ZONES
            bleed = sum(
                b * v for b, v in zip(cells.bleed_ma, cells.ocv_mv, strict=True)
            ) * dt / 1e6  # fmt: skip
            self.balance_mj += bleed * 1000
            self.thermal.step(dt, heat + [self._power_j, bleed])
            self._power_j = 0.0
            self.precharge_j *= math.exp(-dt / 30.0)
        cells.refresh(self.thermal.temp_c[:ZONES])

    # --- the network ------------------------------------------------------------------------

    def pack_mv(self):
        """Voltage across the stack."""
        return self.cells.emf_mv() + self.cells.r_ohm * self.current_ma

    def all_cell_mv(self):
        """Terminal voltages of all cells now; worked out once for each moment."""
        key = (self.now_us, self.current_ma)
        if key != self._seen_key:
            self._seen_key = key
            self._seen_mv = self.cells.all_mv(self.current_ma)
        return self._seen_mv

    def changed(self):
        """Something was altered from outside: work everything out afresh."""
        self._seen_key = None
        self.cells.sum_up()
        self.solve()

    def conducting(self):
        """(charge current can flow, discharge current can flow) between pack and bus."""
        if self.fuse_blown:
            return False, False
        charge, discharge = self.charge.closed, self.discharge.closed
        if not self.common_port:
            return (discharge or self.diodes), discharge
        if self.diodes:
            return charge, discharge
        both = charge and discharge
        return both, both

    def solve(self):
        """Work out currents for the present state, no time passing."""
        self._solve_once()
        if abs(self.current_ma) >= self.short_trip_ma:
            self.peak_ma = max(self.peak_ma, abs(self.current_ma))
            if not self.short_latched and not self.short_dead:
                self.trip_short()

    def trip_short(self):
        """The comparator latches and turns both drivers off at once."""
        self.short_latched = True
        for switch in (self.charge, self.discharge, self.precharge):
            switch.drive(False, self.now_us, self.current_ma)
        self._solve_once()

    def _solve_once(self):
        emf = self.cells.emf_mv()
        r = self.cells.r_ohm + PATH_OHM
        heater_ma = 0.0
        if self.heater_on and not self.heater_dead and not self.fuse_blown:
            heater_ma = self.config.heater_mw * 1000 / max(emf, 1000.0)
        drawn, pushed, siemens = self.load.demand(self.bus_mv, self.now_us)
        limit_mv, limit_ma = self.charger.limits()
        # Whatever pushes onto the bus is one source: a current up to a voltage.
        source_mv, source_ma = (limit_mv, limit_ma) if self.common_port else (0, 0)
        if pushed:
            source_mv, source_ma = max(source_mv, self.load.pushes_to_mv()), source_ma + pushed
        can_charge, can_discharge = self.conducting()

        port_ma, bus_mv, given_ma, drop = self._attached(
            emf - r * heater_ma, r + 2 * SWITCH_OHM, drawn, siemens, source_ma, source_mv
        )
        blocked = (port_ma > 0 and not can_charge) or (port_ma < 0 and not can_discharge)
        self._isolated = blocked or not (can_charge or can_discharge)
        if self._isolated:
            port_ma, given_ma = self._open_bus(emf, drawn, siemens, source_ma, source_mv)
            self._path_w = 0.0
        else:
            self.bus_mv = bus_mv
            self._bus_quiet = True
            self._path_w = (port_ma * port_ma * 2 * SWITCH_OHM + abs(drop * port_ma)) / 1e6
        self.current_ma = port_ma - heater_ma
        if self.common_port:
            beyond = self.bus_mv > limit_mv + 50
            self.charger.current_ma = 0.0 if beyond else min(limit_ma, given_ma)
        else:
            self.charger.current_ma = self._charge_port(emf + r * self.current_ma, r)
            self.current_ma += self.charger.current_ma
        self.charger_mv = self._charger_terminal(limit_mv)

    def _charger_terminal(self, limit_mv):
        """What the charger's connector shows; its diode keeps the bus away."""
        if not self.charger.connected:
            return 0.0
        if self.charger.current_ma <= 0:
            return limit_mv or self.charger.set_mv
        return min(limit_mv, self.bus_mv if self.common_port else self.pack_mv())

    def _drop(self, port_ma):
        """Body-diode voltage in the way of ``port_ma``, signed as the bus sees it."""
        if not self.diodes:
            return 0.0
        if port_ma > 0 and not self.discharge.closed:
            return DIODE_MV
        if port_ma < 0 and self.common_port and not self.charge.closed:
            return -DIODE_MV
        return 0.0

    def _attached(self, emf, r, drawn, siemens, source_ma, source_mv):
        """(mA into the pack, bus mV, source mA, diode mV) if bus and pack were joined."""
        ma, bus, drop = self._joined(emf, r, source_ma - drawn, siemens)
        if source_ma and bus > source_mv:
            # Constant voltage: the source gives only what keeps the bus at its set point.
            ma = (source_mv - drop - emf) / r
            bus = source_mv
            source_ma = ma + drawn + siemens * source_mv
            if source_ma < 0:
                source_ma = 0.0
                ma, bus, drop = self._joined(emf, r, -drawn, siemens)
        return ma, bus, source_ma, drop

    def _joined(self, emf, r, net, siemens):
        drop = self._drop(net - siemens * emf)
        ma = (net - siemens * (emf + drop)) / (1 + siemens * r)
        return ma, emf + drop + r * ma, drop

    def _open_bus(self, emf, drawn, siemens, source_ma, source_mv):
        """Set up the bus that no closed switch holds; (mA into the pack, source mA) now."""
        feed = 1e-12 if self.fuse_blown else 1 / LEAK_OHM
        pre = 0.0
        if self.precharge.closed and not self.precharge_burnt and not self.fuse_blown:
            pre = 1 / self.board.PRECHARGE_OHM if self.bus_mv < emf else 0.0
        conductance = siemens + feed + pre
        push = emf * (feed + pre) - drawn
        # Where the bus would end if nothing stopped it; ground and the source's voltage do.
        self._bus_target = push / conductance
        self._bus_most = max(0.0, self._bus_target)
        farad = self.load.capacitance_f()
        below = self.bus_mv < source_mv + 1 or not farad
        if source_ma and self._bus_target < source_mv and below:
            self._bus_target = (push + source_ma) / conductance
            self._bus_most = source_mv
            source_ma = min(source_ma, max(0.0, conductance * source_mv - push))
        else:
            source_ma = 0.0
        self._bus_tau_s = farad / conductance
        self._precharge_s = pre
        if farad:
            self._bus_most = max(self._bus_most, self.bus_mv)
        else:
            self.bus_mv = self._bus_after(1.0)
        self._bus_quiet = abs(self._bus_after(0.1) - self.bus_mv) < 50
        return -(emf - self.bus_mv) * pre, source_ma

    def _bus_after(self, dt):
        """Voltage of an open bus ``dt`` seconds on."""
        mv = self._bus_target
        if self._bus_tau_s:
            mv += (self.bus_mv - mv) * math.exp(-dt / self._bus_tau_s)
        return min(max(0.0, mv), self._bus_most)

    def _settle_bus(self, dt):
        """Move an open bus along its exponential, and heat the precharge resistor."""
        before = self.bus_mv
        self.bus_mv = self._bus_after(dt)
        siemens = self._precharge_s
        if not siemens:
            return
        emf = self.cells.emf_mv()
        first, last = emf - before, emf - self.bus_mv
        self.current_ma += (first - last) / 2 * siemens  # from its first to its mean value
        square = (first * first + first * last + last * last) / 3
        self.precharge_j += square * siemens * dt / 1e6
        if self.precharge_j > 2 * self.board.PRECHARGE_ENERGY_J:
            self.precharge_burnt = True

    def _charge_port(self, pack_mv, r):
        """Charger current through the charge switch of a board with separate ports."""
        limit_mv, limit_ma = self.charger.limits()
        if self.fuse_blown or not self.charge.closed:
            return 0.0
        return min(limit_ma, max(0.0, (limit_mv - pack_mv) / r))

    def heat(self, on):
        """Switch the heater; what it did until now is booked first."""
        self.refresh()
        self.heater_on = bool(on)

    # --- switching --------------------------------------------------------------------------

    def drive(self, charge, discharge, precharge):
        """New driver outputs; closing onto an empty bus is an inrush the comparator sees."""
        before = self.conducting()
        self.charge.drive(charge, self.now_us, self.current_ma)
        self.discharge.drive(discharge, self.now_us, self.current_ma)
        self.precharge.drive(precharge, self.now_us)
        self.settle_inrush(before)
        self.solve()

    def settle_inrush(self, before):
        """Capacitor and pack meet: a pulse of dV / R, caught when it is above the trip."""
        can_charge, can_discharge = self.conducting()
        farad = self.load.capacitance_f()
        if not farad or not can_discharge or before[1] or not self._isolated:
            return
        gap_mv = self.cells.emf_mv() - self.bus_mv
        r = self.cells.r_ohm + PATH_OHM + 2 * SWITCH_OHM
        peak = gap_mv / r
        if peak > self.peak_ma:
            self.peak_ma = peak
        if peak >= self.short_trip_ma and not self.short_latched and not self.short_dead:
            # The comparator opens within its 20 us; a part of the capacitor has filled.
            self.bus_mv += gap_mv * (1 - math.exp(-20e-6 / (r * farad)))
            self.trip_short()
