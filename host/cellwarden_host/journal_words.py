"""Journal entries: fetched with function 20, checked, and told in words.

The layout is ``cellwarden.tables.journal``'s. An entry whose checksum is wrong is never told as
if it had happened; an entry that the board has overwritten meanwhile is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from board_update.image import version_text
from cellwarden.tables import journal, rules

from . import catalog, units
from .board import Board, Declined
from .problems import NoConnection
from .rule_words import beyond, quantity_row, rule_titled
from .words import Said, known, listed, say, schema

_REGISTERS = journal.ENTRY_BYTES // 2
# Entries in one request: each takes two bytes more, and a reply has room for 245.
_A_REQUEST = 3
# Function 20 reaches no further: files are numbered from 1 in 16 bits.
_REACHED = 0xFFFF * journal.RECORDS_A_FILE
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
_PORTS = {1: known("RS485-1"), 2: known("RS485-2"), 3: known("Bluetooth")}
_OUTPUTS = ("charge", "discharge", "precharge", "heater", "secondary fired")
_CONTEXT = "journal"


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
    if following > _REACHED:
        raise NoConnection(
            say("no board can hold a journal entry {number}; repeat", number=following - 1)
        )
    number = first
    while number < following:
        count = min(_A_REQUEST, following - number)
        yield from some(board, range(number, number + count))
        number += count


def some(board: Board, numbers: Sequence[int]) -> list[Entry]:
    """These few entries; one that has been overwritten meanwhile is left out."""
    wanted = [
        (1 + n // journal.RECORDS_A_FILE, n % journal.RECORDS_A_FILE, _REGISTERS) for n in numbers
    ]
    try:
        return [parse(registers) for registers in board.records(wanted)]
    except Declined:
        if len(wanted) == 1:
            return []  # overwritten since the range was read
        found: list[Entry] = []
        for number in numbers:
            found.extend(some(board, [number]))
        return found


def parse(registers: list[int]) -> Entry:
    """Registers of a record as an entry."""
    raw = b"".join(word.to_bytes(2, "big") for word in registers)
    fields: dict[str, int | None] = {}
    for name, offset, kind, _, _ in journal.FIELDS:
        (value,) = struct.unpack_from("<" + journal.FORMAT[kind], raw, offset)
        fields[name] = None if value == journal.ABSENT[kind] and name != "crc32" else value
    if crc32(raw[:-4]) != fields["crc32"]:
        raise NoConnection(say("a journal entry came in spoiled; repeat"))
    return Entry(fields)


def age_text(seconds: int | None) -> Said:
    """Time in service: ``3d 04:05:06``."""
    if seconds is None:
        return known("-")
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return say("{days}d {clock}", days=days, clock=clock)


def kind_word(name: str) -> Said:
    """The name of a kind of event, for filters and tables."""
    return known(name, _CONTEXT)


def happened(kind: str) -> Said:
    """What a kind of event means, in a sentence."""
    return known(next((text for _, name, text, _, _ in journal.KINDS if name == kind), kind))


def words(entry: Entry) -> Said:
    """What happened, to what, by how much."""
    rule = entry.rule
    if rule is not None:
        return say(
            "{kind}: {rule}{judged}{around}",
            kind=kind_word(entry.kind),
            rule=schema.rule(rule),
            judged=_judged(entry, rule),
            around=_around(entry),
        )
    kind = entry.field["kind"] or 0
    text = known(_KIND_WORDS.get(kind, entry.kind))
    parts = [
        say("{meaning} {value}", meaning=_named(meaning), value=_meant(meaning, entry.field[name]))
        for name, meaning in (("limit", _KIND_LIMIT.get(kind)), ("value", _KIND_VALUE.get(kind)))
        if meaning and entry.field[name] is not None
    ]
    port = entry.field["port"]
    if port is not None:
        over = _PORTS[port] if port in _PORTS else say("port {number}", number=port)
        parts.append(say("over {port}", port=over))
    return say("{what} ({parts})", what=text, parts=listed(parts)) if parts else text


def _named(meaning: str) -> Said:
    """What a value of an entry is; some are registers."""
    return schema.name_of(meaning) if meaning in catalog.NAMED else known(meaning, _CONTEXT)


def _judged(entry: Entry, rule: Any) -> Said:
    """``, 4.213 V at cell 7, limit 4.200 V or more``."""
    row = quantity_row(rule)
    value = units.text(row, entry.field["value"]) if row.unit else ""
    where, place = entry.field["where"], _PLACE.get(_GROUP[rule.quantity])
    told = known("")
    if where is not None and place:
        thing = known(place, _CONTEXT)
        told = (
            say(", {value} at {thing} {number}", value=value, thing=thing, number=where)
            if value
            else say(", at {thing} {number}", thing=thing, number=where)
        )
    elif value:
        told = say(", {value}", value=value)
    if row.unit and entry.kind not in ("clear", "retry"):
        limit = beyond(rule, units.text(row, entry.field["limit"]))
        told = say("{told}, limit {limit}", told=told, limit=limit)
    return told


def _around(entry: Entry) -> Said:
    """The sample's age, the retries, the outputs and what else was wrong."""
    parts = []
    if entry.field["age_ms"] and entry.kind in ("trip", "latch"):
        parts.append(say("sample {age} ms old", age=entry.field["age_ms"]))
    if entry.field["retries"]:
        parts.append(say("retry {number}", number=entry.field["retries"]))
    parts.append(outputs_text(entry))
    also = [entry.field[f"also_{i}"] for i in range(1, 5)]
    titles = [rule_titled(number) for number in also if number is not None and _matters(number)]
    if titles:
        parts.append(say("also {rules}", rules=listed(titles)))
    return say("; {parts}", parts=listed(parts, "; "))


def _matters(number: int) -> bool:
    """Remarks (the factory password, ...) are not why anything tripped."""
    return number >= len(catalog.RULES) or catalog.RULES[number].loud != "info"


def outputs_text(entry: Entry) -> Said:
    """Which outputs were commanded on."""
    bits = entry.field["outputs"] or 0
    on = [known(name, _CONTEXT) for i, name in enumerate(_OUTPUTS) if bits >> i & 1]
    return say("on: {outputs}", outputs=listed(on) if on else say("nothing"))


def _meant(meaning: str, count: int | None) -> str:
    """A value of an entry that no rule wrote, by what the table of kinds says it is."""
    if count is None:
        return "-"
    if "register" in meaning:
        at = catalog.row_at(count)
        row = at[0] if at else _command_at(count)
        return schema.name(row) if row is not None else f"0x{count:04X}"
    if meaning.startswith("version"):
        return version_text(count)
    if meaning == "why":
        return known(journal.ROLLBACK_REASONS.get(count, str(count)))
    if meaning == "pairing":
        return known(journal.BLUETOOTH_EVENTS.get(count, str(count)))
    row = _MEANINGS.get(meaning)
    return units.text(row, count) if row is not None else str(count)


_MEANINGS = {
    "restart cause": catalog.READING["restart_cause"],
    "role": catalog.READING["session_role"],
    "charge_ut_dc": catalog.SETTING["charge_ut_dc"],
}


def _command_at(address: int) -> Any | None:
    for row in (*catalog.COMMANDS.values(), *catalog.TEXTS):
        if row.address == address:
            return row
    return None


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
