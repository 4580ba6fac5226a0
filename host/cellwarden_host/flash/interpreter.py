"""MicroPython itself: which file, whether it is the right one, and how it gets on a board.

micropython.org publishes no hashes. Those pinned here were computed by others from the official
files: RPI_PICO_W's by two projects independently of each other (an RP2040 simulator's tests and
a robot's recovery notes), ESP32_GENERIC's by several. A build without a pin is never fetched:
the person gives the file and the hash that goes with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..problems import BadInput, NoConnection, Refused
from ..sim.layout import BUILD
from . import esp_image, find, uf2

OLDEST = (1, 24)
_SITE = "https://micropython.org/resources/firmware/"
_NAMED = re.compile(rb"MicroPython v(\d+)\.(\d+)\.(\d+)")
_PATIENCE_S = 30.0
_FETCH_S = 60.0
# For the ESP32 only. 5 renamed the commands (write-flash), so not older; it is no requirement
# of Cellwarden because an RP2040 needs none of the cryptography that it pulls in.
ESPTOOL = "esptool>=5.0,<6"


@dataclass(frozen=True)
class Build:
    """MicroPython's build for a module: its name there, and a file with its hash, if known."""

    name: str
    file: str = ""
    sha256: str = ""


BUILDS = {
    "pico": Build("RPI_PICO"),
    "pico_w": Build(
        "RPI_PICO_W",
        "RPI_PICO_W-20260406-v1.28.0.uf2",
        "a0210c9c8a085391cb66f530c298a5a4fb804a9d072289254c24df5fdf210f7a",
    ),
    "rp2040": Build("RPI_PICO"),
    "esp32_wroom": Build(
        "ESP32_GENERIC",
        "ESP32_GENERIC-20260406-v1.28.0.bin",
        "cd7820d02c35d34dd403b44263129c6a511b350aea8446c229890753fe240784",
    ),
    "esp32_wroom_r2": Build("ESP32_GENERIC-SPIRAM"),
}


@dataclass(frozen=True)
class Image:
    """A checked file; ``version`` is empty when the file does not tell it."""

    path: Path
    data: bytes
    version: tuple[int, ...]

    @property
    def words(self) -> str:
        told = ".".join(map(str, self.version)) if self.version else "of unknown version"
        return f"MicroPython {told} ({self.path.name})"


def obtain(module: str, family: str, file: Path | None, sha256: str | None) -> Image:
    """The file to install, its hash and its family checked."""
    build = BUILDS[module]
    if file is None:
        return checked(_fetched(build), family)
    data = _read(file)
    found = hashlib.sha256(data).hexdigest()
    pinned = {each.sha256 for each in BUILDS.values() if each.sha256}
    if sha256 is not None and found != sha256.strip().lower():
        raise Refused(f"{file} has the SHA-256 {found}, not the one given: it is not that file")
    if sha256 is None and found not in pinned:
        raise Refused(
            f"{file} is not one of the builds whose hash Cellwarden knows. Its SHA-256 is\n"
            f"  {found}\ncompare that with where the file came from, and repeat with --sha256"
        )
    return checked(file, family)


def checked(file: Path, family: str) -> Image:
    """The file, if it is MicroPython for this family and new enough."""
    data = _read(file)
    contents = data
    if family == "rp2040":
        pages = uf2.read(data, file.name)
        uf2.check_rp2040(pages, file.name)
        contents = pages.contents
    else:
        esp_image.check_esp32(data, file.name)
    named = _NAMED.search(contents)
    version = tuple(map(int, named.groups())) if named else ()
    if version and version < OLDEST:
        raise Refused(
            f"{file.name} is MicroPython {_dots(version)}; {_dots(OLDEST)} is the oldest"
        )
    return Image(file, data, version)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}") from error


def _dots(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _fetched(build: Build) -> Path:
    """The pinned file, fetched once."""
    page = f"https://micropython.org/download/{build.name.partition('-')[0]}/"
    if not build.file:
        raise BadInput(
            f"MicroPython's build {build.name} has no published hash: get the file from {page} "
            "and give it with its hash: --micropython FILE --sha256 HASH"
        )
    kept = BUILD / "micropython" / build.file
    if kept.exists() and _sha256(kept) == build.sha256:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(".part")
    try:
        with (
            urllib.request.urlopen(_SITE + build.file, timeout=_FETCH_S) as answer,
            draft.open("wb") as out,
        ):
            shutil.copyfileobj(answer, out)
    except OSError as error:
        raise NoConnection(
            f"MicroPython cannot be fetched ({error}); get {build.file} from {page} "
            "on another machine and give it: --micropython FILE"
        ) from error
    if _sha256(draft) != build.sha256:
        draft.unlink()
        raise Refused(f"{_SITE}{build.file} is not the file it was: its SHA-256 differs")
    draft.replace(kept)
    return kept


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def by_drive(drive: Path, image: Image, ports: Callable[[], list[str]]) -> str:
    """Copy to a UF2 drive and wait for the board to come back as a port; the port."""
    target = drive / image.path.name
    try:
        with target.open("wb") as out:
            out.write(image.data)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        # The board restarts with the last block, often before the copy is told that it is done.
        if find.uf2_drives([drive]):
            raise NoConnection(f"cannot write to {drive}: {error.strerror}") from error
    return find.wait_for(
        ports,
        _PATIENCE_S,
        f"the board did not come back after {image.path.name} was copied to {drive}; "
        "plug it in again with BOOTSEL held and repeat the command",
    )


def by_esptool(port: str, image: Image) -> None:
    """Write the ESP32's program; the partition with the files is not touched."""
    if find_spec("esptool") is None:
        raise Refused(f"an ESP32 needs esptool: {sys.executable} -m pip install '{ESPTOOL}'")
    run = subprocess.run(esptool_command(port, image.path))
    if run.returncode:
        raise NoConnection(
            f"esptool could not write to {port} (its words are above); hold the BOOT button "
            "while it connects, and repeat the command"
        )


def esptool_command(port: str, file: Path) -> list[str]:
    command = [sys.executable, "-m", "esptool", "--chip", "esp32", "--port", port]
    return [*command, "--baud", "460800", "write-flash", hex(esp_image.START), str(file)]
