"""SSD1306 OLED controller and its glass on I2C: commands, addressing, memory, what is lit.

From the datasheet (Solomon Systech SSD1306, rev. 1.1): control bytes (8.1.5), command table (9),
three ways of addressing (10.1.3), reset values, status bit 6 while the display is off, and the
application note's charge pump, without which a module that has no second supply stays dark.
The glass is mounted as on the usual modules: it stands upright with segments and rows both
turned round. Memory is random at power-on. Knows no font and no meaning.
"""

import random

WIDTH, HEIGHT, PAGES = 128, 64, 8
# Commands that bring bytes of their own, and how many.
_ARGUMENTS = {
    **{0x20: 1, 0x21: 2, 0x22: 2, 0x81: 1, 0x8D: 1, 0xA3: 2, 0xA8: 1},
    **{0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1, 0x26: 6, 0x27: 6, 0x29: 5, 0x2A: 5},
}
_HORIZONTAL, _VERTICAL, _BY_PAGE = 0, 1, 2


class Ssd1306:
    """I2cDevice; ``unplugged`` takes it off the bus, and its supply with it."""

    def __init__(self, plant):
        self._plant = plant
        self._unplugged = False
        self.unknown: list[int] = []  # bytes that are no command
        self.reset()

    def reset(self):
        """Power-on state."""
        rng = random.Random(1306)
        self.memory = bytearray(rng.randrange(256) for _ in range(WIDTH * PAGES))
        self.on = self.pump = self.inverse = self.all_lit = False
        self.turned = [False, False]  # segments, rows
        self.contrast = 0x7F
        self.rows = HEIGHT
        self.offset = self.first_line = 0
        self.row_pins = 0x12
        self._mode = _BY_PAGE
        self._columns, self._pages = (0, WIDTH - 1), (0, PAGES - 1)
        self._column = self._page = 0
        self._command: list[int] = []  # may go on in the next transfer
        self.begun = 0  # times that the picture's window was set

    @property
    def unplugged(self):
        return self._unplugged

    @unplugged.setter
    def unplugged(self, away):
        self._unplugged = bool(away)
        if away:
            self.reset()

    # --- I2cDevice --------------------------------------------------------------------------

    def write(self, data, now_us):
        if self._unplugged or self._plant.i2c_stuck:
            return False
        at = 0
        while at < len(data):
            control = data[at]
            at += 1
            end = at + 1 if control & 0x80 else len(data)
            for byte in data[at:end]:
                if control & 0x40:
                    self._store(byte)
                else:
                    self._hear(byte)
            at = end
        return True

    def read(self, length, now_us):
        if self._unplugged or self._plant.i2c_stuck:
            return None
        return bytes((0 if self.on else 0x40,)) * length

    # --- picture data -----------------------------------------------------------------------

    def _store(self, byte):
        self.memory[self._page * WIDTH + self._column] = byte
        if self._mode == _BY_PAGE:
            self._column = (self._column + 1) % WIDTH
        elif self._mode == _HORIZONTAL:
            if self._step_column():
                self._step_page()
        elif self._step_page():
            self._step_column()

    def _step_column(self):
        """On to the next column; True when it began anew."""
        over = self._column == self._columns[1]
        self._column = self._columns[0] if over else (self._column + 1) % WIDTH
        return over

    def _step_page(self):
        over = self._page == self._pages[1]
        self._page = self._pages[0] if over else (self._page + 1) % PAGES
        return over

    # --- commands ---------------------------------------------------------------------------

    def _hear(self, byte):
        self._command.append(byte)
        if len(self._command) > _ARGUMENTS.get(self._command[0], 0):
            code, *arguments = self._command
            self._command = []
            if arguments:
                self._set(code, arguments)
            else:
                self._do(code)

    def _set(self, code, arguments):
        first = arguments[0]
        if code == 0x20:
            self._mode = first & 3
        elif code == 0x21:
            self._columns = (first & 0x7F, arguments[1] & 0x7F)
            self._column = self._columns[0]
        elif code == 0x22:
            self._pages = (first & 7, arguments[1] & 7)
            self._page = self._pages[0]
            self.begun += 1
        elif code == 0x81:
            self.contrast = first
        elif code == 0x8D:
            self.pump = first & 0x04 != 0
        elif code == 0xA8:
            self.rows = (first & 0x3F) + 1
        elif code == 0xD3:
            self.offset = first & 0x3F
        elif code == 0xDA:
            self.row_pins = first

    def _do(self, code):
        if code < 0x10 and self._mode == _BY_PAGE:
            self._column = self._column & 0x70 | code
        elif code < 0x20 and self._mode == _BY_PAGE:
            self._column = self._column & 0x0F | code << 4 & 0x70
        elif 0x40 <= code < 0x80:
            self.first_line = code & 0x3F
        elif code & 0xFE == 0xA0:
            self.turned[0] = bool(code & 1)
        elif code & 0xF0 == 0xC0:
            self.turned[1] = bool(code & 8)
        elif code & 0xFE == 0xA4:
            self.all_lit = bool(code & 1)
        elif code & 0xFE == 0xA6:
            self.inverse = bool(code & 1)
        elif code & 0xFE == 0xAE:
            self.on = bool(code & 1)
        elif 0xB0 <= code < 0xB8 and self._mode == _BY_PAGE:
            self._page = code & 7
        elif code not in (0xE3, 0x2E, 0x2F):
            self.unknown.append(code)

    # --- the glass --------------------------------------------------------------------------

    def lit(self, x, y):
        """Whether a person sees light at a dot, (0, 0) being the top left."""
        if not (self.on and self.pump):
            return False
        # The glass is mounted with both turned round: unturned it stands on its head.
        if not self.turned[0]:
            x = WIDTH - 1 - x
        row = y if self.turned[1] else HEIGHT - 1 - y
        if row >= self.rows:
            return False
        if self.all_lit:
            return True
        row = (row + self.first_line + self.offset) % HEIGHT
        bit = self.memory[row // 8 * WIDTH + x] >> (row % 8) & 1
        return bool(bit) != self.inverse

    def picture(self):
        """The picture as text, a line for each row of dots."""
        return [
            "".join("#" if self.lit(x, y) else " " for x in range(WIDTH)).rstrip()
            for y in range(HEIGHT)
        ]
