"""``flash`` and ``build``: the firmware onto a board, or into files that can be carried there."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from .. import board_check, show
from ..board_check.folder import Folder
from ..flash import find, interpreter, remote, session, transfer
from ..flash.interpreter import Image
from ..flash.on_board import BoardFiles
from ..flash.plan import Plan
from ..problems import BadInput
from ..release import keys
from . import options
from .connect import agreed

_NAMES_SHOWN = 12


def add(commands: options.Commands) -> None:
    flash = options.command(
        commands,
        "flash",
        _flash,
        "Put MicroPython and the firmware on a board, over USB.\n\n"
        "Finds the board, stops it (every output goes off), copies what differs, verifies it by\n"
        "hash, starts it and reads the version back. Settings on the board stay. A cable pulled\n"
        "at any moment leaves a board that starts with outputs off or with its old firmware;\n"
        "the same command then goes on where it stopped.\n\n"
        "A new RP2040: plug it in with BOOTSEL held. A new ESP32: esptool is needed, once.\n"
        "Packs above 60 V: only through an isolated port.",
        "  cellwarden flash --board pico_24s --dry-run\n"
        "  cellwarden flash --board pico_24s --micropython RPI_PICO.uf2 --sha256 986e...\n"
        "  cellwarden flash --board esp32_24s --port /dev/ttyUSB0\n"
        "  cellwarden flash --board pico_24s --production release.pub\n"
        "  cellwarden flash --board sim                  the simulated board of: cellwarden sim",
        (_board(), _micropython(), _trust(), options.yes(), options.as_json()),
    )
    flash.add_argument("--port", help="the board's USB serial port (default: looked for)")
    flash.add_argument(
        "--tool",
        choices=remote.TOOLS,
        default=remote.TOOLS[0],
        help="whose library talks to the board's REPL (default: %(default)s)",
    )
    flash.add_argument(
        "--rs485",
        metavar="PORT",
        help="also ask the started firmware for its version on this RS485 port",
    )
    flash.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would be done; the board is stopped and started for the look",
    )
    options.ready_file(flash)

    build = options.command(
        commands,
        "build",
        _build,
        "Build a board's firmware into files.\n\n"
        "A folder, an archive, and for an RP2040 a UF2 file with the file system; with\n"
        "--micropython one file with everything (UF2, or a .bin for an ESP32 at 0x1000). The\n"
        "files with a file system are for new boards: they replace what a board has stored.",
        "  cellwarden build --board pico_24s\n"
        "  cellwarden build --board pico_24s --micropython RPI_PICO.uf2 --sha256 986e...",
        (_board(), _micropython(), _trust(), options.as_json()),
    )
    build.add_argument(
        "--out", type=Path, default=Path("build/firmware"), metavar="DIR", help="(%(default)s)"
    )


def _board() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(add_help=False)
    made.add_argument(
        "--board", required=True, metavar="NAME", help="cellwarden boards lists them"
    )
    return made


def _trust() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(add_help=False)
    group = made.add_mutually_exclusive_group()
    group.add_argument(
        "--production",
        type=Path,
        action="append",
        metavar="KEY.pub",
        help="the board takes only updates signed with this key (cellwarden release keygen); may "
        "be repeated (default: it keeps its keys; a new one trusts the development key)",
    )
    group.add_argument(
        "--development",
        action="store_true",
        help="the board trusts the development key again, which everybody has",
    )
    return made


def _keys(args: argparse.Namespace) -> bytes | None:
    """Records of the keys that the board is to trust; None: nobody said."""
    if args.development:
        return keys.development_record()
    if not args.production:
        return None
    found = [keys.public(path) for path in args.production]
    for key, path in zip(found, args.production, strict=True):
        if key.development:
            raise BadInput(f"{path} is the development key: everybody has it")
    return b"".join(map(keys.record, found))


def _micropython() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(add_help=False)
    group = made.add_argument_group("MicroPython")
    group.add_argument(
        "--micropython", type=Path, metavar="FILE", help="install this .uf2 or .bin"
    )
    group.add_argument("--sha256", metavar="HASH", help="the file's hash, from where it came from")
    return made


def _image(args: argparse.Namespace, board: Folder) -> Image | None:
    if args.micropython is None:
        return None
    return interpreter.obtain(
        board.get("MODULE"), board.get("FAMILY"), args.micropython, args.sha256
    )


def _flash(args: argparse.Namespace) -> int:
    board = board_check.without_errors(args.board)
    trusted = _keys(args)
    image = _image(args, board)
    where = find.find(board.name, board.get("FAMILY"), args.port, args.ready_file)
    say = _quiet if args.json else _say
    say(f"board {board.name} at {where.port or where.drive}, found by {where.how}")
    say(session.warning(None))
    agreed(_question(where), args)
    began = time.monotonic()
    port, patience_s = where.port, 0.0
    if where.drive is not None:
        image = image or _fetch(board)
        if args.dry_run:
            say(f"would install {image.words} on {where.drive}, then all of the firmware")
            return 0
        port, patience_s = session.on_drive(where.drive, board, image, say), session.RESTART_S
    elif not args.dry_run and (image is not None or board.get("FAMILY") == "esp32"):
        moved = session.with_micropython(port, args.tool, board, image, lambda: _fetch(board), say)
        port, patience_s = moved or port, session.RESTART_S if moved else 0.0
    with remote.opened(port, args.tool, patience_s) as opened:
        files = BoardFiles(opened)
        # Whatever comes: a board that is left stopped would restart by itself only much later.
        with session.restarted(files):
            seen = session.look(files, board, trusted)
            _show_plan(seen, board, say)
            say(_trust_told(seen.plan, args))
            if args.dry_run:
                return _done(args, seen, port, "")
            _same_board(args, seen, board)
            with _Progress(seen.plan, say, args.json) as progress:
                version = transfer.carry_out(files, seen.plan, board.name, progress)
    say(f"verified; the board starts firmware {version}")
    rs485 = args.rs485 or where.rs485
    if rs485:
        version = session.read_back(rs485)
        say(f"it runs: version {version}, told over RS485")
    say(f"done in {time.monotonic() - began:.0f} s")
    return _done(args, seen, port, version)


def _fetch(board: Folder) -> Image:
    return interpreter.obtain(board.get("MODULE"), board.get("FAMILY"), None, None)


def _question(where: find.Found) -> str:
    if where.drive is not None:
        return f"Install on {where.drive}?"
    return f"The board on {where.port} stops now and switches everything off. Go on?"


def _same_board(args: argparse.Namespace, seen: session.Look, board: Folder) -> None:
    """Another board's pins on this hardware could switch the wrong things on: ask."""
    if seen.about.board not in ("", board.name):
        agreed(f"It has been a {seen.about.board}. Make it a {board.name}?", args)


