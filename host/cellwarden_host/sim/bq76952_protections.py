"""What a BQ76952 protects by itself: comparators, delays, recovery, FETs, host watchdog.

From TI's technical reference manual (SLUUBY2, chapters "Protections" and "Protection FETs").
Thresholds act on the voltage or the shunt itself, not on converted values, as in the chip.
This half knows no bus; bq76952_model.py drives it, every 3 ms of the chip's time.
"""

SCD_MV = (10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)
SCD, OCD2, OCD1, OCC, COV, CUV = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04
OTF, OTINT, OTD, OTC, UTINT, UTD, UTC = 0x80, 0x40, 0x20, 0x10, 0x04, 0x02, 0x01
HWDF = 0x02
STEP_MV = 50.6
LOOK_US = 3_000
CHG, PCHG, DSG, PDSG = 0x01, 0x02, 0x04, 0x08  # FET Status
DSG_OFF, PDSG_OFF, CHG_OFF, PCHG_OFF = 0x01, 0x02, 0x04, 0x08  # FET Control
SFET, SLEEPCHG, HOST_FET_EN, FET_CTRL_EN, PDSG_EN, FET_INIT_OFF = 1, 2, 4, 8, 16, 32
PIN_FETOFF = 0x02  # pin function of CFETOFF and DFETOFF; bit 7 inverts


class Protections:
    """``status`` and ``alert`` are {"A": bits, "B": bits, "C": bits}."""

    def __init__(self):
        self.restart(None, 0)

    def restart(self, settings, now_us):
        """The chip's firmware begins anew: nothing has tripped."""
        self.settings = settings
        self.status = {"A": 0, "B": 0, "C": 0}
        self.alert = {"A": 0, "B": 0, "C": 0}
        self._since = {}  # (group, bit) -> when its condition began
        self._good_since = {}  # ... and since when it is over, once tripped
        self.heard_us = now_us
        self.host_off = 0x0F if settings and settings["FET Options"] & FET_INIT_OFF else 0
        self.charge_on = self.discharge_on = False

    # --- conditions -------------------------------------------------------------------------

    def heard(self, now_us):
        """Valid communication: the host is alive, which also ends the watchdog's fault."""
        self.heard_us = now_us
        self.status["C"] &= ~HWDF

    def trip_short(self):
        """The comparator has seen a short circuit between two looks."""
        self.status["A"] |= SCD
        self._good_since.pop(("A", SCD), None)

    def check(self, now_us, cells_mv, shunt_mv, current_ma, temps):
        """One look at everything; ``temps`` are degC: (cells low, cells high, FET, die)."""
        s = self.settings
        enabled = s["Enabled Protections A"]
        low, high = min(cells_mv), max(cells_mv)
        recovery_us = s["Recovery Time"] * 1_000_000
        cuv, cov = s["CUV Threshold"] * STEP_MV, s["COV Threshold"] * STEP_MV
        slow = 3300
        rows = (
            (CUV, low <= cuv, (s["CUV Delay"] + 2) * slow,
             low >= cuv + s["CUV Recovery Hysteresis"] * STEP_MV, recovery_us),
            (COV, high >= cov, (s["COV Delay"] + 2) * slow,
             high <= cov - s["COV Recovery Hysteresis"] * STEP_MV, recovery_us),
            (OCC, shunt_mv >= 2 * s["OCC Threshold"], (s["OCC Delay"] + 2) * slow,
             current_ma <= s["OCC Recovery Threshold"], recovery_us),
            (OCD1, -shunt_mv >= 2 * s["OCD1 Threshold"], (s["OCD1 Delay"] + 2) * slow,
             current_ma >= s["OCD Recovery Threshold"], recovery_us),
            (OCD2, -shunt_mv >= 2 * s["OCD2 Threshold"], (s["OCD2 Delay"] + 2) * slow,
             current_ma >= s["OCD Recovery Threshold"], recovery_us),
            (SCD, -shunt_mv >= SCD_MV[s["SCD Threshold"] & 15],
             max(0, s["SCD Delay"] - 1) * 15, True, s["SCD Recovery Time"] * 1_000_000),
        )  # fmt: skip
        for bit, bad, delay_us, good, wait_us in rows:
            if enabled & bit:
                self._judge("A", bit, bad, delay_us, good, wait_us, now_us)
        self._temperatures(now_us, temps, recovery_us)
        if s["Enabled Protections C"] & HWDF:
            if now_us - self.heard_us >= s["HWD Delay"] * 1_000_000:
                self.status["C"] |= HWDF
        self.switch(current_ma)

    def _temperatures(self, now_us, temps, recovery_us):
        s = self.settings
        cold, hot, fet, die = temps
        rows = (
            (OTC, hot, "OTC", 1), (OTD, hot, "OTD", 1), (OTF, fet, "OTF", 1),
            (OTINT, die, "OTINT", 1), (UTC, cold, "UTC", -1), (UTD, cold, "UTD", -1),
        )  # fmt: skip
        for bit, value, name, way in rows:
            if s["Enabled Protections B"] & bit and value is not None:
                bad = way * (value - s[name + " Threshold"]) >= 0
                good = way * (value - s[name + " Recovery"]) <= 0
                self._judge("B", bit, bad, 2_000_000, good, recovery_us, now_us)

    def _judge(self, group, bit, bad, delay_us, good, wait_us, now_us):
        key = (group, bit)
        if self.status[group] & bit:
            if not good or bad:
                self._good_since.pop(key, None)
            elif now_us - self._good_since.setdefault(key, now_us) >= wait_us:
                self.status[group] &= ~bit
                self._since.pop(key, None)
            return
        if not bad:
            self._since.pop(key, None)
            self.alert[group] &= ~bit
            return
        self.alert[group] |= bit
        # a delay shorter than one look has passed when the condition is seen
        lasted_us = now_us - self._since.setdefault(key, now_us)
        if lasted_us >= delay_us or delay_us < LOOK_US:
            self.status[group] |= bit
            self.alert[group] &= ~bit
            self._good_since.pop(key, None)

    # --- FETs -------------------------------------------------------------------------------

    def switch(self, current_ma, fet_en=None, cfetoff=None, dfetoff=None):
        """Decide both FETs; what is not given is as it was last time."""
        if fet_en is not None:
            self._fet_en, self._cfetoff, self._dfetoff = fet_en, cfetoff, dfetoff
        s = self.settings
        options = s["FET Options"]
        free = self._fet_en and options & FET_CTRL_EN
        host_off = self.host_off if options & HOST_FET_EN else 0
        charge = free and not host_off & CHG_OFF and not self._cfetoff
        discharge = free and not host_off & DSG_OFF and not self._dfetoff
        for group in "ABC":
            if self.status[group] & s[f"CHG FET Protections {group}"]:
                charge = False
            if self.status[group] & s[f"DSG FET Protections {group}"]:
                discharge = False
        if options & SFET:
            threshold = s["Body Diode Threshold"]
            if discharge and not charge and current_ma < -threshold:
                charge = True
            elif charge and not discharge and current_ma > threshold:
                discharge = True
        self.charge_on, self.discharge_on = bool(charge), bool(discharge)

    def all_off(self):
        """CONFIG_UPDATE, deep sleep, reset: nothing is on, nothing is protected."""
        self.charge_on = self.discharge_on = False
