"""What a controller's flash holds, and flash images that hold it, made without a board.

The file system is written by MicroPython itself (a child with the image in memory), so that
its on-disk version is the one the firmware reads. Compiled files are cached by the hash of
their source. What the board stored itself (``/data`` and whatever else is not ours) stays.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from firmware.version import VERSION

from ..board_folders import DEFINITION, definition_for_controller, definition_for_loader
from ..program import Program
from ..release.fields import manifest
from ..release.keys import development_record
from .compiling import compiled, made
from .flash import SECTOR, SECTORS
from .layout import BUILD, SimError, package_dir
from .process import find_micropython, own_architecture

BOARD = "/board"
# Package here -> folder in a slot; {board} is the board's name.
SLOT_PACKAGES = {
    "cellwarden": "/cellwarden",
    "modbus_rtu": "/modbus_rtu",
    "firmware": "/firmware",
    "boards.{board}": BOARD,
}
# The same outside the slots, for what no update in the field ever changes.
FIXED_PACKAGES = {"board_update": "/board_update", "firmware.loader": "/loader"}
SLOT = "/a"  # the one that is written from here: contents and manifest
CONTENTS, MANIFEST = ".fw", ".man"
# What of those packages is not for the controller, or has another place there; the numbers of
# ids.py stand in the compiled code (see inline.py), Modbus is only served.
HOST_ONLY = (
    "cellwarden/tables/",
    "cellwarden/ids.py",
    "modbus_rtu/client.py",
    "board_update/ymodem_send.py",
    "firmware/root/",
    "firmware/loader/",
    "board/simulated/",
    "board/wiring.py",
)
# What only boards with certain chips load: how its files begin, and what such a board says.
_CHIP_DRIVERS = (
    ("/firmware/drivers/bq76952", "BQ76952_ADDRESS"),
    ("/firmware/drivers/ads1015", "ADS1015_ADDRESS"),
    ("/firmware/drivers/ina228", "INA228_ADDRESS"),
    ("/firmware/drivers/divider", "ADC_REF_MV"),
    ("/firmware/drivers/pio_", "DISPLAY_PIO"),
    ("/firmware/drivers/ssd1306", "OLED_ADDRESS"),
    ("/firmware/oled_page", "OLED_ADDRESS"),
    *(
        ("/firmware/" + name, "LTC6811_CHIPS")
        for name in (
            *("drivers/ltc6811", "drivers/open_wire", "drivers/pec15", "drivers/ntc"),
            *("sampling", "background", "cell_map", "cell_sums", "selftest"),
        )
    ),
)
_CACHED_IMAGES = 8
# Without line numbers: they take a tenth of the memory, and a traceback still names functions.
OPTIONS = ("-O3",)
# Compiled for the board's processor; without it its plain counterpart does the work.
_MACHINE_CODE = "_viper.py"
_ARCHITECTURES = {"rp2040": "armv6m", "esp32": "xtensawin"}
ROOT_FILES = "root"  # in firmware: boot.py, main.py and bench.py, never compiled

# Run by MicroPython: argv[1] names a plan: image, sectors, files to write, files to remove.
_WRITER = """
import json, os, sys, vfs
with open(sys.argv[1]) as f:
    plan = json.load(f)
SECTOR = 4096
with open(plan["image"], "rb") as f:
    cells = bytearray(f.read())
class Disk:
    def readblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        buf[:] = memoryview(cells)[at:at + len(buf)]
    def writeblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        cells[at:at + len(buf)] = buf
    def ioctl(self, op, arg):
        if op == 4:
            return len(cells) // SECTOR
        if op == 5:
            return SECTOR
        if op == 6:
            cells[arg * SECTOR:(arg + 1) * SECTOR] = b"\\xff" * SECTOR
        return 0
disk = Disk()
try:
    fs = vfs.VfsLfs2(disk, progsize=256)
except OSError:
    vfs.VfsLfs2.mkfs(disk, progsize=256)
    fs = vfs.VfsLfs2(disk, progsize=256)
