"""One LTC6811: registers, conversions, discharge switches, watchdog, self-tests.

Built from the LTC6811-1/-2 data sheet (Analog Devices): register groups, conversion times,
self-test patterns, comparison thresholds, watchdog and discharge timer, open-wire test. The
chain that carries commands to it is in ltc6811_model.py; cell and pin voltages come from the
harness. It must never answer better than the chip would: results appear only when the
conversion is over, and a chip that has slept has lost its configuration.
"""

T_WAKE_US = 400
T_SLEEP_US = 2_000_000
T_REFUP_US = 4_400
SUPPLY_MIN_MV = 11_000
OPEN_WIRE_A = 100e-6
VREF2_MV = 3000.0
BALANCE_SWITCH_OHM = 10

# (MD, ADCOPT): all 12 cells us, one pair us, all GPIO us, one GPIO us, status us, noise uV rms,
# self-test 1, self-test 2.
MODES = {
    (1, 0): (1_121, 203, 1_121, 203, 748, 700, 0x9565, 0x6A9A),  # 27 kHz, fast
    (1, 1): (1_296, 230, 1_296, 230, 865, 350, 0x9553, 0x6AAC),  # 14 kHz
    (2, 0): (2_343, 407, 2_343, 407, 1_600, 120, 0x9555, 0x6AAA),  # 7 kHz, normal
    (2, 1): (3_041, 523, 3_041, 523, 2_000, 90, 0x9555, 0x6AAA),  # 3 kHz
    (3, 0): (201_325, 33_560, 201_325, 33_560, 134_211, 25, 0x9555, 0x6AAA),  # 26 Hz, filtered
    (3, 1): (4_437, 756, 4_437, 756, 3_000, 70, 0x9555, 0x6AAA),  # 2 kHz
    (0, 0): (12_816, 2_152, 12_816, 2_152, 8_500, 40, 0x9555, 0x6AAA),  # 422 Hz
    (0, 1): (7_230, 1_221, 7_230, 1_221, 4_800, 50, 0x9555, 0x6AAA),  # 1 kHz
}
DCTO_S = (0, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1800, 2400, 3600, 4500, 5400, 7200)

CONFIG_DEFAULT = b"\xf8\x00\x00\x00\x00\x00"


