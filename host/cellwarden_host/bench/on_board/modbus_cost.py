"""Prints what a Modbus read costs: our map, and a bare table as a peer's server has it."""
# MicroPython's modules, not CPython's:
# mypy: ignore-errors

import sys

from bench_meters import Subject, bytes_taken, tell, thousand_additions, time_all
from bench_pack import BenchPack, Reader

from modbus_rtu.server import Server

_ROUNDS = 200


class Table:
    """Registers in a list and nothing behind them."""

    def __init__(self):
        self._values = [7 * i & 0xFFFF for i in range(200)]

    def read(self, table, address, count, out, offset, port):
        values = self._values
        for i in range(address, address + count):
            value = values[i]
            out[offset] = value >> 8
            out[offset + 1] = value & 0xFF
            offset += 2
        return 0


class Bare:
    """A server over a table, in the place of a whole pack."""

    def __init__(self):
        self.now_ms = 0
        self.server = Server(Table(), 1, 2)


def main(runs):
    """``runs``: name, first register and number of registers of each read of our map."""
    pack = BenchPack()
    readers = [(name, Reader(pack, first, count)) for name, first, count in runs]
    bare = Bare()
    readers += [("bare 10", Reader(bare, 0, 10)), ("bare 125", Reader(bare, 0, 125))]
    subjects = [Subject("yardstick", thousand_additions)]
    subjects += [Subject(name, reader.read) for name, reader in readers]
    us = time_all(subjects, _ROUNDS)
    tell(name="yardstick", us=us["yardstick"])
    for name, reader in readers:
        tell(name=name, us=us[name], bytes=bytes_taken(reader.read))


def asked(arguments):
    for text in arguments:
        first, count = text.split("+")
        yield text, int(first), int(count)


main(list(asked(sys.argv[1:])))
