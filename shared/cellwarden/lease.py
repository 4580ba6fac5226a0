"""Rental: whether what has been paid for is used up. It never opens a running pack.

Counts in the unit of its mode: seconds of uptime (which survives restarts), ampere-hours taken
out, or full cycles. The switchgear decides what an ended lease stops.
"""

from . import ids


class Lease:
    """``over`` and ``left`` (in the mode's own unit; 0 without a lease)."""

    def __init__(self):
        self.over = False
        self.left = 0

    def update(self, settings, uptime_s, discharged_mah, cycles_tenths):
        live = settings.live
        mode = live[ids.LEASE_MODE]
        if mode == ids.LEASE_MODE_IS_NONE:
            self.over = False
            self.left = 0
            return
        if mode == ids.LEASE_MODE_IS_DAYS:
            used = uptime_s
        elif mode == ids.LEASE_MODE_IS_AH:
            used = discharged_mah // 1000
        else:
            used = cycles_tenths // 10
        left = live[ids.LEASE_END] - used
        self.over = left <= 0
        self.left = left if left > 0 else 0
