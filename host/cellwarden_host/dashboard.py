"""What a monitor draws: cells as bars, temperatures, limits, switches, alarms, newest events.

Draws values it is given and decides nothing. Values that are old are drawn dim, under a red
line that says how old; a value that is absent is a dash, never a number.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import zip_longest

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from . import catalog, show, units
from .board import Values
from .rule_words import RuleNow, keeps_off, rule_titled, rules_now

_BAR_WIDTH = 12
_CELLS_A_LINE = 8
# From this size on a terminal gets bars, temperatures and the summary line.
_WIDE, _HIGH = 110, 32
# Bars span the pack's own spread, but never less than this, so that noise stays small.
_LEAST_SPAN_MV = 40
_LOUD_STYLE = {
    "danger": "bold white on red",
    "protection": "bold red",
    "warning": "yellow",
    "info": "dim",
}
_SENSORS = ("battery 1", "battery 2", "battery 3", "battery 4", "power board", "bal. board")


@dataclass(frozen=True)
class Note:
    """Something to tell besides the values: ``event`` from the journal, or ``story``."""

    kind: str
    text: str


class Dashboard:
    """The live view: values as they are, the newest notes below."""

    def __init__(self, title: str = "Cellwarden") -> None:
        self.title = title
        self.story: deque[str] = deque(maxlen=3)
        self.events: deque[str] = deque(maxlen=6)

    def add(self, note: Note) -> None:
        (self.events if note.kind == "event" else self.story).append(note.text)

    def render(
        self, values: Values | None, stale_s: float, trouble: str, width: int, height: int
    ) -> RenderableType:
        """Everything, as one renderable; without bars where the terminal is small."""
        if values is None:
            return Panel(Text(trouble or "waiting for the board"), title=self.title)
        parts: list[RenderableType] = []
        if trouble:
            parts.append(Text(f"STALE, {stale_s:.0f} s old: {trouble}", style="bold red"))
        if width >= _WIDE and height >= _HIGH:
            right = Group(_numbers(values), Text(""), _temperatures(values))
            parts += [
                Text(line_of(values, ""), style="bold"),
                Columns([_cells(values), right], padding=(0, 4)),
            ]
        else:
            parts += [_numbers(values), _cells_short(values)]
        parts.append(_alarms(values))
        if self.events:
            parts.append(_list("Newest events", list(self.events)))
        if self.story:
            parts.append(_list("What is going on", list(self.story), "cyan"))
        return Panel(Group(*parts), title=self.title, style="dim" if trouble else "")


def line_of(values: Values | None, trouble: str) -> str:
    """The board in one line."""
    if trouble or values is None:
        return f"STALE  {trouble}"
    charge, discharge = values.word("charge_switch"), values.word("discharge_switch")
    parts = [
        f"{values.word('board_state'):<13}",
        f"{_text('pack_10mv', values):>8}",
        f"{_amperes(values):>9}",
        f"SOC {_text('soc_permille', values):>6}",
        f"cells {_cell(values, 'min')}..{_cell(values, 'max')}",
        f"{_text('temp_min_dc', values)}..{_text('temp_max_dc', values)}",
        f"charge {charge:<3} discharge {discharge:<3}",
    ]
    alarms = "; ".join(now.rule.title for now in rules_now(values) if _is_alarm(now))
    return "  ".join(parts) + (f"  ! {alarms}" if alarms else "")


def _is_alarm(now: RuleNow) -> bool:
    return now.rule.loud != "info" and (now.active or now.latched)


def _text(name: str, values: Values) -> str:
    return units.text(catalog.READING[name], values.one(name))


def _amperes(values: Values) -> str:
    current_ma = values.one("current_ma")
    return "-" if current_ma is None else f"{current_ma / 1000:+.2f} A"


def _cell(values: Values, end: str) -> str:
    number = values.one(f"cell_{end}_number")
    return f"{_text(f'cell_{end}_mv', values)} (#{number or '-'})"


def _cells(values: Values) -> Table:
    """Each cell with a bar between the lowest and the highest, and a mark while balancing."""
    counts = _cell_counts(values)
    known = [mv for mv in counts if mv is not None]
    low, high = (min(known), max(known)) if known else (0, 0)
    span = max(high - low, _LEAST_SPAN_MV)
    bottom = (low + high - span) / 2
    texts = [
        Text(f"{text.plain} {_bar(0.0 if mv is None else (mv - bottom) / span)}", text.style)
        for text, mv in zip(_cell_texts(values), counts, strict=True)
    ]
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    half = (len(texts) + 1) // 2
    for left, right in zip_longest(texts[:half], texts[half:]):
        table.add_row(left, right)
    return table


def _cells_short(values: Values) -> Table:
    """The cells without bars, a few a line."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    texts = _cell_texts(values)
    for first in range(0, len(texts), _CELLS_A_LINE):
        table.add_row(*texts[first : first + _CELLS_A_LINE])
    return table


