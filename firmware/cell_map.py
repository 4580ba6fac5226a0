"""Which harness channel carries which cell, and which sense wire each chip pin is.

A map that cannot be true (too many cells, a channel twice, out of order) is refused, and the
pack then has no cells at all: nothing is measured from a map that nobody proved.
"""

from array import array

from cellwarden.readings import MAX_CELLS
from firmware.drivers.ltc6811 import CHANNELS
from firmware.drivers.open_wire import PINS

NO_WIRE = 255


def default_channels(cell_count, chips):
    """Spread cells evenly over the chips, lowest channels first.

    Each chip is supplied by its own cells, so an uneven split starves one (safety.md 21).
    """
    channels = []
    for chip in range(chips):
        cells = cell_count // chips + (1 if chip < cell_count % chips else 0)
        for n in range(cells):
            channels.append(chip * CHANNELS + n)
    return channels


class CellMap:
    """``channel[i]`` of cell ``i + 1``; ``mapped[channel]``; ``wire_of_pin[chip * 13 + n]``."""

    def __init__(self, chips):
        self.chips = chips
        self.count = 0
        self.channel = bytearray(MAX_CELLS)
        self.mapped = bytearray(chips * CHANNELS)
        self.wire_of_pin = array("B", bytearray(chips * PINS))

    def holds(self, cell_count, channels):
        """True when this very map is in force."""
        if cell_count != self.count or len(channels) < cell_count:
            return False
        for i in range(cell_count):
            if channels[i] != self.channel[i]:
                return False
        return True

    def configure(self, cell_count, channels=None):
        """Take a map (the even one when None); False and an empty map when it cannot be."""
        self.count = 0
        for i in range(len(self.mapped)):
            self.mapped[i] = 0
        for i in range(len(self.wire_of_pin)):
            self.wire_of_pin[i] = NO_WIRE
        if not 0 < cell_count <= MAX_CELLS or cell_count > self.chips * CHANNELS:
            return False
        if channels is None:
            channels = default_channels(cell_count, self.chips)
        if len(channels) < cell_count:
            return False
        before = -1
        for i in range(cell_count):
            if not before < channels[i] < self.chips * CHANNELS:
                return False
            before = channels[i]
        for i in range(cell_count):
            channel = channels[i]
            self.channel[i] = channel
            self.mapped[channel] = 1
            pin = channel // CHANNELS * PINS + channel % CHANNELS
            self.wire_of_pin[pin] = i  # its lower end is the top of the cell before
            self.wire_of_pin[pin + 1] = i + 1
        self.count = cell_count
        return True
