"""From a pack's description and rows to what the core believed and did after each row.

Sets up a virtual board the way a person would have: settings go through the board's own
checks. It reads no files and prints nothing; ``replay_rows`` is all that a program needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cellwarden import ids
from cellwarden.access import Access
from cellwarden.settings import BOARD, Settings
from cellwarden.tables import rows as schema_rows

from .. import catalog, rehearsal, transaction
from ..problems import BadInput, Refused
from . import player as play
from .player import LogBoard, Player

# Longer than this between two rows is time that nobody measured.
GAP_S = 600
# A log of one cell runs as a pack of as many equal cells as the core takes at least.
LEAST_CELLS = 3
ROOM_DC = 250
# A person's word on the first charge: within 20 points, evenly.
SOC0_SIGMA_PERMILLE = 118
_RATING_PER_CAPACITY = 3  # 300 A for 100 Ah, as on the boards of the family
_RATING_LEAST_MA, _RATING_MOST_MA = 1_000, 600_000
_RESULTS = catalog.READING["commit_result"].choices


class Row(NamedTuple):
    """One moment of a log. ``cell_mv``: one value for all cells, or each cell's own."""

    t_s: float
    current_ma: int
    cell_mv: Sequence[int]
    temp_dc: Sequence[int] | None = None
    true_soc_percent: float | None = None


@dataclass(frozen=True)
class Options:
    """The pack that was recorded. ``changes`` are settings: (name, element) to count."""

    chemistry: str
    capacity_mah: int
    cells: int = 1
    soc0_percent: float | None = None
    gap_s: float = GAP_S
    changes: Mapping[tuple[str, int], int] = field(default_factory=dict)


class Event(NamedTuple):
    """``kind`` is trip, warn or clear, ``rule`` a name of the schema."""

    t_s: float
    kind: str
    rule: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.rule}"


class Moment(NamedTuple):
    """What the core believed and did once it had seen a row.

    A switch that is closed only to relieve its body diode does not count as on.
    """

    row: Row
    soc_percent: float
    sigma_percent: float
    shown_percent: float
    charge_on: bool
    discharge_on: bool
    charge_limit_ma: int
    discharge_limit_ma: int
    charge_limit_mv: int
    balancing: int
    capacity_mah: int
    events: tuple[Event, ...]


class Replay:
    """One log's run. ``gaps`` are (t_s, seconds) that nobody measured."""

    def __init__(self, options: Options) -> None:
        self.cells = max(options.cells, LEAST_CELLS)
        self.board = LogBoard(_rating_ma(options))
        self.settings = set_up(self.board, options, self.cells)
        self.player = Player(self.board, self.settings, Access(os.urandom), self.cells)
        self.gaps: list[tuple[float, float]] = []
        self.options = options

    @property
    def level_1_mv(self) -> tuple[int, int]:
        """Cell voltages at which charging and discharging stop: (under, over)."""
        live = self.settings.live
        return live[ids.CELL_UV1_MV], live[ids.CELL_OV1_MV]

    def run(self, rows: Iterable[Row]) -> Iterator[Moment]:
        """Play rows in the order of their time; one ``Moment`` for each."""
        player = self.player
        begun_s, last_ms = 0.0, 0
        temp_dc: Sequence[int] = (ROOM_DC,)
        for row in rows:
            if row.temp_dc is not None:
                temp_dc = row.temp_dc
            values = (row.current_ma, self._whole(row.cell_mv), temp_dc)
            if not player.begun:
                begun_s = row.t_s
                self._begin(values)
            else:
                t_ms = round((row.t_s - begun_s) * 1000)
                gone_ms, last_ms = t_ms - last_ms, t_ms
                if gone_ms > self.options.gap_s * 1000:
                    self.gaps.append((row.t_s, gone_ms / 1000))
                    player.restart(gone_ms, *values)
                else:
                    player.row(gone_ms, *values)
            yield self._moment(row, begun_s)

    def _whole(self, cell_mv: Sequence[int]) -> Sequence[int]:
        """As many cells as run: a log of fewer than the core takes is filled up."""
        lacking = self.cells - len(cell_mv)
        if len(cell_mv) == 1 or not lacking:
            return cell_mv
        return [*cell_mv, *[round(sum(cell_mv) / len(cell_mv))] * lacking]

    def _begin(self, values: tuple[int, Sequence[int], Sequence[int]]) -> None:
        self.player.begin(*values)
        soc0 = self.options.soc0_percent
        if soc0 is not None:
            self.player.believe(round(soc0 * 10), SOC0_SIGMA_PERMILLE)

    def _moment(self, row: Row, begun_s: float) -> Moment:
        player = self.player
        controller: Any = player.controller
        estimator, limits, gear = controller.estimator, controller.limits, controller.switchgear
        events: tuple[Event, ...] = ()
        if player.events:
            events = tuple(_events(player.events, begun_s))
            player.events = []
        return Moment(
            row,
            play.soc_ppm(estimator) / 10_000,
            play.sigma_ppm(estimator) / 10_000,
            estimator.soc_permille / 10,
            gear.charge_on and not gear.charge_bypass,
            gear.discharge_on and not gear.discharge_bypass,
            limits.ccl_ma,
            limits.dcl_ma,
            limits.cvl_mv,
            controller.balancer.count,
            estimator.full_mah,
            events,
        )


