"""Sees which temperature sensor a hand warms: proof that it is fitted, and where.

A sensor counts as found when it alone has risen clearly above where it stood. One that rises
together with others proves nothing, and one that is missing is never found.
"""

from __future__ import annotations

from collections.abc import Sequence

# A fingertip lifts a bead by several degrees in half a minute; noise is some tenths.
RISE_DC = 15
# The others must stay behind by this much.
_AHEAD_DC = 8


class Warming:
    """Fed with temperatures look by look; ``found`` are the sensors (from 0) that were warmed."""

    def __init__(self, sensors: Sequence[int], found: Sequence[int] = ()) -> None:
        self._sensors = tuple(sensors)
        self._start: dict[int, int] = {}
        self.found = set(found) & set(sensors)
        self.rise_dc: dict[int, int] = {}

    @property
    def missing(self) -> list[int]:
        return [sensor for sensor in self._sensors if sensor not in self.found]

    def see(self, temp_dc: Sequence[int | None]) -> int | None:
        """The sensor that has just been found, if any."""
        for sensor in self._sensors:
            now = temp_dc[sensor] if sensor < len(temp_dc) else None
            if now is None:
                self._start.pop(sensor, None)
                self.rise_dc.pop(sensor, None)
                continue
            # One that cools down after its turn may be warmed again from where it has got to.
            start = min(self._start.get(sensor, now), now)
            self._start[sensor] = start
            self.rise_dc[sensor] = now - start
        return self._newly_found()

    def _newly_found(self) -> int | None:
        waiting = [sensor for sensor in self.missing if sensor in self.rise_dc]
        if not waiting:
            return None
        first, *others = sorted(waiting, key=lambda sensor: -self.rise_dc[sensor])
        ahead = self.rise_dc[first] - max((self.rise_dc[other] for other in others), default=0)
        if self.rise_dc[first] < RISE_DC or (others and ahead < _AHEAD_DC):
            return None
        self.found.add(first)
        return first
