"""Where the boards' folders are, and a board's definition as a controller gets it.

A board is called like its folder, so that a copied folder is a new board; the name is added
here, on the way to the controller, and stands in no definition.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from .problems import BadInput
from .sim.layout import BUILD, package_dir
from .words import listed, say

DEFINITION = "__init__.py"


def root() -> Path:
    """The folder that holds the boards."""
    found = package_dir("boards")
    assert found is not None
    return found


def names() -> list[str]:
    """Every board there is, by name."""
    return sorted(path.parent.name for path in root().glob(f"*/{DEFINITION}"))


def of(name: str) -> Path:
    """The folder of the board ``name``; ``BadInput`` when there is none."""
    if name not in names():
        raise BadInput(
            say(
                "there is no board '{name}'; boards are: {boards}",
                name=name,
                boards=listed(names()),
            )
        )
    return root() / name


def definition_for_controller(folder: Path) -> Path:
    """The folder's definition with the board's name in it, in a file of its own."""
    text = (folder / DEFINITION).read_text(encoding="utf-8")
    named = f'{text.rstrip()}\nNAME = "{folder.name}"\n'
    return _written(BUILD / "boards" / folder.name / DEFINITION, named)


# Outputs that the loader keeps off, and the port on which it takes updates.
_LOADER_PINS = (
    *("charge_gate", "discharge_gate", "precharge_gate", "heater", "heartbeat"),
    *("short_reset", "buzzer", "rs485_2_tx", "rs485_2_rx", "rs485_2_de"),
)
_ANY_TIMERS = (-1, -1, -1)  # timers in software


def definition_for_loader(name: str) -> Path:
    """What the loader has to know of a board, in a file of its own: it outlives every slot."""
    board = importlib.import_module(f"boards.{name}")
    told = {
        "NAME": name,
        "HARDWARE_REVISION": board.HARDWARE_REVISION,
        "FAMILY": board.FAMILY,
        "PINS": {pin: board.PINS[pin] for pin in _LOADER_PINS if pin in board.PINS},
        "TIMERS": getattr(board, "TIMERS", _ANY_TIMERS),
        "WATCHDOG_MS": board.WATCHDOG_MS,
        "RS485_2_UART": board.RS485_2_UART,
        "HOLD_FITTED": board.HOLD_FITTED,
    }
    text = "".join(f"{key} = {value!r}\n" for key, value in told.items())
    return _written(BUILD / "boards" / name / "loader_board.py", text)


def _written(target: Path, text: str) -> Path:
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(f".{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    return target
