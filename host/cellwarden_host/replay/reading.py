"""A log's rows, one at a time, in the order of their time; bad ones are told and left out.

A row is bad when a value is no number, missing or cannot be (5 A for a voltage), or its time
does not advance. The first few are kept with their line numbers, all are counted. It repairs
nothing: a value that is doubted is not used.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from ..problems import BadInput, Refused
from . import columns, times
from .columns import Column, Columns
from .engine import GAP_S, Row
from .textfile import Text

DELIMITERS = ",;\t|"
# A tester's export may tell its own story before the header.
_PREAMBLE_LINES = 100
_SHOWN = 10
_HOPELESS = 2000  # bad rows before the first good one

CELL_MV = (100, 6_000)
_CURRENT_MA = 2_000_000
_TEMP_DC = (-600, 1_500)
# A bare voltage of so much is in mV; one below is in V. The same in volts is no single cell.
_BARE_MV = 100
_ONE_CELL_MV = CELL_MV[1]


class Complaint(NamedTuple):
    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class BadRow(Exception):
    """Why a row is not used."""


class Log:
    """The rows of one text. ``cells`` is what was asked for, or what the columns give."""

    def __init__(
        self,
        text: Text,
        cells: int | None = None,
        discharge_positive: bool = False,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self.good = 0
        self.bad = 0
        self.complaints: list[Complaint] = []
        self._sign = -1 if discharge_positive else 1
        self._renamed = renamed or {}
        self._lines = text.lines()
        self.columns, self._records = self._header()
        first, self._parse_time = self._first_record()
        begin_s = self._parse_time(_field(first, self.columns.time))
        # Dates are counted from the first row; times that count already stay as they are.
        self.begins = times.told(self._parse_time, begin_s)
        self._begin_s = begin_s if self.begins else 0.0
        self._scales = self._voltage_scales(first)
        self.cells, self._divide = self._cell_count(first, cells)

    # --- the header

    def _header(self) -> tuple[Columns, Iterator[tuple[int, list[str]]]]:
        """The first line that names a time, a current and a voltage; then all that follows."""
        likeliest: Sequence[str] = ()
        for number, line in enumerate(self._lines, 1):
            for delimiter in DELIMITERS:
                header = _fields(line.rstrip("\r\n"), delimiter)
                found = columns.find(header, self._renamed)
                if found is not None:
                    self._check_renamed(header)
                    return found, _records(self._lines, delimiter, number)
                if len(header) > len(likeliest):
                    likeliest = header
            if number >= _PREAMBLE_LINES:
                break
        lacking = columns.missing(likeliest, self._renamed)
        raise Refused(
            f"found no header with {lacking or 'names of columns'}; name a column: "
            "--column current_a=HEADER (t_s, current_ma, cell_mv, cell1_mv, temp_dc ...)"
        )

    def _check_renamed(self, header: Sequence[str]) -> None:
        there = [text.strip() for text in header]
        for name in self._renamed:
            if name not in there:
                raise BadInput(f"the log has no column '{name}'; it has {', '.join(there)}")

    def _first_record(self) -> tuple[list[str], times.Parse]:
        """The first row whose time and voltages can be read, without using it up; and how its
        time is read."""
        seen = []
        for number, record in self._records:
            seen.append((number, record))
            time = _field(record, self.columns.time)
            parse = times.form_of(time, self.columns.time.scale)
            if parse and all(_is_number(_field(record, column)) for column in self._voltages()):
                self._records = chain(seen, self._records)
                return record, parse
            if len(seen) >= _HOPELESS:
                break
        raise Refused("there is no row with a time and a voltage below the header")

    @property
    def voltage_scale(self) -> float:
        """How many mV one of the log's volts is."""
        return self._scales[0]

    def _voltages(self) -> Sequence[Column]:
        c = self.columns
        return c.cells or tuple(one for one in (c.voltage, c.pack) if one is not None)

    def _voltage_scales(self, record: Sequence[str]) -> list[float]:
        scales = []
        for column in self._voltages():
            bare = 1.0 if float(_field(record, column)) >= _BARE_MV else 1e3
            scales.append(bare if column.scale is None else column.scale)
        return scales

    def _cell_count(self, record: Sequence[str], asked: int | None) -> tuple[int, int]:
        """Cells in the pack, and by how much a voltage has to be divided."""
        c = self.columns
        if c.cells:
            if asked not in (None, len(c.cells)):
                raise BadInput(f"the log has columns for {len(c.cells)} cells, not for {asked}")
            return len(c.cells), 1
        mv = float(_field(record, self._voltages()[0])) * self._scales[0]
        if c.pack is None and mv <= _ONE_CELL_MV:
            return asked or 1, 1
        if asked is None:
            raise BadInput(
                f"'{self._voltages()[0].header}' is a whole pack's ({mv / 1000:.1f} V): "
                "say of how many cells with --cells"
            )
        return asked, asked

    # --- the rows

    def rows(self) -> Iterator[Row]:
        """Good rows. ``Refused`` when there are none, or when most are bad."""
        for row in self._in_order(self._parsed()):
            self.good += 1
            yield row
        if not self.good or self.bad > self.good:
            raise Refused(self._hopeless())

    def _hopeless(self) -> str:
        why = f"only {self.good} of {self.good + self.bad} rows can be used"
        return "\n  ".join([why, *map(str, self.complaints)])

    def _parsed(self) -> Iterator[tuple[int, Row]]:
        for line, record in self._records:
            if record == [""] or not any(record):
                continue
            try:
                yield line, self._row(record)
            except BadRow as why:
                self._complain(line, str(why))
                if self.bad >= _HOPELESS and not self.good:
                    raise Refused(self._hopeless()) from None

    def _in_order(self, rows: Iterable[tuple[int, Row]]) -> Iterator[Row]:
        """Rows whose time advances. One that leaps ahead waits for the next to bear it out."""
        before: Row | None = None
        held: tuple[int, Row] | None = None
        doubted = False  # the first row of all may be the wrong one, but not the second as well
        for line, row in rows:
            if held is not None:
                fits = not doubted if before is None else row.t_s > before.t_s
                if fits and row.t_s <= held[1].t_s:
                    doubted = True
                    self._complain(held[0], f"its time ({held[1].t_s:g} s) runs ahead of the next")
                else:
                    before = held[1]
                    yield before
                held = None
            if before is not None and row.t_s <= before.t_s:
                went = "goes back" if row.t_s < before.t_s else "does not advance"
                self._complain(line, f"time {went} ({row.t_s:g} s after {before.t_s:g} s)")
            elif before is None or row.t_s - before.t_s > GAP_S:
                held = line, row
            else:
                before = row
                yield row
        if held is not None:
            yield held[1]

    def _complain(self, line: int, reason: str) -> None:
        self.bad += 1
        if len(self.complaints) < _SHOWN:
            self.complaints.append(Complaint(line, reason))

    def _row(self, record: Sequence[str]) -> Row:
        c = self.columns
        try:
            t_s = self._parse_time(record[c.time.at]) - self._begin_s
            current = self._sign * float(record[c.current.at]) * (c.current.scale or 1e3)
            current_ma = round(current)
            mv = [
                round(float(record[column.at]) * scale / self._divide)
                for column, scale in zip(self._voltages(), self._scales, strict=True)
            ]
        except (ValueError, IndexError, OverflowError):
            raise BadRow(self._what_is_wrong(record)) from None
        if not -_CURRENT_MA <= current_ma <= _CURRENT_MA:
            raise BadRow(f"a current of {current_ma / 1000:g} A cannot be")
        if min(mv) < CELL_MV[0] or max(mv) > CELL_MV[1]:
            wrong = next(one for one in mv if not CELL_MV[0] <= one <= CELL_MV[1])
            cell = f"cell {mv.index(wrong) + 1}" if len(mv) > 1 else "a cell"
            raise BadRow(f"{cell} of {wrong} mV cannot be")
        if t_s - t_s != 0:
            raise BadRow("its time is not a number")
        truth = _optional(record, c.truth, 1.0)
        return Row(t_s, current_ma, mv, self._temps(record), truth)

    def _temps(self, record: Sequence[str]) -> list[int] | None:
        found = [_optional(record, column, 10.0) for column in self.columns.temps]
        known = [round(dc) for dc in found if dc is not None]
        for dc in known:
            if not _TEMP_DC[0] <= dc <= _TEMP_DC[1]:
                raise BadRow(f"a temperature of {dc / 10:g} °C cannot be")
        return known if known and len(known) == len(found) else None

    def _what_is_wrong(self, record: Sequence[str]) -> str:
        """The first value that could not be read."""
        for name, column in self.columns.used():
            field = _field(record, column)
            if not field:
                return f"{name} is missing"
            if column is self.columns.time:
                try:
                    self._parse_time(field)
                except (ValueError, OverflowError):
                    return f"'{field}' is not a time like the first"
            elif not _is_number(field):
                return f"{name} '{field}' is not a number"
        return "it cannot be read"


def _records(lines: Iterator[str], delimiter: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields), a line a row; where commas do not part fields, they part decimals.

    An unclosed quote must not swallow the rows below it.
    """
    for number, line in enumerate(lines, before + 1):
        line = line.rstrip("\r\n")
        if delimiter != ",":
            line = line.replace(",", ".")
        yield number, _fields(line, delimiter)


def _fields(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return [line]


def _field(record: Sequence[str], column: Column) -> str:
    return record[column.at].strip() if column.at < len(record) else ""


def _is_number(field: str) -> bool:
    try:
        value = float(field)
    except ValueError:
        return False
    return value - value == 0


def _optional(record: Sequence[str], column: Column | None, bare: float) -> float | None:
    """A value that a row may lack; what is no number is bad all the same."""
    if column is None or not (field := _field(record, column)):
        return None
    if not _is_number(field):
        raise BadRow(f"{column.header} '{field}' is not a number")
    return float(field) * (bare if column.scale is None else column.scale)
