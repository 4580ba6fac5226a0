"""Which column of a log is what: names and units as loggers and battery testers write them.

A header is read as a name with a unit (``Current(A)``, ``I/mA``, ``cell_3 [V]``, ``temp_dc``);
the names below are what common exports use: Arbin (Test_Time(s), Current(A), Voltage(V),
Aux_Temperature_1), BioLogic (time/s, I/mA, Ewe/V), Maccor (Test Time (sec)), Neware (Total
Time, Current(mA), T1) and NASA's ageing data (Voltage_measured). It never guesses a role from
values; a unit that is not named is said to be assumed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cellwarden.readings import MAX_CELLS

from ..problems import Refused

# Unit -> (what it measures, how many of ours one is: s, mA, mV, 0.1 degC, percent).
_UNITS = {
    "us": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "s": ("time", 1.0),
    "sec": ("time", 1.0),
    "secs": ("time", 1.0),
    "seconds": ("time", 1.0),
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    "hours": ("time", 3600.0),
    "ua": ("current", 1e-3),
    "ma": ("current", 1.0),
    "a": ("current", 1e3),
    "uv": ("voltage", 1e-3),
    "mv": ("voltage", 1.0),
    "v": ("voltage", 1e3),
    "dc": ("temperature", 1.0),
    "c": ("temperature", 10.0),
    "degc": ("temperature", 10.0),
    "°c": ("temperature", 10.0),
    "celsius": ("temperature", 10.0),
    "%": ("share", 1.0),
    "percent": ("share", 1.0),
}
# Role -> (what it measures, names in order of preference).
_NAMES = {
    "time": (
        "time",
        "t test_time testtime total_time totaltime elapsed_time elapsed time relative_time "
        "run_time seconds timestamp time_stamp datetime date_time absolute_time unix_time epoch "
        "utc date",
    ),
    "current": (
        "current",
        "current i current_measured measured_current pack_current battery_current total_current "
        "cell_current i_pack i_bat i_batt ibat amps",
    ),
    "voltage": (
        "voltage",
        "cell cell_voltage mean_cell cell_mean voltage u v ewe ecell voltage_measured "
        "measured_voltage terminal_voltage v_cell u_cell vcell ucell volts",
    ),
    "pack": (
        "voltage",
        "pack pack_voltage battery_voltage total_voltage v_pack u_pack v_bat u_bat vbat ubat",
    ),
    "truth": ("share", "true_soc soc_true"),
}
_CELL = re.compile(r"(?:voltage|v|u)?_?cell_?(?:voltage|v|u)?_?(\d+)")
_TEMP = re.compile(
    r"(?:aux_|battery_|cell_|surface_)?(?:temperature|temp)(?:_measured|_cell|_battery)?_?(\d*)"
    r"|t_?(?:bat|batt|cell|surface)?_?(\d*)"
)
_TEMPS = 4
_IN_BRACKETS = re.compile(r"(.*?)\s*[(\[{/]\s*([^)\]}]*?)\s*[)\]}]?")
_NOT_A_WORD = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True)
class Column:
    """``scale`` turns its numbers into ours; None where the header names no unit."""

    at: int
    header: str
    scale: float | None


@dataclass(frozen=True)
class Columns:
    """The columns that are used. ``voltage`` is one cell's, or the mean; or there are cells."""

    time: Column
    current: Column
    cells: tuple[Column, ...]
    voltage: Column | None
    pack: Column | None
    temps: tuple[Column, ...]
    truth: Column | None

    def used(self) -> Iterator[tuple[str, Column]]:
        """(our name for it, column) of each."""
        yield "t_s", self.time
        yield "current_ma", self.current
        for number, column in enumerate(self.cells, 1):
            yield f"cell{number}_mv", column
        for name, one in (("cell_mv", self.voltage), ("pack_mv", self.pack)):
            if one is not None:
                yield name, one
        for number, column in enumerate(self.temps, 1):
            yield "temp_dc" if len(self.temps) == 1 else f"temp{number}_dc", column
        if self.truth is not None:
            yield "true_soc_percent", self.truth

    @property
    def last(self) -> int:
        return max(column.at for _, column in self.used())


