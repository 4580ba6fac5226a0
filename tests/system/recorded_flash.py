"""A flash chip that remembers each single write, so that a power cut at any of them can be made.

A write is a sector erase or the programming of (a part of) one page, as in the simulator's own
chip. ``cut(number, torn)`` gives the chip's contents as a cut in that write leaves them:
before it, or with the first half of it done.
"""

from cellwarden_host.sim.flash import PAGE, SECTOR, FlashChip


class RecordedFlash(FlashChip):
    def __init__(self, path):
        super().__init__(path)
        self._base = b""
        self._record = None  # [(address, contents half way, contents after)]

    def start(self):
        self._base = bytes(self._cells)
        self._record = []

    def stop(self):
        """No more is recorded; the number of writes there were."""
        self._record, self._done = None, self._record
        return len(self._done)

    def cut(self, number, torn):
        cells = bytearray(self._base)
        for address, _, after in self._done[:number]:
            cells[address : address + len(after)] = after
        if torn and number < len(self._done):
            address, half, _ = self._done[number]
            cells[address : address + len(half)] = half
        return bytes(cells)

    def _note(self, address, before):
        after = self.read(address, len(before))
        half = len(before) // 2
        self._record.append((address, after[:half] + before[half:], after))

    def erase(self, sector):
        if self._record is None:
            return super().erase(sector)
        before = self.read(sector * SECTOR, SECTOR)
        spent_us = super().erase(sector)
        self._note(sector * SECTOR, before)
        return spent_us

    def program(self, address, data):
        if self._record is None:
            return super().program(address, data)
        spent_us = 0
        at = 0
        while at < len(data):
            piece = data[at : at + PAGE - (address + at) % PAGE]
            before = self.read(address + at, len(piece))
            spent_us += super().program(address + at, piece)
            self._note(address + at, before)
            at += len(piece)
        return spent_us
