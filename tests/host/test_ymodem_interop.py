"""The board's YMODEM against senders that are not ours, and against noise by lot.

``sb`` of lrzsz and PyPI's ``ymodem`` send over a pty; where one is not installed, its recorded
session (tests/board_update) stands in.
"""

import os
import select
import shutil
import subprocess
import threading
import tty

import pytest
from hypothesis import given
from hypothesis import strategies as st

from board_update.ymodem import DONE, FAILED, RUNNING, Receiver
from board_update.ymodem_send import block

_STEP_MS = 20


class Sink:
    def __init__(self):
        self.data = bytearray()
        self.size = self.name = None
        self.ended = 0
        self.good = True

    def begin(self, name, size):
        self.name, self.size = bytes(name), size
        return True

    def write(self, buf, n):
        self.data += bytes(buf[:n])
        return True

    def end(self):
        self.ended += 1
        return self.good


class Far:
    """The board's end of a pty, on a clock that counts looks instead of time."""

    def __init__(self):
        self.fd, self._near = os.openpty()
        tty.setraw(self._near)
        self.near = self._near
        self.sink = Sink()
        self.receiver = Receiver(self.sink)
        self.looks = 0

    def serve(self):
        """Receive until the session has ended."""
        receiver = self.receiver
        out = receiver.start(0)
        while True:
            if out:
                os.write(self.fd, out)
            if receiver.state != RUNNING:
                return
            ready = select.select([self.fd], [], [], _STEP_MS / 1000)[0]
            data = os.read(self.fd, 256) if ready else b""
            self.looks += not data
            out = receiver.feed(data, len(data), self.looks * _STEP_MS)

    def close(self):
        os.close(self.fd)
        os.close(self._near)


@pytest.fixture
def far():
    board = Far()
    yield board
    board.close()


@pytest.mark.skipif(not shutil.which("sb"), reason="lrzsz is not here; its recording stands in")
@pytest.mark.parametrize("options", [(), ("-k",)], ids=["128", "1024"])
def test_sb_sends_a_file(far, tmp_path, options):
    data = bytes(range(256)) * 47 + b"end"
    (tmp_path / "image.cwfw").write_bytes(data)
    with subprocess.Popen(
        ["sb", "-q", *options, str(tmp_path / "image.cwfw")], stdin=far.near, stdout=far.near
    ) as sb:
        far.serve()
        assert sb.wait(5) == 0
    assert far.receiver.state == DONE
    assert bytes(far.sink.data) == data and far.sink.name == b"image.cwfw"


@pytest.mark.skipif(not shutil.which("sb"), reason="lrzsz is not here; its recording stands in")
def test_sb_reports_a_file_that_the_board_finds_bad(far, tmp_path):
    (tmp_path / "image.cwfw").write_bytes(b"x" * 3000)
    far.sink.good = False
    with subprocess.Popen(
        ["sb", "-q", "-k", str(tmp_path / "image.cwfw")],
        stdin=far.near,
        stdout=far.near,
        stderr=subprocess.DEVNULL,
    ) as sb:
        far.serve()
        assert sb.wait(5) != 0
    assert far.receiver.state == FAILED and far.receiver.why == "bad"


def test_pypi_ymodem_sends_a_file(far, tmp_path):
    pypi = pytest.importorskip("ymodem.Socket")
    data = bytes(range(256)) * 12 + b"end"
    (tmp_path / "image.cwfw").write_bytes(data)

    def read(size, timeout):
        ready = select.select([far.near], [], [], timeout or 0)[0]
        return os.read(far.near, size) if ready else None

    modem = pypi.ModemSocket(read, lambda piece, _timeout: os.write(far.near, piece))
    sent = []
    sender = threading.Thread(
        target=lambda: sent.append(modem.send([str(tmp_path / "image.cwfw")]))
    )
    sender.start()
    far.serve()
    sender.join(20)
    assert sent == [True]
    assert far.receiver.state == DONE
    assert bytes(far.sink.data) == data and far.sink.size == len(data)


# --- by lot


@given(st.lists(st.binary(max_size=200), max_size=20), st.data())
def test_noise_never_reaches_the_file(pieces, data):
    """Whatever comes: the file is a beginning of what a block with a right checksum told."""
    body = bytes(i & 0xFF for i in range(300))
    blocks = [block(1 + i, body[128 * i : 128 * (i + 1)], 128) for i in range(3)]
    sink = Sink()
    receiver = Receiver(sink)
    now_ms = 0
    stream = [block(0, b"f\x00300", 128)]
    for piece in pieces:
        stream.append(piece)
        stream.append(data.draw(st.sampled_from(blocks)))
    for piece in stream:
        receiver.feed(piece, len(piece), now_ms)
        for _ in range(data.draw(st.integers(0, 3))):
            now_ms = (now_ms + data.draw(st.integers(1, 1500))) & 0x3FFFFFFF
            receiver.feed(b"", 0, now_ms)
        assert body.startswith(bytes(sink.data))
        assert receiver.received == len(sink.data) <= 300
    if sink.ended:
        assert bytes(sink.data) == body


@given(st.binary(min_size=1, max_size=64), st.integers(0, 132))
def test_a_damaged_block_is_asked_for_again_and_then_taken(noise, at):
    body = bytes(range(128))
    right = block(1, body, 128)
    wrong = right[:at] + noise + right[at + len(noise) :]
    sink = Sink()
    receiver = Receiver(sink)
    first = block(0, b"f\x00128", 128)
    receiver.feed(first, len(first), 0)
    receiver.feed(wrong, len(wrong), 0)
    if receiver.state != RUNNING:
        assert receiver.why == "cancelled" and b"\x18\x18" in wrong
        return
    for now_ms in range(100, 9000, 100):
        if receiver.feed(b"", 0, now_ms) == b"\x15" or sink.data:
            break
    receiver.feed(right, len(right), now_ms)
    assert bytes(sink.data) == body


@given(st.lists(st.integers(1, 133), max_size=8))
def test_how_the_bytes_are_cut_does_not_matter(cuts):
    body = bytes(range(128))
    stream = block(0, b"f\x00128", 128) + block(1, body, 128) + b"\x04"
    sink = Sink()
    receiver = Receiver(sink)
    at = 0
    said = b""
    for cut in [*cuts, len(stream)]:
        piece = stream[at : at + cut]
        said = receiver.feed(piece, len(piece), 0) or said
        at += cut
    assert bytes(sink.data) == body and said == b"\x15"
