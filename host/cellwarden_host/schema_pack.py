"""Packs the human schema (shared/cellwarden/tables) into what the controller loads.

Writes ``shared/cellwarden/schema_data.py`` and ``ocv_data.py`` (bytes, little-endian) and
``shared/cellwarden/ids.py`` (numbers by name). Run by ``make generate``; a test fails when the
committed files are not what this writes. It must never invent a number: everything comes from
the tables.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

from cellwarden.tables import (
    SCHEMA_VERSION,
    journal,
    ocv,
    readings,
    rows,
    rules,
    settings,
    summary,
)

CORE = Path(__file__).resolve().parents[2] / "shared" / "cellwarden"
BOARD_CONSTANTS = (
    "board_rating_ma",
    "board_peak_ma",
    "board_ftt_cells_ms",
    "board_ftt_current_ms",
    "board_ftt_temps_ms",
    "board_unstopped_ma",
)
WAITS = (
    "none",
    "over_voltage",
    "under_voltage",
    "charger_off",
    "load_off",
    "person",
    "confirmation",
)
FORBIDS = ("charge", "discharge", "balance", "heater", "secondary")
LOUDNESS = ("none", "info", "warning", "protection", "danger")
# Flags of a rule, lowest bit first; "hysteresis": its recovery is a distance from its limit,
# "always": its quantity is known at every moment, and counts a sample when it changes.
BITS = ("over", "fast", "persists", "hysteresis", "backup", "always")
HOLE = 0xFF
# Quantities of these groups are known at every moment; they count a sample when they change.
ALWAYS_KNOWN = ("always", "feedback", "soc", "leaks", "heating")
# What a quantity is sampled from: tells how old the judged sample was.
GROUPS = tuple(dict.fromkeys(group for _, _, group in rules.QUANTITIES))


def elements(table: tuple) -> list[tuple]:
    """(row, element number) for each stored number, arrays spread out."""
    return [(row, i) for row in table for i in range(row.count)]


class Pool:
    """Positions in the array of live values: settings, board constants, then literals."""

    def __init__(self) -> None:
        self.position: dict[str, int] = {}
        self.literals: list[int] = []
        size = 0
        for row, i in elements(settings.SETTINGS):
            if i == 0:
                self.position[row.name] = size
            size += 1
        for name in BOARD_CONSTANTS:
            self.position[name] = size
            size += 1
        self.base = size

    def of(self, value: str | int) -> int:
        """Position of a setting, a board constant, or a literal (added when new)."""
        if isinstance(value, str):
            return self.position[value]
        if value not in self.literals:
            self.literals.append(value)
        at = self.base + self.literals.index(value)
        if at > 254:
            raise ValueError("more than 255 live values")
        return at


def packed(kind: str, values: list[int]) -> bytes:
    return struct.pack("<%d%s" % (len(values), kind), *values)


def register_index(table: tuple, base: int) -> bytes:
    """For each register from ``base``: the element that lives there, or HOLE."""
    at: dict[int, int] = {}
    for number, (row, i) in enumerate(elements(table)):
        for word in range(rows.width(row)):
            address = row.address + i * rows.width(row) + word
            if address in at:
                raise ValueError("register 0x%04X used twice (%s)" % (address, row.name))
            at[address] = number
    return bytes(at.get(a, HOLE) for a in range(base, max(at) + 1))


def setting_columns(pool: Pool) -> dict[str, object]:
    table = elements(settings.SETTINGS)
    by_chemistry = [n for n, (row, _) in enumerate(table) if isinstance(row.default, tuple)]
    flags = [
        row.accepts_zero
        | row.needs_off << 1
        | (row.write == rows.FACTORY) << 2
        | (rows.width(row) == 2) << 3
        | (row.write == rows.LESSOR) << 4
        for row, _ in table
    ]
    return {
        "SETTING_COUNT": len(table),
        "SETTING_MIN": packed("i", [row.low for row, _ in table]),
        "SETTING_MAX": packed("i", [row.high for row, _ in table]),
        "SETTING_DEFAULT": packed("i", [row.default_for("nmc") for row, _ in table]),
        "SETTING_FLAGS": bytes(flags),
        "SETTING_ADDRESS": packed("H", [row.address + i * rows.width(row) for row, i in table]),
        "SETTING_AT": register_index(settings.SETTINGS, settings.SETTINGS_BASE),
        "BY_CHEMISTRY": bytes(by_chemistry),
        "CHEMISTRY_DEFAULT": packed(
            "i",
            [
                table[n][0].default_for(chemistry)
                for chemistry in rows.CHEMISTRIES[1:]
                for n in by_chemistry
            ],
        ),
        "CROSS": packed(
            "h",
            [
                value
                for low, high, gap in settings.CROSS_RULES
                for value in (pool.of(low), pool.of(high), gap)
            ],
        ),
        "COILS": bytes(pool.of(name) for name in readings.COILS),
    }


def reading_columns() -> dict[str, object]:
    table = elements(readings.READINGS)
    return {
        "READING_COUNT": len(table),
        "READING_AT": register_index(readings.READINGS, readings.READINGS_BASE),
        "READING_ADDRESS": packed("H", [r.address + i * rows.width(r) for r, i in table]),
        "READING_WIDE": bytes(rows.width(r) == 2 for r, _ in table),
    }


def rule_columns(pool: Pool) -> dict[str, object]:
    table = rules.RULES
    if [r.number for r in table] != list(range(len(table))):
        raise ValueError("rule numbers must be 0, 1, 2, ...")
    quantity = [name for name, _, _ in rules.QUANTITIES]

    group = {name: of for name, _, of in rules.QUANTITIES}

    def bits(rule: rows.Rule) -> int:
        flags = {
            "over": rule.way == "over",
            "fast": rule.fast,
            "persists": rule.persists,
            "hysteresis": rule.recover is None,
            "backup": rule.backup,
            "always": group[rule.quantity] in ALWAYS_KNOWN,
        }
        return sum(flags[name] << n for n, name in enumerate(BITS))

    def column(value: Callable[[rows.Rule], int]) -> bytes:
        return bytes(value(rule) for rule in table)

    return {
        "RULE_COUNT": len(table),
        "QUANTITY_GROUP": bytes(GROUPS.index(group) for _, _, group in rules.QUANTITIES),
        "RULE_QUANTITY": column(lambda r: quantity.index(r.quantity)),
        "RULE_BITS": column(bits),
        "RULE_TRIP": column(lambda r: pool.of(r.trip)),
        "RULE_DELAY": column(lambda r: pool.of(r.delay)),
        "RULE_RECOVER": column(
            lambda r: pool.of(r.hysteresis if r.recover is None else r.recover)
        ),
        "RULE_RECOVER_DELAY": column(lambda r: pool.of(r.recover_delay)),
        "RULE_WAIT": column(lambda r: WAITS.index(r.wait)),
        "RULE_FORBIDS": column(lambda r: sum(1 << FORBIDS.index(f) for f in r.forbids)),
        "RULE_LOUD": column(lambda r: LOUDNESS.index(r.loud)),
        "RULE_RETRIES": column(lambda r: HOLE if r.retries is None else r.retries),
        "RULE_RETRY_DELAY": column(lambda r: pool.of(r.retry_delay)),
        "RULE_SAMPLES": column(lambda r: r.samples),
    }


def text_columns() -> dict[str, object]:
    table = readings.TEXTS
    return {
        "TEXT_ADDRESS": packed("H", [t.address for t in table]),
        "TEXT_REGISTERS": bytes(t.registers for t in table),
        "TEXT_ROLE": bytes(HOLE if t.write is None else t.write for t in table),
    }


def command_columns() -> dict[str, object]:
    table = readings.COMMANDS
    return {
        "COMMAND_ADDRESS": packed("H", [c.address for c in table]),
        "COMMAND_REGISTERS": bytes(c.registers for c in table),
        "COMMAND_ROLE": bytes(c.role for c in table),
        "COMMAND_PC_ONLY": bytes(c.ports == "pc" for c in table),
        "COMMAND_MIN": packed("i", [c.low for c in table]),
        "COMMAND_MAX": packed("i", [c.high for c in table]),
    }


def summary_columns() -> dict[str, object]:
    named = [next(r for r in readings.READINGS if r.name == name) for name in summary.SUMMARY]
    return {
        "SUMMARY_ADDRESS": packed("H", [row.address for row in named]),
        "SUMMARY_REGISTERS": bytes(row.count * rows.width(row) for row in named),
    }


def schema_data() -> str:
    pool = Pool()
    columns: dict[str, object] = {
        "SCHEMA_VERSION": SCHEMA_VERSION,
        "SETTINGS_BASE": settings.SETTINGS_BASE,
        "READINGS_BASE": readings.READINGS_BASE,
        "CELL_MV_BASE": readings.CELL_MV_BASE,
        "RULE_STATE_BASE": readings.RULE_STATE_BASE,
        "RULE_STATE_COUNT": readings.RULE_STATE.count,
        "TEXT_BASE": readings.TEXT_BASE,
        "COMMANDS_BASE": readings.COMMANDS_BASE,
        "UPDATE_WINDOW_BASE": readings.UPDATE_WINDOW_BASE,
        "CHALLENGE_ADDRESS": readings.CHALLENGE.address,
        "QUANTITY_COUNT": len(rules.QUANTITIES),
    }
    for part in (
        setting_columns(pool),
        reading_columns(),
        rule_columns(pool),
        text_columns(),
        command_columns(),
        summary_columns(),
    ):
        columns.update(part)
    columns["LITERALS"] = packed("i", pool.literals)
    columns["LIVE_COUNT"] = pool.base + len(pool.literals)
    lines = ['"""Packed schema. Generated by ``make generate`` from tables/; never edit."""', ""]
    lines += ["%s = %r" % item for item in columns.items()]
    return "\n".join(lines) + "\n"


def ids() -> str:
    pool = Pool()
    lines = ['"""Numbers of the schema by name. Generated by `make generate`; never edit."""', ""]

    def section(title: str, names: list[tuple[str, int]], prefix: str = "") -> None:
        lines.extend(["# " + title])
        lines.extend("%s%s = %d" % (prefix, name.upper(), n) for name, n in names)
        lines.append("")

    section("Positions in the live values", list(pool.position.items()))
    position, count = [], 0
    for row in readings.READINGS:
        position.append((row.name, count))
        count += row.count
    section("Readings", position, "R_")
    section("Quantities", [(q[0], n) for n, q in enumerate(rules.QUANTITIES)], "Q_")
    section("Rules", [(r.name, r.number) for r in rules.RULES], "RULE_")
    section("Waits", [(w, n) for n, w in enumerate(WAITS)], "WAIT_")
    section("What a rule forbids", [(f, 1 << n) for n, f in enumerate(FORBIDS)], "FORBID_")
    section("Flags of a rule", [(b, 1 << n) for n, b in enumerate(BITS)], "BIT_")
    section("Loudness", [(w, n) for n, w in enumerate(LOUDNESS)], "LOUD_")
    section("Commands", [(c.name, n) for n, c in enumerate(readings.COMMANDS)], "C_")
    section("Texts", [(t.name, n) for n, t in enumerate(readings.TEXTS)], "T_")
    section("Chemistries", [(c, n) for n, c in enumerate(rows.CHEMISTRIES)], "CHEMISTRY_")
    named: tuple[rows.Setting | rows.Reading, ...] = (*settings.SETTINGS, *readings.READINGS)
    for chooser in named:
        if (
            chooser.choices
            and set(chooser.choices) not in ({"off", "on"}, {"no", "yes"})
            and (chooser.choices not in (rows.CHEMISTRIES, rows.ROLES, LOUDNESS))
        ):
            names = [(c.replace(" ", "_"), n) for n, c in enumerate(chooser.choices)]
            section("Choices of " + chooser.name, names, chooser.name.upper() + "_IS_")
    section("Groups of samples", [(g, n) for n, g in enumerate(GROUPS)], "GROUP_")
    section("Journal: offsets of fields", [(f[0], f[1]) for f in journal.FIELDS], "J_")
    section("Journal: kinds", [(k[1], k[0]) for k in journal.KINDS], "KIND_")
    section("Roles", [(r, n) for n, r in enumerate(rows.ROLES)], "ROLE_")
    return "\n".join(lines).rstrip() + "\n"


def ocv_data() -> str:
    named = rows.CHEMISTRIES[1:]
    columns: dict[str, object] = {
        "POINTS": len(ocv.POSITIONS),
        "POSITIONS": packed("H", list(ocv.POSITIONS)),
        "DMV": packed("H", [dmv for name in named for dmv in ocv.CURVES[name]]),
        "ERROR_MV": bytes(ocv.error_mv(name, at) for name in named for at in ocv.POSITIONS),
        "OWN_ERROR_MV": bytes(ocv.OWN_ERROR_MV[name] for name in named),
    }
    lines = ['"""Packed curves. Generated by ``make generate`` from tables/; never edit."""', ""]
    lines += ["%s = %r" % item for item in columns.items()]
    return "\n".join(lines) + "\n"


def outputs() -> dict[Path, str]:
    """Every generated file and what should stand in it."""
    return {
        CORE / "schema_data.py": schema_data(),
        CORE / "ocv_data.py": ocv_data(),
        CORE / "ids.py": ids(),
    }


def main() -> int:
    for path, text in outputs().items():
        path.write_text(text, encoding="utf-8")
        print("wrote", path.name, len(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
