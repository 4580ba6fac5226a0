"""The same log gives the same charge, to the last digit, on CPython and on MicroPython."""

from pathlib import Path

import pytest
import replay_both

from cellwarden.migration import MAX_BYTES
from cellwarden.protection import EVENT_LATCH, EVENT_TRIP
from cellwarden_host.replay.engine import Options, set_up
from cellwarden_host.replay.player import LogBoard
from mp_replay import Replay

ROOT = Path(__file__).parents[2]
RATING_MA = 60_000
ROWS = 7_400  # two hours and more at a second each
CHUNK = 200


@pytest.fixture(scope="module")
def micropython():
    paths = [ROOT / "tests/host", ROOT / "tests/micropython_runner/both"]
    replay = Replay([*paths, ROOT / "host", ROOT / "shared", ROOT])
    yield replay
    replay.close()


@pytest.mark.parametrize(
    ("chemistry", "soc0", "empty_mv", "full_mv"),
    [("nmc", 450, 3300, 4150), ("lfp", None, 3180, 3360)],
)
def test_a_log_gives_the_same_charge_on_both(micropython, chemistry, soc0, empty_mv, full_mv):
    options = Options(chemistry, replay_both.CAPACITY_MAH)
    settings = set_up(LogBoard(RATING_MA), options, replay_both.CELLS)
    payload = bytearray(MAX_BYTES)
    payload = bytes(payload[: settings.dump(payload)])
    micropython.compare(replay_both.begin, payload, RATING_MA, soc0, empty_mv, full_mv)
    seen, kinds = [], set()
    for _ in range(ROWS // CHUNK):
        trace, events = micropython.compare(replay_both.go, CHUNK)
        seen += trace
        kinds |= {kind for _, kind, _ in events}
    # a log in which nothing happened would prove nothing
    assert len({row[0] for row in seen}) > 100
    assert kinds & {EVENT_TRIP, EVENT_LATCH}
    assert {row[6] for row in seen} == {True, False}
