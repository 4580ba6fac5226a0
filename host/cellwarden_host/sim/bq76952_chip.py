"""Inside a BQ76952: scans of cells, pins and temperatures, current, charge, balancing, modes.

From TI's data sheet and technical reference manual (SLUSE13, SLUUBY2): slots of 3 ms, 16 cells
and two to five more to a scan, three scans to a full one; CC2 every 3 ms, CC1 every 250 ms;
55 uA for 3 ms out of each cell pin once every check time; balancing that ends after its
interval. The bus and the commands are in bq76952_model.py. A result register holds one byte at
a time, as a reader finds out who catches a new result between two bytes.
"""

import struct

from .bq76952_memory import DataMemory, Settings
from .bq76952_protections import CHG, DSG, PIN_FETOFF, Protections
from .sensors import Noise

SLOT_US = 3_000
PULSE_NC = 55e-6 * 3e-3 * 1e9
SHUNT_RANGE_UV = 200_000
OPEN_C, SHORTED_C = -90.0, 190.0  # what the chip's polynomial makes of such a thermistor
NORMAL, SLEEP, DEEPSLEEP, SHUTDOWN, CONFIG_UPDATE = range(5)
FET_EN, PF_EN = 0x0010, 0x0040
ADSCAN, FULLSCAN, SSA, SSBC, PF_ALARM = 0x0002, 0x0080, 0x4000, 0x8000, 0x2000
CB_NO_CMD = 0x10


class Surroundings:
    """What the chip's pins see. Plain values: whoever owns the pack keeps them up to date."""

    def __init__(self, cells=16, cell_mv=3_600.0, shunt_mohm=1.0):
        self.cell_mv = [cell_mv if i < cells - 1 or i == 15 else 0.0 for i in range(16)]
        self.current_ma = 0.0  # charging positive
        self.shunt_mohm = shunt_mohm
        self.pack_pin_mv = 0.0
        self.ld_pin_mv = 0.0
        self.die_c = 30.0
        self.temp_c = [25.0] * 9  # CFETOFF to DDSG; None: open, "short": shorted
        self.cfetoff = 0  # pin levels
        self.dfetoff = 0
        self.open_pins = set()  # cut wires: 0 is VC0, 16 the top
        self.pin_nf = 220.0

    def advance(self, now_us):
        """Live until ``now_us``, for a pack that does."""


