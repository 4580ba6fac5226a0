"""Firmwares that differ from ours: as a slot on flash, and as a signed image to install."""

from pathlib import Path

from cellwarden_host.sim.compiling import compiled
from cellwarden_host.sim.image import slot_files, slot_pair
from firmware.version import VERSION


def modules_with(changes, version=VERSION):
    """Path in the slot -> contents: our firmware with some modules changed, and a version."""
    text = f'VERSION = "{version}"\nPRODUCT = "Cellwarden"\nVENDOR = "Cellwarden"\n'
    told = {"firmware/version.mpy": compiled(text, "version", ("-O3",))}
    modules = {**slot_files("sim"), **told, **changes}
    return {
        path: file.read_bytes() if isinstance(file, Path) else file
        for path, file in modules.items()
    }


def slot_with(changes, version=VERSION):
    """Flash path -> contents of slot a with such a firmware."""
    return slot_pair("sim", modules_with(changes, version), version)
