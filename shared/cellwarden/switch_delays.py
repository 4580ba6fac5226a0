"""One switch and its times: no chatter, and a relay that is not opened under load needlessly.

Says when a switch may close, and when an asked-for opening is carried out. Minimum times never
delay an opening that a protection demands; a relay may wait for its current to fall, up to
``RELAY_WAIT_MS``, and not at all when told so. Nothing here decides whether to switch.
"""

from .ticks import MASK, elapsed_ms

MOSFET_MIN_ON_MS = 500
MOSFET_MIN_OFF_MS = 1000
RELAY_MIN_ON_MS = 1000
RELAY_MIN_OFF_MS = 2000
# A body diode may carry the whole current for this long before its MOSFET closes again.
BYPASS_PAUSE_MS = 200
# How long a relay waits for the current to fall to what it may break.
RELAY_WAIT_MS = 2000
# Times since a switching stop growing here: ticks wrap after six days.
_AGE_CAP_MS = 3_600_000


class Switch:
    """The commanded state of one switch. ``bypass``: on only to relieve its body diode."""

    def __init__(self, relay, break_ma):
        self.on = False
        self.bypass = False
        self.since_ms = 0
        self.stopping = False  # a relay's current is being waited for
        self.operations = 0
        self.loaded_operations = 0
        self._relay = relay
        self._break_ma = break_ma
        self._min_on_ms = RELAY_MIN_ON_MS if relay else MOSFET_MIN_ON_MS
        self._min_off_ms = RELAY_MIN_OFF_MS if relay else MOSFET_MIN_OFF_MS
        self._stop_ms = 0
        self._ever = False  # switched at least once: before that, nothing to wait for

    def may_close(self, now_ms):
        return not self._ever or elapsed_ms(now_ms, self.since_ms) >= self._min_off_ms

    def may_bypass(self, now_ms):
        return not self._ever or elapsed_ms(now_ms, self.since_ms) >= BYPASS_PAUSE_MS

    def may_open(self, now_ms):
        """For an opening that no protection demands."""
        return elapsed_ms(now_ms, self.since_ms) >= self._min_on_ms

    def close(self, now_ms, bypass):
        self.bypass = bypass
        self.stopping = False
        if not self.on:
            self.on = True
            self._moved(now_ms)

    def is_held(self, now_ms):
        """It is on already: no operation, no time to wait for."""
        self.on = self._ever = True
        self.since_ms = now_ms

    def open(self, now_ms, loaded):
        """Open now. ``loaded``: current is known to flow, or not known."""
        self.bypass = False
        self.stopping = False
        if self.on:
            self.on = False
            self._moved(now_ms)
            if loaded:
                self.loaded_operations = (self.loaded_operations + 1) & MASK

    def open_gently(self, now_ms, amount_ma):
        """Ask for 0 A first if this is a relay and ``amount_ma`` is more than it may break."""
        if self.on and self._relay and amount_ma > self._break_ma:
            if not self.stopping:
                self.stopping = True
                self._stop_ms = now_ms
            if elapsed_ms(now_ms, self._stop_ms) < RELAY_WAIT_MS:
                return
        self.open(now_ms, amount_ma > self._break_ma)

    def keep(self):
        """The reason to open has gone."""
        self.stopping = False

    def age(self, now_ms):
        """Call each tick: keeps ``since_ms`` within the reach of ticks."""
        if elapsed_ms(now_ms, self.since_ms) > _AGE_CAP_MS:
            self.since_ms = (now_ms - _AGE_CAP_MS) & MASK

    def _moved(self, now_ms):
        self.since_ms = now_ms
        self._ever = True
        self.operations = (self.operations + 1) & MASK
