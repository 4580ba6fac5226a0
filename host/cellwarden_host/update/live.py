"""The live update: the image goes to the other slot over Modbus while the pack is in use.

Every piece carries its offset, so whatever is lost on the line is simply said again, and a line
that comes back goes on where it was. The board decides when flash may be written; this side
keeps quiet for that moment, and asks again. Nothing is in force before the switch-over.
"""

from __future__ import annotations

from collections.abc import Callable

from board_update.image import Bad
from cellwarden.tables import readings

from .. import catalog
from ..board import Board, Declined, Values
from ..problems import NoConnection, Refused
from ..release import reasons
from ..words import Said, say
from .confirm import confirmed
from .plan import Plan
from .progress import (
    BEGIN,
    CHECK,
    SEND,
    SWITCH,
    UNPACK,
    Cancelled,
    Outcome,
    Pace,
    Progress,
    Rate,
    Told,
)

PIECE = 240  # bytes in a request
BLOCK = 3840  # what the board collects before it writes flash
_QUIET_S = 0.12  # a control tick and an erase
_POLL_S = 0.4
_BUSY_S = 0.1
_BUSY, _NOT_ALLOWED, _BAD_VALUE = 6, 1, 3
_AWAY_S = 60.0
_BEGIN_S = 60.0
_WAITS = say("the board waits until the pack is well inside its limits")
_READINGS = (
    "update_state",
    "update_bytes",
    "update_size",
    "update_id",
    "update_why",
    "update_permille",
    "update_waits",
)


