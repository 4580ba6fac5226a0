"""``scan`` and ``bluetooth``: which boards are in sight, and who may pair with one."""

from __future__ import annotations

import argparse
from typing import Any

from cellwarden.access import PORT_PC
from cellwarden.tables import rows

from .. import catalog, show
from ..bluetooth import place
from ..board import Board, Declined
from ..problems import BadInput, NoConnection, Refused
from ..words import say
from . import options
from .connect import access_of, agreed, open_to_write

_MOST_S = 60.0
_ILLEGAL_ADDRESS = 2


def add(commands: options.Commands) -> None:
    scan = options.command(
        commands,
        "scan",
        _scan,
        "List the boards in sight on Bluetooth.\n\n"
        "While a simulated board with a radio runs, it is in sight as well. A board that\n"
        "somebody is connected to does not call out, so it is not listed.",
        "  cellwarden scan\n  cellwarden scan --json\n"
        "  cellwarden read --port ble:Cellwarden-1A2B\n"
        "  cellwarden read --port ble:               the only board in sight",
        (options.as_json(),),
    )
    scan.add_argument(
        "--seconds",
        type=float,
        default=4.0,
        metavar="S",
        help="how long to listen (default: %(default)s)",
    )
    options.ready_file(scan)
    scan.set_defaults(passkey=None)
    _add_pairing(commands)


def _add_pairing(commands: options.Commands) -> None:
    top = commands.add_parser(
        "bluetooth",
        help="Pairing with a board's Bluetooth: its passkey, who is paired.",
        description="Pairing with a board's Bluetooth: its passkey, who is paired.",
    )
    actions = top.add_subparsers(dest="what", metavar="ACTION", required=True)
    writing = (options.connection(), options.as_json(), options.password())
    passkey = options.command(
        actions,
        "passkey",
        _passkey,
        "Show the passkey for the next phone to pair, or set another (over RS485-2 only).",
        "  cellwarden bluetooth passkey --port /dev/ttyUSB0\n"
        "  cellwarden bluetooth passkey 271828 --port /dev/ttyUSB0",
        writing,
    )
    passkey.add_argument("new", nargs="?", metavar="N", help="the new one: six digits")
    options.command(
        actions,
        "forget",
        _forget,
        "Forget every phone and computer that has paired with the board.",
        "  cellwarden bluetooth forget --yes",
        (*writing, options.yes()),
    )


def _scan(args: argparse.Namespace) -> int:
    if not 0 < args.seconds <= _MOST_S:
        raise BadInput(f"--seconds takes up to {_MOST_S:g}")
    from ..bluetooth.line import boards_in_sight

    found = boards_in_sight(access_of(args), args.seconds)
    if args.json:
        show.print_json(
            [
                {
                    "name": seen.name,
                    "address": seen.address,
                    "rssi_dbm": seen.rssi_dbm,
                    "port": seen.port,
                    "simulated": seen.radio.simulated,
                }
                for seen in found
            ]
        )
        return 0
    if not found:
        raise NoConnection(
            "no board is in sight. Is it awake, within some metres, its Bluetooth on, and no "
            "other phone connected to it?"
        )
    table = show.table("name", "address", "signal", "--port")
    for seen in found:
        table.add_row(seen.name or "?", seen.address, f"{seen.rssi_dbm} dBm", seen.port)
    show.console().print(table)
    return 0


def _passkey(args: argparse.Namespace) -> int:
    with open_to_write(args) as board:
        if args.new is not None:
            if board.modbus_port != PORT_PC:
                raise Refused("the passkey is changed over RS485-2 only")
            new = place.passkey_of(args.new)
            _tried(lambda: board.command_value("bluetooth_new_passkey", new))
        shown = _tried(lambda: _shown(board))
    if args.json:
        show.print_json({"passkey": shown})
    else:
        print(shown)
    return 0


def _shown(board: Board) -> str:
    return board.read([catalog.NAMED["bluetooth_passkey"]]).texts["bluetooth_passkey"]


def _forget(args: argparse.Namespace) -> int:
    agreed("Every phone and computer has to pair again. Go ahead?", args)
    with open_to_write(args, rows.INSTALLER) as board:
        _tried(lambda: board.command("bluetooth_forget", 1))
    if args.json:
        show.print_json({"forgotten": True})
    else:
        print("forgotten: whoever wants to connect has to pair again")
    return 0


def _tried(work: Any) -> Any:
    try:
        return work()
    except Declined as error:
        raise Refused(
            say(
                "the board declined ({error}): it has no Bluetooth, or it is not connected by "
                "RS485-2",
                error=error.said,
            )
        ) from error
