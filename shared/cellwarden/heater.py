"""When the heater runs: cold enough, allowed by its mode, with enough charge, and only if it
warms.

It switches with hysteresis on the coldest battery sensor, never runs when any battery sensor
is hot or unknown, and reports a fault when it has run for a while and nothing got warmer. It
must never heat a pack whose temperature nobody knows.
"""

from . import ids
from .ticks import elapsed_ms

# Any battery sensor this much above the switch-off temperature stops the heater.
OVER_DC = 150
# In this time the coldest sensor must rise by this much, or the heater is faulty.
WARMS_MS = 1_200_000
WARMS_DC = 10
# A charger is there when its side stands this far above the pack, or this current flows.
CHARGER_MV = 500
CHARGER_MA = 500


class Heater:
    """``on`` and ``fault``; the fault stays until ``clear()``."""

    def __init__(self):
        self.on = False
        self.fault = 0
        self._check_ms = 0
        self._check_dc = 0

    def clear(self):
        """A person has looked."""
        self.fault = 0

    def update(
        self, readings, quantities, protection, estimator, settings, discharge_on, now_ms, commands
    ):
        live = settings.live
        valid = quantities.valid
        if live[ids.HEATER_MODE] == ids.HEATER_MODE_IS_CLOSED:
            self.on = commands.heater = False
            return
        known = valid[ids.Q_TEMP_MIN_DC] and valid[ids.Q_TEMP_MAX_DC]
        coldest_dc = quantities.value[ids.Q_TEMP_MIN_DC]
        hottest_dc = quantities.value[ids.Q_TEMP_MAX_DC]
        allowed = known and not self.fault and not protection.forbids & ids.FORBID_HEATER
        if allowed and hottest_dc >= self._limit_dc(live):
            allowed = False
        if allowed:
            charger = self._sees_charger(readings)
            allowed = self._mode_allows(live, charger, discharge_on, estimator)
        if not allowed or coldest_dc >= live[ids.HEATER_OFF_DC]:
            self.on = False
        elif not self.on and coldest_dc <= live[ids.HEATER_ON_DC]:
            self._start(now_ms, coldest_dc)
        elif self.on:
            self._watch(now_ms, coldest_dc)
        commands.heater = self.on

    def _limit_dc(self, live):
        over = live[ids.HEATER_OFF_DC] + OVER_DC
        hot = live[ids.CHARGE_OT_RECOVER_DC]
        return over if over < hot else hot

    def _sees_charger(self, readings):
        current = readings.current_ma
        if current.valid and current.value >= CHARGER_MA:
            return True
        side = readings.charger_mv
        pack = readings.pack_mv
        return side.fitted and side.valid and pack.valid and side.value >= pack.value + CHARGER_MV

    def _mode_allows(self, live, charger, discharge_on, estimator):
        """A charger pays for the heat; without one the pack needs enough charge."""
        mode = live[ids.HEATER_MODE]
        if charger:
            return mode != ids.HEATER_MODE_IS_DISCHARGE or discharge_on
        if mode == ids.HEATER_MODE_IS_CHARGE:
            return False
        if mode == ids.HEATER_MODE_IS_DISCHARGE and not discharge_on:
            return False
        return estimator.soc_permille >= live[ids.HEATER_MIN_SOC_PERCENT] * 10

    def _start(self, now_ms, coldest_dc):
        self.on = True
        self._check_ms = now_ms
        self._check_dc = coldest_dc

    def _watch(self, now_ms, coldest_dc):
        """Every ``WARMS_MS`` of heating must have brought ``WARMS_DC``."""
        if coldest_dc >= self._check_dc + WARMS_DC:
            self._check_ms = now_ms
            self._check_dc = coldest_dc
        elif elapsed_ms(now_ms, self._check_ms) >= WARMS_MS:
            self.fault = 1
            self.on = False
