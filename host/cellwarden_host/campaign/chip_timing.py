"""How soon a failing part is noticed, and what is switched: measured on the running firmware.

One ``Case`` is a board at work (or about to start), and what breaks. ``measure`` lets it happen
and notes three moments: when a reading first said that something is wrong, when rules tripped,
and when the pack's own switches really moved. The plant says the last, so that a firmware that
only believes it has switched shows up. Decides nothing and judges nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cellwarden.readings import TEMP_MISSING, TEMP_OPEN, TEMP_SHORTED
from cellwarden.tables import rules
from firmware import selftest

from .scene import Scene

LOOK_MS = 5
START, DISCHARGING, CHARGING = "start", "discharging", "charging"
LOAD_MA = 20_000
_ON_LIMIT_MS = 30_000
_SETTLE_MS = 2_500
_START_MS = 12_000
_RULES_SHOWN = 3

Step = tuple[Any, ...] | Callable[[Scene], None]


@dataclass(frozen=True)
class Case:
    """``steps`` are faults by name with arguments, or functions of the scene."""

    board: str
    text: str
    steps: tuple[Step, ...]
    stage: str = DISCHARGING
    watch_ms: int = 10_000
    settings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """Milliseconds from the fault on; None is never. ``rules`` are (name, ms) in order."""

    case: Case
    seen: str
    seen_ms: int | None
    rules: tuple[tuple[str, int], ...]
    charge_off_ms: int | None
    discharge_off_ms: int | None
    secondary_ms: int | None
    end: str


def scene_of(case: Case) -> Scene:
    """A board with as many cells as it has inputs, nothing has run yet."""
    board = importlib.import_module("boards." + case.board)
    cells = min(24, getattr(board, "CELL_CHANNELS", 24))
    return Scene({"cells": cells}, {"cell_count": cells, **case.settings}, board=board)


def at_work(case: Case) -> Scene:
    """Both switches on, and the stage's current flowing."""
    scene = scene_of(case)
    scene.start()
    pack = scene.plant.pack
    while not (pack.charge.closed and pack.discharge.closed):
        scene.run(100)
        if scene.now_us > _ON_LIMIT_MS * 1000:
            raise RuntimeError(f"{case.board} does not switch on: {scene.active_rules()}")
    if case.stage == CHARGING:
        scene.plant.inject("charger_connect", pack.cells.count * 4150, LOAD_MA)
    else:
        scene.plant.inject("load_connect", LOAD_MA)
    scene.run(_SETTLE_MS)
    return scene


def _happen(scene: Scene, case: Case) -> None:
    for step in case.steps:
        if callable(step):
            step(scene)
        else:
            scene.plant.inject(*step)


def measure(case: Case) -> Row:
    """Let it happen and look on."""
    return _at_start(case) if case.stage == START else _at_work(case)


