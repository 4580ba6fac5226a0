"""What each board's firmware puts on its buses, and how much heap it takes there.

Every folder in boards/ is started as it is on the simulator, compiled as for the board, with as
many cells as it measures. The buses are counted where the simulated processor hands its bytes
over: what no chip answers counts too. A board that does not come up is a row that says so.
"""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import board_folders
from ..sim.board import SimBoard
from ..sim.image import fixed_files, flash_files, slot_files, write_image
from ..sim.layout import BUILD, ops
from ..sim.pack_config import PackConfig
from ..sim.plant import Plant, without_model
from ..sim.provision import commissioned, files
from .memory_rows import HEAP_LIMIT
from .row import Row, at_most, missing, plain
from .runtimes import SCRIPTS

TOPIC = "boards"
CYCLE_MS = 100
CYCLES = 100  # every slow measurement comes by at least once: open wires each 10 s
_HEAP = 1024 * 1024
_UP_MS = 10_000
_TOLD_MS = 20_000
_CELLS_PER_LTC6811 = 12
_MOST_CELLS = 24


class BusMeter:
    """Counts what a board's processor sends and reads; ``windows`` are cycles, oldest first.

    An SPI transaction is one time that a chip is selected, an I2C one is one address.
    """

    def __init__(self, board: ModuleType, sim: SimBoard) -> None:
        self.windows: list[tuple[int, int, float]] = []
        self._transactions = self._bytes = 0
        self._us = 0.0
        handlers = sim.peripherals.handlers
        spi_us = 8_000_000 / getattr(board, "SPI_BAUD", 1_000_000)
        i2c_us = 9_000_000 / board.I2C_BAUD
        selected = sim.plant.spi_devices
        for name in selected:
            selected[name] = _Selected(selected[name], self._begun)
        for op, each_us, length in (
            (ops.SPI, spi_us, lambda _count, data: len(data)),
            (ops.I2C_WRITE, i2c_us, lambda _count, data: 1 + len(data)),
            (ops.I2C_READ, i2c_us, lambda count, _data: 1 + count),
        ):
            handlers[op] = self._counted(handlers[op], op != ops.SPI, each_us, length)

    def _begun(self) -> None:
        self._transactions += 1

    def _counted(
        self,
        handler: Callable[..., int],
        addressed: bool,
        each_us: float,
        length: Callable[[int, bytes], int],
    ) -> Callable[..., int]:
        def counted(a: int, b: int, argument: int, data: bytes) -> int:
            size = length(argument, data)
            self._transactions += addressed
            self._bytes += size
            self._us += size * each_us
            return handler(a, b, argument, data)

        return counted

    def end_window(self) -> None:
        self.windows.append((self._transactions, self._bytes, self._us))
        self._transactions = self._bytes = 0
        self._us = 0.0


class _Selected:
    """An SPI device that tells when it is selected."""

    def __init__(self, device: Any, begun: Callable[[], None]) -> None:
        self._device = device
        self._begun = begun
        self.transfer = device.transfer
        self.deselect = device.deselect

    def select(self, now_us: int) -> None:
        self._begun()
        self._device.select(now_us)


def rows(_rounds: int = 1) -> Iterator[Row]:
    for name in board_folders.names():
        definition = importlib.import_module(f"boards.{name}")
        unknown = without_model(definition)
        if unknown:
            yield missing(TOPIC, name, f"there is no model of {unknown}")
            continue
        yield from _board(name, definition)


def cells_of(board: ModuleType) -> int:
    """As many as the board measures, up to those of the family's packs."""
    chips = getattr(board, "LTC6811_CHIPS", 0)
    return min(_MOST_CELLS, getattr(board, "CELL_CHANNELS", chips * _CELLS_PER_LTC6811))


