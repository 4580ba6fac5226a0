"""INA228 shunt monitor on I2C: registers, conversions, accumulators, alert pin.

From the INA228 data sheet (Texas Instruments, SLYS021): 20-bit shunt and bus results in bits
23:4 (312.5 or 78.125 nV, 195.3125 uV), CURRENT = VSHUNT * 4096 / SHUNT_CAL (which is what
SHUNT_CAL = 13107.2e6 * LSB * R comes to), POWER in 3.2 current LSB volts, ENERGY in 16 of
those, CHARGE in current LSB seconds; 16-bit writes, big endian, register pointer first.

Wired with charging current positive. VBUS sits on the board's 3.3 V rail, because the pack is
above the chip's 85 V. Nothing here knows what a limit means.
"""

RAIL_MV = 3300.0
CONVERSION_US = (50, 84, 150, 280, 540, 1052, 2074, 4120)
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)

CONFIG, ADC_CONFIG, SHUNT_CAL, SHUNT_TEMPCO = 0x00, 0x01, 0x02, 0x03
VSHUNT, VBUS, DIETEMP, CURRENT, POWER = 0x04, 0x05, 0x06, 0x07, 0x08
ENERGY, CHARGE, DIAG_ALRT = 0x09, 0x0A, 0x0B
SOVL, SUVL, BOVL, BUVL, TEMP_LIMIT, PWR_LIMIT = 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11
MANUFACTURER_ID, DEVICE_ID = 0x3E, 0x3F

DEFAULTS = {
    CONFIG: 0x0000,
    ADC_CONFIG: 0xFB68,
    SHUNT_CAL: 0x1000,
    SHUNT_TEMPCO: 0x0000,
    DIAG_ALRT: 0x0001,
    SOVL: 0x7FFF,
    SUVL: 0x8000,
    BOVL: 0x7FFF,
    BUVL: 0x0000,
    TEMP_LIMIT: 0x7FFF,
    PWR_LIMIT: 0xFFFF,
    MANUFACTURER_ID: 0x5449,
    DEVICE_ID: 0x2281,
}
WRITABLE = {
    CONFIG: 0x3FF0,
    ADC_CONFIG: 0xFFFF,
    SHUNT_CAL: 0x7FFF,
    SHUNT_TEMPCO: 0x3FFF,
    DIAG_ALRT: 0xF000,
    SOVL: 0xFFFF,
    SUVL: 0xFFFF,
    BOVL: 0x7FFF,
    BUVL: 0x7FFF,
    TEMP_LIMIT: 0xFFFF,
    PWR_LIMIT: 0xFFFF,
}
WIDTH = {VSHUNT: 3, VBUS: 3, CURRENT: 3, POWER: 3, ENERGY: 5, CHARGE: 5}

ALATCH, CNVR, SLOWALERT, APOL = 1 << 15, 1 << 14, 1 << 13, 1 << 12
ENERGYOF, CHARGEOF, MATHOF = 1 << 11, 1 << 10, 1 << 9
TMPOL, SHNTOL, SHNTUL, BUSOL, BUSUL, POL = 1 << 7, 1 << 6, 1 << 5, 1 << 4, 1 << 3, 1 << 2
CNVRF, MEMSTAT = 1 << 1, 1 << 0
_LIMIT_FLAGS = TMPOL | SHNTOL | SHNTUL | BUSOL | BUSUL | POL