class Live:
    """One live update."""

    def __init__(
        self, board: Board, made: Plan, told: Told, cancelled: Cancelled, pace: Pace
    ) -> None:
        self._board = board
        self._plan = made
        self._told = told
        self._cancelled = cancelled
        self._pace = pace

    def run(self, may_drop: bool) -> Outcome:
        if self._plan.drops_load and not may_drop:
            raise Refused(
                say(
                    "outputs are on, and this board cannot keep them on through the restart; say "
                    "that they may open (--may-drop), or use it when they are off"
                )
            )
        try:
            at = self._begun()
            self._send(at)
            self._work()
            self._stop_if_cancelled()
        except _Cancelled:
            self._drop()
            raise Refused(say("stopped; {running} runs on", running=self._plan.running)) from None
        self._told(Progress(SWITCH))
        self._switch(may_drop)
        return confirmed(self._board, self._plan, self._told, self._pace)

    def _look(self) -> Values:
        return self._patiently(
            lambda: self._board.read([catalog.READING[name] for name in _READINGS])
        )

    def _patiently(self, ask: Callable[[], Values]) -> Values:
        """``ask()``, again and again while the line is away."""
        end_s = self._pace.now_s() + _AWAY_S
        while True:
            self._stop_if_cancelled()
            try:
                return ask()
            except NoConnection:
                if self._pace.now_s() >= end_s:
                    raise
                self._pace.wait(_POLL_S)

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise _Cancelled

    def _begun(self) -> int:
        """Have the board ready to receive; where to go on."""
        self._told(Progress(BEGIN))
        values = self._look()
        if self._same(values) and values.word("update_state") == "receiving":
            return values.known("update_bytes")
        size = self._plan.size
        older = int(self._plan.older)
        self._board.command("update_begin", size >> 16, size & 0xFFFF, self._plan.mark, older)
        end_s = self._pace.now_s() + _BEGIN_S
        while True:
            self._pace.wait(_BUSY_S)
            values = self._look()
            state = values.word("update_state")
            if self._same(values) and state == "receiving":
                return values.known("update_bytes")
            if self._same(values) and state == "failed":
                raise self._failure(values)
            if self._pace.now_s() >= end_s:
                raise Refused(say("the board does not begin to receive; {why}", why=_WAITS))
            if values.known("update_waits"):
                self._told(Progress(BEGIN, note=_WAITS))

    def _same(self, values: Values) -> bool:
        plan = self._plan
        return values.known("update_size") == plan.size and values.known("update_id") == plan.mark

    def _send(self, at: int) -> None:
        data = self._plan.data
        rate = Rate(self._pace, at, len(data))
        while at < len(data):
            self._stop_if_cancelled()
            count = min(PIECE, len(data) - at, BLOCK - at % BLOCK)
            note = ""
            try:
                self._write(at, data[at : at + count])
                at += count
                if at % BLOCK == 0:
                    self._pace.wait(_QUIET_S)
            except NoConnection:
                at = self._where()
            except Declined as error:
                if error.code == _BUSY:
                    self._pace.wait(_BUSY_S)
                    note = self._why_busy()
                elif error.code in (_BAD_VALUE, _NOT_ALLOWED):
                    at = self._where()
                else:
                    raise
            self._told(
                Progress(
                    SEND,
                    at,
                    len(data),
                    -(-at // BLOCK),
                    -(-len(data) // BLOCK),
                    rate.left_s(at),
                    note,
                )
            )

    def _write(self, at: int, piece: bytes) -> None:
        piece += b"\0" * (len(piece) & 1)
        words = [piece[i] << 8 | piece[i + 1] for i in range(0, len(piece), 2)]
        self._board.write(readings.UPDATE_WINDOW_BASE, [at >> 16, at & 0xFFFF, *words])

    def _where(self) -> int:
        """Where the board is, after something was lost."""
        values = self._look()
        if not self._same(values) or values.word("update_state") != "receiving":
            raise self._failure(values)
        return values.known("update_bytes")

    def _why_busy(self) -> str:
        values = self._look()
        if values.word("update_state") == "failed":
            raise self._failure(values)
        return _WAITS if values.known("update_waits") else ""

    def _work(self) -> None:
        """The board checks and unpacks; until it is ready."""
        rates: dict[str, Rate] = {}
        while True:
            values = self._look()
            state = values.word("update_state")
            if state == "ready":
                return
            if state == "failed" or not self._same(values):
                raise self._failure(values)
            done = values.known("update_permille")
            rate = rates.setdefault(state, Rate(self._pace, done, 1000))
            self._told(
                Progress(
                    UNPACK if state == "unpacking" else CHECK,
                    done * self._plan.size // 1000,
                    self._plan.size,
                    left_s=rate.left_s(done),
                    note=_WAITS if values.known("update_waits") else "",
                )
            )
            self._pace.wait(_POLL_S)

    def _switch(self, may_drop: bool) -> None:
        try:
            self._board.command("update_switch", 2 if may_drop else 1)
        except Declined as error:
            raise Refused(
                say(
                    "the board does not switch over now ({error}): outputs that are on would "
                    "open. {running} runs on, the new firmware is ready",
                    error=error.said,
                    running=self._plan.running,
                )
            ) from error
        except NoConnection:
            pass  # the answer was lost, or the restart was quicker

    def _drop(self) -> None:
        try:
            self._board.command("update_cancel", 1)
        except (NoConnection, Refused):
            pass  # it forgets by itself

    def _failure(self, values: Values) -> Refused:
        return Refused(
            say(
                "the board refused the update: {why}. {running} runs on",
                why=_why(values),
                running=self._plan.running,
            )
        )


class _Cancelled(Exception):
    """A person has changed their mind."""


def _why(values: Values) -> Said:
    if values.word("update_state") != "failed":
        return say("it knows nothing of it any more; begin again")
    word = values.word("update_why")
    own = {
        "storage": say("its flash does not take it"),
        "cancelled": say("somebody cancelled it"),
        "left alone": say("nothing came for too long"),
        "running": say("the firmware that runs has not been confirmed yet; try again in a while"),
        "other": say("something went wrong on the board"),
        "memory": say(
            "it has too little memory free while it works; use its bootloader (--vendor)"
        ),
    }
    return own.get(word) or reasons.told(Bad(word))


def run_live(
    board: Board,
    made: Plan,
    told: Told,
    cancelled: Cancelled = lambda: False,
    may_drop: bool = False,
    pace: Pace | None = None,
) -> Outcome:
    """Update a board that has an installer's session, while it works."""
    return Live(board, made, told, cancelled, pace or Pace()).run(may_drop)
