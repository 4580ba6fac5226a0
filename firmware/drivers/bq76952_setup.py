"""What a BQ76952's data memory is to hold: from the board's parts and the pack's limits.

The chip protects with comparators of its own, which here only stand behind ours: each
threshold is rounded away from the limit that is given, and each delay up. A protection that
cannot be set outside that limit is left off and named in ``unarmed``. ``applied`` values say
what the rounding came to. Allocates, so never in a tick.

The chip has a veto and never the initiative: FETs stay off until the controller permits them
(FET_INIT_OFF), no precharge, no balancing and no sleep of its own. It has no switch against
letting a protection go again by itself; so that takes 30 s here, in which the driver has long
taken its permission back, and a controller that is dead has set off the host watchdog.

Facts: TI's technical reference manual SLUUBY2 (data memory, units: 50.6 mV, 3.3 ms x (setting
+ 2), 2 mV, 15 us x (setting - 1); CC gain 7.5684 / milliohm, capacity gain 298261.6178 times
that, both IEEE 754; up to 32 bytes in one block); addresses, ranges and short-circuit steps
also in Libre Solar's bq769x2 driver, CRC modes in the manual's chapter on communications.
"""

CELLS = 16
_FIRST_CELL = 0x0001
_TOP_CELL = 0x8000  # the pins of the top cell carry the top of the stack, whatever its number

# Bits of Safety Status A, and of the registers that enable these protections.
SCD, OCD2, OCD1, OCC, COV, CUV = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04
# Of B: over- and under-temperature of the FETs, the die, when discharging and charging.
OTF, OTINT, OTD, OTC, UTINT, UTD, UTC = 0x80, 0x40, 0x20, 0x10, 0x04, 0x02, 0x01
HWDF = 0x02  # of C: the host watchdog
# Which of them open which FET. The values of A are those for which the chip acts at once.
CHARGE_A, CHARGE_B, CHARGE_C = 0x98, 0xD5, 0x56
DISCHARGE_A, DISCHARGE_B, DISCHARGE_C = 0xE4, 0xE6, 0xE2

ALARM_SSBC, ALARM_SSA, ALARM_PF = 0x8000, 0x4000, 0x2000
ALARM_FULLSCAN, ALARM_ADSCAN = 0x0080, 0x0002
# Scans are among them to prove that results are fresh, so the pin cannot serve as an alert.
ALARM_MASK = ALARM_SSBC | ALARM_SSA | ALARM_PF | ALARM_FULLSCAN | ALARM_ADSCAN

PIN_OFF = 0x00
PIN_CELL_THERMISTOR = 0x07  # 18 k pull-up, for temperatures that protect cells
PIN_FET_THERMISTOR = 0x0F
PIN_THERMISTOR = 0x0B  # reported only
PIN_ALERT_LOW = 0x82  # open drain, low when an alarm is set
PIN_FET_OFF_INPUT = 0x02  # CFETOFF and DFETOFF: high keeps the FET off

HOST_WATCHDOG_S = 2
CHECK_TIME_S = 1  # between two pulses of the open-wire current
BALANCE_S = 3  # balancing ends by itself this long after the controller's last word
RECOVERY_S = 30
_RELAXED_MA = 1_000  # below this, a current counts as gone
_HYSTERESIS = 2  # steps of 50.6 mV; the least there is
_I2C_FAST, _I2C_FAST_CRC = 0x08, 0x12
_SCD_MV = (10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)
_RANGE_UV = 200_000  # the coulomb counter's input
_FET_OPTIONS = 0x2C  # off until permitted, controlled by the chip, the host may force off


