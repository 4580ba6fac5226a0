"""Every name in the schema, looked up the way people type it, and how its registers decode.

All names, addresses and ranges come from ``cellwarden.tables``; nothing is listed here again.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cellwarden.tables import readings, rows, rules, settings

from .problems import BadInput
from .words import listed, say, terminal
from .words.titles import name as named

MAX_READ = 125
ABSENT_16 = 0x7FFF
ABSENT_32 = 0x7FFFFFFF

READINGS: tuple[Any, ...] = (*readings.READINGS, *readings.CELL_ARRAYS)
SETTINGS: tuple[Any, ...] = settings.SETTINGS
# A secret is read by its name only, and never goes into a list, a report or a bundle.
TEXTS: tuple[Any, ...] = tuple(row for row in readings.TEXTS if not row.secret)
COMMANDS = {row.name: row for row in readings.COMMANDS}
RULES: tuple[Any, ...] = rules.RULES
RULE_STATE: Any = readings.RULE_STATE
SETTING = {row.name: row for row in SETTINGS}
READING = {row.name: row for row in READINGS}
NAMED = {row.name: row for row in (*READINGS, *SETTINGS, *readings.TEXTS)}

# "cell_ov1" is understood for cell_ov1_mv as long as nothing else is called that.
_SUFFIX = re.compile(r"_(mv|10mv|ma|mah|dc|ms|s|permille|percent|minutes|wanted)$")
_ELEMENT = re.compile(r"(\w+)\[(\d+)\]")


def _short_names() -> dict[str, str]:
    short: dict[str, str] = {}
    for name in NAMED:
        stem = _SUFFIX.sub("", name)
        short[stem] = "" if stem in short or stem in NAMED else name
    return {stem: name for stem, name in short.items() if name}


_SHORT = _short_names()


def find(typed: str, within: dict[str, Any] = NAMED) -> Any:
    """The row called ``typed``; ``BadInput`` offers the nearest names."""
    name = typed.strip().lower().replace("-", "_")
    row = within.get(name) or within.get(_SHORT.get(name, ""))
    if row is None:
        near = difflib.get_close_matches(name, list(within), n=3, cutoff=0.5)
        if near:
            hint = say("did you mean {near}?", near=listed(near))
            raise BadInput(say("there is no '{typed}'; {hint}", typed=typed, hint=hint))
        see = terminal("; see: cellwarden get --all")
        raise BadInput(say("there is no '{typed}'{see}", typed=typed, see=see))
    return row


def find_element(typed: str, within: dict[str, Any] = NAMED) -> tuple[Any, int | None]:
    """Like ``find``, with ``name[3]`` for the third of an array (counted from 1)."""
    match = _ELEMENT.fullmatch(typed.strip())
    if match is None:
        return find(typed, within), None
    row, number = find(match.group(1), within), int(match.group(2))
    if not 1 <= number <= getattr(row, "count", 1):
        count = getattr(row, "count", 1)
        raise BadInput(say("{name} has elements 1 to {count}", name=named(row), count=count))
    return row, number - 1


def size(row: Any) -> int:
    """Registers a row takes in all."""
    return row.registers if row.kind == "text" else row.count * rows.width(row)


@dataclass(frozen=True)
class Block:
    """Neighbouring rows, fetched with one request."""

    address: int
    registers: int
    rows: tuple[Any, ...]


def plan(wanted: Iterable[Any], most: int = MAX_READ) -> list[Block]:
    """The fewest requests for these rows: neighbours merged, no row split, no hole read."""
    blocks: list[Block] = []
    for row in sorted(set(wanted), key=lambda r: r.address):
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and last.address + last.registers == row.address
            and last.registers + size(row) <= most
        ):
            blocks[-1] = Block(last.address, last.registers + size(row), (*last.rows, row))
        else:
            blocks.append(Block(row.address, size(row), (row,)))
    return blocks


def decode(row: Any, words: Sequence[int]) -> list[int | None]:
    """Counts of all elements; None where absent (a mark outside the row's own range)."""
    values: list[int | None] = []
    wide = rows.width(row) == 2
    for i in range(row.count):
        word = words[2 * i] << 16 | words[2 * i + 1] if wide else words[i]
        bits, mark = (32, ABSENT_32) if wide else (16, ABSENT_16)
        if row.low < 0 and word >> (bits - 1):
            word -= 1 << bits
        absent = word == mark and row.kind == "reading" and not row.low <= mark <= row.high
        values.append(None if absent else word)
    return values


def encode(row: Any, count: int) -> list[int]:
    """The registers of one element."""
    if rows.width(row) == 2:
        return [count >> 16 & 0xFFFF, count & 0xFFFF]
    return [count & 0xFFFF]


def decode_text(words: Sequence[int]) -> str:
    raw = b"".join(word.to_bytes(2, "big") for word in words)
    return raw.split(b"\0")[0].decode("utf-8", "replace")


def encode_text(row: Any, value: str) -> list[int]:
    raw = value.encode("utf-8")
    if len(raw) > 2 * row.registers:
        raise BadInput(
            say(
                "{name} holds {most} bytes, this is {length}",
                name=named(row),
                most=2 * row.registers,
                length=len(raw),
            )
        )
    raw = raw.ljust(2 * row.registers, b"\0")
    return [raw[i] << 8 | raw[i + 1] for i in range(0, len(raw), 2)]


def row_at(address: int) -> tuple[Any, int] | None:
    """The setting (and element) that a register belongs to."""
    for row in SETTINGS:
        if row.address <= address < row.address + size(row):
            return row, (address - row.address) // rows.width(row)
    return None
