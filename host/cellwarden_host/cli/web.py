"""``web``: the PC software in the browser."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from ..bluetooth import place
from ..problems import BadInput
from ..ready_file import read_ready_file
from . import options


def add(commands: options.Commands) -> None:
    web = options.command(
        commands,
        "web",
        _web,
        "The PC software in the browser: watch, set up, calibrate, produce, update.\n\n"
        "Serves this machine only, on 127.0.0.1. Without --port it connects to the running\n"
        "simulator, if there is one; the page lists the ports there are.",
        "  cellwarden web\n"
        "  cellwarden web --port /dev/ttyUSB0\n"
        "  cellwarden web --sim            with a simulated board to play with",
        (options.connection(),),
    )
    web.add_argument("--sim", action="store_true", help="connect to a simulated board of its own")
    web.add_argument(
        "--http-port",
        type=int,
        default=8420,
        metavar="N",
        help="TCP port of the pages (default: %(default)s)",
    )
    web.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; any other than the default lets others on your network "
        "reach the board, without encryption (default: %(default)s)",
    )
    web.add_argument("--no-open", action="store_true", help="open no browser window")
    web.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="where recordings and records of production are kept",
    )


def _web(args: argparse.Namespace) -> int:
    # NiceGUI keeps a folder for what we do not store; it reads its name while it loads.
    os.environ.setdefault("NICEGUI_STORAGE_PATH", os.devnull)
    from .. import data_folder
    from ..web import ports
    from ..web.server import Options, serve
    from ..web.station import Where

    if args.sim and args.port:
        raise BadInput("--sim brings its own port; leave --port out")
    passkey = place.passkey_of(args.passkey) if args.passkey else None
    if args.data:
        data_folder.use(args.data)
    for name in ("SIGTERM", "SIGHUP"):  # Windows has not both
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupted)
    with contextlib.ExitStack() as running:
        if args.sim:
            from ..sim_process import simulated_board

            print("starting the simulated board ...", flush=True)
            ready = running.enter_context(simulated_board(["--load", "day"]))
            ports.look_in(ready, lambda: passkey)
            _prepare(args)
        else:
            ports.look_in(args.ready_file, lambda: passkey)
        port = args.port
        if not port and (args.sim or read_ready_file(args.ready_file) is not None):
            port = ports.SIMULATOR
        where = Where(port, args.baud, args.unit) if port else None
        show = not args.no_open and _has_screen()
        serve(Options(args.host, args.http_port, show, where), _started)
    return 0


def _interrupted(number: int, frame: FrameType | None) -> None:
    """Ended from outside: what was started here ends too."""
    raise KeyboardInterrupt


def _prepare(args: argparse.Namespace) -> None:
    """Tell the simulated board the currents of the car whose day it lives through."""
    from .. import demo, monitor
    from ..web import ports

    source = monitor.Source(lambda: ports.resolve(ports.SIMULATOR), args.baud, args.unit)
    try:
        demo.set_up(source)
    finally:
        source.close()


def _has_screen() -> bool:
    return sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _started(url: str) -> None:
    print(f"Cellwarden is at {url} (Ctrl-C ends it)", flush=True)