def _at_start(case: Case) -> Row:
    scene = scene_of(case)
    _happen(scene, case)
    scene.start()
    bits = scene.controller.conditions.self_test_failures
    words = [text for bit, text in selftest.NAMES.items() if bits & bit]
    began_us = scene.now_us
    look = _Look(scene)
    tripped: dict[str, int] = {}
    closed = False
    while scene.now_us - began_us < _START_MS * 1000:
        scene.run(100)
        look.rules(tripped, (scene.now_us - began_us) // 1000)
        pack = scene.plant.pack
        closed = closed or pack.charge.closed or pack.discharge.closed or pack.precharge.closed
    seen = "self-test: " + "; ".join(words) if words else ""
    held = {name: ms for name, ms in tripped.items() if name in scene.active_rules()}
    order = tuple(sorted(held.items(), key=lambda item: item[1]))[:_RULES_SHOWN]
    end = "SWITCHED ON" if closed else "nothing ever came on"
    return Row(case, seen, 0 if words else None, order, None, None, None, end)


def _at_work(case: Case) -> Row:
    scene = at_work(case)
    look = _Look(scene)
    plant = scene.plant
    began_us = scene.now_us
    look.switches(began_us)
    _happen(scene, case)
    seen, seen_ms = "", None
    tripped: dict[str, int] = {}
    while scene.now_us - began_us < case.watch_ms * 1000:
        scene.run(LOOK_MS)
        ms = (scene.now_us - began_us) // 1000
        if seen_ms is None and look.signs():
            seen, seen_ms = look.signs()[0], ms
        look.rules(tripped, ms)
        look.switches(scene.now_us)
    order = tuple(sorted(tripped.items(), key=lambda item: item[1]))[:_RULES_SHOWN]
    charge, discharge = plant.pack.conducting()
    names = [name for name, on in (("charge", charge), ("discharge", discharge)) if on]
    return Row(
        case,
        seen,
        seen_ms,
        order,
        look.off_ms("charge", began_us),
        look.off_ms("discharge", began_us),
        look.off_ms("secondary", began_us),
        "still on: " + " and ".join(names) if names else "off",
    )


class _Look:
    """What readings say now that they did not say before, and what moved."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        readings = scene.controller.readings
        self._errors = readings.pec_errors
        self._temps = bytes(readings.temp_state)
        self._known = {rule.name for rule in rules.RULES if self._active(rule)}
        self._off_us: dict[str, int] = {}
        self._listen()

    def _listen(self) -> None:
        """The gate drivers are heard at once, not when the firmware's step is over."""
        pack: Any = self._scene.plant.pack
        drive = pack.drive

        def heard(*levels: Any) -> None:
            drive(*levels)
            self.switches(pack.now_us)

        pack.drive = heard

    def _active(self, rule: rules.Rule) -> bool:
        return bool(self._scene.controller.protection.is_active(rule.number))

    def rules(self, tripped: dict[str, int], ms: int) -> None:
        for rule in rules.RULES:
            if rule.name not in self._known and self._active(rule):
                tripped.setdefault(rule.name, ms)

    def signs(self) -> list[str]:
        """In words, most telling first."""
        r = self._scene.controller.readings
        chip = self._scene.app.hardware.chip
        states = bytes(r.temp_state)
        changed = {new for new, old in zip(states, self._temps, strict=True) if new != old}
        facts = (
            (r.chip_lost, "chip lost"),
            (chip is not None and not chip.ready, "set-up lost"),
            (r.short_circuit, "short circuit"),
            (r.fast_overcurrent, "fast over-current"),
            (chip is not None and (chip.charge_vetoed or chip.discharge_vetoed), "veto"),
            (not r.current_ma.valid, "no current"),
            (not r.cells_valid, "no cells"),
            (not r.pack_mv.valid, "no pack voltage"),
            (any(r.open_wire), "open wire"),
            (TEMP_OPEN in changed, "sensor open"),
            (TEMP_SHORTED in changed, "sensor shorted"),
            (TEMP_MISSING in changed, "sensor missing"),
            (r.pec_errors != self._errors, "checks counted wrong"),
        )
        return [word for true, word in facts if true]

    def switches(self, now_us: int) -> None:
        plant = self._scene.plant
        charge, discharge = plant.pack.charge.closed, plant.pack.discharge.closed
        for name, off in (
            ("charge", not charge),
            ("discharge", not discharge),
            ("secondary", plant.secondary_fired),
        ):
            if off:
                self._off_us.setdefault(name, now_us)

    def off_ms(self, name: str, began_us: int) -> int | None:
        at_us = self._off_us.get(name)
        return None if at_us is None else max(0, at_us - began_us) // 1000


def markdown(rows: list[Row]) -> str:
    """One table."""
    lines = [
        "| what breaks | while | first sign | rules | charge off | discharge off | at the end |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        tripped = ", ".join(f"`{name}` {_ms(ms)}" for name, ms in row.rules)
        seen = f"{row.seen} {_ms(row.seen_ms)}" if row.seen_ms else row.seen
        end = row.end
        if row.secondary_ms is not None:
            end = f"secondary disconnect fired {_ms(row.secondary_ms)}"
        lines.append(
            f"| {row.case.text} | {row.case.stage} | {seen or '-'} | {tripped or '-'} "
            f"| {_ms(row.charge_off_ms)} | {_ms(row.discharge_off_ms)} | {end} |"
        )
    return "\n".join(lines) + "\n"


def _ms(ms: int | None) -> str:
    if ms is None:
        return "-"
    return f"{ms} ms" if ms < 1_000 else f"{ms / 1000:.1f} s"
