"""How fast virtual time may go: the only place where the simulator looks at real time to wait."""

import time

_CATCH_UP_S = 0.2  # further behind than this, lost time is given up


class Pacer:
    """``speed`` 1.0 is real time, None is as fast as it goes."""

    def __init__(self, speed):
        self.speed = speed
        self._real_s = 0.0
        self._virtual_us = 0
        self.anchor(0)

    def anchor(self, now_us):
        """Virtual time is right as of now."""
        self._real_s = time.monotonic()
        self._virtual_us = now_us

    def set_speed(self, speed, now_us):
        self.speed = speed
        self.anchor(now_us)

    def allowed_us(self):
        """The virtual time that real time has reached."""
        return self._virtual_us + int((time.monotonic() - self._real_s) * self.speed * 1e6)

    def wait_s(self, target_us):
        """Real seconds until ``target_us`` may be reached."""
        ahead_s = (target_us - self.allowed_us()) / (self.speed * 1e6)
        if ahead_s < -_CATCH_UP_S:
            self.anchor(target_us)
        return max(0.0, ahead_s)
