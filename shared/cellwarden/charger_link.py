"""When the charger on RS485-1 last spoke. The board never waits for it; it only listens.

A charger that has spoken and then falls silent is lost: its current limit goes to 0. In the
mode "special charger" nothing charges unless a charger has spoken within the last 5 s.
"""

from . import ids
from .ticks import elapsed_ms

SILENT_MS = 5000
# A charger gone this long is no longer missed: another, dumb one may have taken its place.
FORGET_MS = 600_000


class ChargerLink:
    """``talking``: heard within 5 s. ``lost``: it talked, and then fell silent."""

    def __init__(self):
        self.talking = False
        self.lost = False
        self.hellos = 0
        self.state = 0  # what the charger says of itself, as it sent it
        self.charger_10mv = 0
        self.charger_da = 0  # 0.1 A
        self._heard_ms = 0

    def hello(self, now_ms, state, charger_10mv, charger_da):
        """The charger has written its registers."""
        self.talking = True
        self.lost = False
        self.hellos = (self.hellos + 1) & 0x3FFFFFFF
        self.state = state
        self.charger_10mv = charger_10mv
        self.charger_da = charger_da
        self._heard_ms = now_ms

    def update(self, now_ms):
        """Once a tick: notice silence."""
        if self.talking:
            if elapsed_ms(now_ms, self._heard_ms) > SILENT_MS:
                self.talking = False
                self.lost = True
        elif self.lost and elapsed_ms(now_ms, self._heard_ms) > FORGET_MS:
            self.lost = False

    def silent(self, now_ms, settings):
        """1 when charging waits for a charger that does not speak (mode "special charger")."""
        if not settings.live[ids.SPECIAL_CHARGER]:
            return 0
        if self.talking and elapsed_ms(now_ms, self._heard_ms) <= SILENT_MS:
            return 0
        return 1
