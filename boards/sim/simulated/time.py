"""``time`` on the simulated board: virtual time, which the host process owns.

Ticks have 30 bits, as on a 32-bit controller; the host may start them near their wrap.
Reading a clock costs no round trip: every answer of the host carries the time.
"""

import simlink
import simops

_MASK = 0x3FFFFFFF
_HALF = 0x20000000
_words = simlink.words


def ticks_ms():
    simlink.spin()
    return _words[3]


def ticks_us():
    simlink.spin()
    return _words[4]


ticks_cpu = ticks_us


def ticks_add(ticks, delta):
    return (ticks + delta) & _MASK


def ticks_diff(end, start):
    return ((end - start + _HALF) & _MASK) - _HALF


def sleep_us(us):
    if us <= 0:
        return
    # The microsecond clock wraps after 18 minutes: sleep in pieces it can tell apart.
    while us > 0:
        start = _words[4]
        simlink.idle(us if us < 100_000_000 else 100_000_000)
        us -= (_words[4] - start) & _MASK


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(seconds):
    sleep_us(int(seconds * 1_000_000))


def time():
    return simlink.act(simops.WALL_TIME, 0, 0, 0)


def time_ns():
    return time() * 1_000_000_000


def gmtime(seconds=None):
    """Year, month, day, hour, minute, second, weekday, day of the year."""
    if seconds is None:
        seconds = time()
    days = seconds // 86400
    rest = seconds % 86400
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    year = 1970
    while True:
        length = 366 if _leap(year) else 365
        if days < length:
            break
        days -= length
        year += 1
    month = 1
    day = days
    while day >= _month_length(year, month):
        day -= _month_length(year, month)
        month += 1
    return (
        year,
        month,
        day + 1,
        rest // 3600,
        rest // 60 % 60,
        rest % 60,
        weekday,
        days + 1,
    )


localtime = gmtime


def mktime(when):
    days = 0
    for year in range(1970, when[0]):
        days += 366 if _leap(year) else 365
    for month in range(1, when[1]):
        days += _month_length(when[0], month)
    days += when[2] - 1
    return ((days * 24 + when[3]) * 60 + when[4]) * 60 + when[5]


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _month_length(year, month):
    if month == 2:
        return 29 if _leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31
