"""Counts in registers to what people read and write, and back: scale, unit, words, "auto".

A value's unit comes from its schema row. A bare number is in that unit (``cell_ov1_mv=4200``);
any unit of the same kind is understood (``4.2V``). Exact decimals throughout: a value finer
than the register's step is refused, never rounded.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from .problems import BadInput
from .words import Said, known, listed, say
from .words.choices import choice, unit_word
from .words.titles import name

# Schema unit -> (kind, how many of the kind's base unit one count is).
SCHEMA_UNITS = {
    "": ("", Decimal(1)),
    "0.1": ("", Decimal("0.1")),
    "bits": ("", Decimal(1)),
    "cells": ("cells", Decimal(1)),
    "bytes": ("B", Decimal(1)),
    "mV": ("V", Decimal("0.001")),
    "10mV": ("V", Decimal("0.01")),
    "0.1mV": ("V", Decimal("0.0001")),
    "mA": ("A", Decimal("0.001")),
    "mAh": ("Ah", Decimal("0.001")),
    "W": ("W", Decimal(1)),
    "Wh": ("Wh", Decimal(1)),
    "0.1C": ("°C", Decimal("0.1")),
    "%": ("%", Decimal(1)),
    "0.1%": ("%", Decimal("0.1")),
    "0.01%": ("%", Decimal("0.01")),
    "0.01%/d": ("%/d", Decimal("0.01")),
    "10uohm": ("mΩ", Decimal("0.01")),
    "ppm": ("ppm", Decimal(1)),
    "ms": ("s", Decimal("0.001")),
    "s": ("s", Decimal(1)),
    "min": ("s", Decimal(60)),
    "days": ("days", Decimal(1)),
    "100 Bd": ("Bd", Decimal(100)),
}

# What a person may type after a number -> (kind, size in the kind's base unit).
TYPED_UNITS = {
    "v": ("V", Decimal(1)),
    "mv": ("V", Decimal("0.001")),
    "a": ("A", Decimal(1)),
    "ma": ("A", Decimal("0.001")),
    "ah": ("Ah", Decimal(1)),
    "mah": ("Ah", Decimal("0.001")),
    "w": ("W", Decimal(1)),
    "kw": ("W", Decimal(1000)),
    "wh": ("Wh", Decimal(1)),
    "kwh": ("Wh", Decimal(1000)),
    "c": ("°C", Decimal(1)),
    "°c": ("°C", Decimal(1)),
    "degc": ("°C", Decimal(1)),
    "%": ("%", Decimal(1)),
    "%/d": ("%/d", Decimal(1)),
    "ppm": ("ppm", Decimal(1)),
    "ms": ("s", Decimal("0.001")),
    "s": ("s", Decimal(1)),
    "min": ("s", Decimal(60)),
    "h": ("s", Decimal(3600)),
    "bd": ("Bd", Decimal(1)),
    "baud": ("Bd", Decimal(1)),
    "d": ("days", Decimal(1)),
    "days": ("days", Decimal(1)),
    "cell": ("cells", Decimal(1)),
    "cells": ("cells", Decimal(1)),
    "b": ("B", Decimal(1)),
}

# Settings whose range ends below this many mV, mA or ms are shown in those, not in V, A or s.
_SMALL = 3000
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*(.*)")


def shown_unit(row: Any) -> str:
    """The unit people see behind this row's values."""
    if row.unit in ("mV", "mA", "ms") and row.high < _SMALL:
        return str(row.unit)
    if row.unit == "min" or (row.unit == "ms" and row.kind == "reading"):
        return str(row.unit)
    return SCHEMA_UNITS[row.unit][0]


def _step(row: Any) -> Decimal:
    """How many of ``shown_unit`` one count is."""
    if shown_unit(row) == row.unit:
        return Decimal(1)
    return SCHEMA_UNITS[row.unit][1]


def number(row: Any, count: int) -> int | float:
    """The count in the shown unit, as a script wants it: whole numbers stay whole."""
    value = _step(row) * count
    whole = value == value.to_integral_value() and _step(row) >= 1
    return int(value) if whole else float(value)


