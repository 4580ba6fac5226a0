"""A firmware to carry away: a folder, an archive, and one file with a file system inside.

For a new board in a factory: the file system replaces whatever the board has stored, so a
board flashed with one is UNCOMMISSIONED. MicroPython's rp2 port keeps its file system at the
end of flash, 1408 kB on a Pico and 848 kB on a Pico W (MICROPY_HW_FLASH_STORAGE_BYTES in
ports/rp2/boards/*/mpconfigboard.h), 2 MB of flash from 0x10000000 on. On an ESP32 the place
stands in the partition table of the MicroPython that it is joined with.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from firmware.version import VERSION

from ..board_check.folder import Folder
from ..sim.flash import SECTOR
from ..sim.image import write_image
from . import esp_image, uf2
from .interpreter import Image
from .plan import File, wanted

_FLASH = 0x10000000
_FLASH_SIZE = 0x200000


@dataclass(frozen=True)
class Built:
    """A file or folder that was made, and what it is for."""

    path: Path
    use: str


def build(
    board: Folder, out: Path, micropython: Image | None, keys: bytes | None = None
) -> list[Built]:
    """Make everything for this board below ``out``; ``keys`` are those it is to trust."""
    files = wanted(board.name, simulated=False, keys=keys)
    stem = f"{board.name}-{VERSION}"
    folder = out / board.name
    _folder(folder, files)
    archive = out / f"{stem}.tar.gz"
    archive.write_bytes(_archive(files))
    made = [
        Built(folder, "the files as they lie on the board: mpremote fs cp -r, main.py last"),
        Built(archive, "the same, in one archive"),
    ]
    if board.get("FAMILY") == "rp2040":
        assert board.module is not None, "the checker has looked"
        kb = board.module.flash_kb
        base = _FLASH + _FLASH_SIZE - kb * 1024
        pages = uf2.pages_of(_image(files, kb * 1024), base)
        path = out / f"{stem}-files.uf2"
        path.write_bytes(uf2.written(pages))
        made.append(
            Built(path, "for a Pico that has MicroPython: copy to its drive; replaces its files")
        )
        if micropython is not None:
            whole = uf2.joined((uf2.read(micropython.data, micropython.path.name).pages, pages))
            path = out / f"{stem}.uf2"
            path.write_bytes(uf2.written(whole))
            made.append(Built(path, f"for a new board: {micropython.words} and the firmware"))
    elif micropython is not None:
        name = micropython.path.name
        _, size = esp_image.file_system(micropython.data, name)
        path = out / f"{stem}.bin"
        path.write_bytes(esp_image.joined(micropython.data, _image(files, size), name))
        made.append(
            Built(path, f"for a new board: {micropython.words} and the firmware, at 0x1000")
        )
    return made


def _folder(folder: Path, files: tuple[File, ...]) -> None:
    """Write the files; what an earlier build left there besides them goes."""
    for old in sorted(folder.rglob("*"), reverse=True):
        if old.is_dir():
            old.rmdir()
        else:
            old.unlink()
    for file in files:
        target = folder / file.path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)


def _archive(files: tuple[File, ...]) -> bytes:
    """The same files make the same bytes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for file in files:
            entry = tarfile.TarInfo(file.path[1:])
            entry.size = len(file.data)
            archive.addfile(entry, io.BytesIO(file.data))
    return gzip.compress(plain.getvalue(), mtime=0)


def _image(files: tuple[File, ...], size: int) -> bytes:
    """A LittleFS image, written by MicroPython."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image"
        contents = {file.path: file.data for file in files}
        return write_image(image, dict(contents), size // SECTOR).read_bytes()
