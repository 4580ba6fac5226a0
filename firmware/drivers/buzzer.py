"""The buzzer: plays the pattern that the core names, without ever waiting.

A pattern is a row of 100 ms slots, on or off, repeated while it is wanted. Patterns differ in
rhythm, so that a person tells them apart without looking.
"""

from cellwarden.commands import BUZZER_DANGER, BUZZER_PROTECTION, BUZZER_SILENT, BUZZER_WARNING
from cellwarden.ticks import MASK, elapsed_ms

_SLOT_MS = 100
# slots in the pattern, and which of them sound (lowest bit first)
_PATTERNS = {
    BUZZER_SILENT: (1, 0b0),
    BUZZER_WARNING: (30, 0b1),  # one short sound every 3 s
    BUZZER_PROTECTION: (20, 0b1001),  # two short sounds every 2 s
    BUZZER_DANGER: (6, 0b000111),  # half on, half off
}


class Buzzer:
    """An active buzzer on one pin."""

    def __init__(self, pin):
        self._pin = pin
        self._pattern = BUZZER_SILENT
        self._begin_ms = 0
        pin.value(0)

    def play(self, pattern, now_ms):
        """Keep playing ``pattern``; call often. A pattern nobody knows sounds as danger."""
        if pattern not in _PATTERNS:
            pattern = BUZZER_DANGER
        if pattern != self._pattern:
            self._pattern = pattern
            self._begin_ms = now_ms
        slots, sounds = _PATTERNS[pattern]
        period_ms = slots * _SLOT_MS
        gone_ms = elapsed_ms(now_ms, self._begin_ms)
        if gone_ms >= period_ms:  # begin the next round, on the same grid
            gone_ms %= period_ms
            self._begin_ms = (now_ms - gone_ms) & MASK
        self._pin.value((sounds >> (gone_ms // _SLOT_MS)) & 1)