def float_bytes(numerator, denominator):
    """IEEE 754 single of a positive quotient, low byte first, formed with integers only."""
    exponent = 0
    while numerator >= denominator << 1:
        denominator <<= 1
        exponent += 1
    while numerator < denominator:
        numerator <<= 1
        exponent -= 1
    mantissa = ((numerator << 24) // denominator + 1) >> 1
    if mantissa == 1 << 24:
        mantissa >>= 1
        exponent += 1
    word = ((exponent + 127) << 23) | (mantissa & 0x7FFFFF)
    return bytes((word & 0xFF, (word >> 8) & 0xFF, (word >> 16) & 0xFF, word >> 24))


def default_channels(cell_count):
    """Channels of a pack: from the bottom up, and the last cell at the top pins."""
    return list(range(cell_count - 1)) + [CELLS - 1]


def cell_mask(channels):
    """The chip's bit map of ``channels``, or 0 for a map that the chip cannot measure."""
    mask = 0
    before = -1
    for channel in channels:
        if not before < channel < CELLS:
            return 0
        mask |= 1 << channel
        before = channel
    if len(channels) < 3 or not mask & _FIRST_CELL or not mask & _TOP_CELL:
        return 0
    return mask


def _up(value, step):
    return -(-value // step)


class Setup:
    """``runs`` of (address, bytes) for the chip, made by ``build()`` from the attributes."""

    def __init__(self, shunt_uohm, full_scale_ma, pins, crc=True, series_fets=True):
        self.shunt_uohm = shunt_uohm
        self.crc = crc
        self.pins = bytes(pins)  # CFETOFF, DFETOFF, ALERT, TS1, TS2, TS3, HDQ, DCHG, DDSG
        self.series_fets = series_fets
        # currents come as 16 bits in units of 1, 10 or 100 mA
        self.unit_ma = 1
        while self.unit_ma < 100 and 32_767 * self.unit_ma < full_scale_ma:
            self.unit_ma *= 10
        self.clip_code = min(32_767, _RANGE_UV * 1000 // shunt_uohm // self.unit_ma)
        # The board's: short circuit, delays, body diode, heat of the chip, balanced cells.
        self.short_ma = 0
        self.short_us = 400
        self.oc_ms = 20
        self.body_diode_ma = max(2_000, full_scale_ma // 100)  # after the switchgear's own bypass
        self.die_max_c = 85
        self.balance_cells = 8
        # The pack's: 0 is "not known yet", and then the chip protects as late as it can.
        self.cells = 0xFFFF
        self.ov_mv = 0
        self.uv_mv = 0
        self.voltage_delay_ms = 2_000
        self.charge_ma = 0
        self.discharge_ma = 0
        # degC or None: charge hot and cold, discharge hot and cold, FET hot
        self.temps_c = (None, None, None, None, None)
        self.unarmed = 0  # bits of Safety Status A, and of B shifted up by 8
        self.applied = {}
        self.runs = ()

    def build(self):
        """Form ``runs``, ``applied`` and ``unarmed`` anew."""
        self.unarmed = 0
        self.applied = {}
        rows = []
        gain = (75_684 * 1_000, 10_000 * self.shunt_uohm)
        rows.append((0x91A8, float_bytes(gain[0], gain[1])))
        rows.append((0x91AC, float_bytes(gain[0] * 2_982_616_178, gain[1] * 10_000)))
        # no sleep; a thermistor at TS2 pulls at the pin that wakes from shutdown
        self._row(rows, 0x9234, 2, 0x2882 | (0x1000 if self.pins[4] else 0))
        self._row(rows, 0x9238, 1, 0)  # a host that is silent keeps its supply
        self._row(rows, 0x9239, 1, _I2C_FAST_CRC if self.crc else _I2C_FAST)
        voltages = self._voltages(rows)
        currents = self._currents(rows)
        temps = self._temperatures(rows)
        rows.append((0x925F, bytes((0x02, 0x00, voltages | currents, temps, HWDF))))
        rows.append((0x9265, bytes((CHARGE_A, CHARGE_B, CHARGE_C))))
        rows.append((0x9269, bytes((DISCHARGE_A, DISCHARGE_B, DISCHARGE_C))))
        self._row(rows, 0x926D, 2, ALARM_MASK)
        self._row(rows, 0x9273, 2, self.body_diode_ma)
        self._row(rows, 0x9294, 1, RECOVERY_S)
        self._row(rows, 0x92AF, 1, RECOVERY_S)
        self._row(rows, 0x92B2, 2, HOST_WATCHDOG_S)
        rows.append((0x92FA, self.pins))
        self._row(rows, 0x9303, 1, 0x04 | (1, 10, 100).index(self.unit_ma) + 1)  # 10 mV
        self._row(rows, 0x9304, 2, self.cells)
        self._row(rows, 0x9308, 1, _FET_OPTIONS | (1 if self.series_fets else 0))
        self._row(rows, 0x9309, 1, 0x01)  # charge pump on, 11 V
        relaxed = _RELAXED_MA // self.unit_ma
        self._row(rows, 0x9310, 2, relaxed)
        self._row(rows, 0x9312, 2, relaxed)
        self._row(rows, 0x9314, 1, CHECK_TIME_S)
        balance = (0, -20 & 0xFF, 60, self.die_max_c, BALANCE_S, self.balance_cells)
        rows.append((0x9335, bytes(balance)))
        self.runs = _joined(rows)

    @staticmethod
    def _row(rows, address, size, value):
        rows.append((address, bytes([(value >> (8 * i)) & 0xFF for i in range(size)])))

    def _arm(self, bit, name, value):
        """Keep what a protection came to; None when it cannot be outside its limit."""
        if value is None:
            self.unarmed |= bit
            return 0
        self.applied[name] = value
        return bit

    def _voltages(self, rows):
        """Over-voltage rounded up, under-voltage down, in steps of 50.6 mV."""
        over = max(20, _up(self.ov_mv * 10, 506)) if self.ov_mv else 110
        under = min(90, self.uv_mv * 10 // 506)
        enabled = self._arm(COV, "ov_mv", over * 506 // 10 if over <= 110 else None)
        if self.uv_mv:
            enabled |= self._arm(CUV, "uv_mv", under * 506 // 10 if under >= 20 else None)
        delay = min(2_047, max(1, _up(self.voltage_delay_ms * 10, 33) - 2))
        self.applied["voltage_delay_ms"] = (delay + 2) * 33 // 10
        self._row(rows, 0x9275, 1, max(20, under))
        self._row(rows, 0x9276, 2, delay)
        self._row(rows, 0x9278, 1, min(110, over))
        self._row(rows, 0x9279, 2, delay)
        self._row(rows, 0x927B, 1, _HYSTERESIS)
        self._row(rows, 0x927C, 1, _HYSTERESIS)
        return enabled

    def _currents(self, rows):
        """Over-currents rounded up in steps of 2 mV over the shunt, the short in the table's."""
        enabled = 0
        delay = min(127, max(1, _up(self.oc_ms * 10, 33) - 2))
        self.applied["oc_ms"] = (delay + 2) * 33 // 10
        limits = (
            (OCC, "charge_ma", 0x9280, self.charge_ma, 62),
            (OCD1, "discharge_ma", 0x9282, self.discharge_ma, 100),
            (OCD2, "discharge_2_ma", 0x9284, self.discharge_ma * 3 // 2, 100),
        )
        for bit, name, address, limit_ma, highest in limits:
            code = max(2, _up(limit_ma * self.shunt_uohm, 2_000_000)) if limit_ma else highest
            trip_ma = code * 2_000_000 // self.shunt_uohm if code <= highest else None
            enabled |= self._arm(bit, name, trip_ma)
            self._row(rows, address, 1, min(highest, code))
            # the second level of a discharge acts as fast as it can
            self._row(rows, address + 1, 1, 1 if bit == OCD2 else delay)
        code = 0
        while code < len(_SCD_MV) and _SCD_MV[code] * 1_000_000 < self.short_ma * self.shunt_uohm:
            code += 1
        short_ma = None
        if self.short_ma and code < len(_SCD_MV):
            short_ma = _SCD_MV[code] * 1_000_000 // self.shunt_uohm
        enabled |= self._arm(SCD, "short_ma", short_ma)
        self._row(rows, 0x9286, 1, min(code, len(_SCD_MV) - 1))
        self._row(rows, 0x9287, 1, min(31, _up(self.short_us, 15) + 1))
        self._row(rows, 0x9288, 2, _RELAXED_MA)
        self._row(rows, 0x928D, 2, -_RELAXED_MA)
        return enabled

    def _temperatures(self, rows):
        """Whole degrees; thermistors that the chip itself may act on are a matter of pins."""
        enabled = OTINT
        self.applied["die_c"] = self.die_max_c + 15
        self._row(rows, 0x92A3, 1, self.die_max_c + 15)
        self._row(rows, 0x92A5, 1, self.die_max_c)
        bits = (OTC, UTC, OTD, UTD, OTF)
        addresses = (0x929A, 0x92A6, 0x929D, 0x92A9, 0x92A0)
        names = ("charge_hot_c", "charge_cold_c", "discharge_hot_c", "discharge_cold_c", "fet_c")
        for i in range(5):
            limit = self.temps_c[i]
            if limit is None:
                continue
            inside = -40 <= limit <= 120
            if self._arm(bits[i] << 8, names[i], limit if inside else None):
                enabled |= bits[i]
                self._row(rows, addresses[i], 1, limit)
                recovery = limit + 5 if bits[i] & (UTC | UTD) else limit - 5
                self._row(rows, addresses[i] + 2, 1, recovery)
        return enabled


def _joined(rows):
    """Rows that follow each other as one run, of at most what one block holds."""
    runs = []
    for address, data in sorted(rows):
        if runs and runs[-1][0] + len(runs[-1][1]) == address and len(runs[-1][1]) < 28:
            runs[-1] = (runs[-1][0], runs[-1][1] + data)
        else:
            runs.append((address, data))
    return tuple(runs)
