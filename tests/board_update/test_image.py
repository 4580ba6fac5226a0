"""Images: a right one is taken, and whatever is wrong with one is found before it is installed."""

import io

from image_keys import STRANGER
from image_maker import (
    FILES,
    OWNERS,
    STRANGERS,
    TERMS,
    flipped,
    key_of,
    made,
    row,
    stored,
)

from board_update import checking, image

GOOD = made()
TABLE_BYTES = 2 * 37 + sum([len(path) for path, _ in FILES])
DEVELOPMENT = key_of(STRANGER, development=True)


def refusal(data, terms=TERMS):
    """The reason why an image is refused; None when it is taken."""
    check = checking.Check(io.BytesIO(data), terms)
    try:
        while check.step():
            assert not check.good
    except image.Bad as bad:
        assert not check.good
        assert not check.step() and not check.good, "a refusal is for good"
        return bad.reason
    assert check.good
    return None


def terms(**changes):
    fields = {"board": "pico_24s", "hardware": 2, "keys": (OWNERS,)}
    fields.update(changes)
    return image.Terms(**fields)


def test_a_good_image_is_taken_and_tells_what_it_is():
    header = checking.check(io.BytesIO(GOOD), TERMS)
    assert header.board == "pico_24s"
    assert (header.hardware_min, header.hardware_max) == (1, 2)
    assert header.version == image.version_number("1.2.3")
    assert header.version_text == "1.2.3"
    assert header.schema == 7
    assert header.mpy == 0x1306
    assert header.key_id == OWNERS.id
    assert header.development is False
    assert header.file_count == 2
    assert header.content_bytes == sum([len(data) for _, data in FILES])
    assert header.manifest_bytes == 448 + TABLE_BYTES
    assert header.image_bytes == len(GOOD)


def test_cut_at_every_length_it_is_refused():
    for length in range(len(GOOD)):
        assert refusal(GOOD[:length]) == "truncated", length


def test_with_each_byte_flipped_it_is_refused():
    expected = dict.fromkeys(range(8), "format")
    expected.update(dict.fromkeys(range(192, 448), "signature"))
    for at in range(len(GOOD)):
        assert refusal(flipped(GOOD, at)) == expected.get(at, "hash"), at


def test_longer_than_it_says_it_is_refused():
    assert refusal(GOOD + b"\x1a") == "too big"


def test_other_files_are_no_images():
    for data in (b"", b"UF2\n" * 200, bytes(2000), GOOD[1:]):
        assert refusal(data) in ("format", "truncated")
    assert refusal(bytes(2000)) == "format"


def test_its_start_is_enough_to_refuse_it():
    assert checking.admitted(GOOD[:448], TERMS).version_text == "1.2.3"
    assert checking.admitted(GOOD, TERMS).image_bytes == len(GOOD)
    for start, reason in (
        (GOOD[:447], "truncated"),
        (flipped(GOOD, 300)[:448], "signature"),
        (flipped(GOOD, 20)[:448], "hash"),
        (made(board=b"pico_16s")[:448], "board"),
    ):
        try:
            checking.admitted(start, TERMS)
        except image.Bad as bad:
            assert bad.reason == reason
            continue
        raise AssertionError(reason)


def test_another_board_or_hardware_is_refused():
    assert refusal(GOOD, terms(board="pico_24s_relays")) == "board"
    assert refusal(GOOD, terms(board="pico_24")) == "board"
    assert refusal(GOOD, terms(hardware=0)) == "hardware"
    assert refusal(GOOD, terms(hardware=1)) is None
    assert refusal(GOOD, terms(hardware=3)) == "hardware"


def test_an_older_version_is_refused_unless_asked_for():
    for oldest, reason in (("1.2.3", None), ("1.2.4", "version"), ("1.10.0", "version")):
        assert refusal(GOOD, terms(oldest=image.version_number(oldest))) == reason
    assert refusal(GOOD, terms(oldest=0)) is None


def test_files_for_another_micropython_are_refused():
    armv6m = 4 << 10
    xtensawin = 10 << 10
    sub_2, sub_3 = 2 << 8, 3 << 8
    machine_code = made(mpy=armv6m | sub_3 | 6)
    for mpy, reason in (
        (armv6m | sub_3 | 6, None),
        (xtensawin | sub_3 | 6, "micropython"),
        (armv6m | sub_2 | 6, "micropython"),
        (armv6m | sub_3 | 7, "micropython"),
        (None, None),
    ):
        assert refusal(machine_code, terms(mpy=mpy)) == reason
    bytecode = made(mpy=6)
    assert refusal(bytecode, terms(mpy=xtensawin | sub_2 | 6)) is None
    assert refusal(bytecode, terms(mpy=xtensawin | sub_2 | 7)) == "micropython"


def test_more_than_the_board_has_room_for_is_refused():
    size = sum([len(data) for _, data in FILES])
    assert refusal(GOOD, terms(room=size)) is None
    assert refusal(GOOD, terms(room=size - 1)) == "too big"


