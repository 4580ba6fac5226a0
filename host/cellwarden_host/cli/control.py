"""``switch``, ``clear``, ``do``, ``password``: tell a board to do something."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import Any

from cellwarden.tables import readings, rows

from .. import catalog, show, transaction, units
from ..access_change import change_password
from ..board import Board, Declined
from ..problems import BadInput, Refused
from ..rule_words import rule_titled
from . import options
from .connect import agreed, open_to_write

# What a person switches: permissions that are settings, so they survive a restart.
_HEATER = catalog.SETTING["heater_mode"]
_SWITCHES: dict[str, Any] = {
    name.removesuffix("_wanted").replace("_", "-"): catalog.SETTING[name]
    for name in readings.COILS
} | {"heater": _HEATER}
# Commands that other commands carry out, with what they need around them.
_ELSEWHERE = (
    "begin",
    "commit",
    "preset",
    "login_role",
    "login_response",
    "logout",
    "new_password",
    "first_factory_password",
    "lease_password",
    "tell_date",
    "charger_hello",
    "calibration_window",
    "take_zero",
    "take_gain_ma",
    "set_soc_permille",
    "sleep",
    "update_begin",
    "update_switch",
)
_DOABLE = {name: row for name, row in catalog.COMMANDS.items() if name not in _ELSEWHERE}
# These end the board's work or a person's responsibility: asked for once more.
_GRAVE = ("restart", "update_menu", "factory_reset", "confirm_deep_discharge", "clear_latches")


def add(commands: options.Commands) -> None:
    parents = (options.connection(), options.as_json(), options.password())
    yes = options.yes()
    switch = options.command(
        commands,
        "switch",
        _switch,
        "Allow or forbid: charge, discharge, equalization, special-charger, buzzer, heater.\n\n"
        "A switch is a permission: protections still decide, nothing forces an output on.\n"
        f"The heater takes {', '.join(_HEATER.choices)} (on = always, off = closed).",
        "  cellwarden switch charge off\n"
        "  cellwarden switch charge on discharge on equalization on\n"
        "  cellwarden switch heater charge",
        parents,
    )
    switch.add_argument("pairs", nargs="+", metavar="SWITCH on|off")
    options.command(
        commands,
        "clear",
        _clear,
        "Release latched protections: a person has looked at the pack.\n\n"
        "See first what latched and why: cellwarden alarms, cellwarden journal.",
        "  cellwarden clear\n  cellwarden clear --yes",
        (*parents, yes),
    )
    do = options.command(
        commands,
        "do",
        _do,
        "Carry out one of the board's commands by name.\n\n"
        + "\n".join(f"  {name:24}{row.help}" for name, row in _DOABLE.items()),
        "  cellwarden do self_test\n  cellwarden do restart --yes",
        (*parents, yes),
    )
    do.add_argument("name", metavar="COMMAND")
    options.command(
        commands,
        "sleep",
        _sleep,
        "Send the board to sleep: all outputs open, until something wakes it.\n\n"
        "A charger, a current or a request on either RS485 port wakes it. It declines while\n"
        "current flows. What each board draws asleep: docs/sleep.md.",
        "  cellwarden sleep\n  cellwarden sleep --yes",
        (*parents, yes),
    )
    change = options.command(
        commands,
        "password",
        _password,
        "Change a password; over the PC port (RS485-2) or Bluetooth, never over RS485-1.\n\n"
        "Asked for twice on a terminal, else taken from CELLWARDEN_NEW_PASSWORD.",
        "  cellwarden password\n"
        "  CELLWARDEN_PASSWORD=123456 CELLWARDEN_NEW_PASSWORD=... cellwarden password",
        parents,
    )
    change.add_argument(
        "--role",
        choices=rows.ROLES[1:],
        default=rows.ROLES[rows.INSTALLER],
        help="whose password (default: %(default)s)",
    )
    change.add_argument(
        "--first-factory",
        action="store_true",
        help="give a board its factory role, with the installer's password: only "
        "while it has none and is not commissioned",
    )


def _switch(args: argparse.Namespace) -> int:
    words = args.pairs
    if len(words) % 2:
        raise BadInput(f"'{words[-1]}' lacks on or off")
    wanted = dict(_switched(*pair) for pair in zip(words[::2], words[1::2], strict=True))
    with open_to_write(args) as board:
        transaction.write(board, wanted)
        _show_switches(board, args, [name for name, _ in wanted])
    return 0


def _switched(name: str, word: str) -> tuple[tuple[str, int], int]:
    row = _SWITCHES.get(name.lower().replace("_", "-"))
    if row is None:
        raise BadInput(f"there is no switch '{name}'; there are {', '.join(_SWITCHES)}")
    ends = {"off": row.choices[0], "on": row.choices[-1]}
    return (row.name, 0), units.parse(row, ends.get(word.lower(), word))


def _show_switches(board: Board, args: argparse.Namespace, names: list[str]) -> None:
    """What is allowed now, and for charge and discharge what the switch really does."""
    values = board.read(
        [catalog.SETTING[name] for name in names]
        + [
            catalog.READING[name]
            for name in (
                "charge_switch",
                "discharge_switch",
                "charge_off_rule",
                "discharge_off_rule",
            )
        ]
    )
    allowed = {name: values.word(name) for name in names}
    real = {name: values.word(f"{name}_switch") for name in ("charge", "discharge")}
    if args.json:
        show.print_json({"allowed": allowed, "switches": real})
        return
    for name, word in allowed.items():
        print(f"{name}: {word}")
        side = name.removesuffix("_wanted")
        rule = values.one(f"{side}_off_rule") if side in real else None
        if rule is not None and word == "on":
            print(f"  the switch stays off for now: {rule_titled(rule)} (cellwarden alarms)")


def _clear(args: argparse.Namespace) -> int:
    agreed("Have you looked at the pack, and is the cause gone?", args)
    return _carry_out(args, "clear_latches", 1)


def _sleep(args: argparse.Namespace) -> int:
    agreed("All outputs will open. Go ahead?", args)
    return _carry_out(args, "sleep", 1)


def _do(args: argparse.Namespace) -> int:
    row = catalog.find(args.name, _DOABLE)
    if row.name in _GRAVE:
        agreed(f"{row.help}. Go ahead?", args)
    return _carry_out(args, row.name, row.low)


def _carry_out(args: argparse.Namespace, name: str, value: int) -> int:
    row = catalog.COMMANDS[name]
    with open_to_write(args, max(row.role, rows.INSTALLER)) as board:
        try:
            board.command_value(name, value)
        except Declined as error:
            raise Refused(
                f"the board declined {name} ({error}). {row.help}; see: cellwarden alarms"
            ) from error
    if args.json:
        show.print_json({"done": name, "value": value})
    else:
        print(f"done: {row.help}")
    return 0


def _password(args: argparse.Namespace) -> int:
    name = "first_factory_password" if args.first_factory else "new_password"
    role = rows.INSTALLER if args.first_factory else rows.ROLES.index(args.role)
    whose = rows.ROLES[rows.FACTORY if args.first_factory else role]
    with open_to_write(args, role) as board:
        change_password(board, _new_password(), name)
    if args.json:
        show.print_json({"done": name, "role": whose})
    else:
        print(f"the {whose} has a new password")
    return 0


def _new_password() -> str:
    """The new password, from the person or the environment."""
    new = os.environ.get("CELLWARDEN_NEW_PASSWORD", "")
    if not new:
        if not sys.stdin.isatty():
            raise BadInput("give the new password in CELLWARDEN_NEW_PASSWORD")
        new = getpass.getpass("New password: ")
        if new != getpass.getpass("Once more: "):
            raise BadInput("the two are not the same; nothing was changed")
    return new
