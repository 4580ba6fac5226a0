"""The replay must notice a difference between the runtimes, and survive what goes wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import samples
from mp_replay import Replay, ReplayRaised
from mp_runtime import BOTH, Child, ChildDied, find_micropython
from plain import plain, unplain


@pytest.fixture(scope="module")
def replay():
    replay = Replay([BOTH.parent, BOTH])
    yield replay
    replay.close()


def test_equal_outcomes_pass(replay):
    assert replay.compare(samples.store_out_of_range, 65535) == [65535]
    assert replay.compare(samples.divide, 1, 0) == "ZeroDivisionError"


def test_a_difference_is_noticed(replay):
    with pytest.raises(pytest.fail.Exception, match="MicroPython: .*'result': \\[0\\]"):
        replay.compare(samples.store_out_of_range, 65536)


def test_an_exception_is_handed_on(replay):
    with pytest.raises(ReplayRaised) as raised:
        replay.call("samples", "divide", 1, 0)
    assert raised.value.type_name == "ZeroDivisionError"


def test_a_process_that_ends_is_replaced(replay):
    with pytest.raises(ChildDied):
        replay.call("samples", "end_the_process")
    assert replay.call("samples", "echo", 7) == 7


def test_a_process_that_hangs_is_ended():
    paths = [BOTH.parent, BOTH]
    child = Child(find_micropython(), "serve_replay.py", paths, hang_s=0.3)
    with pytest.raises(ChildDied, match="hung"):
        child.ask(["samples", "never_end", []])


def test_the_session_fixture_imports_shared_code(micropython_replay):
    assert micropython_replay.call("cellwarden.ticks", "elapsed_ms", 5, 2) == 3


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4),
)


@given(value=values)
def test_every_plain_value_survives_the_trip(replay, value):
    assert unplain(json.loads(json.dumps(plain(value)))) == value
    replay.compare(samples.echo, value)
