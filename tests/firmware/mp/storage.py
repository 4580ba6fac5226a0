"""Runs on MicroPython: records and journal work there as on CPython. Prints OK."""

import os
import sys

from firmware.journal_files import JournalFiles
from firmware.records import RecordStore, ensure_folder

FOLDER = sys.argv[1] + "/data"


def remove(folder):
    for name in os.listdir(folder):
        os.remove(folder + "/" + name)
    os.rmdir(folder)


assert ensure_folder(FOLDER)
assert ensure_folder(FOLDER)
try:
    path_a, path_b = FOLDER + "/r.a", FOLDER + "/r.b"
    store = RecordStore(path_a, path_b)
    assert store.load() is None
    big = bytearray(1000)
    for i in range(5):
        big[7] = i
        assert store.save(big, 900)
        assert RecordStore(path_a, path_b).load() == bytes(big[:900])
    with open(path_a, "rb") as file:
        whole = file.read()
    with open(path_a, "wb") as file:
        file.write(whole[:500])
    big[7] = 3
    assert RecordStore(path_a, path_b).load() == bytes(big[:900])
    assert RecordStore(path_a, FOLDER + "/none/x").load() is None
    assert not RecordStore(FOLDER + "/none/x", FOLDER + "/none/y").save(b"x")

    journal = JournalFiles(FOLDER, 3)
    journal.open()
    for i in range(70):
        assert journal.append([bytes((i,)) * 56, bytes((i, 1)) * 28])
    again = JournalFiles(FOLDER, 3)
    again.open()
    assert again.next_sequence == 140
    assert again.load_last(2) == [(138, bytes((69,)) * 56), (139, bytes((69, 1)) * 28)]
finally:
    remove(FOLDER)
print("OK")
