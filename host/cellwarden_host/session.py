"""A session on a port: proves a password without sending it, and ends what it began.

The proof is docs/access.md's, by the same code as the board's (``cellwarden.access``). It must
never put a password on the line, into a message, or into a file; and it never tries a password
twice, because the board counts wrong tries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cellwarden.passwords import PASSWORD_BYTES, key_of, response
from cellwarden.tables import readings, rows

from . import catalog
from .board import Board, Declined
from .problems import BadInput, Problem, Refused
from .words import choices, say

_ROLE = catalog.READING["session_role"]
_LOCKOUT = catalog.READING["lockout_s"]


@contextmanager
def logged_in(
    board: Board, password: Callable[[], str], role: int, stay: bool = False
) -> Iterator[None]:
    """A session of ``role`` or more on this port; an older one is used and left open.

    With ``stay`` it is left to its time-out: something on the board lasts as long as it does.
    """
    if rows.includes(board.read([_ROLE]).known(_ROLE.name), role):
        yield
        return
    log_in(board, password(), role)
    try:
        yield
    finally:
        if not stay:
            log_out(board)


def log_in(board: Board, password: str, role: int) -> None:
    """Open a session of ``role`` on this port; ``Refused`` for a wrong password."""
    _refuse_while_locked(board.read([_LOCKOUT]).known(_LOCKOUT.name))
    try:
        board.command("login_role", role)
        nonce = board.words(readings.CHALLENGE)
    except Declined as error:
        raise Refused(
            say(
                "the board gives no session of the role '{role}' on this port ({error}); "
                "settings are written over the PC port, RS485-2, or Bluetooth",
                role=choices.role(role),
                error=error.said,
            )
        ) from error
    try:
        board.command("login_response", *answer(password, nonce, role, board.modbus_port))
    except Declined as error:
        values = board.read([_LOCKOUT])
        _refuse_while_locked(values.known(_LOCKOUT.name))
        raise Refused(
            say(
                "wrong password for the role '{role}'; after a few wrong tries the port is "
                "locked for a while",
                role=choices.role(role),
            )
        ) from error


def answer(password: str, nonce: Sequence[int], role: int, port: int) -> list[int]:
    """The registers that answer a challenge's registers on the board's ``port``."""
    raw = password.encode("utf-8")
    if not raw or len(raw) > PASSWORD_BYTES:
        raise BadInput(say("a password has at most {most} bytes", most=PASSWORD_BYTES))
    challenge = b"".join(word.to_bytes(2, "big") for word in nonce)
    digest = response(key_of(raw, role), challenge, port, role)
    return [digest[i] << 8 | digest[i + 1] for i in range(0, len(digest), 2)]


def _refuse_while_locked(left_s: int) -> None:
    if left_s:
        raise Refused(
            say(
                "this port is locked after wrong passwords; try again in {left_s} s",
                left_s=left_s,
            )
        )


def log_out(board: Board) -> None:
    """End this port's session."""
    try:
        board.command("logout", 1)
    except Problem:
        pass  # the line is gone, or the board restarted: its sessions end by themselves