vfs.mount(fs, "/flash")
for path in plan["remove"]:
    try:
        os.remove("/flash" + path)
    except OSError:
        pass
for path, source in plan["write"]:
    folder = ""
    for part in path.split("/")[1:-1]:
        folder += "/" + part
        try:
            os.mkdir("/flash" + folder)
        except OSError:
            pass
    with open(source, "rb") as f:
        data = f.read()
    with open("/flash" + path, "wb") as f:
        f.write(data)
vfs.umount("/flash")
with open(plan["image"], "wb") as f:
    f.write(cells)
"""


def slot_sources(board: str = "sim") -> dict[str, Path]:
    """Every file of a slot: path in it (as .py) -> file here."""
    found = _of_packages(SLOT_PACKAGES, board)
    base = package_dir(f"boards.{board}")
    if base is not None:
        found[f"{BOARD}/{DEFINITION}"] = definition_for_controller(base)
    definition = importlib.import_module(f"boards.{board}")
    absent = tuple(start for start, name in _CHIP_DRIVERS if not hasattr(definition, name))
    return {path: file for path, file in found.items() if not path.startswith(absent)}


def fixed_sources(board: str = "sim") -> dict[str, Path]:
    """Every file outside the slots that is compiled: flash path (as .py) -> file here."""
    found = _of_packages(FIXED_PACKAGES, board)
    found["/loader/board.py"] = definition_for_loader(board)
    return found


def _of_packages(packages: Mapping[str, str], board: str) -> dict[str, Path]:
    found = {}
    for package, target in packages.items():
        base = package_dir(package.format(board=board))
        if base is None:
            continue
        for file in sorted(base.rglob("*.py")):
            path = f"{target}/{file.relative_to(base).as_posix()}"
            if not path.startswith(tuple("/" + part for part in HOST_ONLY)):
                found[path] = file
    return found


def program(board: str = "sim") -> Program:
    """What of a slot's sources is compiled, made small."""
    return made(slot_sources(board))


def slot_files(
    board: str = "sim", simulated: bool = False, architecture: str | None = None
) -> dict[str, Path]:
    """Path in a slot -> compiled file here: what a release carries.

    ``simulated``: for the simulator's processor in place of the board's, or for the one named;
    all else is the same.
    """
    if architecture is None:
        architecture = own_architecture() if simulated else _architecture(board)
    texts = program(board).texts
    return {path[1:]: file for path, file in _compiled(texts, architecture).items()}


def fixed_files(board: str = "sim") -> dict[str, Path]:
    """The same for what lies outside the slots."""
    return {
        path[1:]: file for path, file in _compiled(made(fixed_sources(board)).texts, None).items()
    }


def flash_files(
    board: str = "sim",
    simulated: bool = False,
    architecture: str | None = None,
    keys: bytes | None = None,
) -> dict[str, Path | bytes]:
    """Flash path -> file here, or its contents: the fixed part, and the firmware in one slot.

    ``keys``: records of the public keys that the board is to trust; without, the development
    key's.
    """
    files: dict[str, Path | bytes] = {}
    firmware = package_dir("firmware")
    if firmware is not None:
        for file in sorted((firmware / ROOT_FILES).glob("*.py")):
            files["/" + file.name] = file
    files |= {f"/{path}": file for path, file in fixed_files(board).items()}
    files["/loader/keys"] = development_record() if keys is None else keys
    slot = slot_files(board, simulated, architecture)
    files |= slot_pair(board, {path: file.read_bytes() for path, file in slot.items()})
    return files


def slot_pair(
    board: str, contents: Mapping[str, bytes], version: str = VERSION
) -> dict[str, bytes]:
    """What lies on flash of a slot with these files: they stand in the order of the manifest."""
    order = sorted(contents, key=str.encode)
    return {
        SLOT + CONTENTS: b"".join(contents[path] for path in order),
        SLOT + MANIFEST: manifest(board, contents, version),
    }


