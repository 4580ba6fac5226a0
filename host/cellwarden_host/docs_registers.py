"""Writes docs/registers.md and docs/registers.json from the schema's tables.

Nothing here knows an address: what is not in the tables is not in the documents. A test fails
when the committed documents are not what this writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cellwarden.tables import SCHEMA_VERSION, journal, readings, rows, rules, settings

from . import generated, registers_json

DOCS = Path(__file__).resolve().parents[2] / "docs"
_UNITS = {"0.1C": "0.1 °C", "10mV": "10 mV", "0.1%": "0.1 %", "": "–"}
_UNITS |= {"0.01%": "0.01 %", "0.01%/d": "0.01 %/day", "10uohm": "10 µΩ"}

_HEAD = f"""# Register map

Generated from `shared/cellwarden/tables` by `cellwarden docs`; do not edit. The same as data:
[registers.json](registers.json). How frames look: [modbus-protocol.md](modbus-protocol.md). How
to log in: [access.md](access.md).

Schema version {SCHEMA_VERSION}. An address, once published here, keeps its meaning; new rows are
added. Register 0x0000 tells the version a board speaks.

- Holding registers (functions 03, 06, 16, 22, 23) and input registers (04) read alike.
- 16-bit registers, big-endian; 32-bit values take two registers, **high word first**. Parts of a
  32-bit value may be read, not written.
- A value that is not known reads **0x7FFF** (16 bits) or **0x7FFFFFFF** (32 bits). No other number
  ever stands for "unknown"; registers of unit "bits" are always known.
- Current is positive while charging.
- Reading or writing a register that is not listed here: exception 02, for the whole request.
- A write is all or nothing. Settings written in one request are checked together, with
  everything else, and take effect together.

| exception | when |
|---|---|
| 01 | not allowed now: no session of the needed role, wrong port, outputs are on, nothing staged |
| 02 | no such register, or not one that may be written |
| 03 | value out of range, against a cross rule, half of a 32-bit value; a wrong password |
| 04 | the board's storage does not take data |
| 06 | another port has a transaction open |

After a refused settings write, `commit_result` and `commit_address` tell this port why, and which
register it was.
"""

_TRANSACTIONS = """Written one by one, each setting must fit all others as they are. What only
fits together is written in one request, or staged: write 1 to `begin`, write settings (each is
held to its own range), write 1 to `commit`. A refused commit changes nothing and stays open to be
put right; 0 to `begin` drops it, 1 starts anew, and the end of the session drops it too.
Registers show what is in force, never what is staged. Meanwhile other ports get exception 06.

- 0 is accepted where the table says what it stands for.
- Changing `chemistry` brings along every default of the new chemistry that is not written in the
  same transaction, and takes `cold_charge_confirmed` and `ocv_mv` back.
- Changing `chemistry`, `cell_count` or `capacity_mah` takes `confirmed` back unless it is written
  in the same transaction. Without it the board is not commissioned, and stays off.
- A new chemistry, and `confirmed`, are refused unless the cells' present voltages lie between
  `cell_uv2_mv` and `cell_ov2_mv`. A board that has no cell count yet sees only the highest.
- `cell_uv1_mv` not below the chemistry's own `deep_discharge_mv` default; `cell_uv2_mv` not below
  1500 mV except for sodium-ion.
- `charge_ut_dc` below 0 needs `cold_charge_confirmed` unless the chemistry is LTO or sodium-ion.
- `cell_channel`: 0 for all cells, or rising channels of this board for exactly the cells there
  are. At least one battery sensor is fitted (`temps_fitted`).
