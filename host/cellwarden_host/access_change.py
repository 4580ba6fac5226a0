"""Changing a password on a board: the new one is checked before it is sent, and never kept."""

from __future__ import annotations

from cellwarden.passwords import MIN_LENGTH, PASSWORD_BYTES

from . import catalog
from .board import Board, Declined
from .problems import BadInput, Refused
from .words import say


def password_words(new: str) -> list[int]:
    """A new password as registers, zero padded."""
    raw = new.encode("utf-8")
    if not MIN_LENGTH <= len(raw) <= PASSWORD_BYTES:
        raise BadInput(
            say("a password has {least} to {most} bytes", least=MIN_LENGTH, most=PASSWORD_BYTES)
        )
    raw = raw.ljust(PASSWORD_BYTES, b"\0")
    return [raw[i] << 8 | raw[i + 1] for i in range(0, PASSWORD_BYTES, 2)]


def change_password(board: Board, new: str, command: str = "new_password") -> None:
    """The session's role gets this password; ``command`` is one of the two that set one."""
    words = password_words(new)
    try:
        board.command(command, *words)
    except Declined as error:
        about = catalog.COMMANDS[command].help
        raise Refused(
            say("the board declined the new password ({error}). {about}", error=error, about=about)
        ) from error
