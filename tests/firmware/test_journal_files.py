"""The journal on flash: in order after every restart, bounded, not spoilt by a torn entry."""

import builtins

import pytest
from test_records import FailingFile, failing  # noqa: F401

from firmware.journal_files import ENTRY_SIZE, PAYLOAD_SIZE, JournalFiles


def opened(folder, files=4):
    journal = JournalFiles(str(folder), files)
    journal.open()
    return journal


def payload(i):
    return b"%d" % i + bytes(PAYLOAD_SIZE - len(b"%d" % i))


def numbers(journal, count):
    return [int(data.rstrip(b"\0")) for _, data in journal.load_last(count)]


def test_entries_come_back_in_order_over_restarts(tmp_path):
    for i in range(200):
        assert opened(tmp_path).append([payload(i)])
    journal = opened(tmp_path)
    assert journal.next_sequence == 200
    assert numbers(journal, 50) == list(range(150, 200))
    assert [sequence for sequence, _ in journal.load_last(3)] == [197, 198, 199]
    assert max(file.stat().st_size for file in tmp_path.iterdir()) == 64 * ENTRY_SIZE


def test_the_ring_is_bounded_and_drops_the_oldest(tmp_path):
    journal = opened(tmp_path)
    for i in range(0, 64 * 10, 8):
        journal.append([payload(n) for n in range(i, i + 8)])
    assert len(list(tmp_path.iterdir())) == 4
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 4 * 64 * ENTRY_SIZE
    assert numbers(journal, 1000) == list(range(64 * 6, 64 * 10))


def test_a_batch_larger_than_a_file_is_split(tmp_path):
    journal = opened(tmp_path)
    assert journal.append([payload(i) for i in range(150)])
    assert numbers(opened(tmp_path), 200) == list(range(150))


def test_an_entry_torn_at_any_byte_is_skipped_and_what_follows_is_found(tmp_path):
    journal = opened(tmp_path)
    journal.append([payload(i) for i in range(5)])
    file = next(tmp_path.iterdir())
    whole = file.read_bytes()
    for cut in range(4 * ENTRY_SIZE, 5 * ENTRY_SIZE):
        for other in tmp_path.iterdir():
            other.unlink()
        file.write_bytes(whole[:cut])
        again = opened(tmp_path)
        assert numbers(again, 10) == [0, 1, 2, 3]
        assert again.append([payload(4), payload(5)])
        assert numbers(opened(tmp_path), 10) == [0, 1, 2, 3, 4, 5]


def test_a_spoilt_entry_in_the_middle_costs_only_itself(tmp_path):
    journal = opened(tmp_path)
    journal.append([payload(i) for i in range(5)])
    file = next(tmp_path.iterdir())
    data = bytearray(file.read_bytes())
    data[2 * ENTRY_SIZE + 9] ^= 4
    file.write_bytes(data)
    again = opened(tmp_path)
    assert numbers(again, 10) == [0, 1, 3, 4]
    assert again.skipped


def test_a_full_disk_gives_up_the_oldest_entries_for_the_newest(tmp_path, failing):  # noqa: F811
    arm, disarm = failing
    journal = opened(tmp_path)
    journal.append([payload(i) for i in range(130)])
    arm(30)  # half an entry, then full; what is dropped makes room

    real_remove = journal._drop_oldest

    def drop():
        FailingFile.room = 4096
        return real_remove()

    journal._drop_oldest = drop
    assert journal.append([payload(130)])
    disarm()
    assert numbers(opened(tmp_path), 200) == list(range(64, 131))


def test_a_disk_that_stays_full_says_false_and_never_raises(tmp_path, failing):  # noqa: F811
    arm, disarm = failing
    journal = opened(tmp_path)
    journal.append([payload(i) for i in range(3)])
    arm(0)
    assert not journal.append([payload(3)])
    assert journal.dropped == 1
    disarm()
    assert numbers(opened(tmp_path), 10) == [0, 1, 2]
    assert journal.append([payload(9)])
    assert numbers(opened(tmp_path), 10) == [0, 1, 2, 9]


def test_a_batch_whose_close_failed_is_not_found_twice(tmp_path, monkeypatch):
    journal = opened(tmp_path)
    journal.append([payload(i) for i in range(70)])
    real = builtins.open
    failures = [1]

    class Closing(FailingFile):
        def close(self):
            super().close()
            if failures:
                failures.pop()
                raise OSError(5)

    def open_(path, mode="r"):
        FailingFile.room = 1 << 20
        return Closing(path, mode) if "a" in mode else real(path, mode)

    monkeypatch.setattr(builtins, "open", open_)
    assert journal.append([payload(70), payload(71)])
    monkeypatch.setattr(builtins, "open", real)
    found = numbers(opened(tmp_path), 10)
    assert found == sorted(set(found)) and found[-2:] == [70, 71]


@pytest.mark.parametrize("name", ["notes.txt", "j1", "jabcdefgh"])
def test_other_files_in_the_folder_are_left_alone(tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    journal = opened(tmp_path)
    journal.append([payload(1)])
    assert (tmp_path / name).read_bytes() == b"mine"
    assert numbers(opened(tmp_path), 5) == [1]


def test_a_missing_folder_never_raises(tmp_path):
    journal = opened(tmp_path / "none")
    assert journal.load_last(5) == []
    assert not journal.append([payload(1)])
