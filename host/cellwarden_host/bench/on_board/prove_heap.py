"""Prints the bytes that a tick and Modbus reads take from the heap, for each runtime."""
# MicroPython's modules, not CPython's:
# mypy: ignore-errors

import sys

from bench_meters import bytes_taken, tell
from bench_pack import BenchPack, Reader

SHORT, SHORT_COUNT, LONG, LONG_COUNT = (int(text) for text in sys.argv[1:5])

pack = BenchPack()
tell(name="tick", bytes=bytes_taken(pack.tick), on=pack.controller.commands.discharge)
tell(name="fast", bytes=bytes_taken(pack.fast))
tell(name="read short", bytes=bytes_taken(Reader(pack, SHORT, SHORT_COUNT).read))
tell(name="read long", bytes=bytes_taken(Reader(pack, LONG, LONG_COUNT).read))