def _board(name: str, definition: ModuleType) -> Iterator[Row]:
    cells = cells_of(definition)
    with _powered(name, definition, cells) as sim:
        if not _until(sim, lambda: sim.plant.pack.discharge.closed, _UP_MS):
            yield missing(TOPIC, name, "outputs stay off: " + _said(sim)[-300:])
            return
        meter = BusMeter(definition, sim)
        for _ in range(CYCLES):
            sim.advance(CYCLE_MS)
            meter.end_window()
        _until(sim, lambda: "modules" in _told(sim), _TOLD_MS)
        yield from _bus(name, cells, meter)
        yield _memory(name, definition, sim)


@contextmanager
def _powered(name: str, definition: ModuleType, cells: int) -> Iterator[SimBoard]:
    """The board with a pack, its firmware telling its heap once it works."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        image = Path(folder) / "flash.img"
        contents = flash_files(name, simulated=True)
        contents["/main.py"] = SCRIPTS / "locked_main.py"
        write_image(image, {**contents, **files(commissioned(definition, cells=cells))})
        plant = Plant(definition, PackConfig(cells=cells))
        with SimBoard(plant, definition, image, ptys=False, heap=_HEAP) as sim:
            sim.power_on()
            yield sim


def heap_used(name: str, cells: int) -> int | None:
    """What the firmware of a board holds after its start, collected; None when it told nothing."""
    definition = importlib.import_module(f"boards.{name}")
    with _powered(name, definition, cells) as sim:
        _until(sim, lambda: "modules" in _told(sim), _UP_MS + _TOLD_MS)
        return _used(sim)


def _used(sim: SimBoard) -> int | None:
    told = _told(sim)
    return told["heap"]["used"] - told["heap"]["before"] if "modules" in told else None


def _bus(name: str, cells: int, meter: BusMeter) -> Iterator[Row]:
    busiest = max(meter.windows, key=lambda window: window[2])
    transactions, sent, spent_us = (
        sum(window[i] for window in meter.windows) / len(meter.windows) for i in range(3)
    )
    where = f"{name}, {cells} cells, in {CYCLE_MS} ms: "
    note = f"busiest of {CYCLES}: {busiest[0]}"
    yield plain(TOPIC, where + "transactions", transactions, "", 1, note=note)
    yield plain(TOPIC, where + "bytes on the buses", sent, "B", note=f"busiest: {busiest[1]} B")
    note = f"busiest: {busiest[2] / 1000:.1f} ms"
    yield plain(TOPIC, where + "time on the buses", spent_us / 1000, "ms", 1, note=note)


def _memory(name: str, definition: ModuleType, sim: SimBoard) -> Row:
    what = f"{name}: heap after start, collected; unix, 64 bit"
    used = _used(sim)
    if used is None:
        return missing(TOPIC, what, _said(sim)[-300:])
    loaded = set(_told(sim)["modules"]["loaded"])
    size = sum(
        file.stat().st_size
        for path, file in {**fixed_files(name), **slot_files(name)}.items()
        if _module(path) in loaded
    )
    note = f".mpy that stays loaded: {size} B"
    if definition.FAMILY == "rp2040":
        return at_most(TOPIC, what, used, HEAP_LIMIT, "B", note=note)
    return plain(TOPIC, what, used, "B", note=note)


def _module(path: str) -> str:
    return path.removesuffix(".mpy").replace("/", ".").removesuffix(".__init__")


def _until(sim: SimBoard, reached: Callable[[], bool], limit_ms: int) -> bool:
    for _ in range(limit_ms // CYCLE_MS):
        if reached():
            return True
        sim.advance(CYCLE_MS)
    return reached()


def _said(sim: SimBoard) -> str:
    return bytes(sim.console.log).decode(errors="replace")


def _told(sim: SimBoard) -> dict[str, dict[str, Any]]:
    """The lines of JSON that the firmware has printed whole, by name."""
    whole = _said(sim).rpartition("\n")[0].splitlines()
    lines = [json.loads(line) for line in whole if line.startswith("{")]
    return {line["name"]: line for line in lines}
