"""Journal entries: fetched with function 20, checked, and told in words.

The layout is ``cellwarden.tables.journal``'s. An entry whose checksum is wrong is never told as
if it had happened; an entry that the board has overwritten meanwhile is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from cellwarden.tables import journal, rules

from . import catalog, units
from .board import Board, Declined
from .problems import NoConnection
from .rule_words import quantity_row, rule_titled

_REGISTERS = journal.ENTRY_BYTES // 2
# Entries in one request: each takes two bytes more, and a reply has room for 245.
_A_REQUEST = 3
_RANGE = [catalog.READING["journal_first"], catalog.READING["journal_next"]]
_KIND_WORDS = {number: text for number, _, text, _, _ in journal.KINDS}
_KIND_NAMES = {number: name for number, name, _, _, _ in journal.KINDS}
_KIND_LIMIT = {number: limit for number, _, _, limit, _ in journal.KINDS}
_KIND_VALUE = {number: value for number, _, _, _, value in journal.KINDS}
_GROUP = {name: group for name, _, group in rules.QUANTITIES}
_PLACE = {
    "cells": "cell",
    "leaks": "cell",
    "temps": "sensor",
    "heating": "sensor",
    "open_wire": "wire",
}
_PORTS = {1: "RS485-1", 2: "RS485-2", 3: "Bluetooth"}
_OUTPUTS = ("charge", "discharge", "precharge", "heater", "secondary fired")


@dataclass(frozen=True)
class Entry:
    """One event; ``field[name]`` is None where the board did not know the value."""

    field: dict[str, int | None]

    @property
    def number(self) -> int:
        return self.field["number"] or 0

    @property
    def kind(self) -> str:
        number = self.field["kind"] or 0
        return _KIND_NAMES.get(number, f"kind {number}")

    @property
    def rule(self) -> Any | None:
        number = self.field["rule"]
        if number is None or number >= len(catalog.RULES):
            return None  # none, or newer than this program
        return catalog.RULES[number]


def held(board: Board) -> tuple[int, int]:
    """(first, next): the entries that the board holds now."""
    values = board.read(_RANGE)
    return values.known("journal_first"), values.known("journal_next")


def fetch(board: Board, first: int, following: int) -> Iterator[Entry]:
    """Entries ``first`` up to before ``following``, oldest first."""
    number = first
    while number < following:
        count = min(_A_REQUEST, following - number)
        yield from _some(board, range(number, number + count))
        number += count


def _some(board: Board, numbers: range) -> list[Entry]:
    wanted = [
        (1 + n // journal.RECORDS_A_FILE, n % journal.RECORDS_A_FILE, _REGISTERS) for n in numbers
    ]
    try:
        return [parse(registers) for registers in board.records(wanted)]
    except Declined:
        if len(wanted) == 1:
            return []  # overwritten since the range was read
        return [entry for n in numbers for entry in _some(board, range(n, n + 1))]


def parse(registers: list[int]) -> Entry:
    """Registers of a record as an entry."""
    raw = b"".join(word.to_bytes(2, "big") for word in registers)
    fields: dict[str, int | None] = {}
    for name, offset, kind, _, _ in journal.FIELDS:
        (value,) = struct.unpack_from("<" + journal.FORMAT[kind], raw, offset)
        fields[name] = None if value == journal.ABSENT[kind] and name != "crc32" else value
    if crc32(raw[:-4]) != fields["crc32"]:
        raise NoConnection("a journal entry came in spoiled; repeat")
    return Entry(fields)


def age_text(seconds: int | None) -> str:
    """Time in service: ``3d 04:05:06``."""
    if seconds is None:
        return "-"
    days, rest = divmod(seconds, 86_400)
    return f"{days}d {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def words(entry: Entry) -> str:
    """What happened, to what, by how much."""
    rule = entry.rule
    if rule is not None:
        return f"{entry.kind}: {rule.title}{_judged(entry, rule)}{_around(entry)}"
    kind = entry.field["kind"] or 0
    text = _KIND_WORDS.get(kind, entry.kind)
    parts = [
        f"{meaning} {_meant(meaning, entry.field[name])}"
        for name, meaning in (("limit", _KIND_LIMIT.get(kind)), ("value", _KIND_VALUE.get(kind)))
        if meaning and entry.field[name] is not None
    ]
    port = entry.field["port"]
    if port is not None:
        parts.append(f"over {_PORTS.get(port, f'port {port}')}")
    return text + (f" ({', '.join(parts)})" if parts else "")


def _judged(entry: Entry, rule: Any) -> str:
    """``, 4.213 V at cell 7, limit 4.200 V or more``."""
    row = quantity_row(rule)
    parts = []
    if row.unit:
        parts.append(units.text(row, entry.field["value"]))
    where, place = entry.field["where"], _PLACE.get(_GROUP[rule.quantity])
    if where is not None and place:
        parts.append(f"at {place} {where}")
    told = " ".join(parts)
    if row.unit and entry.kind not in ("clear", "retry"):
        side = "or more" if rule.way == "over" else "or less"
        told += f", limit {units.text(row, entry.field['limit'])} {side}"
    return f", {told}" if told else ""


def _around(entry: Entry) -> str:
    """The sample's age, the retries, the outputs and what else was wrong."""
    parts = []
    if entry.field["age_ms"] and entry.kind in ("trip", "latch"):
        parts.append(f"sample {entry.field['age_ms']} ms old")
    if entry.field["retries"]:
        parts.append(f"retry {entry.field['retries']}")
    parts.append(outputs_text(entry))
    also = [entry.field[f"also_{i}"] for i in range(1, 5)]
    titles = [rule_titled(number) for number in also if number is not None and _matters(number)]
    if titles:
        parts.append("also " + ", ".join(titles))
    return "; " + "; ".join(parts)


def _matters(number: int) -> bool:
    """Remarks (the factory password, ...) are not why anything tripped."""
    return number >= len(catalog.RULES) or catalog.RULES[number].loud != "info"


def outputs_text(entry: Entry) -> str:
    """Which outputs were commanded on."""
    bits = entry.field["outputs"] or 0
    on = [name for i, name in enumerate(_OUTPUTS) if bits >> i & 1]
    return "on: " + (", ".join(on) if on else "nothing")


def _meant(meaning: str, count: int | None) -> str:
    """A value of an entry that no rule wrote, by what the table of kinds says it is."""
    if count is None:
        return "-"
    if "register" in meaning:
        at = catalog.row_at(count)
        named = at[0].name if at else _command_at(count)
        return f"{named or f'0x{count:04X}'}"
    row = _MEANINGS.get(meaning)
    return units.text(row, count) if row is not None else str(count)


_MEANINGS = {
    "restart cause": catalog.READING["restart_cause"],
    "role": catalog.READING["session_role"],
    "charge_ut_dc": catalog.SETTING["charge_ut_dc"],
}


def _command_at(address: int) -> str:
    for row in (*catalog.COMMANDS.values(), *catalog.TEXTS):
        if row.address == address:
            return str(row.name)
    return ""


def plain(entry: Entry) -> dict[str, object]:
    """For JSON and CSV: every field by its name, scaled by nothing, with words beside it."""
    rule = entry.rule
    told: dict[str, object] = dict(entry.field)
    del told["crc32"], told["layout"]
    told["kind"] = entry.kind
    told["rule"] = rule.name if rule is not None else entry.field["rule"]
    unit = _field_unit(entry)
    told["unit"] = unit
    told["words"] = words(entry)
    return told


def _field_unit(entry: Entry) -> str:
    return str(quantity_row(entry.rule).unit) if entry.rule is not None else ""
