"""A simulated board for measuring: real firmware, stepped time, clients that know no pause.

``Rig`` sees every reply at the moment its last byte leaves, and every gate at the moment it
moves, so what is measured does not depend on how finely time is stepped.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import boards.sim as board_definition

from ..sim.board import SimBoard
from ..sim.image import flash_files, write_image
from ..sim.layout import BUILD
from ..sim.pack_config import PackConfig
from ..sim.plant import Plant
from ..sim.provision import commissioned, files

PORTS = ("rs485_1", "rs485_2")
# Both lines at 115200 baud; from the factory the charger's has 9600.
FAST_BAUD = {"rs485_1_baud": 1152, "rs485_2_baud": 1152}
OnReply = Callable[[int, bytes], None]


class Images:
    """Flash images of set-up boards, made once for each kind and copied for every run."""

    def __init__(self) -> None:
        BUILD.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD)
        self._made: dict[Any, Path] = {}
        self._copies = 0

    def copy(
        self,
        settings: dict[str, int] | None = None,
        main: Path | None = None,
    ) -> Path:
        """An image for one run; ``main`` replaces main.py."""
        key = (tuple(sorted((settings or {}).items())), main)
        if key not in self._made:
            image = Path(self._folder.name) / f"made-{len(self._made)}.img"
            made = commissioned(board_definition, changes=settings)
            write_image(image, files(made))
            image.with_name(image.name + ".files").unlink()  # the board's own from here on
            contents = flash_files("sim")
            if main is not None:
                contents["/main.py"] = main
            write_image(image, contents)
            self._made[key] = image
        self._copies += 1
        copied = Path(self._folder.name) / f"run-{self._copies}.img"
        shutil.copyfile(self._made[key], copied)
        return copied

    def close(self) -> None:
        self._folder.cleanup()

    def __enter__(self) -> Images:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Rig(SimBoard):
    """A stepped board with a plant of its own; ``on_reply[label](end_us, data)``."""

    def __init__(self, image: Path, pack: dict[str, Any] | None = None, **options: Any) -> None:
        self.on_reply: dict[str, OnReply] = {}
        self.pollers: dict[str, Any] = {}
        definition = options.pop("definition", board_definition)
        plant = Plant(definition, PackConfig(**(pack or {})))
        options = {"ptys": False, **options}
        super().__init__(plant, definition, image, **options)
        self._image = image

    def _uart_sent(self, label: str, end_us: int, data: bytes) -> None:
        super()._uart_sent(label, end_us, data)
        if label in self.on_reply:
            self.on_reply[label](end_us, data)

    def said(self) -> str:
        """Everything the firmware has printed."""
        return bytes(self.console.log).decode(errors="replace")

    def close(self) -> None:
        super().close()
        self._image.unlink(missing_ok=True)