class Chip:
    """Everything but the bus. ``catch_up(now_us)`` lets it live."""

    def __init__(self, outside, seed=1):
        self.outside = outside
        self.memory = DataMemory()
        self.protections = Protections()
        self._noise = Noise(seed)
        self.frozen = False  # fault: results stand still, the bus lives
        self.stuck = {}  # fault: result index 0-18 -> (bits stuck at 1, bits stuck at 0)
        self.mode = NORMAL
        self.power_up(0)

    def power_up(self, now_us):
        """A full reset: settings of the OTP, FETs off, nothing remembered."""
        self.memory.restore()
        self.por = True
        self.watchdog_bit = False
        self.manufacturing = PF_EN
        self.permanent = 0
        self.clock_s = 0.0
        self.passq_ah = 0.0  # userAh
        self.restart(now_us)

    def restart(self, now_us):
        """The firmware begins with the settings as they are now."""
        self.settings = Settings(self.memory)
        self.protections.restart(self.settings, now_us)
        self.alarm_enable = self.settings["Default Alarm Mask"]
        self.alarm = 0
        self.sleep_enabled = bool(self.settings["Power Config"] & 0x0100)
        self.mode = NORMAL
        self.balancing = 0
        self._balance_end_us = 0
        self.results = [0] * 19  # cells, stack, PACK pin, LD pin
        self.current = 0
        self.temps_dk = [2731] * 10
        self._slot = 0
        self._next_us = now_us + SLOT_US
        self._idle_since_us = now_us
        self._pulse_us = now_us
        self._pins = None
        self._signed_unit = (0.1, 1.0, 10.0, 100.0)[self.settings["DA Configuration"] & 3]
        self._switch()

    # --- time -------------------------------------------------------------------------------

    def catch_up(self, now_us):
        """All slots that have ended by ``now_us``."""
        if self.mode in (DEEPSLEEP, SHUTDOWN, CONFIG_UPDATE):
            self._next_us = now_us + SLOT_US
            return
        while self._next_us <= now_us:
            at_us = self._next_us
            self._next_us += SLOT_US
            self.outside.advance(at_us)
            self._live(at_us)

    def _live(self, now_us):
        outside = self.outside
        self._balance(now_us)
        self._sleep(now_us)
        if not self.frozen and self.mode == NORMAL:
            self._convert(now_us)
        self._integrate()
        cells = self._cells_mv()
        used = self.settings["Vcell Mode"] or 0xFFFF
        in_use = [mv for i, mv in enumerate(cells) if used >> i & 1]
        shunt_mv = outside.current_ma * outside.shunt_mohm / 1000
        self._switch()
        self.protections.check(now_us, in_use, shunt_mv, outside.current_ma, self._cell_temps())
        if self.protections.status["A"]:
            self.raise_alarm(SSA)
        if self.protections.status["B"] | self.protections.status["C"]:
            self.raise_alarm(SSBC)

    def raise_alarm(self, bits):
        self.alarm |= bits & self.alarm_enable

    def _switch(self):
        settings, outside = self.settings, self.outside
        off = []
        for index, level in ((0, outside.cfetoff), (1, outside.dfetoff)):
            function = settings.pin(index)
            off.append(function & 3 == PIN_FETOFF and bool(level) != bool(function & 0x80))
        enabled = bool(self.manufacturing & FET_EN)
        self.protections.switch(outside.current_ma, enabled, off[0], off[1])

    def switch_now(self):
        """A command may have changed what the FETs are to do."""
        if self.mode in (NORMAL, SLEEP):
            self._switch()

    def fet_status(self):
        """Register 0x7F."""
        if self.mode in (DEEPSLEEP, SHUTDOWN, CONFIG_UPDATE):
            return 0
        p = self.protections
        return (CHG if p.charge_on else 0) | (DSG if p.discharge_on else 0)

    # --- pins and results -------------------------------------------------------------------

    def _potentials(self):
        """Potential of the 17 cell pins; one that is cut keeps its own."""
        outside = self.outside
        true, at = [0.0], 0.0
        for mv in outside.cell_mv:
            at += mv
            true.append(at)
        if self._pins is None:
            self._pins = list(true)
        for n in range(17):
            if n not in outside.open_pins:
                self._pins[n] = true[n]
        return self._pins

    def _cells_mv(self):
        pins = self._potentials()
        return [pins[i + 1] - pins[i] for i in range(16)]

    def _pulse(self):
        """The open-wire current: a pin without a wire sinks, at most onto the one below."""
        pins = self._potentials()
        for n in sorted(self.outside.open_pins):
            if n:
                neighbours = 2 if n < 16 else 1
                pins[n] -= PULSE_NC / (self.outside.pin_nf * neighbours) * 1000
                pins[n] = max(pins[n], pins[n - 1] - 300)

    def _convert(self, now_us):
        outside = self.outside
        check_s = self.settings["Cell Open Wire Check Time"]
        if check_s and now_us - self._pulse_us >= check_s * 1_000_000:
            self._pulse_us = now_us
            self._pulse()
        fitted = [i for i in range(9) if self.settings.pin(i) & 3 == 3]
        length = 18 + min(3, len(fitted))
        slot = self._slot % length
        scan = self._slot // length
        self._slot += 1
        if slot < 16:
            self._store(slot, self._cells_mv()[slot] + self._noise.next())
        elif slot == 16:
            value = (self._potentials()[16], outside.pack_pin_mv, outside.ld_pin_mv)[scan % 3]
            volts = 10 if self.settings["DA Configuration"] & 4 else 1
            self._store(16 + scan % 3, (value + 3 * self._noise.next()) / volts)
        elif slot == 17:
            self.temps_dk[0] = round((outside.die_c + 273.15) * 10)
        else:
            at = fitted[(3 * scan + slot - 18) % len(fitted)]
            self.temps_dk[1 + at] = round((self._sensed(at) + 273.15) * 10)
        uv = outside.current_ma * outside.shunt_mohm
        uv = max(-SHUNT_RANGE_UV, min(SHUNT_RANGE_UV, uv)) + 1.5 * self._noise.next()
        ma = uv / 7.5684 * self.settings["CC Gain"]
        self.current = max(-32768, min(32767, round(ma / self._signed_unit)))
        if slot == length - 1:
            self.raise_alarm(ADSCAN)
            if scan % 3 == 2:
                self.raise_alarm(FULLSCAN)

    def _store(self, index, value):
        value = max(-32768, min(32767, round(value)))
        ones, zeros = self.stuck.get(index, (0, 0))
        raw = (value & 0xFFFF | ones) & ~zeros
        self.results[index] = struct.unpack("<h", struct.pack("<H", raw & 0xFFFF))[0]

    def _sensed(self, at):
        value = self.outside.temp_c[at]
        return OPEN_C if value is None else SHORTED_C if value == "short" else value

    def _cell_temps(self):
        """degC that the protections look at: coldest and hottest cell, FET, die."""
        cells = [self._sensed(i) for i in range(9) if self.settings.pin(i) & 0x0F == 0x07]
        fets = [self._sensed(i) for i in range(9) if self.settings.pin(i) & 0x0F == 0x0F]
        low, high = (min(cells), max(cells)) if cells else (None, None)
        return low, high, max(fets) if fets else None, self.outside.die_c

    def _integrate(self):
        outside = self.outside
        if self.frozen:
            return
        uv = max(-SHUNT_RANGE_UV, min(SHUNT_RANGE_UV, outside.current_ma * outside.shunt_mohm))
        gain = self.settings["Capacity Gain"] / 298261.6178
        hours = SLOT_US / 3.6e9
        self.passq_ah += uv / 7.5684 * gain / self._signed_unit * hours
        self.clock_s += SLOT_US / 1e6

    # --- balancing and sleep ----------------------------------------------------------------

    def start_balancing(self, mask, now_us):
        if self.settings["Balancing Configuration"] & CB_NO_CMD:
            return
        self.balancing = mask
        self._balance_end_us = now_us + self.settings["Cell Balance Interval"] * 1_000_000

    def _balance(self, now_us):
        if now_us >= self._balance_end_us:
            self.balancing = 0
        if self.outside.die_c > self.settings["Max Internal Temp"]:
            self.balancing = 0

    def _sleep(self, now_us):
        small = abs(self.outside.current_ma) < self.settings["Sleep Current"]
        if not (self.sleep_enabled and small):
            self._idle_since_us = now_us
            if self.mode == SLEEP:
                self.mode = NORMAL
        elif now_us - self._idle_since_us >= 10_000_000:
            self.mode = SLEEP
