"""Unpacking: a slot ends up with what was packed, or without a manifest."""

import io

from image_maker import (
    FILES,
    PACKED,
    PACKED_ZEROS,
    REPEATED,
    TERMS,
    ZEROS,
    Slot,
    flipped,
    made,
    row,
    stored,
)

from board_update import checking, image, unpacking

GOOD = made()


def unpacked(data, slot, header=None):
    """Unpack into ``slot``; the reason when that is refused."""
    header = header or checking.check(io.BytesIO(data), TERMS)
    unpack = unpacking.Unpack(io.BytesIO(data), header, slot.open_for_write)
    try:
        while unpack.step():
            pass
    except image.Bad as bad:
        assert not unpack.step(), "a refusal is for good"
        unpack.close()
        assert slot.open_files == 0
        return bad.reason
    assert slot.open_files == 0
    assert unpack.written == unpack.total
    return None


def installed(data=GOOD):
    slot = Slot()
    assert unpacked(data, slot) is None
    return slot


def test_what_was_packed_comes_out_and_the_manifest_last():
    slot = installed()
    assert slot.order == [path for path, _ in FILES] + ["manifest"]
    assert slot.files.pop("manifest") == GOOD[: 448 + len(b"".join([row(*f) for f in FILES]))]
    assert slot.files == dict(FILES)


def test_what_zlib_has_packed_comes_out():
    for files, payload in ((REPEATED, PACKED), (ZEROS, PACKED_ZEROS)):
        slot = installed(made(files, payload=payload))
        assert slot.files["firmware/start.mpy"] == files[0][1]
        assert slot.longest_write <= unpacking.PIECE


def test_empty_and_large_files_come_out():
    files = (("a/empty.mpy", b""), ("a/large.mpy", bytes(range(256)) * 300), ("b/empty.mpy", b""))
    slot = installed(made(files))
    del slot.files["manifest"]
    assert slot.files == dict(files)


def test_no_files_at_all_leave_a_manifest():
    assert list(installed(made(())).files) == ["manifest"]


def test_a_step_writes_little_and_counts_it():
    files = (("a/b.mpy", bytes(3000)), ("a/c.mpy", bytes(700)))
    data = made(files)
    slot = Slot()
    header = checking.check(io.BytesIO(data), TERMS)
    unpack = unpacking.Unpack(io.BytesIO(data), header, slot.open_for_write)
    before = 0
    while unpack.step():
        assert 0 <= unpack.written - before <= unpacking.PIECE
        before = unpack.written
    assert unpack.written == unpack.total == 3700 + header.manifest_bytes


def test_flash_that_rots_after_the_check_is_noticed():
    header = checking.check(io.BytesIO(GOOD), TERMS)
    for at in range(448, len(GOOD)):
        slot = Slot()
        reason = unpacked(flipped(GOOD, at), slot, header)
        assert reason in ("hash", "format"), at
        assert "manifest" not in slot.files, at


def test_a_file_cut_after_the_check_is_noticed():
    header = checking.check(io.BytesIO(GOOD), TERMS)
    for length in range(448, len(GOOD), 7):
        slot = Slot()
        assert unpacked(GOOD[:length], slot, header) == "format", length
        assert "manifest" not in slot.files, length


def test_a_payload_that_does_not_fit_its_table_is_refused_though_signed():
    contents = FILES[0][1] + FILES[1][1]
    for name, payload in (
        ("too long", stored(contents + b"\0")),
        ("too short", stored(contents[:-1])),
        ("other files", stored(FILES[1][1] + FILES[0][1])),
        ("more behind it", stored(contents) + b"\0"),
        ("nothing", stored(b"")),
        ("no deflate", b"\x07" + bytes(100)),
        ("empty", b""),
    ):
        slot = Slot()
        assert unpacked(made(payload=payload), slot) in ("hash", "format"), name
        assert "manifest" not in slot.files, name


def test_a_full_slot_is_told_by_whoever_writes():
    class Full(Slot):
        def open_for_write(self, path):
            if path == FILES[1][0]:
                raise OSError(28)
            return Slot.open_for_write(self, path)

    slot = Full()
    header = checking.check(io.BytesIO(GOOD), TERMS)
    unpack = unpacking.Unpack(io.BytesIO(GOOD), header, slot.open_for_write)
    try:
        while unpack.step():
            pass
    except OSError as error:
        assert error.args[0] == 28
        unpack.close()
        assert slot.open_files == 0
        assert "manifest" not in slot.files
        return
    raise AssertionError


def test_giving_up_closes_the_file_in_hand():
    slot = Slot()
    header = checking.check(io.BytesIO(GOOD), TERMS)
    unpack = unpacking.Unpack(io.BytesIO(GOOD), header, slot.open_for_write)
    unpack.step()
    assert slot.open_files == 1
    unpack.close()
    assert slot.open_files == 0
    assert not unpack.step()


def slot_refusal(slot, terms=TERMS):
    manifest = io.BytesIO(slot.files["manifest"])
    check = checking.SlotCheck(manifest, terms, slot.open_for_read)
    try:
        while check.step():
            assert not check.good
    except image.Bad as bad:
        assert not check.good
        return bad.reason
    assert check.good and check.header.version_text == "1.2.3"
    return None


def test_an_installed_slot_is_good():
    assert slot_refusal(installed()) is None
    assert slot_refusal(installed(), terms=None) is None


def test_a_slot_with_any_byte_changed_is_not():
    slot = installed()
    for path in sorted(slot.files):
        whole = slot.files[path]
        # the header and the files here, the signature below
        for at in [at for at in range(len(whole)) if path != "manifest" or not 8 <= at < 448]:
            slot.files[path] = flipped(whole, at)
            wanted = "format" if path == "manifest" and at < 8 else "hash"
            assert slot_refusal(slot, None) == wanted, (path, at)
        slot.files[path] = whole
    assert slot_refusal(slot) is None


def test_a_slot_with_a_file_too_few_too_short_or_too_long_is_not():
    for path, _ in FILES:
        slot = installed()
        whole = slot.files.pop(path)
        assert slot_refusal(slot, None) == "missing"
        slot.files[path] = whole[:-1]
        assert slot_refusal(slot, None) == "truncated"
        slot.files[path] = whole + b"\0"
        assert slot_refusal(slot, None) == "too big"
    slot = installed()
    slot.files["manifest"] += b"\0"
    assert slot_refusal(slot, None) == "too big"
    for length in range(0, len(slot.files["manifest"]) - 1, 5):
        slot.files["manifest"] = slot.files["manifest"][:length]
        assert slot_refusal(slot, None) == "truncated"


def test_with_terms_a_slot_must_be_signed():
    slot = installed()
    slot.files["manifest"] = flipped(slot.files["manifest"], 200)
    assert slot_refusal(slot, None) is None
    assert slot_refusal(slot) == "signature"
    assert slot_refusal(installed(), image.Terms("pico_16s", 1, TERMS.keys)) == "board"


def test_files_of_a_slot_are_closed_whatever_happens():
    class Counting(Slot):
        def open_for_read(self, path):
            file = Slot.open_for_read(self, path)
            opened.append(file)
            return file

    for spoil in (False, True):
        opened = []
        slot = Counting(installed().files)
        if spoil:
            slot.files[FILES[1][0]] = bytes(len(FILES[1][1]))
        slot_refusal(slot)
        assert len(opened) == 2
        for file in opened:
            try:
                file.read(1)
            except ValueError:
                continue
            raise AssertionError("open")
