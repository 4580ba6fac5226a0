"""Arithmetic on 30-bit millisecond ticks, the only form in which time enters the core.

The firmware masks its clock to 30 bits (``ticks_ms() & MASK``), so that a tick is a small
integer on every controller. Differences are good for about six days; anything longer counts
``uptime_s`` instead. Nothing here, and nothing in the core, may ever read a clock.
"""

from .loops import elapsed_ms  # noqa: F401

MASK = 0x3FFFFFFF