def _show_plan(seen: session.Look, board: Folder, say: session.Say) -> None:
    about, plan = seen.about, seen.plan
    say(f"MicroPython {about.micropython} on {about.machine}")
    say(f"it has: {about.board or 'no board'}, firmware {about.firmware or 'none'}")
    if seen.pack_mv is not None:
        say(session.warning(seen.pack_mv) or f"the pack has {seen.pack_mv / 1000:.1f} V")
    say(
        f"{plan.same} files are the same, {len(plan.send)} to send ({plan.size / 1000:.1f} kB), "
        f"{len(plan.waiting)} wait from an earlier run, {len(plan.remove)} to remove; "
        "settings stay"
    )
    names = [f"{path} (remove)" for path in plan.remove] + [file.path for file in plan.send]
    for name in names[:_NAMES_SHOWN]:
        say(f"  {name}")
    if len(names) > _NAMES_SHOWN:
        say(f"  and {len(names) - _NAMES_SHOWN} more")


def _trust_told(plan: Plan, args: argparse.Namespace) -> str:
    if args.production:
        return "it will take only updates signed with the keys given"
    if plan.keeps_keys:
        return "it keeps its own keys, and takes only updates signed with those"
    return (
        "it trusts the development key, which everybody has: for a product, --production KEY.pub"
    )


class _Progress:
    """A bar with the time left on a terminal; a line each tenth elsewhere."""

    def __init__(self, plan: Plan, say: session.Say, silent: bool) -> None:
        self._say = say
        self._total = plan.size
        self._sent = 0
        self._told = 0
        self._began = time.monotonic()
        self._bar: Progress | None = None
        if sys.stdout.isatty() and not silent:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TimeRemainingColumn(),
                console=show.console(),
            )
            self._task = self._bar.add_task("sending", total=max(1, self._total))

    def __enter__(self) -> _Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, path: str, size: int) -> None:
        self._sent += size
        if self._bar is not None:
            self._bar.update(self._task, advance=size, description=path)
            return
        tenths = self._sent * 10 // self._total
        if tenths > self._told:
            self._told = tenths
            left_s = (time.monotonic() - self._began) * (self._total - self._sent) / self._sent
            self._say(f"{tenths * 10:3} %, {left_s:.0f} s left, {path}")


def _done(args: argparse.Namespace, seen: session.Look, port: str, version: str) -> int:
    if args.json:
        plan = seen.plan
        told: dict[str, Any] = {
            "board": args.board,
            "port": port,
            "micropython": seen.about.micropython,
            "machine": seen.about.machine,
            "board_before": seen.about.board,
            "version_before": seen.about.firmware,
            "pack_mv": seen.pack_mv,
            "same": plan.same,
            "send": [file.path for file in plan.send],
            "waiting": [file.path for file in plan.waiting],
            "remove": list(plan.remove),
            "keys": "given" if args.production else "kept" if plan.keeps_keys else "development",
            "bytes": plan.size,
            "done": not args.dry_run,
            "version": version,
        }
        show.print_json(told)
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


def _quiet(_text: str) -> None:
    pass


def _build(args: argparse.Namespace) -> int:
    from ..flash.build import build

    board = board_check.without_errors(args.board)
    made = build(board, args.out, _image(args, board), _keys(args))
    if args.json:
        show.print_json([{"path": str(each.path), "use": each.use} for each in made])
        return 0
    for each in made:
        print(f"{each.path}\n    {each.use}")
    return 0
