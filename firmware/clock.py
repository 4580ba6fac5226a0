"""The controller's clock: the one place from which firmware learns what time it is.

On MicroPython these are the functions of ``time``. CPython's ``time`` lacks them, and there a
test owns the time: it installs a source with ``ticks_us()`` and ``sleep_us(us)``. Firmware must
never read a clock in any other way, or tests would wait for real seconds.
"""

from cellwarden.ticks import MASK

try:
    from time import sleep_us, ticks_ms, ticks_us
except ImportError:  # CPython
    _source = None

    def install(source):
        """Take the time from ``source.ticks_us()`` and wait by ``source.sleep_us(us)``."""
        global _source
        _source = source

    def ticks_us():
        """Microseconds of the installed source."""
        return _source.ticks_us() & MASK

    def ticks_ms():
        """Milliseconds of the installed source."""
        return _source.ticks_us() // 1000

    def sleep_us(us):
        """Let the installed source pass ``us`` microseconds."""
        _source.sleep_us(us)


def now_ms():
    """The 30-bit tick that the core works with (see cellwarden/ticks.py)."""
    return ticks_ms() & MASK


__all__ = ("now_ms", "sleep_us", "ticks_ms", "ticks_us")
