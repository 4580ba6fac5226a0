"""A picture of a replay: charge with its band, cells, current, and what the core did when.

However long the log, the picture is made of a few thousand spans that each keep their extremes,
so that no spike is lost and memory stays small. Drawing needs matplotlib, loaded only here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..problems import Refused
from .engine import Event, Moment

_MOST_SPANS = 4_000
_MOST_LANES = 10
_MOST_LINES = 40
_FORMATS = (".png", ".svg", ".pdf")
_INK, _SOC, _TRUE, _LOW, _HIGH, _CURRENT = (
    "#333333",
    "#1f5fa8",
    "#111111",
    "#2e7d5b",
    "#b3541e",
    "#5b4b8a",
)
_KIND_COLOUR = {"trip": "#c62828", "warn": "#c98a00", "clear": "#4c8c4a"}


class Span:
    """A stretch of rows: the newest charge, the extremes of everything else."""

    __slots__ = (
        "t_s", "soc", "sigma", "truth", "low_mv", "high_mv", "low_ma", "high_ma", "sum_ma", "rows",
        "charge_off", "discharge_off",
    )  # fmt: skip

    def __init__(self, moment: Moment) -> None:
        row = moment.row
        self.t_s = row.t_s
        self.soc, self.sigma = moment.soc_percent, moment.sigma_percent
        self.truth = row.true_soc_percent
        self.low_mv, self.high_mv = min(row.cell_mv), max(row.cell_mv)
        self.low_ma = self.high_ma = self.sum_ma = row.current_ma
        self.rows = 1
        self.charge_off, self.discharge_off = not moment.charge_on, not moment.discharge_on

    def take(self, other: Span) -> None:
        """The span that follows, merged into this one."""
        self.soc, self.sigma, self.truth = other.soc, other.sigma, other.truth
        self.low_mv = min(self.low_mv, other.low_mv)
        self.high_mv = max(self.high_mv, other.high_mv)
        self.low_ma = min(self.low_ma, other.low_ma)
        self.high_ma = max(self.high_ma, other.high_ma)
        self.sum_ma += other.sum_ma
        self.rows += other.rows
        self.charge_off |= other.charge_off
        self.discharge_off |= other.discharge_off


class Picture:
    """``add`` every moment, then ``draw``."""

    def __init__(self, title: str) -> None:
        self._title = title
        self.spans: list[Span] = []
        self._rows_a_span = 1
        self._in_last = 0
        self.events: list[Event] = []

    def add(self, moment: Moment) -> None:
        self.events.extend(moment.events)
        span = Span(moment)
        if self.spans and self._in_last < self._rows_a_span:
            self.spans[-1].take(span)
            self._in_last += 1
            return
        if len(self.spans) >= _MOST_SPANS:
            self._halve()
        self.spans.append(span)
        self._in_last = 1

    def _halve(self) -> None:
        for first, second in zip(self.spans[::2], self.spans[1::2], strict=True):
            first.take(second)
        self.spans = self.spans[::2]
        self._rows_a_span *= 2

    def draw(
        self,
        path: Path,
        limits_mv: tuple[int, int],
        gaps: Sequence[tuple[float, float]] = (),
    ) -> None:
        """``limits_mv``: the cell voltages at which level 1 trips. ``gaps``: (end, length) of
        what nobody measured."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(13, 9), layout="constrained")
        axes = figure.subplots(4, 1, sharex=True, height_ratios=(5, 3, 3, 2.6))
        unit, name = _unit(self.spans[-1].t_s - self.spans[0].t_s)
        begin = self.spans[0].t_s
        at = [(span.t_s - begin) / unit for span in self.spans]
        self._draw_soc(axes[0], at)
        self._draw_cells(axes[1], at, limits_mv)
        self._draw_current(axes[2], at)
        self._draw_events(axes[3], [(e, (e.t_s - begin) / unit) for e in self.events], at)
        axes[3].set_xlabel(f"time, {name}" + (f" after {begin:g} s" if begin else ""))
        axes[0].set_title(self._title, loc="left", fontsize=11)
        trips = [(e.t_s - begin) / unit for e in self.events if e.kind == "trip"]
        for axis in axes:
            for when in trips[:_MOST_LINES]:
                axis.axvline(when, color=_KIND_COLOUR["trip"], lw=0.7, alpha=0.35, zorder=0)
            for end_s, gap_s in gaps:
                end = (end_s - begin) / unit
                axis.axvspan(end - gap_s / unit, end, color="#888888", alpha=0.25, lw=0)
            axis.margins(x=0.01)
            axis.spines[["top", "right"]].set_visible(False)
        figure.align_ylabels(axes[:3])
        figure.savefig(path, dpi=110)

    def _draw_soc(self, axis: Any, at: Sequence[float]) -> None:
        spans = self.spans
        low = [max(0.0, s.soc - 2 * s.sigma) for s in spans]
        high = [min(100.0, s.soc + 2 * s.sigma) for s in spans]
        axis.fill_between(at, low, high, color=_SOC, alpha=0.18, lw=0, label="± 2 σ", step="post")
        axis.plot(at, [s.soc for s in spans], color=_SOC, lw=1.6, label="estimated")
        if any(s.truth is not None for s in spans):
            truth = [float("nan") if s.truth is None else s.truth for s in spans]
            axis.plot(at, truth, color=_TRUE, lw=1.1, ls="--", label="true, says the log")
        axis.set_ylim(-3, 103)
        axis.set_ylabel("state of charge, %")
        axis.grid(alpha=0.25)
        _legend(axis)

    def _draw_cells(self, axis: Any, at: Sequence[float], limits_mv: tuple[int, int]) -> None:
        spans = self.spans
        low, high = [s.low_mv / 1000 for s in spans], [s.high_mv / 1000 for s in spans]
        one = low == high
        axis.fill_between(at, low, high, color=_LOW, alpha=0.25, lw=0)
        axis.plot(at, high, color=_LOW if one else _HIGH, lw=1, label="cell" if one else "highest")
        if not one:
            axis.plot(at, low, color=_LOW, lw=1, label="lowest")
        bottom, top = axis.get_ylim()
        reach = (top - bottom) * 0.6
        for limit_mv, label in zip(limits_mv, ("under-voltage", "over-voltage"), strict=True):
            if bottom - reach <= limit_mv / 1000 <= top + reach:
                axis.axhline(
                    limit_mv / 1000, color=_KIND_COLOUR["trip"], lw=0.9, ls=":", label=label
                )
        axis.set_ylabel("cells, V")
        axis.grid(alpha=0.25)
        _legend(axis)

    def _draw_current(self, axis: Any, at: Sequence[float]) -> None:
        spans = self.spans
        low, high = [s.low_ma / 1000 for s in spans], [s.high_ma / 1000 for s in spans]
        axis.fill_between(at, low, high, color=_CURRENT, alpha=0.35, lw=0, step="post")
        mean = [s.sum_ma / s.rows / 1000 for s in spans]
        axis.step(at, mean, color=_CURRENT, lw=0.9, where="post")
        axis.axhline(0, color=_INK, lw=0.6)
        axis.set_ylabel("current, A\n(charging up)")
        axis.grid(alpha=0.25)

    def _draw_events(
        self, axis: Any, events: Sequence[tuple[Event, float]], at: Sequence[float]
    ) -> None:
        """When each switch would have been off, and a lane of marks for each rule."""
        lanes = ["discharge off", "charge off"]
        for lane, off in enumerate(
            ([s.discharge_off for s in self.spans], [s.charge_off for s in self.spans])
        ):
            _bars(axis, at, off, lane, _KIND_COLOUR["trip"])
        rules: dict[str, int] = {}
        for event, _ in events:
            if event.kind != "clear" and event.rule not in rules and len(rules) < _MOST_LANES:
                rules[event.rule] = len(lanes)
                lanes.append(event.rule)
        began: dict[str, tuple[float, str]] = {}
        for event, when in events:
            lane = rules.get(event.rule, -1)
            if lane < 0:
                continue
            if event.kind == "clear":
                if event.rule in began:
                    _lasting(axis, *began.pop(event.rule), when, lane)
            else:
                began[event.rule] = when, event.kind
        for rule, (when, kind) in began.items():
            _lasting(axis, when, kind, at[-1], rules[rule])
        axis.set_yticks(range(len(lanes)), lanes, fontsize=8)
        axis.set_ylim(-0.6, max(len(lanes), 4) - 0.4)
        axis.grid(axis="x", alpha=0.25)


def _lasting(axis: Any, begin: float, kind: str, end: float, lane: int) -> None:
    axis.hlines(lane, begin, end, color=_KIND_COLOUR[kind], lw=5, alpha=0.45)
    axis.plot([begin], [lane], marker="|", ms=11, mew=1.6, color=_KIND_COLOUR[kind])


def _bars(axis: Any, at: Sequence[float], on: Sequence[bool], lane: int, colour: str) -> None:
    begin: float | None = None
    for when, is_on in zip(at, on, strict=True):
        if is_on and begin is None:
            begin = when
        elif not is_on and begin is not None:
            axis.hlines(lane, begin, when, color=colour, lw=5)
            begin = None
    if begin is not None:
        axis.hlines(lane, begin, at[-1], color=colour, lw=5)


def _legend(axis: Any) -> None:
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)


def _unit(seconds: float) -> tuple[float, str]:
    for size, name in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 3 * size:
            return size, name
    return 1.0, "s"


def check(path: Path) -> None:
    """Before the work: can this picture be drawn at all?"""
    if path.suffix.lower() not in _FORMATS:
        raise Refused(f"cannot draw {path}: give a name that ends in {', '.join(_FORMATS)}")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise Refused(f"--plot needs matplotlib: {error}") from error
