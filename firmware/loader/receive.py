"""Takes an image by YMODEM, checks it and installs it into the other slot. Outputs are off.

On an RP2040 everything stands still while flash is erased, the UART included. So the image is
collected in RAM and flash is written when the sender is silent, before the last block is
acknowledged; where RAM is too small, before each acknowledgement. An image that is not for this
board is refused at its first kilobyte. Nothing is in force before the whole of it was checked
and unpacked.
"""

import gc
import os
import time

from board_update import checking
from board_update.image import Bad
from board_update.ymodem import DONE, RUNNING, Receiver
from loader import install

PATH = "/update.img"
_HEAD = 448  # header and signature
_SPARE = 48_000  # of RAM, for everything else
_FLASH_SPARE = 65_536
_MOST = 1_000_000
# Somebody else may talk on the line for ever: this long without a byte of a file ends it.
_PATIENCE_MS = 120_000
_POLL_US = 200
_MASK = 0x3FFFFFFF


class Sink:
    """What the receiver hands the file to."""

    def __init__(self, older):
        self.why = ""
        self.installer = None
        self._older = older
        self._pieces = []
        self._file = None
        self._head = b""

    def begin(self, _name, size):
        if not _HEAD < size <= _MOST:
            return self._refuse("format")
        room = os.statvfs("/")
        if room[0] * room[3] < size + _FLASH_SPARE:
            return self._refuse("too big")
        gc.collect()
        if gc.mem_free() < size + _SPARE:
            self._file = open(PATH, "wb")
        return True

    def write(self, buf, n):
        if len(self._head) < _HEAD:
            self._head += bytes(buf[: _HEAD - len(self._head)])
            if len(self._head) == _HEAD and not self._admitted():
                return False
        if self._file is None:
            self._pieces.append(bytes(buf[:n]))
            return True
        return self._file.write(buf[:n]) == n

    def _admitted(self):
        try:
            checking.admitted(self._head, install.terms(self._older))
        except Bad as bad:
            return self._refuse(bad.reason)
        return True

    def end(self):
        """Onto flash and checked there, whole."""
        if self._file is None:
            self._file = open(PATH, "wb")
            for piece in self._pieces:
                self._file.write(piece)
                time.sleep_ms(1)  # for the timer that feeds the watchdog
        self.close()
        gc.collect()
        self.installer = install.Installer(PATH, self._older)
        try:
            while not self.installer.checked:
                self.installer.step()
                time.sleep_us(100)
        except Bad as bad:
            return self._refuse(bad.reason)
        return True

    def close(self):
        self._pieces = []
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
    try:
        if not _session(line, receiver):
            return "", sink.why or receiver.why
        installer = sink.installer
        while installer.step():
            time.sleep_ms(1)
        if not installer.commit():
            return "", "storage"
        return installer.version, ""
    except Bad as bad:
        return "", bad.reason
    except OSError as error:
        return "", "storage: %s" % error
    finally:
        sink.close()
        if sink.installer is not None:
            sink.installer.close()
        try:
            os.remove(PATH)
        except OSError:
            pass


def _session(line, receiver):
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
            time.sleep_us(_POLL_US)
