"""A sink that remembers, and a line between a sender and a receiver on which time is counted."""

from board_update.ymodem import RUNNING, Receiver
from board_update.ymodem_send import Sender


class Sink:
    """Keeps a file; may refuse it, or find it bad."""

    def __init__(self, takes=True, good=True):
        self.name = None
        self.size = None
        self.data = bytearray()
        self.begun = self.ended = 0
        self._takes = takes
        self._good = good

    def begin(self, name, size):
        self.begun += 1
        self.name = bytes(name)
        self.size = size
        return self._takes

    def write(self, buf, n):
        self.data += bytes(buf[:n])
        return True

    def end(self):
        self.ended += 1
        return self._good


def file_of(size):
    """Bytes that hold every value, in an order that no shift repeats soon."""
    data = bytearray(size)
    for i in range(size):
        data[i] = (i * 7 + (i >> 8) * 13 + 3) & 0xFF
    return bytes(data)


class Talk:
    """A sender and a receiver; ``spoil(number, data)`` may change what the sender's nth says."""

    def __init__(self, data, length=1024, sink=None, spoil=None, answers=None):
        self.sink = sink or Sink()
        self.sender = Sender(b"firmware.cwfw", data, length)
        self.receiver = Receiver(self.sink)
        self.now_ms = 0x3FFFF000  # so that the clock wraps in every test
        self.spoil = spoil
        self.answers = answers
        self.sent = 0
        self.answered = 0

    def _tick(self, ms):
        self.now_ms = (self.now_ms + ms) & 0x3FFFFFFF

    def _hear(self, data):
        """The board hears ``data``, in pieces as a polling loop takes them."""
        answer = b""
        for at in range(0, len(data), 37):
            piece = data[at : at + 37]
            answer = self.receiver.feed(piece, len(piece), self.now_ms) or answer
            self._tick(1)
        return answer

    def run(self, most=5000):
        """Until both have ended; the receiver's state."""
        answer = self.receiver.start(self.now_ms)
        self.sender.start(self.now_ms)
        for _ in range(most):
            if self.sender.state != RUNNING and self.receiver.state != RUNNING:
                break
            if answer:
                self.answered += 1
                if self.answers:
                    answer = self.answers(self.answered, answer)
            out = self.sender.feed(answer, self.now_ms)
            answer = b""
            if out:
                self.sent += 1
                if self.spoil:
                    out = self.spoil(self.sent, out)
                answer = self._hear(out)
            if not answer:
                self._tick(50)
                answer = self.receiver.feed(b"", 0, self.now_ms)
        return self.receiver.state
