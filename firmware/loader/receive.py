"""Takes an image by YMODEM, checks it and installs it into the other slot. Outputs are off.

On an RP2040 everything stands still while flash is erased, the UART included. So the image is
collected in RAM, its signature and hashes are worked out while the next block comes in, and flash
is written when the sender has gone; where RAM is too small, while the sender waits for an answer.
An image that is not for this board is refused at its first kilobyte, a damaged one before its
last block is acknowledged. Nothing is in force before the whole of it was checked and unpacked.
"""

import gc
import hashlib
import os
import time

from board_update.checking import Check
from board_update.image import TABLE_AT, Bad
from board_update.ymodem import DONE, RUNNING, Receiver
from loader import install

PATH = "/update.img"
_SPARE = 48_000  # of RAM, for everything else
_FLASH_SPARE = 65_536
_MOST = 1_000_000
# Somebody else may talk on the line for ever: this long without a byte of a file ends it.
_PATIENCE_MS = 120_000
_POLL_US = 400
_MASK = 0x3FFFFFFF


class Sink:
    """What the receiver hands the file to. ``work`` does a little of what is to be checked."""

    def __init__(self, older):
        self.why = ""
        self._older = older
        self._in_ram = True
        self._pieces = []
        self._file = None
        self._head = b""
        self._check = None
        self._signing = False
        self._later = []  # pieces that have not been hashed
        self._at = 0  # where the first of them belongs
        self._table = hashlib.sha256()
        self._payload = hashlib.sha256()

    def begin(self, _name, size):
        if not TABLE_AT < size <= _MOST:
            return self._refuse("format")
        room = os.statvfs("/")
        if room[0] * room[3] < size + _FLASH_SPARE:
            return self._refuse("too big")
        gc.collect()
        self._in_ram = gc.mem_free() >= size + _SPARE
        if not self._in_ram:
            self._file = open(PATH, "wb")
        return True

    def write(self, buf, n):
        piece = bytes(buf[:n])
        if self._in_ram:
            self._pieces.append(piece)
        elif self._file.write(piece) != n:
            return self._refuse("storage")
        self._later.append(piece)
        try:
            if self._check is None:
                self._head += piece[: TABLE_AT - len(self._head)]
                if len(self._head) == TABLE_AT:
                    self._check = Check(None, install.terms(self._older))
                    self._check.begin(self._head)
                    self._signing = True
            while not self._in_ram and self.work():
                pass
        except Bad as bad:
            return self._refuse(bad.reason)
        return not self.why

    def work(self):
        """One small step while nothing else is to be done; True while there is more."""
        if self._check is None or self.why:
            return False
        try:
            if self._signing:
                self._signing = self._check.signing()
            elif self._later:
                self._hash(self._later.pop(0))
        except Bad as bad:
            self._refuse(bad.reason)
        return self._signing or bool(self._later)

    def _hash(self, piece):
        """The table is hashed by itself, and so is what follows it."""
        start = self._at
        self._at += len(piece)
        end = self._check.header.manifest_bytes
        view = memoryview(piece)
        first = min(max(TABLE_AT - start, 0), len(piece))
        split = min(max(end - start, first), len(piece))
        self._table.update(view[first:split])
        self._payload.update(view[split:])

    def end(self):
        """All that can be known of the image without unpacking it."""
        while self.work():
            pass
        header = self._check.header if self._check is not None else None
        if header is None or self.why:
            return self._refuse(self.why or "truncated")
        if self._at != header.image_bytes:
            return self._refuse("truncated" if self._at < header.image_bytes else "too big")
        if self._table.digest() != header.table_sha256:
            return self._refuse("hash")
        return self._payload.digest() == header.payload_sha256 or self._refuse("hash")

    def keep(self):
        """Onto flash."""
        if self._in_ram:
            self._file = open(PATH, "wb")
            for piece in self._pieces:
                self._file.write(piece)
                time.sleep_ms(1)  # for the timer that feeds the watchdog
        self.close()

    def close(self):
        self._pieces = self._later = []
        if self._file is not None:
            self._file.close()
            self._file = None

    def _refuse(self, why):
        self.why = why
        return False


def receive(line, older):
    """The version that was installed, or "" and why not."""
    sink = Sink(older)
    receiver = Receiver(sink)
    installer = None
    try:
        if not _session(line, receiver, sink):
            return "", sink.why or receiver.why
        sink.keep()
        gc.collect()
        installer = install.Installer(PATH, older)
        while installer.step():
            time.sleep_ms(1)
        if not installer.commit():
            return "", "storage"
        return installer.version, ""
    except Bad as bad:
        return "", bad.reason
    except OSError:
        return "", "storage"
    except MemoryError:
        return "", "memory"
    finally:
        sink.close()
        if installer is not None:
            installer.close()
        try:
            os.remove(PATH)
        except OSError:
            pass


def _session(line, receiver, sink):
    """Bytes between line and receiver until one of them has enough; true for a whole file."""
    now_ms = started_ms = time.ticks_ms() & _MASK
    answer = receiver.start(now_ms)
    received = -1
    while True:
        if answer:
            if answer != b"C":
                line.drop()  # whoever waits for this answer has said nothing since
            line.send(answer)
        if receiver.state != RUNNING:
            return receiver.state == DONE
        n = line.read()
        now_ms = time.ticks_ms() & _MASK
        answer = receiver.feed(line.buf, n, now_ms)
        if receiver.received != received:
            received = receiver.received
            started_ms = now_ms
        elif (now_ms - started_ms) & _MASK > _PATIENCE_MS:
            answer = receiver.cancel("silence")
        if not n and not answer:
            sink.work()
            time.sleep_us(_POLL_US)
