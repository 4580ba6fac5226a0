"""The one owner of the line: looks at the board, carries out what pages ask, reconnects.

All talk with the board happens on one thread, one thing at a time, so two browsers never mix
their requests on the line. A look that fails leaves the old snapshot and says that it is old; it
must never be told as new. Nothing is repeated by itself that could happen twice.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .. import journal_words
from ..board import Board
from ..link import AnyLine, open_line
from ..problems import BadInput, NoConnection, Problem
from ..words import say
from .ports import access, resolve
from .reader import AnotherBoard, Reader, machine_code
from .snapshot import Snapshot

T = TypeVar("T")
_log = logging.getLogger(__name__)

EVERY_S = 0.2
# Older than this, a value is no longer the present one.
FRESH_S = 2.0
_RETRY_S = 0.5

OFF, OPENING, UP, LOST = "off", "opening", "up", "lost"


@dataclass(frozen=True)
class Where:
    """A board's place: ``port`` may be the running simulator's (``ports.SIMULATOR``)."""

    port: str
    baud: int
    unit: int


@dataclass
class _Job:
    work: Callable[[Any], Any]
    future: Future[Any]
    alone: bool = False
    of: str = ""  # only of the board with this machine code


class Station:
    """``link``, ``trouble``, ``snapshot`` and ``journal`` may be read from any thread."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._line: AnyLine | None = None
        self._board: Board | None = None
        self._reader: Reader | None = None
        self._next_s = 0.0
        self._connections = 0
        self.where: Where | None = None
        self.link = OFF
        self.trouble: Problem | None = None
        self.snapshot: Snapshot | None = None
        self.since_s = 0.0
        self.changes = 0  # of the link or the snapshot
        self.listeners: list[Callable[[Snapshot], None]] = []
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="station", daemon=True)
        self._thread.start()

    # --- what pages ask

    @property
    def fresh(self) -> bool:
        """The snapshot may be shown as the present."""
        seen = self.snapshot
        return self.link == UP and seen is not None and time.monotonic() - seen.taken_s < FRESH_S

    @property
    def journal(self) -> tuple[journal_words.Entry, ...]:
        return self._reader.journal if self._reader else ()

    def connect(self, where: Where) -> None:
        """Leave what is there and talk to ``where`` from now on, through losses of the line."""
        if not 1 <= where.unit <= 247:
            raise BadInput(say("a device number is 1 to 247"))
        self._post(lambda _: self._begin(where), alone=True)

    def disconnect(self) -> None:
        self._post(lambda _: self._begin(None), alone=True)

    async def do(self, work: Callable[[Board], T], of: str = "") -> T:
        """``work`` done with the board between two looks; raises its ``Problem``.

        With ``of`` it is done only on the board with this machine code: what a person asks for
        is meant for the board that was shown.
        """
        return await asyncio.wrap_future(self._post(work, of=of))

    async def do_alone(self, work: Callable[[Where], T]) -> T:
        """``work`` done with the port closed, for a program that opens it by itself."""
        return await asyncio.wrap_future(self._post(work, alone=True))

    def breathe(self) -> None:
        """For long work on the board: look, if a look is due."""
        if time.monotonic() >= self._next_s:
            self._look()

    def settings_may_have_changed(self) -> None:
        """Somebody wrote: the next look reads the settings too. Any thread."""
        if self._reader is not None:
            self._reader.settings_may_have_changed()
        self._next_s = 0.0

    def close(self) -> None:
        self._ended = True
        self._jobs.put(None)
        self._thread.join(5)

    # --- the thread

    def _post(self, work: Callable[[Any], T], alone: bool = False, of: str = "") -> Future[T]:
        future: Future[T] = Future()
        if self._ended:
            future.set_exception(NoConnection(say("the program is ending")))
        else:
            self._jobs.put(_Job(work, future, alone, of))
        return future

    def _run(self) -> None:
        while True:
            job = self._next_job()
            if self._ended:
                break
            if job is not None:
                self._carry_out(job)
            if self.where is not None and time.monotonic() >= self._next_s:
                self._look()
        self._hang_up()

    def _next_job(self) -> _Job | None:
        wait = None
        if self.where is not None:
            wait = max(0.0, self._next_s - time.monotonic())
        try:
            return self._jobs.get(timeout=wait)
        except queue.Empty:
            return None

    def _carry_out(self, job: _Job) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        try:
            if job.alone:
                self._hang_up()
                done = job.work(self.where)
            else:
                done = job.work(self._board_of(job.of))
                self._follow()
        except BaseException as error:
            if isinstance(error, NoConnection) and not job.alone:
                self._lose(error)
            job.future.set_exception(error)
        else:
            job.future.set_result(done)
        self.settings_may_have_changed()

    def _board_of(self, code: str) -> Board:
        board = self._open()
        if code and machine_code(board) not in (None, code):
            raise AnotherBoard
        return board

    def _follow(self) -> None:
        """Keep to the address and line rate that the work has just given the board."""
        if self.where is not None and self._board is not None and self._line is not None:
            baud = self._line.baud or self.where.baud  # Bluetooth has none
            self.where = replace(self.where, baud=baud, unit=self._board.unit)

    def _begin(self, where: Where | None) -> None:
        self.where = where
        self.snapshot = None
        self._reader = None
        self.trouble = None
        self._change(OPENING if where else OFF)

    def _open(self) -> Board:
        if self.where is None:
            raise NoConnection(say("not connected; choose a port and press connect"))
        if self._board is None:
            port = resolve(self.where.port)
            self._line = open_line(port, self.where.baud, access())
            self._board = Board(self._line, self.where.unit)
            self._connections += 1
            self._reader = Reader(self._board, self._connections)
        return self._board

    def _look(self) -> None:
        started = time.monotonic()
        self._next_s = started + self._every_s
        try:
            self._open()
            assert self._reader is not None
            seen = self._reader.look()
        except Exception as error:
            # The thread outlives whatever a device on the line makes of a request.
            if not isinstance(error, Problem):
                _log.exception("a look at the board failed")
                error = NoConnection(
                    say("the board's answers make no sense: {error}", error=error)
                )
            self._lose(error)
            self._next_s = time.monotonic() + _RETRY_S
            return
        if self.link != UP:
            self.since_s = started
        self.snapshot, self.trouble = seen, None
        self._change(UP)
        for listener in self.listeners:
            try:
                listener(seen)
            except Exception:
                _log.exception("a listener failed")

    def _lose(self, problem: Problem) -> None:
        self._hang_up()
        self.trouble = problem
        self._change(LOST if self.snapshot is not None else OPENING)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = self._board = None

    def _change(self, link: str) -> None:
        self.link = link
        self.changes += 1
