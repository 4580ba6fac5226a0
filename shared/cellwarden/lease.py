"""Rental: whether what has been paid for is used up. It never opens a running pack.

Counts in the unit of its mode: time, ampere-hours taken out, or full cycles. The switchgear
decides what an ended lease stops. The board has no clock of its own that runs without supply, so
time is a ratchet: service (which survives restarts), a fixed price for each loss of supply, and
what a date told later shows to have been missed. It only goes forward; docs/lease.md.
"""

from . import ids

_DAY_S = 86_400
# How much of each mode's unit is left when its end is near.
_NEAR = (0, 2 * _DAY_S, 20, 2, 2 * _DAY_S)


class Lease:
    """``over``, ``state``, and ``left`` (in the mode's own unit; 0 without a lease)."""

    def __init__(self):
        self.over = False
        self.left = 0
        self.state = ids.LEASE_STATE_IS_NONE
        self.clock_s = 0  # service and what was missed of the time without supply
        self.extra_s = 0  # what was missed
        self.base_s = 0  # date at which the clock was 0, s since 2020; 0: no date was ever told
        self.told_s = 0  # clock when the lessor last told the date
        self.check_left_s = -1  # until the lessor has to tell it again; -1: never

    def begin(self, settings, restart_cause):
        """The board has started; true when that cost time."""
        if restart_cause != ids.RESTART_CAUSE_IS_POWER or not settings.live[ids.LEASE_MODE]:
            return False
        self.extra_s += settings.live[ids.LEASE_OUTAGE_MINUTES] * 60
        return True

    def tell_date(self, date_s, lessor):
        """The date as told in a session; false when it is not believed.

        Anybody with a session may move the board's date forward. Only the lessor (``lessor``)
        gives the first one, puts one back, and answers the board's demand for one.
        """
        ahead_s = date_s - self.clock_s - self.base_s
        if not lessor and (not self.base_s or ahead_s < 0):
            return False
        if self.base_s and ahead_s > 0:
            self.extra_s += ahead_s
            self.clock_s += ahead_s
        elif self.base_s + ahead_s <= 0:
            return False
        else:
            self.base_s += ahead_s
        if lessor:
            self.told_s = self.clock_s
        return True

    def update(self, settings, uptime_s, discharged_mah, cycles_tenths):
        live = settings.live
        mode = live[ids.LEASE_MODE]
        used = self.clock_s = uptime_s + self.extra_s
        if mode == ids.LEASE_MODE_IS_AH:
            used = discharged_mah // 1000
        elif mode == ids.LEASE_MODE_IS_CYCLES:
            used = cycles_tenths // 10
        left = live[ids.LEASE_END] - used
        check_left_s = -1
        if mode == ids.LEASE_MODE_IS_DATE:
            left -= self.base_s
        if mode == ids.LEASE_MODE_IS_DATE or mode == ids.LEASE_MODE_IS_DAYS:
            if self.base_s and live[ids.LEASE_CHECK_DAYS]:
                check_left_s = self.told_s + live[ids.LEASE_CHECK_DAYS] * _DAY_S - self.clock_s
                if check_left_s < 0:
                    check_left_s = 0
        self.check_left_s = check_left_s
        undated = mode == ids.LEASE_MODE_IS_DATE and not self.base_s
        if mode == ids.LEASE_MODE_IS_NONE:
            left = 0
            state = ids.LEASE_STATE_IS_NONE
        elif left <= 0 and not undated:
            left = 0
            state = ids.LEASE_STATE_IS_ENDED
        elif undated or not check_left_s:
            state = ids.LEASE_STATE_IS_DATE_NEEDED
        elif left <= _NEAR[mode] or 0 < check_left_s <= _NEAR[ids.LEASE_MODE_IS_DAYS]:
            state = ids.LEASE_STATE_IS_ENDING
        else:
            state = ids.LEASE_STATE_IS_RUNNING
        if live[ids.LEASE_LOCKED]:
            state = ids.LEASE_STATE_IS_LOCKED
        self.left = left
        self.state = state
        self.over = state >= ids.LEASE_STATE_IS_ENDED
