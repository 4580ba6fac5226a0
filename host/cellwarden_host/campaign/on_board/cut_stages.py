"""Runs the stages of an update on a flash in memory, and cuts the power at its writes.

For MicroPython: its LittleFS, and the board's own loader from the image of its flash. Each stage
is run once while every page programmed and every sector erased is noted. Then the flash is put
together as it was before each of these writes, and in the middle of it, and the loader decides
what it would start. Prints one line of JSON a stage; it judges nothing.
"""
# MicroPython's modules, not CPython's:
# mypy: ignore-errors

import json
import os
import sys

import vfs


class machine:
    """As much of a board as the loader asks for here."""

    PWRON_RESET = WDT_RESET = 1

    @staticmethod
    def reset_cause():
        return 0


sys.modules["machine"] = machine
SECTOR = 4096
PAGE = 256
_PIECE = 1024
_AGAIN = 50


class Flash:
    """``cells`` as a chip; ``writes`` notes (address, bytes), or (address, None) for an erase."""

    def __init__(self, cells):
        self.cells = cells
        self.writes = None

    def readblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        buf[:] = memoryview(self.cells)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        for start in range(0, len(buf), PAGE):
            self._note(at + start, bytes(buf[start : start + PAGE]))

    def ioctl(self, op, argument):
        if op == 4:
            return len(self.cells) // SECTOR
        if op == 5:
            return SECTOR
        if op == 6:
            self._note(argument * SECTOR, None)
        return 0

    def _note(self, address, data):
        if self.writes is not None:
            self.writes.append((address, data))
        apply(self.cells, address, data)


def apply(cells, address, data, torn=False):
    """One write; ``torn``: the power goes in its middle."""
    if data is None:
        size = SECTOR // 2 if torn else SECTOR
        cells[address : address + size] = b"\xff" * size
    else:  # a page is written once after an erase, so nothing is to be combined
        size = len(data) // 2 if torn else len(data)
        cells[address : address + size] = data[:size]


def mount(cells, path):
    flash = Flash(cells)
    vfs.mount(vfs.VfsLfs2(flash, progsize=PAGE), path)
    return flash


def contents(folder):
    """Path -> bytes of all files below."""
    found = {}
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            found.update(contents(path))
        else:
            with open(path, "rb") as file:
                found[path[path.find("/data") :]] = file.read()
    return found


def start(root):
    """The version that a start would run, or None; as the loader decides it."""
    control.root = root
    record = control.open()
    slot = loader.start.chosen(record, False)
    return None if slot is None else record.version(slot)


# --- the stages: what an update does to flash


def receive(image, root="/board"):
    with open(root + "/update.img", "wb") as file:
        for at in range(0, len(image), _PIECE):
            file.write(image[at : at + _PIECE])


def install(root="/board"):
    installer = Installer(root + "/update.img")
    while installer.step():
        pass
    assert installer.commit()


def first_start():
    assert loader.start.chosen(control.open(), True)


def confirm():
    record = control.open()
    assert record.confirm(record.choose())


def give_up():
    record = control.open()
    assert record.fail(record.choose(), 1)
    assert record.told()


def ask():
    assert control.open().ask(True)


def stages(images):
    """Name, what it does, and the image that is on its way, if any."""
    first, second = images
    yield "the first image is received", lambda: receive(first), first
    yield "and installed into the empty slot", install, first
    yield "its first start", first_start, None
    yield "it confirms itself", confirm, None
    yield "the bootloader is asked for", ask, None
    yield "a second image is received", lambda: receive(second), second
    yield "and installed over the first firmware", install, second
    yield "its first start", first_start, None
    yield "it is given up, and that is told", give_up, None


def cut(before, writes, wanted, data, image):
    """Outcomes of the starts after cuts at the ``wanted`` writes: [write, torn, version, kept,
    version that starts when the update is then repeated]; of some cuts only."""
    now = bytearray(before)
    outcomes = []
    for number in range(len(writes) + 1):
        if wanted(number, len(writes)):
            for torn in (0, 1):
                if torn and number == len(writes):
                    break
                cells = bytearray(now)
                if torn:
                    apply(cells, writes[number][0], writes[number][1], True)
                again = image if number % _AGAIN == 0 else None
                outcomes.append([number, torn] + looked_at(cells, data, again))
        if number < len(writes):
            apply(now, writes[number][0], writes[number][1])
    return outcomes


def looked_at(cells, data, image):
    """[the version that starts, 1 if everything in /data is as it was, the version after it all
    was done again with ``image``]"""
    try:
        mount(cells, "/cut")
    except OSError:
        return [None, 0, None]
    try:
        version = start("/cut/")
        kept = int(contents("/cut/data") == data)
        if image is None:
            return [version, kept, None]
        receive(image, "/cut")
        install("/cut")
        return [version, kept, start("/cut/")]
    finally:
        vfs.umount("/cut")


def main(image, every, at_ends, *updates):
    every, at_ends = int(every), int(at_ends)
    with open(image, "rb") as file:
        cells = bytearray(file.read())
    images = []
    for update in updates:
        with open(update, "rb") as file:
            images.append(file.read())
    flash = mount(cells, "/board")
    sys.path.insert(0, "/board")
    global loader, control, Installer
    import loader.start
    from loader import control
    from loader.install import Installer

    def wanted(number, count):
        return number % every == 0 or number < at_ends or number > count - at_ends

    control.root = "/board/"
    data = contents("/board/data")
    for name, stage, image in stages(images):
        before = bytes(cells)
        control.root = "/board/"
        was = start_of(before)
        flash.writes = []
        control.root = "/board/"
        stage()
        writes, flash.writes = flash.writes, None
        told_image = None if image is None else images.index(image)
        outcomes = cut(before, writes, wanted, data, image)
        told = {"stage": name, "writes": len(writes), "before": was, "image": told_image}
        told["after"] = start_of(bytes(cells))
        told["outcomes"] = outcomes
        print(json.dumps(told))


def start_of(cells):
    """What a start would run with nothing cut; on a copy, because a start writes as well."""
    mount(bytearray(cells), "/cut")
    try:
        return start("/cut/")
    finally:
        vfs.umount("/cut")


main(*sys.argv[1:])
