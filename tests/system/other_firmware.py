"""Firmwares that differ from ours: as a slot on flash, and as a signed image to install."""

from pathlib import Path

from board_update.image import version_number
from board_update.slots import Control
from cellwarden_host.sim.compiling import compiled, made
from cellwarden_host.sim.image import fixed_sources, program, slot_files, slot_pair
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


def changed(path, more):
    """A module of ours with ``more`` source behind it, compiled: {path in the slot: contents}."""
    text = program("sim").texts[f"/{path}.py"] + "\n" + more
    return {f"{path}.mpy": compiled(text, path.rpartition("/")[2], ("-O3",))}


def on_trial(changes, version, damage=False):
    """Flash path -> contents: slot b with such a firmware, as an update leaves it."""
    pair = slot_pair("sim", modules_with(changes, version), version)
    copies = [None, None]
    record = Control(copies.__getitem__, lambda i, data: copies.__setitem__(i, bytes(data)))
    record.adopt("a", version_number(VERSION))
    record.installed("b", version_number(version))
    contents = bytearray(pair["/a.fw"])
    if damage:
        contents[len(contents) // 2] ^= 0x10
    return {"/b.fw": bytes(contents), "/b.man": pair["/a.man"], "/boot1.rec": copies[0]}


def with_trial_of(seconds):
    """The loader, but a firmware on trial has less time: for tests."""
    source = made(fixed_sources("sim")).texts["/loader/safe_state.py"]
    assert source.count("= 600\n") == 1
    shorter = source.replace("= 600\n", f"= {seconds}\n")
    return {"/loader/safe_state.mpy": compiled(shorter, "safe_state").read_bytes()}
