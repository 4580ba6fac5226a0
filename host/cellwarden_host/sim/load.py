"""What hangs on the pack's output: current, power, resistance, capacitor, or a profile.

A profile is a list of (t_s, current_ma), charging positive: negative parts are drawn by the
load, positive parts are pushed back by it (regeneration, solar). Like an inverter, it draws
only after its input has been up for a second, and stops when the input falls away; plain
resistance and a short draw always. Nothing here knows switches.
"""

import csv
from bisect import bisect_right
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"
SOFT_START_US = 1_000_000


def read_profile(path):
    """Rows of a ``t_s,current_ma`` file as two lists; ``day`` names the packaged one."""
    file = DATA / "day.csv" if str(path) == "day" else Path(path)
    times, currents = [], []
    with file.open(newline="", encoding="utf-8") as stream:
        rows = csv.reader(line for line in stream if not line.startswith("#"))
        if next(rows) != ["t_s", "current_ma"]:
            raise ValueError(f"{file}: the first line must be t_s,current_ma")
        for row in rows:
            times.append(float(row[0]))
            currents.append(float(row[1]))
            if len(times) > 1 and times[-1] <= times[-2]:
                raise ValueError(f"{file}: t_s must rise, at {row[0]}")
    if not times:
        raise ValueError(f"{file}: no rows")
    return times, currents


class Load:
    """``demand(bus_mv, now_us)`` gives what flows; fields may be changed at any moment."""

    def __init__(self, config):
        self.connected = True
        self.capacitor_f = config.load_cap_uf / 1e6
        self.bleed_ohm = config.load_bleed_ohm
        self.current_ma = 0  # drawn
        self.power_mw = 0
        self.resistance_ohm = 0  # 0: none
        self.source_ma = 0  # pushed back
        self.short_ohm = 0  # 0: none
        self.forced_ma = None  # a fault's current, charging positive, in place of all else
        self.start_mv = config.load_start_mv
        self.source_limit_mv = config.source_limit_mv  # pushes back up to here, then tapers
        self._times, self._currents = [], []
        self._profile_us = 0
        self._repeat = False
        self._up_since_us = None

    def set_profile(self, times, currents, start_us=0, repeat=False):
        """Follow a profile from virtual time ``start_us`` on; empty lists end it."""
        self._times, self._currents = times, currents
        self._profile_us = start_us
        self._repeat = repeat

    def remove(self):
        self.connected = False

    def capacitance_f(self):
        return self.capacitor_f if self.connected else 0.0

    def profile_ma(self, now_us):
        """The profile's current now, charging positive."""
        times = self._times
        if not times:
            return 0
        t = (now_us - self._profile_us) / 1e6
        if self._repeat and times[-1] > 0:
            t %= times[-1]
        if t < times[0] or t > times[-1]:
            return 0
        return self._currents[bisect_right(times, t) - 1]

    def running(self, bus_mv, now_us):
        """Whether the electronics are awake: input up for a while, and not gone since."""
        if bus_mv < self.start_mv * (0.85 if self._up_since_us is not None else 1.0):
            self._up_since_us = None
            return False
        if self._up_since_us is None:
            self._up_since_us = now_us
        return now_us - self._up_since_us >= SOFT_START_US

    def pushes_to_mv(self):
        """How high it drives the bus when it pushes back; a forced current knows no limit."""
        return self.source_limit_mv * (1.0 if self.forced_ma is None else 1.3)

    def demand(self, bus_mv, now_us):
        """(drawn mA, pushed-back mA, conductance in siemens) at this bus voltage."""
        siemens = 1 / self.short_ohm if self.short_ohm else 0.0
        if not self.connected:
            return 0, 0, siemens
        if self.bleed_ohm:
            siemens += 1 / self.bleed_ohm
        if self.resistance_ohm:
            siemens += 1 / self.resistance_ohm
        if self.forced_ma is not None:
            flow = self.forced_ma
            running = bus_mv >= self.start_mv * 0.5
            drawn, pushed = 0, 0
        else:
            running = self.running(bus_mv, now_us)
            flow = self.profile_ma(now_us) if self._times else 0
            drawn, pushed = self.current_ma, self.source_ma
            if self.power_mw and running:
                drawn += self.power_mw * 1000 / bus_mv
        if flow > 0:
            pushed += flow
        else:
            drawn -= flow
        if not running:
            drawn = 0
        return drawn, pushed, siemens
