"""SSD1306 OLED controller on I2C, 128 x 64: set up, and given its picture in pieces.

Raises OSError when nobody acknowledges; its user decides when to try again. Allocates nothing.
Facts: Solomon Systech's SSD1306 datasheet, rev. 1.1: command table, I2C control bytes (00h:
commands follow, 40h: picture data follows), horizontal addressing, and in its application note
the charge pump that must be on before the display is.
"""

_SETUP = (
    b"\x00"  # commands follow
    b"\xd5\x80"  # oscillator and divider: reset values
    b"\xa8\x3f\xd3\x00\x40"  # 64 lines, none shifted, the first on top
    b"\x8d\x14"  # charge pump on
    b"\x20\x00\x21\x00\x7f\x22\x00\x07"  # rows from left to right, then the page below; all of it
    b"\xa1\xc8\xda\x12"  # glass as modules carry it: both ways turned round, pins alternate
    b"\x81\x60\xd9\xf1\xdb\x40"  # brightness, precharge, deselect level with the pump
    b"\xa4\xa6\xaf"  # show the memory, ones lit; on
)
_OFF = b"\x00\xae"
DATA = 0x40  # first byte of a piece of picture


class Ssd1306:
    """``begin`` sets up and points to the top left; ``send`` pieces follow from there."""

    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address

    def begin(self):
        """Set up, also what a loss of supply may have undone. Does not flicker."""
        self._i2c.writeto(self._address, _SETUP)

    def send(self, piece):
        """The next columns: DATA, then a byte a column of eight rows, lowest bit on top."""
        self._i2c.writeto(self._address, piece)

    def off(self):
        """Dark."""
        self._i2c.writeto(self._address, _OFF)