class Ina228:
    """I2cDevice; ``alert_low()`` is the open-drain pin."""

    def __init__(self, plant, pack, board, noise, tolerance):
        self._plant = plant
        self._pack = pack
        self._shunt_ohm = board.SHUNT_UOHM / 1e6 * tolerance
        self._noise = noise
        self.silent = False  # faults
        self.stuck = False
        self.offset_ma = 0.0
        self.gain = 1.0
        self.reset(0)

    def reset(self, now_us):
        """Power-on state."""
        self.registers = dict(DEFAULTS)
        self._pointer = 0
        self._results = {VSHUNT: 0, VBUS: 0, DIETEMP: 0, CURRENT: 0, POWER: 0}
        self._energy = 0.0
        self._charge = 0.0
        self._flags = MEMSTAT
        self._clear_accumulators()
        self._restart(now_us)

    def _clear_accumulators(self):
        self._energy = self._charge = 0.0
        self._seen_mas = self._pack.in_mas - self._pack.out_mas

    def _restart(self, now_us):
        """A new configuration: conversions begin afresh."""
        self._start_us = now_us
        self._cycles = 0
        self._beyond_us = None
        adc = self.registers[ADC_CONFIG]
        mode = adc >> 12
        times = [CONVERSION_US[adc >> shift & 7] for shift in (9, 6, 3)]
        on = [mode & 1, mode >> 1 & 1, mode >> 2 & 1]  # bus, shunt, temperature
        self._continuous = bool(mode & 8)
        self._one_us = sum(t for t, use in zip(times, on, strict=True) if use)
        self._shunt_on = bool(on[1])
        self._on = on
        delay_us = (self.registers[CONFIG] >> 6 & 0xFF) * 2000
        self._start_us += delay_us
        self._cycle_us = self._one_us * AVERAGES[adc & 7]

    # --- I2cDevice --------------------------------------------------------------------------

    def write(self, data, now_us):
        if self.silent or self._plant.i2c_stuck:
            return False
        self._plant.advance(now_us)
        self.catch_up(now_us)
        if data:
            self._pointer = data[0]
        if len(data) >= 3:
            self._store(data[0], data[1] << 8 | data[2], now_us)
        return True

    def read(self, length, now_us):
        if self.silent or self._plant.i2c_stuck:
            return None
        self._plant.advance(now_us)
        self.catch_up(now_us)
        data = self._load(self._pointer)
        return (data + b"\xff" * length)[:length]

    # --- registers --------------------------------------------------------------------------

    def _store(self, register, value, now_us):
        mask = WRITABLE.get(register)
        if mask is None:
            return
        if register == CONFIG:
            if value & 0x8000:
                self.reset(now_us)
                return
            if value & 0x4000:
                self._clear_accumulators()
        self.registers[register] = value & mask
        if register in (CONFIG, ADC_CONFIG):
            self._flags &= ~CNVRF
            self._restart(now_us)

    def _load(self, register):
        if register in self._results:
            value = self._results[register]
            width = WIDTH.get(register, 2)
            if register in (VSHUNT, VBUS, CURRENT):
                value <<= 4
            return (value & (1 << 8 * width) - 1).to_bytes(width, "big")
        if register == ENERGY:
            self._flags &= ~ENERGYOF
            return (int(self._energy) & (1 << 40) - 1).to_bytes(5, "big")
        if register == CHARGE:
            self._flags &= ~CHARGEOF
            return (int(self._charge) & (1 << 40) - 1).to_bytes(5, "big")
        if register == DIAG_ALRT:
            value = self.registers[DIAG_ALRT] & 0xF000 | self._flags
            # Reading ends a latched alert; a transparent one ends when its cause does.
            self._flags &= ~CNVRF
            if value & ALATCH:
                self._flags &= ~_LIMIT_FLAGS
                self._beyond_us = None
            return value.to_bytes(2, "big")
        return self.registers.get(register, 0).to_bytes(2, "big")

    # --- measuring --------------------------------------------------------------------------

    def _shunt_nv(self):
        ma = self._pack.current_ma * self.gain + self.offset_ma
        return ma * self._shunt_ohm * 1e6

    def catch_up(self, now_us):
        """Conversions that have ended since the last look."""
        self._accumulate()
        if not self._cycle_us or now_us < self._start_us:
            return
        done = (now_us - self._start_us) // self._cycle_us
        if not self._continuous:
            done = min(done, 1)
        if done <= self._cycles:
            return
        self._cycles = done
        self._flags |= CNVRF
        if not self.stuck:
            self._sample()
        self._judge()

    def _sample(self):
        averages = AVERAGES[self.registers[ADC_CONFIG] & 7]
        shunt_us = CONVERSION_US[self.registers[ADC_CONFIG] >> 6 & 7]
        # About 10 uV rms at 50 us for one sample, falling with the root of the time spent.
        noise_nv = 9000 * (50 / shunt_us / averages) ** 0.5 * self._noise.next()
        lsb = 78.125 if self.registers[CONFIG] & 0x10 else 312.5
        code = round((self._shunt_nv() + noise_nv) / lsb)
        code = max(-0x80000, min(0x7FFFF, code))
        results = self._results
        if self._on[1]:
            results[VSHUNT] = code
            self._flags &= ~MATHOF
            cal = self.registers[SHUNT_CAL]
            # At the narrow range SHUNT_CAL is four times as large for the same current LSB.
            current = code * 4096 // cal if cal else 0
            if not -0x80000 <= current <= 0x7FFFF:
                self._flags |= MATHOF
                current = max(-0x80000, min(0x7FFFF, current))
            results[CURRENT] = current
        if self._on[0]:
            results[VBUS] = int(RAIL_MV * 1000 / 195.3125)
        if self._on[2]:
            results[DIETEMP] = int(self._pack.thermal.temp_c[4] * 128)
        results[POWER] = min(abs(results[CURRENT]) * results[VBUS] // 16384, 0xFFFFFF)

    def _accumulate(self):
        """CHARGE and ENERGY follow the true integral through the shunt."""
        now_mas = self._pack.in_mas - self._pack.out_mas
        moved = (now_mas - self._seen_mas) * self.gain
        self._seen_mas = now_mas
        cal = self.registers[SHUNT_CAL]
        if not cal or not self._shunt_on or self.stuck:
            return
        lsb_ma = cal / 13107.2e6 / self._shunt_ohm * 1000
        if self.registers[CONFIG] & 0x10:
            lsb_ma /= 4
        counts = moved / lsb_ma
        self._charge += counts
        self._energy += abs(counts) * self._results[VBUS] / 16384 / 16
        if abs(self._charge) >= 1 << 39:
            self._charge = 0.0
            self._flags |= CHARGEOF
        if self._energy >= 1 << 40:
            self._energy = 0.0
            self._flags |= ENERGYOF

    # --- alert ------------------------------------------------------------------------------

    def _limits_code(self):
        """(over, under) shunt thresholds in VSHUNT codes: 16 of them to one step."""
        over, under = self.registers[SOVL], self.registers[SUVL]
        over -= (over & 0x8000) << 1
        under -= (under & 0x8000) << 1
        return over * 16, under * 16

    def _judge(self):
        flags = 0
        code = self._results[VSHUNT]
        over, under = self._limits_code()
        if code > over:
            flags |= SHNTOL
        if code < under:
            flags |= SHNTUL
        bus = self._results[VBUS] // 16
        if bus > self.registers[BOVL]:
            flags |= BUSOL
        if bus < self.registers[BUVL] and self._on[0]:
            flags |= BUSUL
        limit = self.registers[TEMP_LIMIT]
        limit -= (limit & 0x8000) << 1
        if self._results[DIETEMP] > limit:
            flags |= TMPOL
        if self._results[POWER] // 256 > self.registers[PWR_LIMIT]:
            flags |= POL
        if self.registers[DIAG_ALRT] & ALATCH:
            self._flags |= flags
        else:
            self._flags = self._flags & ~_LIMIT_FLAGS | flags

    def watch(self, now_us):
        """After each step of the pack: a peak between two looks must not be missed."""
        if self.registers[SOVL] == 0x7FFF and self.registers[SUVL] == 0x8000:
            return
        if not self._shunt_on or not self._continuous or self.stuck or self.silent:
            return
        lsb = 78.125 if self.registers[CONFIG] & 0x10 else 312.5
        code = self._shunt_nv() / lsb
        over, under = self._limits_code()
        if under <= code <= over:
            self._beyond_us = None
            if not self.registers[DIAG_ALRT] & ALATCH:
                self._flags &= ~(SHNTOL | SHNTUL)
            return
        if self._beyond_us is None:
            self._beyond_us = now_us
        slow = self.registers[DIAG_ALRT] & SLOWALERT
        if now_us - self._beyond_us >= (self._cycle_us if slow else self._one_us):
            self._flags |= SHNTOL if code > over else SHNTUL

    def alert_level(self, now_us):
        """Level of the pin: open drain, pulled up; active low unless APOL."""
        self.catch_up(now_us)
        self.watch(now_us)
        active = bool(self._flags & _LIMIT_FLAGS)
        if self.registers[DIAG_ALRT] & CNVR and self._flags & CNVRF:
            active = True
        return int(active) if self.registers[DIAG_ALRT] & APOL else int(not active)
