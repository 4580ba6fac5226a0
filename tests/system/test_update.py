"""Updates of the simulated board over RS485: live with a load running, and the vendor's way."""

import select
import shutil
import subprocess
import termios

import pytest
from other_firmware import modules_with
from station import INSTALLER, PASSWORD

from cellwarden_host import session, update
from cellwarden_host.board import Board
from cellwarden_host.problems import Refused
from cellwarden_host.release import build, keys
from cellwarden_host.release.reading import release_of
from cellwarden_host.sim.compiling import compiled
from cellwarden_host.sim.stepped_line import StepLine, StepPace
from cellwarden_host.update.plan import Plan

NEW = "9.9.9"
LOAD_MA = 20_000
# Small files in a good image: enough to be refused for something else.
LITTLE = {"firmware/little.mpy": compiled("A = 1\n" * 400, "little").read_bytes()}


def image(path, version=NEW, **options):
    """An image in a file: our firmware unless ``files`` says otherwise."""
    options.setdefault("files", modules_with({}, version))
    board = options.pop("board", "sim")
    path.write_bytes(build.release(board, version=version, **options))
    return path


def plan_of(path, data=None):
    """A plan that nobody has checked: what a bad file would look like to the board."""
    data = path.read_bytes() if data is None else data
    return Plan(path, data, NEW, "sim", "0.1.0", True, True, True, 0, False)


def bad_images(folder):
    """What is wrong -> the image's bytes."""
    good = image(folder / "little.cwfw", files=LITTLE).read_bytes()
    flipped = bytearray(good)
    flipped[-20] ^= 1
    keys.generate(folder / "stranger.key", "")
    stranger = keys.private(folder / "stranger.key", lambda: "")
    return {
        "complete": good[:-100],
        "damaged": bytes(flipped),
        "trusted": image(folder / "x", files=LITTLE, signer=stranger).read_bytes(),
        "another board": image(folder / "x", files=LITTLE, board="pico_24s").read_bytes(),
        "older": image(folder / "x", "0.0.1", files=LITTLE).read_bytes(),
    }


class Line(StepLine):
    """A line that goes away for a while when ``cut_at`` bytes have been sent."""

    def __init__(self, board):
        super().__init__(board)
        self._sent = 0
        self._board = board
        self.cut_at = None
        self._back_us = 0

    def put(self, data):
        self._sent += len(data)
        if self.cut_at is not None and self._sent >= self.cut_at:
            self.cut_at = None
            self.cut = True
            self._back_us = self._board.clock.now_us + 5_000_000
        if self.cut and self._board.clock.now_us >= self._back_us:
            self.cut = False
        super().put(data)


def test_a_live_update_with_a_load_running(station, tmp_path):
    pack = station().start()
    pack.inject("load_connect", LOAD_MA)
    pack.advance(3000)
    pack.write_settings(soc_low_percent=17)
    line = Line(pack.board)
    board = Board(line)
    pace = StepPace(pack.board)
    with session.logged_in(board, lambda: PASSWORD, INSTALLER, stay=True):
        # Nothing that is wrong is taken, and what runs runs on.
        for word, data in bad_images(tmp_path).items():
            made = plan_of(tmp_path / "x", data)
            with pytest.raises(Refused, match=word):
                update.run_live(board, made, lambda told: None, pace=pace)
            assert pack.word("update_state") == "failed"
        seen = []
        made = update.plan(board, image(tmp_path / "new.cwfw"))
        assert made.live and made.outputs_on and made.hold and not made.drops_load
        # A person stops it in the middle, begins again, and the line goes away for 5 s.
        with pytest.raises(Refused, match="stopped"):
            cancelled = lambda: len(seen) > 20  # noqa: E731
            update.run_live(board, made, seen.append, cancelled, pace=pace)
        line.cut_at = line._sent + 40_000
        late_before = pack.read("tick_late_worst_ms")
        late = []

        def told(progress):
            seen.append(progress)
            if progress.step == update.progress.UNPACK:
                late.append(pack.read("tick_late_worst_ms"))

        began = len(pack.plant.moves)
        outcome = update.run_live(board, made, told, pace=pace)
    assert outcome.changed and outcome.version == NEW
    moved = [(what, to) for _, what, to in pack.plant.moves[began:]]
    assert ("discharge", False) not in moved and ("charge", False) not in moved, pack.story()
    assert ("discharge_gate", False) in moved, "the pins did fall in the restart"
    assert pack.truth("current_ma") < -LOAD_MA // 2
    # One erase and the writing of a piece, behind a tick that has to be caught up with.
    assert max(late) <= max(late_before, 100), late
    assert line._sent > 40_000 and not line.cut
    assert pack.word("slot_running") == "b" and pack.word("slot_trial") == "no"
    assert pack.read("soc_low_percent") == 17
    assert "update" in [entry.kind for entry in pack.journal()]
    assert pack.word("restart_cause") == "command"


# --- the vendor's way


