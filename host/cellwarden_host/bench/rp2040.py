"""What a time measured on the unix MicroPython means on an RP2040.

Bytecode runs at a nearly constant ratio between the two: 1000 times ``x += i`` take 4.73 ms on
an RP2040 at 125 MHz. A desktop processor runs that small loop better than a whole tick, whose
branches it predicts worse, so the estimate is rather too high than too low. Real boards,
whose interpreter runs from flash, may be slower by a tenth to two fifths.
"""

from __future__ import annotations

YARDSTICK_MS = 4.73


def estimate_ms(unix_us: float, yardstick_us: float) -> float:
    """Milliseconds on an RP2040 of what took ``unix_us`` beside the yardstick's time."""
    return YARDSTICK_MS * unix_us / yardstick_us
