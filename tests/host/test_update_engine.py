"""The update engine beside a board that is not there: what it refuses before anything is done."""

import pytest

from cellwarden_host import update
from cellwarden_host.board import Declined, Values
from cellwarden_host.problems import Refused
from cellwarden_host.release import build
from cellwarden_host.sim.compiling import compiled
from cellwarden_host.update.progress import Rate
from cellwarden_host.words import tell

FILES = {"firmware/little.mpy": compiled("A = 1\n" * 400, "little").read_bytes()}


class Board:
    """Answers with what it was given; everything else is 0."""

    def __init__(self, name="sim", version="1.0.0", declines=0, **known):
        self.texts = {"board_name": name, "firmware_version": version}
        self.known = {"slot_running": 0, **known}
        self.declines = declines
        self.commands = []

    def read(self, rows):
        if self.declines:
            raise Declined("no", self.declines)
        values = Values()
        for row in rows:
            if row.kind == "text":
                values.texts[row.name] = self.texts[row.name]
            else:
                values.set(row, [self.known.get(row.name, 0)])
        return values

    def command(self, name, *words):
        self.commands.append((name, words))


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "new.cwfw"
    path.write_bytes(build.release("sim", files=FILES, version="1.1.0"))
    return path


def test_a_plan_says_what_runs_and_what_will(image):
    made = update.plan(Board(discharge_switch=1), image)
    assert (made.running, made.version, made.board_name) == ("1.0.0", "1.1.0", "sim")
    assert made.live and made.drops_load and made.size == image.stat().st_size
    assert "1.1.0" in made.lines()[0] and "1.1.0" in tell(made.lines()[0], "zh")


def test_the_hold_keeps_the_load(image):
    assert not update.plan(Board(discharge_switch=1, hold_fitted=1), image).drops_load
    assert not update.plan(Board(), image).drops_load


def test_what_the_board_has_already_is_not_sent_again(image):
    made = update.plan(Board(), image)
    has = {"update_state": 2, "update_size": made.size, "update_bytes": 240}
    again = update.plan(Board(update_id=made.mark, **has), image)
    assert again.resume_at == 240
    assert update.plan(Board(update_id=made.mark ^ 1, **has), image).resume_at == 0


def test_other_boards_and_older_versions_are_refused(image):
    with pytest.raises(Refused, match="pico_24s"):
        update.plan(Board(name="pico_24s"), image)
    with pytest.raises(Refused, match="allow-older"):
        update.plan(Board(version="1.1.1"), image)
    assert update.plan(Board(version="1.1.1"), image, older=True).older


def test_a_board_from_before_updates_is_told_apart(image):
    with pytest.raises(Refused, match="USB once"):
        update.plan(Board(declines=2), image)
    with pytest.raises(Declined):
        update.plan(Board(declines=1), image)


def test_a_file_alone_can_be_planned_for_a_board_that_does_not_answer(image):
    made = update.plan(None, image)
    assert made.running == "" and not made.live and not made.drops_load


def test_a_damaged_file_gets_no_plan(image):
    image.write_bytes(image.read_bytes()[:-1])
    with pytest.raises(Refused, match="not complete"):
        update.plan(Board(), image)


def test_a_load_is_not_dropped_unless_that_was_said(image):
    board = Board(discharge_switch=1)
    with pytest.raises(Refused, match="may-drop"):
        update.run_live(board, update.plan(board, image), lambda told: None)
    assert board.commands == []


def test_time_left_follows_what_has_been_done():
    class Pace:
        now = 0.0

        def now_s(self):
            return self.now

    pace = Pace()
    rate = Rate(pace, 100, 1100)
    assert rate.left_s(100) is None
    pace.now = 10.0
    assert rate.left_s(600) == pytest.approx(10.0)
