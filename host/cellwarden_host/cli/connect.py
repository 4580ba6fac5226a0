"""From the command line's options to a board that answers, and to a session that may write."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cellwarden.tables import rows

from .. import session
from ..bluetooth import place
from ..bluetooth.place import Access
from ..board import Board
from ..link import open_line, ports_here
from ..problems import BadInput, Refused
from ..ready_file import read_ready_file


def port_of(args: argparse.Namespace) -> str:
    """--port, or the running simulator's PC port."""
    if args.port:
        return str(args.port)
    ports = read_ready_file(args.ready_file)
    if ports is not None:
        return str(ports["rs485_2"])
    here = ports_here()
    found = f"; ports here: {', '.join(here)}" if here else ""
    raise BadInput(
        f"which port? Give --port (or set CELLWARDEN_PORT){found}. "
        "No simulator is running either; start one: cellwarden sim"
    )


def access_of(args: argparse.Namespace) -> Access:
    """Where a simulated radio is to be found, and how its passkey comes in."""
    return Access(args.ready_file, lambda: passkey_of(args))


def passkey_of(args: argparse.Namespace) -> int | None:
    """--passkey or CELLWARDEN_PASSKEY, else asked for on a terminal."""
    if args.passkey:
        return place.passkey_of(args.passkey)
    if not sys.stdin.isatty():
        return None
    return place.passkey_of(input("Passkey of the board (6 digits): "))


@contextmanager
def open_board(args: argparse.Namespace) -> Iterator[Board]:
    """The board that --port, --baud and --unit mean; the port is closed again."""
    with open_line(port_of(args), args.baud, access_of(args)) as line:
        yield Board(line, args.unit)


@contextmanager
def open_to_write(
    args: argparse.Namespace, role: int = rows.INSTALLER, stay: bool = False
) -> Iterator[Board]:
    """Like ``open_board``, with a session of ``role`` that is ended again, or with ``stay`` left
    to its time-out."""
    with open_board(args) as board, unlocked(board, args, role, stay):
        yield board


@contextmanager
def unlocked(
    board: Board, args: argparse.Namespace, role: int, stay: bool = False
) -> Iterator[None]:
    """A session of ``role`` on this board, logged out in the end unless it is to ``stay``."""
    board.check_schema()
    with session.logged_in(board, lambda: password_of(args, role), role, stay):
        yield


def password_of(args: argparse.Namespace, role: int) -> str:
    """--password or CELLWARDEN_PASSWORD, else asked for on a terminal."""
    if args.password:
        return str(args.password)
    if not sys.stdin.isatty():
        raise BadInput(
            "writing needs the password: set CELLWARDEN_PASSWORD or give --password "
            "(from the factory: 123456)"
        )
    return getpass.getpass(f"Password of the {rows.ROLES[role]}: ")


def agreed(question: str, args: argparse.Namespace) -> None:
    """Go on only if the person says so; --yes says so beforehand."""
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("nobody is here to ask; repeat with --yes to go ahead")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise Refused("stopped; nothing was changed")
