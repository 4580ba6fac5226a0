"""Any damage whatever, on both runtimes: an image is refused, or it is the image."""

from hypothesis import given, settings
from hypothesis import strategies as st
from image_judge import judged
from image_maker import FILES, made

GOOD = made()
PATHS = [path for path, _ in FILES]
_AT = st.integers(0, len(GOOD))
_PIECE = st.binary(min_size=1, max_size=12)
# Bytes put in place of others, put in, taken out, doubled, moved.
_EDITS = st.one_of(
    st.tuples(st.just("put"), _AT, _PIECE),
    st.tuples(st.just("insert"), _AT, _PIECE),
    st.tuples(st.just("remove"), _AT, st.integers(1, 300)),
    st.tuples(st.just("double"), _AT, st.integers(1, 300)),
    st.tuples(st.just("swap"), _AT, _AT),
)


def edited(data, edits):
    for kind, at, what in edits:
        if kind == "put":
            data = data[:at] + what + data[at + len(what) :]
        elif kind == "insert":
            data = data[:at] + what + data[at:]
        elif kind == "remove":
            data = data[:at] + data[at + what :]
        elif kind == "double":
            data = data[: at + what] + data[at:]
        else:
            at, until = sorted((at, what))
            data = data[until:] + data[at:until] + data[:at]
    return data


@settings(max_examples=150)
@given(edits=st.lists(_EDITS, max_size=3))
def test_whatever_happens_to_a_file_it_is_refused_or_the_same(micropython_replay, edits):
    data = edited(GOOD, edits)
    reason, held = micropython_replay.compare(judged, data.hex(), "")
    if data == GOOD:
        assert reason == ""
        assert [path for path, _ in held] == [
            "board/__init__.mpy",
            "cellwarden/ticks.mpy",
            "manifest",
        ]
    else:
        assert reason != ""
        assert held is False


@settings(max_examples=150)
@given(edits=st.lists(_EDITS, min_size=1, max_size=3))
def test_whatever_happens_to_a_file_after_its_check_no_slot_is_whole(micropython_replay, edits):
    data = edited(GOOD, edits)
    reason, held = micropython_replay.compare(judged, data.hex(), GOOD.hex())
    if reason == "":
        # what is not read again (header, signature) is checked where the slot is
        assert data[448 : len(GOOD)] == GOOD[448:]
        assert [content for path, content in held if path != "manifest"] == [
            content.hex() for _, content in FILES
        ]
    else:
        assert held is False