def _cell_counts(values: Values) -> list[int | None]:
    return show.elements(catalog.READING["cell_mv"], values)


def _cell_texts(values: Values) -> list[Text]:
    """Number and volts of each cell, the highest red, the lowest blue, marked when balancing."""
    counts = _cell_counts(values)
    known = [mv for mv in counts if mv is not None]
    balancing = values.known("balancing_low") | values.known("balancing_high") << 16
    texts = []
    for i, mv in enumerate(counts):
        style = ""
        if mv is not None and min(known) != max(known):
            style = "red" if mv == max(known) else "blue" if mv == min(known) else ""
        volts = "  -  " if mv is None else f"{mv / 1000:.3f}"
        texts.append(Text(f"{i + 1:2} {volts}{'b' if balancing >> i & 1 else ' '}", style))
    return texts


def _bar(part: float) -> str:
    """A bar of ``part`` of the width, in eighths of a character."""
    eighths = round(min(1.0, max(0.0, part)) * _BAR_WIDTH * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + ("▏▎▍▌▋▊▉"[rest - 1] if rest else "")).ljust(_BAR_WIDTH)


def _numbers(values: Values) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    difference = values.one("cell_diff_mv")
    sigma = values.one("soc_sigma_permille")
    rows = (
        ("state", values.word("board_state")),
        (
            "state of charge",
            _text("soc_permille", values)
            + (f" ± {sigma / 10:.1f} %" if sigma is not None else "")
            + f", {_text('remaining_mah', values)} of {_text('full_mah', values)}",
        ),
        ("pack", f"{_text('pack_10mv', values)}, {_amperes(values)}"),
        ("cell difference", "-" if difference is None else f"{difference} mV"),
        ("charger may", f"{_text('ccl_ma', values)} to {_text('cvl_10mv', values)}"),
        ("load may", _text("dcl_ma", values)),
        ("charge switch", _switch(values, "charge")),
        ("discharge switch", _switch(values, "discharge")),
        ("balancing", _balancing(values)),
    )
    for name, value in rows:
        table.add_row(Text(name, style="dim"), value)
    return table


def _switch(values: Values, side: str) -> Text:
    """on or off, and why it is kept off."""
    if values.one(f"{side}_switch"):
        return Text("on", style="green")
    why = rule_titled(values.one(f"{side}_off_rule"))
    return Text(f"off: {why}" if why else "off", style="red" if why else "")


def _balancing(values: Values) -> str:
    count = values.known("balancing")
    if not count:
        return "no"
    minutes = values.one("balance_minutes")
    left = f", {_span(minutes)} to go" if minutes is not None else ""
    return f"{count} cell{'s' if count > 1 else ''}{left}"


def _span(minutes: int) -> str:
    """A prediction is no more exact than this."""
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} days"


def _temperatures(values: Values) -> Text:
    row = catalog.READING["temp_dc"]
    shown = [
        f"{name} {units.text(row, count)}"
        for name, count in zip(_SENSORS, values.all(row.name), strict=True)
        if count is not None
    ]
    return Text("\n".join("   ".join(shown[i : i + 2]) for i in range(0, len(shown), 2)))


def _alarms(values: Values) -> RenderableType:
    found = [now for now in rules_now(values) if now.active or now.latched]
    if not found:
        return Text("\nno alarms", style="green")
    lines = [Text("")]
    for now in found:
        kept = keeps_off(now.rule)
        text = f"{now.rule.loud:>10}  {now.rule.title}" + (f": no {kept}" if kept else "")
        text += " (latched, a person must clear it)" if now.latched else ""
        lines.append(Text(text, style=_LOUD_STYLE.get(now.rule.loud, "")))
    return Group(*lines)


def _list(title: str, lines: list[str], style: str = "") -> RenderableType:
    return Group(Text(f"\n{title}", style="bold"), *(Text(line, style=style) for line in lines))