def find(header: Sequence[str], renamed: Mapping[str, str]) -> Columns | None:
    """What a header line offers; None when it is not the header of a log.

    ``renamed``: header to the name it should be read as.
    """
    named = list(_named(header, renamed))
    time = _first("time", named)
    current = _first("current", named)
    if time is None or current is None:
        return None
    cells = _cells(named)
    voltage = None if cells else _first("voltage", named)
    pack = None if cells or voltage else _first("pack", named)
    if not (cells or voltage or pack):
        return None
    used = {time.at, current.at}
    temps = tuple(column for column in _temps(named) if column.at not in used)
    return Columns(time, current, cells, voltage, pack, temps, _first("truth", named))


def missing(header: Sequence[str], renamed: Mapping[str, str]) -> str:
    """Which roles nobody could find in what looks most like a header."""
    named = list(_named(header, renamed))
    lacking = [
        what
        for what, found in (
            ("a time (t_s)", _first("time", named)),
            ("a current (current_ma)", _first("current", named)),
            (
                "a voltage (cell_mv or cell1_mv ...)",
                _first("voltage", named)
                or _first("pack", named)
                or any(_CELL.fullmatch(n.name) for n in named),
            ),
        )
        if not found
    ]
    return ", ".join(lacking)


@dataclass(frozen=True)
class _Named:
    at: int
    header: str
    name: str
    measures: str | None  # None: no unit is named
    scale: float | None


def _named(header: Sequence[str], renamed: Mapping[str, str]) -> Iterator[_Named]:
    for at, text in enumerate(header):
        text = text.strip()
        name, unit = split(renamed.get(text, text))
        measures, scale = _UNITS.get(unit, (None, None))
        if unit and measures is None:
            measures = "unknown"  # Capacity(Ah), Energy(Wh): none of ours
        yield _Named(at, text, name, measures, scale)


def split(header: str) -> tuple[str, str]:
    """Name and unit of a header: ``Test Time (sec)`` is ("test_time", "sec")."""
    text = unicodedata.normalize("NFKC", header).strip().strip("\ufeff").casefold()
    match = _IN_BRACKETS.fullmatch(text)
    if match and match.group(1):
        return _word(match.group(1)), match.group(2).replace("µ", "u").replace("μ", "u")
    name = _word(text)
    stem, _, suffix = name.rpartition("_")
    if stem and suffix in _UNITS:
        return stem, suffix
    return name, ""


def _word(text: str) -> str:
    return _NOT_A_WORD.sub("_", text).strip("_")


def _first(role: str, named: Iterable[_Named]) -> Column | None:
    measures, names = _NAMES[role]
    order = names.split()
    found = [n for n in named if n.name in order and n.measures in (None, measures)]
    if not found:
        return None
    best = min(found, key=lambda n: order.index(n.name))
    return Column(best.at, best.header, best.scale)


def _cells(named: Iterable[_Named]) -> tuple[Column, ...]:
    """Cell columns in the order of their numbers, which may begin at 0 or 1."""
    found: dict[int, Column] = {}
    for n in named:
        match = _CELL.fullmatch(n.name)
        if match and n.measures in (None, "voltage"):
            number = int(match.group(1))
            if number in found:
                raise Refused(f"two columns for cell {number}: {found[number].header}, {n.header}")
            found[number] = Column(n.at, n.header, n.scale)
    numbers = sorted(found)
    if not numbers:
        return ()
    gaps = sorted(set(range(min(numbers[0], 1), numbers[-1] + 1)) - set(numbers))
    if gaps:
        raise Refused(f"there are columns up to cell {numbers[-1]}, but none for cell {gaps[0]}")
    if len(numbers) > MAX_CELLS:
        raise Refused(f"{len(numbers)} columns of cells; a pack has {MAX_CELLS} at most")
    return tuple(found[number] for number in numbers)


def _temps(named: Iterable[_Named]) -> tuple[Column, ...]:
    found = []
    for n in named:
        match = _TEMP.fullmatch(n.name)
        # "t" alone is a time unless its unit says otherwise.
        plain = match is not None and n.name.startswith("temp")
        if match and (n.measures == "temperature" or (n.measures is None and plain)):
            number = int(match.group(1) or match.group(2) or 0)
            found.append((number, n.at, Column(n.at, n.header, n.scale)))
    return tuple(column for _, _, column in sorted(found, key=lambda one: one[:2])[:_TEMPS])