def pressed(pack, keys_, until):
    """Press keys in the menu, in stepped time; what it says up to ``until``."""
    pack.board.uart_take("rs485_2")
    pack.board.uart_send("rs485_2", keys_)
    said = b""
    for _ in range(20_000):
        pack.advance(1)
        said += b"".join(data for _, data in pack.board.uart_take("rs485_2"))
        if until in said:
            pack.advance(20)  # it lets go of the line
            return said
    raise AssertionError(said)


def sent_by_sb(pack, path):
    """The exit code of ``sb`` on the PC's end of the line, while the board works."""
    with open(pack.board.ptys["rs485_2"].path, "r+b", buffering=0) as far:
        termios.tcflush(far, termios.TCIOFLUSH)  # what nobody has read is old
        with (
            pack.paced(None),
            subprocess.Popen(
                ["sb", "-q", "-k", str(path)], stdin=far, stdout=far, stderr=subprocess.DEVNULL
            ) as sb,
        ):
            return sb.wait(90)


def test_the_vendors_way_by_our_own_hand(station, tmp_path):
    """A cable that is too slow for the first rate, files that are refused, and one that is not."""
    pack = station().start()
    line = StepLine(pack.board)
    pace = StepPace(pack.board)
    board = Board(line)
    bad = bad_images(tmp_path)
    for word in ("damaged", "another board"):
        with session.logged_in(board, lambda: PASSWORD, INSTALLER, stay=True):
            with pytest.raises(Refused, match=word):
                made = plan_of(tmp_path / "x", bad[word])
                update.run_vendor(line, made, lambda told: None, board=board, pace=pace)
        pack.until(lambda: line._line.baud == 115_200, 5_000)
        pack.advance(2_000)
        assert pack.read("firmware_version") != NEW
    steps = []

    def told(progress):
        steps.append(progress)
        if progress.step == update.progress.AGREE:
            line.highest = 9600  # what the cable really can

    made = update.plan(board, image(tmp_path / "new.cwfw"))
    with session.logged_in(board, lambda: PASSWORD, INSTALLER, stay=True):
        with pytest.raises(Refused, match="stopped"):
            enough = lambda: bool(steps) and steps[-1].segment > 3  # noqa: E731
            update.run_vendor(line, made, told, enough, board=board, pace=pace)
    assert steps[-1].done == 3 * 1024 and steps[-1].left_s > 90, "it went on at 9600 baud"
    line.highest = 1_000_000
    pack.until(lambda: line._line.baud == 115_200, 5_000)
    pack.advance(2_000)
    lost = []

    def watched(progress):
        if progress.step == update.progress.SEND:
            lost.append(pack.board.peripherals.line_of["rs485_2"].lost_bytes)

    with session.logged_in(board, lambda: PASSWORD, INSTALLER, stay=True):
        outcome = update.run_vendor(line, made, watched, board=board, pace=pace)
    assert outcome.changed and pack.read("firmware_version") == NEW
    assert lost[-1] == lost[0], "no byte may be lost to a stall"


def sent_by_pypi(pack, path):
    """The same by PyPI's ``ymodem``, whose block 0 is a long one."""
    pypi = pytest.importorskip("ymodem.Socket")
    with open(pack.board.ptys["rs485_2"].path, "r+b", buffering=0) as far:
        termios.tcflush(far, termios.TCIOFLUSH)

        def read(size, timeout):
            return far.read(size) if select.select([far], [], [], timeout or 0)[0] else None

        modem = pypi.ModemSocket(read, lambda data, _timeout: far.write(data))
        with pack.paced(None):
            return 0 if modem.send([str(path)]) else 1


@pytest.mark.parametrize("sent", [sent_by_sb, sent_by_pypi], ids=["sb", "ymodem"])
def test_the_vendors_way_by_somebody_elses_program(station, tmp_path, sent):
    if sent is sent_by_sb and not shutil.which("sb"):
        pytest.skip("lrzsz is not here; its recording stands in")
    pack = station(ptys=True).start()
    good = image(tmp_path / "new.cwfw")
    assert release_of(good.read_bytes()).header.version_text == NEW
    spoilt = tmp_path / "spoilt.cwfw"
    spoilt.write_bytes(bad_images(tmp_path)["damaged"])
    with pack.installer():
        pack.pc.command("update_menu", 1)
    pack.until(lambda: pack.board.peripherals.line_of["rs485_2"].baud == 9600, 5_000)
    pack.advance(50)  # while it says that it is there, it hears nothing
    assert b"1 update" in pressed(pack, b" ", b"> ")
    # sb knows nothing of rates: the menu is told before it starts.
    pressed(pack, b"6", b"115200 baud\r\n")
    pressed(pack, b" ", b"> ")
    pressed(pack, b"1", b"C")
    assert sent(pack, spoilt) != 0
    pack.advance(500)
    assert b"refused: hash" in b"".join(data for _, data in pack.board.uart_take("rs485_2"))
    pressed(pack, b"1", b"C")
    assert sent(pack, good) == 0
    pack.until_served(20_000)
    pack.advance(8_000)
    assert pack.read("firmware_version") == NEW and pack.word("slot_running") == "b"