def replay_rows(
    rows: Iterable[tuple[float, int, int | Sequence[int], int | None]], options: Options
) -> list[tuple[float, float, float]]:
    """(t_s, SOC, its standard deviation), both in percent, after each row.

    Rows are (t_s, current_ma, cell_mv, temp_dc); ``cell_mv`` may be one cell's or a list.
    """
    made = (
        Row(t, current, (mv,) if isinstance(mv, int) else mv, None if dc is None else (dc,))
        for t, current, mv, dc in rows
    )
    return [(m.row.t_s, m.soc_percent, m.sigma_percent) for m in Replay(options).run(made)]


def set_up(board: Any, options: Options, cells: int) -> Settings:
    """Settings of a commissioned, calibrated board; ``Refused`` says what does not fit."""
    made: Any = Settings(board)
    wanted = {
        ("cell_count", 0): cells,
        ("capacity_mah", 0): options.capacity_mah,
        ("temps_fitted", 0): 1,
        ("current_calibrated", 0): 1,
        ("confirmed", 0): 1,
        **options.changes,
    }
    transaction.check_ranges(wanted)
    if options.chemistry not in schema_rows.CHEMISTRIES[1:]:
        raise BadInput(
            f"chemistry '{options.chemistry}' is not one of "
            + ", ".join(schema_rows.CHEMISTRIES[1:])
        )
    made.begin(BOARD)
    made.preset(schema_rows.CHEMISTRIES.index(options.chemistry))
    for (name, element), count in wanted.items():
        made.write(getattr(ids, name.upper()) + element, count)
    result = made.commit(True)
    if result != ids.COMMIT_RESULT_IS_OK:
        at = catalog.row_at(made.commit_address)
        why = rehearsal.broken_rules(made)
        raise Refused(transaction.reason(_RESULTS[result], at[0] if at else None, why))
    return made


def _rating_ma(options: Options) -> int:
    """A board of the size that somebody would have bought for this pack."""
    set_ma = [
        options.changes.get((name, 0), 0) for name in ("charge_current_ma", "discharge_current_ma")
    ]
    wanted = max(options.capacity_mah * _RATING_PER_CAPACITY, _RATING_LEAST_MA, *set_ma)
    return min(wanted, _RATING_MOST_MA)


_KINDS = {1: "trip", 2: "clear", 3: "trip", 5: "warn"}


def _events(happened: Iterable[tuple[int, int, int]], begun_s: float) -> Iterator[Event]:
    for t_ms, kind, rule in happened:
        if kind in _KINDS:
            yield Event(begun_s + t_ms / 1000, _KINDS[kind], catalog.RULES[rule].name)