def plain(row: Any, count: int | None) -> int | float | str | None:
    """A value for JSON: a word for an enumeration, None for an absent value."""
    if count is None:
        return None
    if row.choices and 0 <= count < len(row.choices):
        return str(row.choices[count])
    return number(row, count)


def text(row: Any, count: int | None, absent: str = "-") -> str:
    """A value for people: ``4.200 V``, ``25.0 °C``, ``lfp``, ``0x003F``, ``auto``."""
    if count is None:
        return absent
    if row.choices:
        return choice(row, count)
    if count == 0 and getattr(row, "auto", None) is not None:
        return known("auto")
    if row.unit == "bits":
        return f"0x{count:04X}"
    unit = unit_word(shown_unit(row))
    if isinstance(unit, Said):
        return say("{number} {unit}", number=_digits(row, count), unit=unit)
    return f"{_digits(row, count)} {unit}".rstrip()


def _digits(row: Any, count: int) -> str:
    """Readings and voltages keep their decimals, so that columns stand still; 40 A is 40 A."""
    value, unit = _step(row) * count, shown_unit(row)
    if row.kind == "reading" or unit in ("V", "°C"):
        return str(value)
    digits = str(value)
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def parse(row: Any, typed: str) -> int:
    """The count that ``typed`` stands for; ``BadInput`` says what would have been understood."""
    typed = typed.strip()
    if row.choices:
        return _choice(row, typed)
    if typed.lower() == "auto":
        if getattr(row, "auto", None) is None:
            raise BadInput(say("{name} has no automatic value", name=name(row)))
        return 0
    if row.unit in ("", "bits") and typed[:2].lower() in ("0x", "0b"):
        try:
            return int(typed, 0)
        except ValueError:
            raise _not_a(row, typed, say("a number")) from None
    return _scaled(row, typed)


def _not_a(row: Any, typed: str, what: Said) -> BadInput:
    return BadInput(say("{name}: '{typed}' is not {what}", name=name(row), typed=typed, what=what))


def _choice(row: Any, typed: str) -> int:
    word = typed.lower().replace("_", " ").replace("-", " ")
    for i, word_here in enumerate(row.choices):
        if word == word_here.replace("_", " "):
            return i
    if typed.isdecimal() and int(typed) < len(row.choices):
        return int(typed)
    words = listed(choice(row, i) for i in range(len(row.choices)))
    raise _not_a(row, typed, say("one of {choices}", choices=words))


def _scaled(row: Any, typed: str) -> int:
    kind, size = SCHEMA_UNITS[row.unit]
    example = say("a number in {unit}", unit=row.unit) if row.unit else say("a number")
    match = _NUMBER.fullmatch(typed)
    if match is None:
        raise _not_a(row, typed, example)
    digits, suffix = match.group(1), match.group(2)
    typed_size = size
    if suffix and suffix != row.unit:
        typed_kind, typed_size = TYPED_UNITS.get(suffix.strip().lower(), ("?", size))
        if typed_kind != kind:
            raise _not_a(row, typed, example)
    try:
        count = Decimal(digits) * typed_size / size
    except InvalidOperation:
        raise _not_a(row, typed, example) from None
    if count != count.to_integral_value():
        steps = (
            say("{unit} steps", unit=row.unit)
            if row.unit[:1].isdigit()
            else say("whole {unit}", unit=row.unit)
        )
        raise BadInput(
            say(
                "{name}: '{typed}' is finer than the register, which counts {steps}",
                name=name(row),
                typed=typed,
                steps=steps,
            )
        )
    return int(count)


def range_text(row: Any) -> str:
    """The range a setting accepts, for people."""
    if row.choices:
        return listed((choice(row, i) for i in range(len(row.choices))), " / ")
    if row.unit == "bits":
        return say("{low} to {high}", low=f"0x{row.low:04X}", high=f"0x{row.high:04X}")
    low, high, unit = _digits(row, row.low), _digits(row, row.high), unit_word(shown_unit(row))
    limits = (
        say("{low} to {high} {unit}", low=low, high=high, unit=unit)
        if unit
        else say("{low} to {high}", low=low, high=high)
    )
    return say("{limits}, or auto", limits=limits) if getattr(row, "auto", None) else limits
