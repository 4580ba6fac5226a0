"""What an OLED shows: state of charge, voltage, current and state, a line each.

The picture goes out in pieces of 24 columns, 0.6 ms of the bus each, so that no tick waits for
it. An OLED that does not answer is tried again every few seconds, and set up anew. It shows
what the register map tells and decides nothing. Allocates nothing while the OLED is there, but
for the passkey of somebody who pairs a phone.
"""

from cellwarden import ids
from cellwarden.readout import ABSENT
from firmware.drivers.ssd1306 import DATA, Ssd1306

PIECE_MS = 5
REST_MS = 300
RETRY_MS = 3_000
_CHARS = 10  # of a line; twelve columns and two pages each, and a margin of eight columns
_PIECES = 6  # of a page: five of two characters, and the margin
_ALL = 8 * _PIECES

# 5 x 7 dots, a byte a column, lowest bit on top; from the space to Y, J M Q X left out.
_FONT = (
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x23\x13\x08\x64\x62\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"  # %
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x08\x08\x08\x08\x08\x00\x60\x60\x00\x00\x00\x00\x00\x00\x00"  # - .
    b"\x3e\x51\x49\x45\x3e\x00\x42\x7f\x40\x00\x42\x61\x51\x49\x46\x21\x41\x45\x4b\x31"  # 0 1 2 3
    b"\x18\x14\x12\x7f\x10\x27\x45\x45\x45\x39\x3c\x4a\x49\x49\x30\x01\x71\x09\x05\x03"  # 4 5 6 7
    b"\x36\x49\x49\x49\x36\x06\x49\x49\x29\x1e\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"  # 8 9
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x7e\x09\x09\x09\x7e\x7f\x49\x49\x49\x36\x3e\x41\x41\x41\x22"  # A B C
    b"\x7f\x41\x41\x22\x1c\x7f\x49\x49\x49\x41\x7f\x09\x09\x09\x01\x3e\x41\x49\x49\x7a"  # D E F G
    b"\x7f\x08\x08\x08\x7f\x00\x41\x7f\x41\x00\x00\x00\x00\x00\x00\x7f\x08\x14\x22\x41"  # H I K
    b"\x7f\x40\x40\x40\x40\x00\x00\x00\x00\x00\x7f\x04\x08\x10\x7f\x3e\x41\x41\x41\x3e"  # L N O
    b"\x7f\x09\x09\x09\x06\x00\x00\x00\x00\x00\x7f\x09\x19\x29\x46\x46\x49\x49\x49\x31"  # P R S
    b"\x01\x01\x7f\x01\x01\x3f\x40\x40\x40\x3f\x1f\x20\x40\x20\x1f\x3f\x40\x38\x40\x3f"  # T U V W
    b"\x00\x00\x00\x00\x00\x03\x04\x78\x04\x03"  # Y
)
_STATES = (
    b"STARTING",
    b"NOT SET UP",
    b"FAULT",
    b"STANDBY",
    b"PRECHARGE",
    b"READY",
    b"CHARGING",
    b"DISCHARGE",
    b"LOCKED",
    b"WINDOW",
)
# Four dots of a column, each twice as high.
_TALL = b"\x00\x03\x0c\x0f\x30\x33\x3c\x3f\xc0\xc3\xcc\xcf\xf0\xf3\xfc\xff"
_BLANK = 32


class OledPage:
    """``controller`` has the ``readout``; ``step`` says how long it can be left alone."""

    def __init__(self, i2c, address, controller):
        self._oled = Ssd1306(i2c, address)
        self._c = controller
        self._readout = controller.readout  # published once a picture
        self._text = bytearray(_CHARS)  # of the line that is being sent
        self._piece = bytearray(25)
        self._margin = bytearray(9)
        self._piece[0] = self._margin[0] = DATA
        self.passkey = -1  # shown to somebody who pairs a phone
        self._at = -1  # next piece; before the first comes the set-up

    def step(self):
        """Send the next piece; milliseconds until the next call is wanted."""
        try:
            return self._send()
        except OSError:
            self._at = -1
            return RETRY_MS

    def off(self):
        """Dark, if it is there."""
        try:
            self._oled.off()
        except OSError:
            pass
        self._at = -1

    def _send(self):
        at = self._at
        if at < 0:
            self._oled.begin()
            self._readout = self._c.readout
            self._at = 0
            return PIECE_MS
        if at % (2 * _PIECES) == 0:
            self._compose(at // (2 * _PIECES))
        column = at % _PIECES
        if column < _PIECES - 1:
            self._draw(2 * column, at // _PIECES & 1)
            self._oled.send(self._piece)
        else:
            self._oled.send(self._margin)
        at += 1
        self._at = at if at < _ALL else -1
        return PIECE_MS if at < _ALL else REST_MS

    def _draw(self, first, lower):
        """Two characters from ``first`` on, upper or lower half, into the piece."""
        piece = self._piece
        to = 1
        for index in range(first, first + 2):
            glyph = 5 * self._text[index] - 5 * _BLANK
            for column in range(glyph, glyph + 5):
                dots = _FONT[column]
                piece[to] = piece[to + 1] = _TALL[dots >> 4 if lower else dots & 15]
                to += 2
            piece[to] = piece[to + 1] = 0
            to += 2

    def _compose(self, line):
        """The text of a line."""
        text = self._text
        for i in range(_CHARS):
            text[i] = _BLANK
        readout = self._readout
        if line == 0:
            self._put(b"SOC")
            self._number(readout[ids.R_SOC_PERMILLE], 1, 37)  # %
        elif line == 1:
            self._number(readout[ids.R_PACK_10MV], 2, 86)  # V
        elif line == 2:
            milliamperes = readout[ids.R_CURRENT_MA]
            if milliamperes != ABSENT:
                sign = -1 if milliamperes < 0 else 1
                milliamperes = sign * ((sign * milliamperes + 50) // 100)
            self._number(milliamperes, 1, 65)  # A
        elif self.passkey >= 0:
            self._put(b"KEY %06d" % self.passkey)
        else:
            state = readout[ids.R_BOARD_STATE]
            if 0 <= state < len(_STATES):
                self._put(_STATES[state])

    def _put(self, word):
        text = self._text
        for i in range(len(word)):
            text[i] = word[i]

    def _number(self, value, decimals, unit):
        """At the right, with its unit; dashes for what nobody knows."""
        text = self._text
        text[_CHARS - 1] = unit
        at = _CHARS - 2
        if value == ABSENT:
            text[at] = text[at - 1] = 45
            return
        left = -value if value < 0 else value
        shown = 0
        while left or shown <= decimals:
            if shown == decimals and text[at + 1] != 46:
                text[at] = 46
            else:
                text[at] = 48 + left % 10
                left //= 10
                shown += 1
            at -= 1
        if value < 0:
            text[at] = 45
