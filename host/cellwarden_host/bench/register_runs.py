"""Which runs of registers a client can read in one request: the bench picks its reads here."""

from __future__ import annotations

from cellwarden import schema_data as schema
from cellwarden.readings import MAX_CELLS

SHORT = (0x0000, 10)
CELL_ARRAYS = 4
LIMIT = 125  # what one request may ask for


def runs() -> list[tuple[int, int]]:
    """(first address, registers) of every unbroken run of readings, cells and rule states."""
    at = schema.READING_AT
    found = []
    start = None
    for address in range(len(at) + 1):
        there = address < len(at) and at[address] != 0xFF
        if there and start is None:
            start = address
        elif not there and start is not None:
            found.append((start, address - start))
            start = None
    # Four arrays of cells lie end to end, voltages first.
    found.append((schema.CELL_MV_BASE, MAX_CELLS * CELL_ARRAYS))
    found.append((schema.RULE_STATE_BASE, schema.RULE_STATE_COUNT))
    return found


def longest() -> tuple[int, int]:
    """The run that costs most to read in one request."""
    first, count = max(runs(), key=lambda run: run[1])
    return first, min(count, LIMIT)