def _compiled(texts: Mapping[str, str], architecture: str | None) -> dict[str, Path]:
    files = {}
    for path, text in texts.items():
        options: tuple[str, ...] = OPTIONS
        if path.endswith(_MACHINE_CODE):
            if architecture is None:
                continue
            options += (f"-march={architecture}",)
        files[path[:-3] + ".mpy"] = compiled(text, _module_name(path), options)
    return files


def _architecture(board: str) -> str | None:
    """What mpy-cross calls the board's processor; None: nobody knows, plain Python must do."""
    if board == "sim":
        return own_architecture()
    family = getattr(importlib.import_module(f"boards.{board}"), "FAMILY", None)
    return _ARCHITECTURES.get(str(family))


def _module_name(path: str) -> str:
    """What tracebacks say: a module's own name, which is in memory anyway."""
    *_, package, module = path[:-3].split("/")
    return package if module == "__init__" else module


def cached_image(files: Mapping[str, Path | bytes], target: Path) -> None:
    """Make the new image ``target`` with ``files``; the same files cost a copy next time."""
    key = hashlib.sha256()
    for path in sorted(files):
        file = files[path]
        key.update(path.encode() + b"\0")
        key.update(hashlib.sha256(_content(file)).digest())
    base = BUILD / "images" / f"{key.hexdigest()[:24]}.img"
    if not base.exists():
        base.parent.mkdir(parents=True, exist_ok=True)
        old = sorted(base.parent.glob("*.img"), key=lambda image: image.stat().st_mtime)
        for image in old[:-_CACHED_IMAGES]:
            image.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=base.parent) as folder:
            write_image(Path(folder) / "image", files).replace(base)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(base, target)


def _content(file: Path | bytes) -> bytes:
    return file if isinstance(file, bytes) else Path(file).read_bytes()


def write_image(
    image: Path,
    files: Mapping[str, Path | bytes],
    sectors: int = SECTORS,
    micropython: str | None = None,
) -> Path:
    """Make or update ``image`` so that it holds ``files`` (flash path -> file here, or bytes).

    Files of an earlier call that are not in ``files`` any more are removed. A list beside the
    image remembers what it holds, so an image that is up to date costs nothing.
    """
    image = Path(image)
    listing = _listing(image)
    contents = {path: _content(file) for path, file in files.items()}
    wanted = {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()}
    held = {}
    if image.exists() and listing.exists():
        held = json.loads(listing.read_text())
    if held == wanted and image.exists():
        return image
    image.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=image.parent) as name:
        folder = Path(name)
        draft = folder / "image"
        draft.write_bytes(image.read_bytes() if image.exists() else b"\xff" * sectors * SECTOR)
        write = []
        for number, path in enumerate(sorted(contents)):
            if held.get(path) != wanted[path]:
                source = folder / f"{number}"
                source.write_bytes(contents[path])
                write.append([path, str(source)])
        plan = {"image": str(draft), "remove": sorted(set(held) - set(wanted)), "write": write}
        (folder / "plan.json").write_text(json.dumps(plan))
        (folder / "writer.py").write_text(_WRITER)
        run = subprocess.run(
            [
                micropython or find_micropython(),
                *("-X", "heapsize=16M"),
                str(folder / "writer.py"),
                str(folder / "plan.json"),
            ],
            capture_output=True,
            text=True,
        )
        if run.returncode:
            raise SimError(f"the flash image could not be written:\n{run.stdout}{run.stderr}")
        draft.replace(image)
    listing.write_text(json.dumps(wanted))
    return image


def remember_files(image: Path, files: Mapping[str, Path | bytes]) -> None:
    """Note beside ``image`` that it holds ``files``, and that these are ours to update."""
    wanted = {path: hashlib.sha256(_content(file)).hexdigest() for path, file in files.items()}
    _listing(image).write_text(json.dumps(wanted))


def _listing(image: Path) -> Path:
    return image.with_name(image.name + ".files")
