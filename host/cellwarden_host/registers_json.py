"""The register map as plain data: what docs/registers.json holds for other people's clients.

Made from the schema's tables alone. ``frozen`` is the part of it that may never change once it
was published: which address, number or place means what.
"""

from __future__ import annotations

from typing import Any

from cellwarden.tables import SCHEMA_VERSION, journal, readings, rows, rules, settings, summary

Plain = dict[str, Any]


def _register(row: Any) -> Plain:
    """What settings and readings have in common."""
    plain: Plain = {
        "address": row.address,
        "name": row.name,
        "type": rows.type_name(row),
        "count": row.count,
        "unit": row.unit,
        "low": row.low,
        "high": row.high,
        "help": row.help,
    }
    if row.choices:
        plain["choices"] = list(row.choices)
    return plain


def _setting(row: rows.Setting, group: str) -> Plain:
    defaults = {name: row.default_for(name) for name in rows.CHEMISTRIES[1:]}
    return {
        **_register(row),
        "group": group,
        "default": defaults if isinstance(row.default, tuple) else row.default,
        "zero_means": row.auto,
        "write": rows.ROLES[row.write],
        "only_with_outputs_off": row.needs_off,
    }


def _text(row: rows.Text) -> Plain:
    return {
        "address": row.address,
        "name": row.name,
        "registers": row.registers,
        "help": row.help,
        "write": None if row.write is None else rows.ROLES[row.write],
        "secret": row.secret,
    }


def _command(row: rows.Command) -> Plain:
    return {
        "address": row.address,
        "name": row.name,
        "registers": row.registers,
        "low": row.low,
        "high": row.high,
        "role": rows.ROLES[row.role],
        "ports": row.ports,
        "help": row.help,
    }


def _rule(row: rows.Rule) -> Plain:
    unit = next(unit for name, unit, _ in rules.QUANTITIES if name == row.quantity)
    return {
        "number": row.number,
        "name": row.name,
        "title": row.title,
        "quantity": row.quantity,
        "unit": unit,
        "way": row.way,
        "trip": row.trip,
        "delay": row.delay,
        "recover": row.recover,
        "hysteresis": row.hysteresis,
        "recover_delay": row.recover_delay,
        "wait": row.wait,
        "forbids": list(row.forbids),
        "loud": row.loud,
        "retries": row.retries,
        "persists": row.persists,
    }


def document() -> Plain:
    """Everything a client needs to know."""
    return {
        "schema_version": SCHEMA_VERSION,
        "absent": {"16 bits": 0x7FFF, "32 bits": 0x7FFFFFFF},
        "word_order": "high word first",
        "readings": [_register(row) for row in (*readings.READINGS, *readings.CELL_ARRAYS)],
        "rule_states": _register(readings.RULE_STATE),
        "texts": [_text(row) for row in (*readings.TEXTS, readings.CHALLENGE)],
        "settings": [_setting(row, group) for group, table in settings.GROUPS for row in table],
        "cross_rules": [list(rule) for rule in settings.CROSS_RULES],
        "commands": [_command(row) for row in readings.COMMANDS],
        "coils": list(readings.COILS),
        "summary": list(summary.SUMMARY),
        "rules": [_rule(row) for row in rules.RULES],
        "journal": {
            "bytes": journal.ENTRY_BYTES,
            "records_a_file": journal.RECORDS_A_FILE,
            "absent": journal.ABSENT,
            "fields": [
                dict(zip(("name", "offset", "type", "unit", "help"), field, strict=True))
                for field in journal.FIELDS
            ],
            "kinds": [
                dict(zip(("number", "name", "help", "limit", "value"), kind, strict=True))
                for kind in journal.KINDS
            ],
        },
    }


def frozen() -> dict[str, str]:
    """Each published place, and what it means: neither may change, only grow."""
    meaning: dict[str, str] = {}
    registers: list[Any] = [*readings.READINGS, *readings.CELL_ARRAYS, readings.RULE_STATE]
    for row in (*registers, *settings.SETTINGS):
        told = f"{row.kind} {row.name} {rows.type_name(row)} [{row.unit}] x{row.count}"
        meaning[f"register 0x{row.address:04X}"] = told
        if row.choices:
            for number, choice in enumerate(row.choices):
                meaning[f"register 0x{row.address:04X} = {number}"] = choice
    for text in (*readings.TEXTS, readings.CHALLENGE):
        meaning[f"register 0x{text.address:04X}"] = f"text {text.name} x{text.registers}"
    for command in readings.COMMANDS:
        told = f"command {command.name} x{command.registers}"
        meaning[f"register 0x{command.address:04X}"] = told
    for number, name in enumerate(readings.COILS):
        meaning[f"coil {number}"] = name
    for rule in rules.RULES:
        meaning[f"rule {rule.number}"] = rule.name
    for name, offset, kind, unit, _ in journal.FIELDS:
        meaning[f"journal byte {offset}"] = f"{name} {kind} [{unit}]"
    for number, name in enumerate(summary.SUMMARY):
        meaning[f"summary {number}"] = name
    for number, name, _, _, _ in journal.KINDS:
        meaning[f"journal kind {number}"] = name
    return meaning
