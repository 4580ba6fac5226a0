"""What a replay comes to: one pass over its moments, for people and as JSON.

Where a log says what the charge really was, the estimate is held against it; nothing here
feeds back into the estimate.
"""

from __future__ import annotations

import math
from typing import Any

from .. import catalog
from .engine import Event, Moment, Replay
from .reading import Log

# The estimate may begin with somebody's guess: errors are told from here on as well.
_SETTLED_S = 7_200
_SHOWN_GAPS = 10


class _Errors:
    """How far the estimate was from what the log says was true."""

    def __init__(self) -> None:
        self.rows = 0
        self.worst = 0.0
        self._squares = 0.0
        self._covered = 0

    def add(self, error: float, sigma: float) -> None:
        self.rows += 1
        self._squares += error * error
        self._covered += abs(error) <= 2 * sigma
        if abs(error) > abs(self.worst):
            self.worst = error

    def json(self) -> dict[str, object]:
        return {
            "rows": self.rows,
            "rms_percent": round(math.sqrt(self._squares / self.rows), 3),
            "worst_percent": round(self.worst, 3),
            "within_two_sigma": round(self._covered / self.rows, 4),
        }


class Tally:
    """``add`` every moment; then ``json`` or ``lines``."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.rows = 0
        self.events: list[Event] = []
        self.charged_mah = self.discharged_mah = self.charged_wh = self.discharged_wh = 0.0
        self.off_s = {"charge": 0.0, "discharge": 0.0}
        self._first: Moment | None = None
        self._last: Moment | None = None
        self._ranges: dict[str, tuple[float, float]] = {}
        self._errors, self._later = _Errors(), _Errors()
        self._turns = 0.0  # current and voltage that move together, or against each other
        self._turns_all = 0.0

    def add(self, moment: Moment) -> None:
        before = self._last
        if before is None:
            self._first = moment
        else:
            self._count(before, moment)
        self._last = moment
        self.rows += 1
        self.events.extend(moment.events)
        row = moment.row
        self._range("current_ma", row.current_ma, row.current_ma)
        self._range("cell_mv", min(row.cell_mv), max(row.cell_mv))
        self._range("soc_percent", moment.soc_percent, moment.soc_percent)
        if row.temp_dc is not None:
            self._range("temp_dc", min(row.temp_dc), max(row.temp_dc))
        if row.true_soc_percent is not None:
            error = moment.soc_percent - row.true_soc_percent
            self._errors.add(error, moment.sigma_percent)
            if self._first is not None and row.t_s - self._first.row.t_s >= _SETTLED_S:
                self._later.add(error, moment.sigma_percent)

    def _count(self, before: Moment, now: Moment) -> None:
        """What flowed since the row before: its current held until this one."""
        held_s = now.row.t_s - before.row.t_s
        if held_s > self.replay.options.gap_s:
            return
        current_ma, mv = before.row.current_ma, before.row.cell_mv
        mah = current_ma * held_s / 3600
        wh = mah * sum(mv) / len(mv) * self.replay.options.cells / 1e6
        if mah > 0:
            self.charged_mah += mah
            self.charged_wh += wh
        else:
            self.discharged_mah -= mah
            self.discharged_wh -= wh
        self.off_s["charge"] += 0 if before.charge_on else held_s
        self.off_s["discharge"] += 0 if before.discharge_on else held_s
        turn = (now.row.current_ma - current_ma) * (now.row.cell_mv[0] - mv[0])
        self._turns += turn
        self._turns_all += abs(turn)

    def _range(self, name: str, low: float, high: float) -> None:
        was = self._ranges.get(name)
        self._ranges[name] = (low, high) if was is None else (min(low, was[0]), max(high, was[1]))

    # --- told

    @property
    def sign_seems_wrong(self) -> bool:
        """Cells rise where the current does; where they mostly fall, its sign is the other."""
        return self._turns_all > 0 and self._turns < -0.8 * self._turns_all

    def json(self, log: Log) -> dict[str, Any]:
        first, last, replay = self._first, self._last, self.replay
        assert first is not None and last is not None, "a log without rows is refused before"
        found: dict[str, Any] = {
            "rows": self.rows,
            "skipped": log.bad,
            "complaints": [{"line": c.line, "reason": c.reason} for c in log.complaints],
            "columns": {name: column.header for name, column in log.columns.used()},
            "cells": replay.cells,
            "begins": log.begins,
            "duration_s": round(last.row.t_s - first.row.t_s, 3),
            "gaps": [{"t_s": t_s, "seconds": round(s, 3)} for t_s, s in replay.gaps],
            "final": {
                "soc_percent": round(last.soc_percent, 4),
                "soc_sigma_percent": round(last.sigma_percent, 4),
                "shown_soc_percent": last.shown_percent,
                "capacity_mah": last.capacity_mah,
                "charge_on": last.charge_on,
                "discharge_on": last.discharge_on,
            },
            "throughput": {
                "charged_mah": round(self.charged_mah, 1),
                "discharged_mah": round(self.discharged_mah, 1),
                "charged_wh": round(self.charged_wh, 2),
                "discharged_wh": round(self.discharged_wh, 2),
            },
            "range": {name: {"min": a, "max": b} for name, (a, b) in self._ranges.items()},
            "off_s": {name: round(s, 3) for name, s in self.off_s.items()},
            "trips": self.events_json("trip"),
            "warnings": self.events_json("warn"),
            "notes": self.notes(log),
        }
        if self._errors.rows:
            found["truth"] = self._errors.json()
            if self._later.rows:
                found["truth_after_2_h"] = self._later.json()
        return found

    def events_json(self, kind: str) -> list[dict[str, object]]:
        """Each trip or warning, with when it cleared (null: it never did)."""
        found: list[dict[str, object]] = []
        open_: dict[str, dict[str, object]] = {}
        for event in self.events:
            if event.kind == kind:
                told: dict[str, object] = {
                    "t_s": event.t_s,
                    "rule": event.rule,
                    "title": _TITLES[event.rule],
                    "cleared_t_s": None,
                }
                open_[event.rule] = told
                found.append(told)
            elif event.kind == "clear" and event.rule in open_:
                open_.pop(event.rule)["cleared_t_s"] = event.t_s
        return found

    def notes(self, log: Log) -> list[str]:
        """What a reader should know before believing the rest."""
        told = []
        replay = self.replay
        columns = log.columns
        for name, column in columns.used():
            if column.scale is None and name not in ("t_s", "true_soc_percent"):
                told.append(f"'{column.header}' names no unit: taken as {_bare(name, log)}")
        if log.cells < replay.cells:
            told.append(
                f"the core takes {replay.cells} cells at least: "
                + ("this one runs as equal ones" if log.cells == 1 else "filled up with the mean")
            )
        if not columns.temps:
            told.append("no temperature in the log: 25 °C assumed")
        for t_s, seconds in replay.gaps[:_SHOWN_GAPS]:
            told.append(
                f"nobody measured for {seconds / 60:.0f} min before {t_s:g} s: "
                "run as if the board had been off"
            )
        if self.sign_seems_wrong:
            told.append(
                "voltage falls where the current rises: the log may count discharging as "
                "positive; see --discharge-positive"
            )
        return told


_TITLES = {rule.name: rule.title for rule in catalog.RULES}


def _bare(name: str, log: Log) -> str:
    if name.endswith("_mv"):
        return "mV" if log.voltage_scale == 1.0 else "V"
    return "A" if name == "current_ma" else "°C"
