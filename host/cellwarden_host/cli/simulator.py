"""``sim``, ``run``, ``inject``: a simulated board, its day, and what can happen to it."""

from __future__ import annotations

import argparse
from typing import Any

from cellwarden.tables import rows

from .. import control_port, show
from ..problems import BadInput, Refused
from ..ready_file import read_ready_file
from . import options


def add(commands: options.Commands) -> None:
    sim = options.command(
        commands,
        "sim",
        _sim,
        "Run a simulated board: the real firmware, wired to a simulated pack.\n\n"
        "Prints the ports it opens and stays until Ctrl-C. The other commands find it by\n"
        "themselves. The board is set up for its pack unless --fresh leaves that to you.",
        "  cellwarden sim\n"
        "  cellwarden sim --chemistry lfp --cells 16 --soc 60 --speed 10\n"
        "  cellwarden sim --fresh --flash board.img      a new board that keeps what it is told\n"
        "  cellwarden sim --load day                     the packaged day of current",
    )
    sim.add_argument("--board", default="sim", help="board definition (default: %(default)s)")
    sim.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="X",
        help="times real time; 0 is as fast as it goes (default: %(default)s)",
    )
    sim.add_argument(
        "--chemistry",
        choices=rows.CHEMISTRIES[1:],
        default="nmc",
        help="%(choices)s (default: %(default)s)",
        metavar="C",
    )
    sim.add_argument(
        "--cells", type=int, metavar="N", help="cells in series (default: 24, or all inputs)"
    )
    sim.add_argument(
        "--soc",
        type=float,
        default=60.0,
        metavar="PERCENT",
        help="charge at the start (default: %(default)s)",
    )
    sim.add_argument(
        "--capacity-ah",
        type=float,
        default=100.0,
        metavar="AH",
        help="capacity (default: %(default)s)",
    )
    sim.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="which pack of its kind: spread of its cells (default: %(default)s)",
    )
    sim.add_argument(
        "--load",
        metavar="CSV",
        help="current over time, t_s,current_ma, charging positive; 'day': packaged",
    )
    sim.add_argument("--flash", metavar="IMAGE", help="keep the board's flash in this file")
    sim.add_argument("--fresh", action="store_true", help="a board nobody has set up yet")
    sim.add_argument(
        "--join-rs485",
        action="store_true",
        help="a cable from RS485-1 to RS485-2, as bringup's loop-back wants it",
    )
    options.ready_file(sim)

    options.command(
        commands,
        "run",
        _run,
        "Watch a simulated pack live through a day: charged, discharged and protected.\n\n"
        "A 24-cell pack on the real firmware, faster than real time. Ctrl-C ends everything.\n"
        "Without a terminal it prints a line a second.",
        "  cellwarden run\n  cellwarden run | head -60",
    ).add_argument(
        "--speed",
        type=float,
        default=None,
        metavar="X",
        help="times real time (default: what shows the day in two minutes)",
    )

    inject = options.command(
        commands,
        "inject",
        _inject,
        "Bring a fault about on the simulated board, or take it away.\n\n"
        "Needs a running simulator (cellwarden sim). --list tells all faults and arguments.",
        "  cellwarden inject --list\n"
        "  cellwarden inject cell 7 4250\n"
        "  cellwarden inject charge_mosfet_stuck_on\n"
        "  cellwarden inject --clear\n"
        "  cellwarden inject --clear cell",
        (options.as_json(),),
    )
    inject.add_argument("fault", nargs="*", metavar="FAULT [ARGS]")
    inject.add_argument("--list", action="store_true", help="all faults with their arguments")
    inject.add_argument(
        "--clear", nargs="?", const="all", metavar="FAULT", help="take this fault away, or all"
    )
    inject.add_argument(
        "--control", metavar="PORT", help="the simulator's control port, or host:port"
    )
    options.ready_file(inject)


def _sim(args: argparse.Namespace) -> int:
    from ..sim.layout import SimError
    from ..sim.run import run_sim

    if args.speed < 0:
        raise BadInput("--speed takes 0 (as fast as it goes) or more")
    if not 0 <= args.soc <= 100:
        raise BadInput("--soc takes 0 to 100 percent")
    try:
        return run_sim(args)
    except (SimError, OSError, ValueError) as error:
        raise Refused(f"the simulator cannot start: {error}") from error


def _run(args: argparse.Namespace) -> int:
    from ..demo import run_demo

    return run_demo(args.speed)


def _inject(args: argparse.Namespace) -> int:
    if args.list:
        return _list(args)
    if bool(args.fault) == (args.clear is not None):
        raise BadInput("name a fault, or --clear, or --list")
    if args.clear is not None:
        request: dict[str, Any] = {"cmd": "clear", "fault": args.clear}
    else:
        request = {"cmd": "inject", "fault": args.fault[0], "args": args.fault[1:]}
    answer = control_port.ask(_control(args), request)
    if args.json:
        show.print_json(answer)
    else:
        print(answer.get("text") or answer.get("result") or "done")
    return 0


def _control(args: argparse.Namespace) -> object:
    if args.control:
        return args.control
    ports = read_ready_file(args.ready_file)
    if ports is None:
        raise BadInput("no simulator is running; start one: cellwarden sim (or give --control)")
    return ports["control"]


def _list(args: argparse.Namespace) -> int:
    from ..sim.faults import FAULTS

    if args.json:
        show.print_json(
            {
                name: {"args": list(names), "help": text}
                for name, (text, names, _) in FAULTS.items()
            }
        )
        return 0
    table = show.table("fault", "arguments", "what happens")
    for name, (text, names, _) in FAULTS.items():
        table.add_row(name, " ".join(names), text)
    show.console().print(table)
    return 0
