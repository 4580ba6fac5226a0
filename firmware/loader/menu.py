"""The bootloader's menu on RS485-2: a space stops the countdown, '1' takes an image by YMODEM.

As the vendor's loader does it, at 9600 baud, with more keys: other rates (the new one counts
only once a space has come in at it), older versions, and '0' to go on. Its text has no capital
C or G, nor a control character that YMODEM knows: a sender that already listens would take them
for the receiver's. It must not hold up a start for longer than it was told, and a stray byte on
the line must not either.
"""

import time

from loader import receive
from loader.line import Line

BAUD = 9600
_RATES = {b"2": 19_200, b"3": 38_400, b"5": 57_600, b"6": 115_200}
_LEFT_ALONE_MS = 60_000
_FIRST_KEY_MS = 3_000  # at power-on: what stopped the countdown may have been noise
_NEW_RATE_MS = 2_000
_SHORT_MS = 200
_ALONE_MS = 10
_MASK = 0x3FFFFFFF
_SPACE = 0x20

_KEYS = """\
1 update\r
2 3 5 6 19200 38400 57600 115200 baud\r
o older versions too\r
0 start\r
"""


def offer(machine, board, wait_ms, title):
    """Wait ``wait_ms`` (-1: for ever) for a space; the version that was installed, or None."""
    line = Line(machine, board)
    line.open(BAUD)
    try:
        if wait_ms < 0 or wait_ms > _SHORT_MS:
            line.send(b"\r\nspace: update\r\n")
        first_ms = _LEFT_ALONE_MS
        while True:
            if not _asked_for(line, wait_ms):
                return None
            if 0 <= wait_ms <= _SHORT_MS:
                first_ms = _FIRST_KEY_MS
            start, version = _serve(line, title, first_ms)
            if start or version or wait_ms >= 0:
                return version
            line.open(BAUD)
    finally:
        line.close()


def _now_ms():
    return time.ticks_ms() & _MASK


def _asked_for(line, wait_ms):
    """True when a space came. Unasked, at power-on, it must have come alone: some master may be
    talking on the line, and what it says is no key."""
    since_ms = _now_ms()
    strict = 0 <= wait_ms <= _SHORT_MS
    while wait_ms < 0 or (_now_ms() - since_ms) & _MASK < wait_ms:
        if not strict:
            if line.key() == b" ":
                return True
        else:
            n = line.read()
            if n:
                time.sleep_ms(_ALONE_MS)
                return n == 1 and line.buf[0] == _SPACE and not line.read()
        time.sleep_ms(1)
    return False


def _key(line, within_ms):
    """The next key, or b"" when there was none in time."""
    since_ms = _now_ms()
    while (_now_ms() - since_ms) & _MASK < within_ms:
        key = line.key()
        if key:
            return key
        time.sleep_ms(1)
    return b""


def _serve(line, title, first_ms):
    """Do what the keys say: (start was asked for, version installed or None)."""
    older = False
    within_ms = first_ms
    greeting = True
    while True:
        if greeting:
            _tell(line, "\r\nboard loader: %s\r\n%s> " % (title, _KEYS))
        greeting = False
        key = _key(line, within_ms)
        if key == b"":
            return False, None
        if key == b"0":
            return True, None
        if key == b" ":
            greeting = True
        elif key == b"o":
            older = True
            _tell(line, "older versions too\r\n> ")
        elif key in _RATES:
            _change_rate(line, _RATES[key])
            greeting = True
        elif key == b"1":
            version, why = receive.receive(line, older)
            if version:
                _tell(line, "\r\ninstalled %s, starting\r\n" % version)
                return False, version
            _tell(line, "\r\nrefused: %s\r\n" % why)
            greeting = True
        else:
            continue
        within_ms = _LEFT_ALONE_MS


def _change_rate(line, baud):
    """To another rate, and back unless a space comes in at it."""
    before = line.baud
    _tell(line, "%d baud\r\n" % baud)
    line.open(baud)
    if _key(line, _NEW_RATE_MS) != b" ":
        line.open(before)


def _tell(line, text):
    line.send(text.replace("C", "c").replace("G", "g").encode())
