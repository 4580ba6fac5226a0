"""``cellwarden run``: a simulated pack lives through a stretch of its day while one watches.

Starts a simulator of its own, tells a short story around the packaged day of current, and shows
the board live. Everything that is done to the pack is announced; what the board does about it
is the real firmware's own doing, and its journal says so. However it ends, the simulator ends
with it.
"""

from __future__ import annotations

import csv
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cellwarden.access import FACTORY_PASSWORD
from cellwarden.tables import rows

from . import control_port, monitor, session, transaction
from .board import Values
from .dashboard import Dashboard, Note
from .problems import NoConnection, Problem, Refused
from .ready_file import read_ready_file
from .rule_words import rules_now
from .sim.load import read_profile
from .sim_process import simulated_board

SPEED = 20.0
_EVERY_S = 1.0
_START_S = 90
# How much is shown of a ride, the pause after it, and the charge that follows.
_RIDE_S = 300
_PAUSE_S = 60
_CHARGE_S = 300
# Currents of a light car; the packaged ride brakes with up to 120 A and pulls up to 240 A.
_SETTINGS = {("charge_current_ma", 0): 120_000, ("discharge_current_ma", 0): 160_000}
_FULL_CELL = 7
_FULL_PERMILLE = 945


@dataclass(frozen=True)
class Day:
    """A stretch of the packaged day, with the moments that the story hangs on."""

    times: list[float]
    currents: list[int]
    parked_s: float
    charge_s: float
    leave_s: float


@dataclass(frozen=True)
class Scene:
    """Said, and done to the pack, once ``due``."""

    due: Callable[[Values], bool]
    say: str
    do: tuple[tuple[str, ...], ...] = ()


def stretch(times: list[float], currents: list[float]) -> Day:
    """The day from ``_RIDE_S`` before the car is parked for its first long charge, with the
    pause and the charge cut short."""
    starts = [i for i, c in enumerate(currents) if i == 0 or c != currents[i - 1]]
    for i, j, k in zip(starts, starts[1:], starts[2:], strict=False):
        parked, charge, leave = times[i], times[j], times[k]
        if currents[j] > 0 and leave - charge >= _CHARGE_S:
            break
    else:
        raise Refused("the day has no long charge to tell a story about")
    zero = max(0.0, parked - _RIDE_S)
    cut_pause = max(0.0, charge - parked - _PAUSE_S)
    cut_charge = leave - charge - _CHARGE_S

    def moved(t: float) -> float:
        return t - zero - (cut_pause if t >= charge else 0) - (cut_charge if t >= leave else 0)

    def kept(t: float) -> bool:
        return zero <= t < charge - cut_pause or charge <= t < leave - cut_charge or t >= leave

    rows_ = [(moved(t), int(c)) for t, c in zip(times, currents, strict=True) if kept(t)]
    return Day(
        [t for t, _ in rows_], [c for _, c in rows_], moved(parked), moved(charge), moved(leave)
    )


def scenes(day: Day, speed: float) -> list[Scene]:
    """The story in its order; each scene waits for the one before."""
    unbalance = ("cell_soc", str(_FULL_CELL), str(_FULL_PERMILLE))
    return [
        Scene(
            _at(0),
            f"A 24-cell NMC pack of 100 Ah drives a light car, {speed:g} times faster "
            "than real time: discharged on the way, charged a little at every braking.",
        ),
        Scene(
            _at(day.parked_s + 20),
            f"Parked. Cell {_FULL_CELL} is made fuller than the rest, "
            f"{_FULL_PERMILLE / 10:g} %: a pack out of balance.",
            (unbalance,),
        ),
        Scene(
            _at(day.charge_s),
            "A charger pushes 60 A and does not listen to the board's "
            f"limits. Watch cell {_FULL_CELL}, and what 'charger may' says.",
        ),
        Scene(
            _rule("cell_ov1", True),
            "The firmware has opened the charge switch to protect "
            f"cell {_FULL_CELL}; its journal says which rule, limit, value and cell.",
        ),
        Scene(
            _at(day.leave_s),
            "Driving again. Charging stays off until the full cell has come "
            "down to its recovery voltage and some charge has been drawn.",
        ),
        Scene(
            _rule("cell_ov1", False),
            f"Cell {_FULL_CELL} has recovered: charging is allowed "
            "again. The day goes on; Ctrl-C ends it.",
        ),
    ]


def _at(t_s: float) -> Callable[[Values], bool]:
    return lambda values: values.known("since_start_s") >= t_s


def _rule(name: str, active: bool) -> Callable[[Values], bool]:
    def due(values: Values) -> bool:
        return active == any(now.active and now.rule.name == name for now in rules_now(values))

    return due


class Story:
    """Tells scene after scene, and what the journal adds; called after every look."""

    def __init__(self, scenes_: list[Scene], control: object) -> None:
        self._scenes = list(scenes_)
        self._control = control
        self._journal = monitor.JournalTail()

    def __call__(self, source: monitor.Source) -> list[Note]:
        notes = self._journal(source)
        values = source.values
        while values is not None and self._scenes and self._scenes[0].due(values):
            scene = self._scenes.pop(0)
            for fault, *arguments in scene.do:
                request = {"cmd": "inject", "fault": fault, "args": arguments}
                control_port.ask(self._control, request)
            notes.append(Note("story", scene.say))
        return notes


def run_demo(speed: float | None = None) -> int:
    """The whole thing; 0 when it was ended by Ctrl-C."""
    speed = speed or SPEED
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="cellwarden-") as folder:
            day = stretch(*read_profile("day"))
            with _simulator(Path(folder), day, speed) as ports:
                source = monitor.Source(lambda: str(ports["rs485_2"]), 115_200, 1)
                try:
                    set_up(source)
                    story = Story(scenes(day, speed), ports["control"])
                    dashboard = Dashboard(f"Cellwarden, simulated at {speed:g} x real time")
                    monitor.watch(source, _EVERY_S, dashboard=dashboard, notes=story)
                finally:
                    source.close()
    except KeyboardInterrupt:
        print("\nended; the simulated board is gone")
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _simulator(folder: Path, day: Day, speed: float) -> Iterator[dict[str, object]]:
    """A simulator that lives through ``day``; its ports."""
    load = folder / "day.csv"
    with load.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(("t_s", "current_ma"))
        table.writerows(zip(day.times, day.currents, strict=True))
    print("starting the simulated board ...", flush=True)
    told = ["--speed", f"{speed:g}", "--soc", "84", "--load", str(load)]
    with simulated_board(told) as ready:
        ports = read_ready_file(ready)
        if ports is None:
            raise Refused("the simulator has ended at once")
        yield ports


def set_up(source: monitor.Source) -> None:
    """Wait for the board, then tell it the currents of this car, as an installer would."""
    deadline = time.monotonic() + _START_S
    while not source.look():
        if time.monotonic() > deadline:
            raise NoConnection(f"the simulated board does not answer: {source.trouble}")
        time.sleep(0.2)
    board = source.board()
    try:
        with session.logged_in(board, FACTORY_PASSWORD.decode, rows.INSTALLER):
            transaction.write(board, _SETTINGS)
    except Problem as problem:
        raise Refused(f"the simulated board takes no settings: {problem}") from problem
