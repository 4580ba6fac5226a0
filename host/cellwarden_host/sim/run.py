"""A simulated board that stays: what ``cellwarden sim`` runs, and ``cellwarden run`` shows.

Makes the flash image (code from this checkout, settings as a person would have made them),
starts firmware, pack, serial ports and control port, and cleans all of them up again.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from .. import board_folders
from ..problems import BadInput
from .board import SimBoard
from .control import ControlServer
from .image import cached_image, flash_files, remember_files, write_image
from .layout import BUILD, SimError
from .pack_config import PackConfig
from .plant import Plant, without_model
from .provision import ProvisionError, commissioned, files

_UP_PATIENCE_S = 60
_LOOK_S = 0.02


class Simulator:
    """One simulated board with its pack. ``pack`` holds fields of PackConfig.

    ``speed`` is times real time, 0 as fast as it goes. ``flash`` keeps the board's memory in a
    file across runs; without it the board forgets. ``fresh`` leaves a new memory without
    settings: a board that nobody has set up.
    """

    def __init__(
        self,
        board: str = "sim",
        speed: float = 1.0,
        flash: str | Path | None = None,
        fresh: bool = False,
        pack: dict[str, Any] | None = None,
        settings: dict[str, int] | None = None,
        mode: str | None = None,
        **options: Any,
    ) -> None:
        board_folders.of(board)
        definition = importlib.import_module(f"boards.{board}")
        missing = without_model(definition)
        if missing:
            raise BadInput(f"{board} cannot be simulated: there is no model of {missing}")
        try:
            config = PackConfig(**{"cells": _most_cells(definition), **(pack or {})})
        except ValueError as error:
            raise BadInput(str(error)) from error
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if flash is None:
            self._folder = _own_folder()
            flash = Path(self._folder.name) / "flash.img"
        try:
            self._make_image(Path(flash), board, definition, config, fresh, settings or {})
            self.plant = Plant(definition, config)
            self.board = SimBoard(
                self.plant,
                definition,
                flash,
                mode=mode or ("paced" if speed else "max"),
                speed=speed or 1.0,
                **options,
            )
        except BaseException:
            self._forget()
            raise
        self.quit = threading.Event()
        self._control: ControlServer | None = None
        self._radio_port: int | None = None

    @staticmethod
    def _make_image(
        image: Path,
        board: str,
        definition: Any,
        config: PackConfig,
        fresh: bool,
        settings: dict[str, int],
    ) -> None:
        contents = flash_files(board, simulated=True)
        if image.exists():
            write_image(image, contents)
            return
        stored: dict[str, bytes] = {}
        if not fresh:
            try:
                made = commissioned(
                    definition,
                    config.chemistry,
                    config.cells,
                    config.capacity_mah,
                    changes=settings,
                )
            except ProvisionError as error:
                raise BadInput(str(error)) from error
            stored = files(made)
        cached_image({**contents, **stored}, image)
        # Beside it, which files are ours: what the board stores is not, from now on.
        remember_files(image, contents)

    def start(self) -> None:
        """Start the firmware and wait until it serves its ports, or has fallen to its prompt."""
        radio = self.board.radio
        self._radio_port = None if radio is None else radio.listen()
        self.board.start()
        self._control = ControlServer(self.board, self.quit.set)
        patience = threading.Event()
        for _ in range(int(_UP_PATIENCE_S / _LOOK_S)):
            if self.board.call(self._up):
                return
            patience.wait(_LOOK_S)
        said = bytes(self.board.console.log[-1000:]).decode(errors="replace")
        raise SimError(f"the firmware does not come up; it says:\n{said}")

    def _up(self) -> bool:
        lines = self.board.peripherals.lines
        return all(line.baud for line in lines) or self.board.console.at_prompt

    @property
    def ports(self) -> dict[str, Any]:
        """Where to reach it: paths of the serial ports, number of the control port."""
        found: dict[str, Any] = {label: pty.path for label, pty in self.board.ptys.items()}
        if self._control is not None:
            found["control"] = self._control.port
        if self._radio_port is not None:
            found["radio"] = self._radio_port
        return found

    def close(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        self.board.close()
        self._forget()

    def _forget(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _most_cells(definition: Any) -> int:
    """The usual pack, or as much of it as the board has inputs for."""
    return min(PackConfig.cells, getattr(definition, "CELL_CHANNELS", PackConfig.cells))


def _own_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for a board that forgets; those that killed simulators left are removed."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for left in BUILD.glob("board-*-*"):
        owner = left.name.split("-")[1]
        if not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"board-{os.getpid()}-", dir=BUILD)


def write_ready_file(path: Path, ports: dict[str, Any]) -> None:
    """All of it at once: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps({**ports, "pid": os.getpid()}) + "\n")
    draft.replace(path)


def run_sim(args: Any) -> int:
    """``cellwarden sim``: until Ctrl-C, SIGTERM or the control port's ``quit``."""
    pack = {
        "chemistry": args.chemistry,
        "capacity_mah": round(args.capacity_ah * 1000),
        "soc_permille": round(args.soc * 10),
        "seed": args.seed,
        "profile": args.load,
    }
    if args.cells is not None:
        pack["cells"] = args.cells
    simulator = Simulator(
        args.board, args.speed, args.flash, args.fresh, pack, rs485_joined=args.join_rs485
    )
    with simulator:
        stop = simulator.quit
        old = {
            number: signal.signal(number, lambda *_: stop.set())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            simulator.start()
            write_ready_file(args.ready_file, simulator.ports)
            for name, port in simulator.ports.items():
                print(f"{name:8} {port}", flush=True)
            while not stop.wait(0.2):
                if simulator.board.failure is not None:
                    print(f"the board stopped: {simulator.board.failure!r}", file=sys.stderr)
                    return 1
        finally:
            args.ready_file.unlink(missing_ok=True)
            for number, handler in old.items():
                signal.signal(number, handler)
    return 0
