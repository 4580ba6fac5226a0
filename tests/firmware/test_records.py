"""The two-copy record: whatever is torn, the newest whole record is what a restart finds."""

import builtins
import errno
import io
import os

import pytest

from firmware import records
from firmware.records import RecordStore, ensure_folder


def store_in(folder):
    return RecordStore(str(folder / "settings.a"), str(folder / "settings.b"), version=3)


def test_nothing_saved_is_none(tmp_path):
    store = store_in(tmp_path)
    assert store.load() is None
    assert store.torn == 0


def test_the_newest_record_is_found_after_any_number_of_saves(tmp_path):
    store = store_in(tmp_path)
    for i in range(7):
        payload = bytes((i, 255 - i)) * (i + 1)
        assert store.save(payload)
        again = store_in(tmp_path)
        assert again.load() == payload
        assert again.version == 3


def test_only_the_given_length_is_stored(tmp_path):
    store = store_in(tmp_path)
    assert store.save(bytearray(b"abcdef"), 4)
    assert store_in(tmp_path).load() == b"abcd"
    assert not store.save(b"abc", 4)
    assert not store.save(bytes(9000))


def test_a_save_cut_at_any_byte_leaves_the_old_record_or_the_new_one(tmp_path):
    old, new = b"old record" * 3, b"new record, longer" * 3
    store = store_in(tmp_path)
    store.save(b"first")
    store.save(old)
    before = (tmp_path / "settings.a").read_bytes()
    assert store.save(new)
    whole = (tmp_path / "settings.a").read_bytes()
    assert whole != before
    for cut in range(len(whole) + 1):
        (tmp_path / "settings.a").write_bytes(whole[:cut])
        again = store_in(tmp_path)
        assert again.load() == (new if cut == len(whole) else old)
        assert again.torn == (0 if cut == len(whole) else 1)
        # The next save goes to the torn copy and leaves the whole one alone.
        if cut in (0, 10, 40):
            assert again.save(b"after")
            assert store_in(tmp_path).load() == b"after"
            (tmp_path / "settings.a").write_bytes(b"")
            assert store_in(tmp_path).load() == old


def test_a_changed_bit_anywhere_is_noticed(tmp_path):
    store = store_in(tmp_path)
    store.save(b"old")
    store.save(b"new")
    whole = bytearray((tmp_path / "settings.b").read_bytes())
    for i in range(len(whole)):
        for bit in (0, 7):
            whole[i] ^= 1 << bit
            (tmp_path / "settings.b").write_bytes(whole)
            assert store_in(tmp_path).load() == b"old"
            whole[i] ^= 1 << bit


def test_two_torn_copies_are_no_record_and_said(tmp_path):
    store = store_in(tmp_path)
    store.save(b"one")
    store.save(b"two")
    for name in ("settings.a", "settings.b"):
        (tmp_path / name).write_bytes(b"CWR1 garbage")
    again = store_in(tmp_path)
    assert again.load() is None
    assert again.torn == 2


def test_sequence_numbers_wrap(tmp_path):
    store = store_in(tmp_path)
    store._sequence = records._SEQUENCE_MASK - 2
    for i in range(6):
        store.save(bytes((i,)))
        assert store_in(tmp_path).load() == bytes((i,))


class FailingFile(io.FileIO):
    """A file on a disk that is full after so many bytes, or loses the last write silently."""

    room = 0
    lossy = False

    def write(self, data):
        if FailingFile.lossy:
            return len(data)
        if FailingFile.room < len(data):
            super().write(bytes(data)[: FailingFile.room])
            FailingFile.room = 0
            raise OSError(errno.ENOSPC, "full")
        FailingFile.room -= len(data)
        return super().write(data)


@pytest.fixture
def failing(monkeypatch):
    real = builtins.open

    def open_(path, mode="r"):
        return FailingFile(path, mode) if "w" in mode or "a" in mode else real(path, mode)

    def arm(room, lossy=False):
        FailingFile.room, FailingFile.lossy = room, lossy
        monkeypatch.setattr(builtins, "open", open_)

    def disarm():
        monkeypatch.setattr(builtins, "open", real)

    return arm, disarm


def test_a_full_disk_says_false_and_keeps_the_record(tmp_path, failing):
    arm, disarm = failing
    store = store_in(tmp_path)
    store.save(b"kept")
    for room in range(0, 26):
        arm(room)
        assert not store.save(b"refused")
        disarm()
        assert store_in(tmp_path).load() == b"kept"
    arm(1000)
    assert store.save(b"taken")
    disarm()
    assert store_in(tmp_path).load() == b"taken"


def test_a_write_that_is_lost_silently_is_noticed_by_reading_back(tmp_path, failing):
    arm, disarm = failing
    store = store_in(tmp_path)
    store.save(b"kept")
    arm(0, lossy=True)
    assert not store.save(b"lost")
    disarm()
    assert store_in(tmp_path).load() == b"kept"


def test_a_folder_that_is_not_there_never_raises(tmp_path):
    store = store_in(tmp_path / "missing")
    assert store.load() is None
    assert not store.save(b"x")


def test_folders_are_made_once_and_files_are_not_folders(tmp_path):
    assert ensure_folder(str(tmp_path / "data"))
    assert ensure_folder(str(tmp_path / "data"))
    (tmp_path / "file").write_bytes(b"")
    assert not ensure_folder(str(tmp_path / "file"))
    assert not ensure_folder(os.path.join(str(tmp_path), "no", "parent"))