class Chip:
    """``index`` counts from the controller; ``convert`` and friends act, ``group`` reads."""

    def __init__(self, index, wires, noise, rng, aux_ratio):
        self.index = index
        self.wires = wires
        self.pack = wires.pack
        self._noise = noise
        self._aux_ratio = aux_ratio  # GPIO 1..5 -> function giving the part of VREF2, or None
        self._offset_uv = [rng.gauss(0, 1) * 250 for _ in range(12)]
        self._gain = 1 + rng.gauss(0, 1) * 1e-4
        self.drift_ppm = 0  # faults
        self.adc_drift_ppm = [0, 0]  # of converter 1 (cells 1-6) and 2 (cells 7-12)
        self.silent = False
        self.frozen = False
        self.mux_fail = False
        self.stuck_bits = []  # (cell 0..11, bit, value)
        self.dten = True
        self.awake_us = None  # when it is awake; None asleep
        self._enough_mv = None  # the voltages that were found enough to work on
        self.bleed = [False] * 12
        self._valid_us = 0
        self._timer_us = 0
        self._ref_us = None
        self.power_up()

    # --- life -------------------------------------------------------------------------------

    def power_up(self):
        """Every register at its default, asleep."""
        self.config = bytearray(CONFIG_DEFAULT)
        self.cells = [0xFFFF] * 12
        self.aux = [0xFFFF] * 6
        self.stat = [0xFFFF] * 4  # SC, ITMP, VA, VD
        self.flags = [0xFF, 0xFF, 0xFF]
        self.mux_thsd = 0x03
        self._pending = None
        self._busy_until = 0
        self.awake_us = None
        self._ref_us = None
        self._discharge(0, 0)

    def internal_reset(self):
        """A glitch: registers back at default, still awake."""
        awake = self.awake_us
        self.power_up()
        self.awake_us = awake

    def alive(self):
        """Whether its cells give it enough to work on, and nothing has killed it."""
        if self.silent:
            return False
        cell_mv = self.pack.all_cell_mv()
        if cell_mv is self._enough_mv:  # asked many times in one moment
            return True
        first, last = self.wires.chip_cells(self.index)
        if sum(cell_mv[first:last]) >= SUPPLY_MIN_MV:
            self._enough_mv = cell_mv
            return True
        if self.awake_us is not None:
            self.power_up()
        return False

    def wake(self, now_us):
        """A wake-up pulse: standby after the regulator's start-up."""
        self.awake_us = self._valid_us = now_us + T_WAKE_US

    def check(self, now_us):
        """Watchdog and discharge timer: what has happened since the last look."""
        if self.awake_us is not None and now_us - self._valid_us > T_SLEEP_US:
            timed = DCTO_S[self.config[5] >> 4] if self.dten else 0
            dcc = (self.config[4], self.config[5])
            self.awake_us = None
            self._ref_us = None
            self._pending = None
            self.config[:] = CONFIG_DEFAULT
            if timed:
                self._timer_us = self._valid_us + timed * 1_000_000
                self.config[4], self.config[5] = dcc
            else:
                self._discharge(0, 0)
        if self.awake_us is None and any(self.bleed) and now_us >= self._timer_us:
            self.config[4] = self.config[5] = 0
            self._discharge(0, 0)
        self._finish(now_us)

    def fed(self, now_us):
        """A command with a good PEC arrived."""
        self._valid_us = now_us

    # --- configuration and discharge --------------------------------------------------------

    def write_config(self, data, now_us):
        self.config[:] = data
        if data[0] & 0x04:
            if self._ref_us is None:
                self._ref_us = now_us + T_REFUP_US
        else:
            self._ref_us = None
        self._discharge(data[4], data[5])

    def _discharge(self, low, high):
        """Drive the S pins from the DCC bits."""
        bits = low | (high & 0x0F) << 8
        cells = self.pack.cells
        ohm = self.pack.board.BALANCE_OHM + BALANCE_SWITCH_OHM
        for i in range(12):
            on = bool(bits >> i & 1)
            if on == self.bleed[i]:
                continue
            self.bleed[i] = on
            cell = self.wires.cell_of[self.index * 12 + i]
            if cell is not None:
                cells.set_bleed(cell, cells.cell_mv(cell, self.pack.current_ma) / ohm if on else 0)

    # --- conversions ------------------------------------------------------------------------

    def busy(self, now_us):
        return now_us < self._busy_until

    def start(self, now_us, duration_us, results):
        """Begin a conversion whose ``results()`` will be stored when it is over."""
        self._finish(now_us)
        ref_us = self._ref_us
        wait = T_REFUP_US if ref_us is None else max(0, ref_us - now_us)
        self._busy_until = now_us + wait + duration_us
        self._pending = results()

    def _finish(self, now_us):
        if self._pending is None or now_us < self._busy_until:
            return
        pending, self._pending = self._pending, None
        for name, at, value in pending:
            if name == "c":
                if not self.frozen:
                    self.cells[at] = value
            elif name == "a":
                self.aux[at] = value
            elif name == "s":
                self.stat[at] = value
            else:
                self.mux_thsd = (self.mux_thsd & ~2) | (2 if self.mux_fail else 0)
        if pending and pending[0][0] == "c":
            self._compare()

    def _compare(self):
        """Over- and under-voltage flags from the thresholds in the configuration."""
        c = self.config
        under = ((c[1] | (c[2] & 0x0F) << 8) + 1) * 16
        over = (c[2] >> 4 | c[3] << 4) * 16
        for i, code in enumerate(self.cells):
            bit = i % 4 * 2
            flags = self.flags[i // 4] & ~(3 << bit)
            self.flags[i // 4] = flags | (code < under) << bit | (code > over) << bit + 1

    def _code(self, mv, noise_uv, converter=0):
        """100 uV steps; negative inputs read 0, the converter ends at 5.73 V."""
        ppm = self.drift_ppm + self.adc_drift_ppm[converter]
        mv = mv * self._gain * (1 + ppm / 1e6) + noise_uv * self._noise.next() / 1000
        code = int(mv * 10 + 0.5)
        return 0 if code < 0 else 57_300 if code > 57_300 else code

    def _wire_mv(self, discharging):
        """Potentials of all wires as this conversion sees them."""
        pack = self.pack
        bleed = pack.cells.bleed_ma
        return self.wires.potentials(pack.all_cell_mv(), bleed if discharging else ())

    def cell_results(self, mode, channel, discharging, pull=None):
        """Codes of the cells that ``channel`` selects; ``pull`` +1/-1 runs the open-wire test."""
        mode_row = MODES[mode]
        pins = self.wires.pin_wire[self.index]
        floating = self.wires.open
        at = self._wire_mv(discharging)
        slots = range(6) if channel == 0 else (channel - 1,)
        out = []
        half = OPEN_WIRE_A * mode_row[1] / 2e6 * (pull or 0)
        for slot in slots:
            pair = (slot, slot + 6)
            if pull and floating:
                # Both pins of a measured cell are pulled; the reading is that of mid-slot.
                touched = [pins[i + k] for i in pair for k in (0, 1) if pins[i + k] in floating]
                for wire in touched:
                    self.wires.push(wire, half, at)
            for i in pair:
                mv = at[pins[i + 1]] - at[pins[i]] + self._offset_uv[i] / 1000
                out.append(("c", i, self._code(mv, mode_row[5], i // 6)))
            if pull and floating:
                for wire in touched:
                    self.wires.push(wire, half, at)
        return out

    def overlap_results(self, mode, discharging):
        """Cell 7 by the second converter in its own place, by the first in cell 8's."""
        pins = self.wires.pin_wire[self.index]
        at = self._wire_mv(discharging)
        mv = at[pins[7]] - at[pins[6]] + self._offset_uv[6] / 1000
        noise_uv = MODES[mode][5]
        return [("c", 6, self._code(mv, noise_uv, 1)), ("c", 7, self._code(mv, noise_uv, 0))]

    def aux_results(self, mode, selection):
        """GPIO 1..5 and the second reference; ``selection`` 0 is all, 6 the reference."""
        noise_uv = MODES[mode][5]
        out = []
        for i in range(6):
            if selection not in (0, i + 1):
                continue
            if i == 5:
                mv = VREF2_MV
            elif not self.config[0] >> (3 + i) & 1:
                mv = 0.0  # the pin's own pull-down is on
            else:
                ratio = self._aux_ratio[i]
                mv = 200.0 if ratio is None else VREF2_MV * ratio()
            out.append(("a", i, self._code(mv, noise_uv)))
        return out

    def status_results(self, mode, selection):
        """Sum of cells (20:1), die temperature (7.5 mV/K), analog and digital supply."""
        noise_uv = MODES[mode][5]
        pins = self.wires.pin_wire[self.index]
        at = self._wire_mv(True)
        die_k = self.pack.thermal.temp_c[5] + 278.15
        values = ((at[pins[12]] - at[pins[0]]) / 20, die_k * 7.5, 5000.0, 3200.0)
        return [
            ("s", i, self._code(mv, noise_uv))
            for i, mv in enumerate(values)
            if selection in (0, i + 1)
        ]

    def self_test_results(self, mode, kind, test):
        """The digital filter's pattern in every register of a group."""
        pattern = MODES[mode][5 + test]
        count = {"c": 12, "a": 6, "s": 4}[kind]
        return [(kind, i, pattern) for i in range(count)]

    def clear(self, kind, now_us):
        """CLRCELL, CLRAUX, CLRSTAT."""
        self._finish(now_us)
        if kind == "c":
            if not self.frozen:
                self.cells = [0xFFFF] * 12
        elif kind == "a":
            self.aux = [0xFFFF] * 6
        else:
            self.stat = [0xFFFF] * 4
            self.flags = [0xFF, 0xFF, 0xFF]
            self.mux_thsd = 0x03

    # --- reading ----------------------------------------------------------------------------

    def group(self, command):
        """The six bytes of a register group, or None when there is no such group."""
        if command == 0x002:
            return self._read_config()
        if 0x004 <= command <= 0x00A:
            at = (command - 4) // 2 * 3
            return _words(self._stuck(at, self.cells[at : at + 3]))
        if command in (0x00C, 0x00E):
            at = (command - 0x00C) // 2 * 3
            return _words(self.aux[at : at + 3])
        if command == 0x010:
            return _words(self.stat[:3])
        if command == 0x012:
            tail = bytes(self.flags) + bytes([0x20 | self.mux_thsd])
            self.mux_thsd &= ~1  # THSD clears by being read
            return _words(self.stat[3:]) + tail
        return None

    def _read_config(self):
        """DTEN and GPIO bits read back pins: a thermistor reads low without its reference."""
        data = bytearray(self.config)
        data[0] = data[0] & ~2 | (2 if self.dten else 0)
        for i, ratio in enumerate(self._aux_ratio):
            if ratio is not None and (self._ref_us is None or ratio() < 0.4):
                data[0] &= ~(8 << i)
        return bytes(data)

    def _stuck(self, at, codes):
        codes = list(codes)
        for cell, bit, value in self.stuck_bits:
            if at <= cell < at + 3:
                code = codes[cell - at]
                codes[cell - at] = code | 1 << bit if value else code & ~(1 << bit)
        return codes


def _words(codes):
    return b"".join(code.to_bytes(2, "little") for code in codes)