def test_more_than_any_board_takes_is_refused_whoever_signed_it():
    for field, limit in (
        ("file_count", image.MAX_FILES),
        ("table_bytes", image.MAX_TABLE_BYTES),
        ("content_bytes", image.MAX_CONTENT_BYTES),
        ("payload_bytes", image.MAX_CONTENT_BYTES),
    ):
        assert refusal(made(**{field: limit + 1})) == "too big", field


def test_a_stranger_is_refused():
    assert refusal(made(signer=STRANGER)) == "signature"
    # and when he names a key that is trusted
    assert refusal(made(signer=STRANGER, key=OWNERS)) == "signature"
    assert refusal(GOOD, terms(keys=())) == "signature"
    assert refusal(GOOD, terms(keys=(STRANGERS,))) == "signature"
    assert refusal(GOOD, terms(keys=(STRANGERS, OWNERS))) is None


def test_a_board_in_production_refuses_the_development_key():
    development = made(signer=STRANGER, key=DEVELOPMENT)
    assert refusal(development) == "development key"
    assert refusal(development, terms(keys=(DEVELOPMENT,))) is None
    # an image that denies it, or boasts of it
    assert refusal(made(signer=STRANGER, key=STRANGERS), terms(keys=(DEVELOPMENT,))) == "signature"
    assert refusal(made(flags=1)) == "development key"
    # the flag alone, in an image that was signed without it
    assert refusal(GOOD[:10] + b"\1" + GOOD[11:]) == "hash"


def test_what_a_newer_format_adds_is_ignored_or_refused_as_it_asks():
    assert refusal(made(reserved=b"\x55" * 48)) is None
    assert refusal(made(flags=0x00FE)) is None
    for bit in range(8, 16):
        assert refusal(made(flags=1 << bit)) == "format"
    assert refusal(made(format=2)) == "format"


def test_a_board_has_a_plain_name():
    for name in (b"", b"Pico", b"pico/24", b"pico\0x", b"pico 24", b"\xff" * 24):
        assert refusal(made(board=name), terms(board=name)) == "format", name
    longest = b"a" * 24
    assert refusal(made(board=longest), terms(board="a" * 24)) is None


def test_a_table_that_breaks_the_rules_is_refused_though_signed():
    first, second = [row(path, data) for path, data in FILES]
    long_name = "a/" + "b" * 59 + ".mpy"
    data = FILES[0][1] + FILES[1][1]
    one = {"file_count": 1, "payload": stored(data), "content_bytes": len(data)}
    for name, table, changes in (
        ("not in order", second + first, {}),
        ("twice", first + first, {"content_bytes": 2 * len(FILES[0][1])}),
        ("fewer entries", first, {}),
        ("more entries", first + second + second, {}),
        ("more bytes", first + second + b"\0", {}),
        ("cut", (first + second)[:-1], {}),
        ("sizes too large", first + second, {"content_bytes": len(data) - 1}),
        ("sizes too small", first + second, {"content_bytes": len(data) + 1}),
        ("no name", row("", data), one),
        ("name too long", row(long_name, data), one),
    ):
        assert refusal(made(table=table, **changes)) == "format", name
    assert refusal(made(table=row(long_name[:-5] + ".mpy", data), **one)) is None


def test_paths_stay_inside_the_slot():
    for path in (
        b"board/__init__.mpy",
        b"firmware/drivers/ltc6811.mpy",
        b"a/b/c/d.mpy",
    ):
        assert image.is_path(path), path
    for path in (
        b"ticks.mpy",
        b"/boot.mpy",
        b"../boot.mpy",
        b"a/../b.mpy",
        b"a//b.mpy",
        b"a/.mpy",
        b"a/b.py",
        b"a/b",
        b"a/B.mpy",
        b"a/b.mpy/",
        b"a\\b.mpy",
        b"a/b c.mpy",
        b"a/b\0.mpy",
        b"a/\xc3\xa4.mpy",
        b"a/b/c/d/e.mpy",
        b"manifest",
    ):
        assert not image.is_path(path), path


def test_versions_are_three_numbers_that_grow():
    texts = ("0.0.0", "0.0.1", "0.1.0", "0.1.1023", "1.0.0", "1.2.3", "1.10.0", "1023.1023.1023")
    numbers = [image.version_number(text) for text in texts]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 1 << 30  # a small integer everywhere
    assert tuple([image.version_text(number) for number in numbers]) == texts
    for text in ("", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.-3", "1.2.1024", "01.2.3", "1.2.3-rc1"):
        try:
            image.version_number(text)
        except ValueError:
            continue
        raise AssertionError(text)


class Counted:
    """A file that knows how much was asked of it at once."""

    def __init__(self, data):
        self._file = io.BytesIO(data)
        self.seek = self._file.seek
        self.asked = 0

    def read(self, count):
        self.asked += count
        return self._file.read(count)

    def readinto(self, buf):
        self.asked += len(buf)
        return self._file.readinto(buf)


def test_a_step_is_small():
    payload = stored(bytes(3000))
    files = (("a/b.mpy", bytes(3000)),)
    file = Counted(made(files, payload=payload))
    check = checking.Check(file, TERMS)
    more = True
    while more:
        file.asked = 0
        more = check.step()
        assert file.asked <= checking.PIECE
    assert check.good