- `ocv_mv`: 0 everywhere, or a voltage everywhere that never falls and rises in all.
"""


def _table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    out += ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]
    return "\n".join(out) + "\n"


def _unit(unit: str) -> str:
    return _UNITS.get(unit, unit)


def _place(row: Any) -> str:
    """``0x1006–0x1025``: all registers of a row."""
    size = row.registers if row.kind in ("text", "command") else row.count * rows.width(row)
    last = f"–0x{row.address + size - 1:04X}" if size > 1 else ""
    return f"0x{row.address:04X}{last}"


def _name(row: Any) -> str:
    return f"`{row.name}`" + (f" × {row.count}" if getattr(row, "count", 1) > 1 else "")


def _choices(row: Any) -> str:
    if not row.choices:
        return ""
    return ": " + ", ".join(f"{number} {choice}" for number, choice in enumerate(row.choices))


def _readings() -> str:
    table = (*readings.READINGS, *readings.CELL_ARRAYS, readings.RULE_STATE)
    return _table(
        ("register", "name", "type", "unit", "meaning"),
        (
            (_place(r), _name(r), rows.type_name(r), _unit(r.unit), r.help + _choices(r))
            for r in table
        ),
    )


def _texts() -> str:
    def writer(row: rows.Text) -> str:
        return "–" if row.write is None else rows.ROLES[row.write]

    return _table(
        ("register", "name", "written by", "meaning"),
        ((_place(r), _name(r), writer(r), r.help) for r in (*readings.TEXTS, readings.CHALLENGE)),
    )


def _default(row: rows.Setting) -> str:
    if not isinstance(row.default, tuple):
        return str(row.default)
    return " / ".join(str(value) for value in row.default)


def _setting_notes(row: rows.Setting) -> str:
    notes = row.help + _choices(row)
    if row.auto:
        notes += f". 0: {row.auto}"
    if row.needs_off:
        notes += ". Outputs must be off"
    if row.write == rows.FACTORY:
        notes += ". Factory only"
    if row.write == rows.LESSOR:
        notes += ". Lessor only"
    return notes


def _settings() -> str:
    parts = []
    for group, table in settings.GROUPS:
        parts.append(f"### {group}\n\n")
        parts.append(
            _table(
                ("register", "name", "type", "unit", "range", "default", "meaning"),
                (
                    (
                        _place(r),
                        _name(r),
                        rows.type_name(r),
                        _unit(r.unit),
                        f"{r.low} … {r.high}",
                        _default(r),
                        _setting_notes(r),
                    )
                    for r in table
                ),
            )
        )
        parts.append("\n")
    return "".join(parts)


def _cross_rules() -> str:
    return _table(
        ("must not be above", "this", "by at least"),
        ((f"`{low}`", f"`{high}`", gap or "–") for low, high, gap in settings.CROSS_RULES),
    )


def _commands() -> str:
    def values(row: rows.Command) -> str:
        if row.registers > 2:
            return f"{row.registers} registers"
        return str(row.low) if row.low == row.high else f"{row.low} … {row.high}"

    return _table(
        ("register", "name", "value", "role", "ports", "what it does"),
        (
            (_place(r), _name(r), values(r), rows.ROLES[r.role], _ports(r), r.help)
            for r in readings.COMMANDS
        ),
    )


def _ports(row: rows.Command) -> str:
    if row.name == "charger_hello":
        return "RS485-1"
    return "RS485-2" if row.ports == "pc" else "RS485-2, Bluetooth"


def _value(value: object) -> str:
    return f"`{value}`" if isinstance(value, str) else str(value)


def _recovery(row: rows.Rule) -> str:
    if row.recover is not None:
        back = f"at {_value(row.recover)}"
    else:
        back = f"{row.hysteresis} back" if row.hysteresis else "at once"
    if row.recover_delay:
        back += f", {row.recover_delay} ms"
    if row.wait != "none":
        back += f", waits for: {row.wait.replace('_', ' ')}"
    if row.retries is not None:
        back += f", {row.retries} retries"
    return back


def _rules() -> str:
    return _table(
        ("number", "name", "what", "trips when", "delay (ms)", "recovers", "forbids", "loudness"),
        (
            (
                r.number,
                f"`{r.name}`",
                r.title,
                f"`{r.quantity}` {'≥' if r.way == 'over' else '≤'} {_value(r.trip)}",
                _value(r.delay),
                _recovery(r),
                ", ".join(r.forbids) or "–",
                r.loud,
            )
            for r in rules.RULES
        ),
    )


def _journal() -> str:
    fields = _table(
        ("byte", "name", "type", "unit", "meaning"),
        (
            (at, f"`{name}`", kind, _unit(unit), told)
            for name, at, kind, unit, told in journal.FIELDS
        ),
    )
    kinds = _table(
        ("kind", "name", "what happened", "`limit`", "`value`"),
        (
            (number, f"`{name}`", told, limit or "–", value or "–")
            for number, name, told, limit, value in journal.KINDS
        ),
    )
    absent = ", ".join(f"{kind} 0x{mark:X}" for kind, mark in journal.ABSENT.items())
    part = journal.RECORDS_A_FILE
    return f"""The board keeps its newest entries; `journal_first` and `journal_next` tell which.
Entry n is record n % {part} of file 1 + n // {part}, read with function 20:
{journal.ENTRY_BYTES // 2} registers, or the first few. An entry that is not held: exception
02. Unlike registers, the bytes of an entry are **little-endian**. Not known: {absent}.

{fields}
{kinds}"""


def markdown() -> str:
    """docs/registers.md."""
    coils = _table(
        ("coil", "setting"), ((n, f"`{name}`") for n, name in enumerate(readings.COILS))
    )
    columns = ", ".join(rows.CHEMISTRY_TITLES[name] for name in rows.CHEMISTRIES[1:])
    return f"""{_HEAD}
## Readings

{_readings()}
`rule_state`: bit 0 active, bit 1 pending (its delay is running), bit 2 latched until a person
releases it, bits 8–15 retries used.

## Coils and discrete inputs

Coils (functions 01, 05, 15) are the switches among the settings, read and written like them.
They are permissions: no coil forces an output on.

{coils}
Discrete input n (function 02): rule n is active.

## Texts

Two bytes a register, UTF-8, zero padded.

{_texts()}
## Settings

{_TRANSACTIONS}
Defaults that depend on the chemistry are given in this order: {columns}.

{_settings()}### Rules between settings

Judged on the values in force, with 0 resolved. `board_*` are constants of the board.

{_cross_rules()}
## Commands

Command registers read 0. A command takes exactly its own registers. RS485-1 may only send
`charger_hello`.

{_commands()}
## Rules

Names are settings or constants of the board, numbers are in the unit of the quantity.

{_rules()}
## Journal

{_journal()}"""


def outputs() -> dict[Path, str]:
    """Every generated document and what should stand in it."""
    data = json.dumps(registers_json.document(), indent=1, ensure_ascii=False)
    return {DOCS / "registers.md": markdown(), DOCS / "registers.json": data + "\n"}


def stale() -> list[Path]:
    """Documents that are not what the tables say."""
    return generated.stale(outputs())


def main(check: bool = False) -> int:
    """Write the documents, or with ``check`` only say which are stale; an exit code."""
    return generated.write(outputs(), check)
