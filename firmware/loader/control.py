"""The control record's files, and the slot in front of the path of modules.

Without a record, which is how ``cellwarden flash`` leaves a board, every slot with a manifest
counts as good. Nothing here writes except through the record's own methods.
"""

from io import open as _open
from struct import unpack_from

from loader import packed

CONTENTS, MANIFEST = ".fw", ".man"  # of a slot, behind its name
_COPIES = ("boot1.rec", "boot2.rec")
_VERSION_AT = 48  # in a manifest's header, see board_update.image
root = "/"


def open():
    """The record as it is on flash, a slots.Control."""
    from board_update.slots import SLOTS, Control  # forgotten between two of its uses

    record = Control(_load, _store)
    if record.fresh:
        for slot in SLOTS:
            try:
                with _open(root + slot + MANIFEST, "rb") as file:
                    head = file.read(_VERSION_AT + 4)
                record.adopt(slot, unpack_from("<I", head, _VERSION_AT)[0])
            except (OSError, ValueError):
                pass
    return record


def peek():
    """Put the slot that would be started in front, for whoever is at the prompt next."""
    use(open().choose())


def use(slot):
    """Modules are looked for in this slot first, and in no other; None: in neither."""
    packed.leave()
    if slot:
        packed.enter(root + slot + CONTENTS, root + slot + MANIFEST)


def _load(i):
    try:
        with _open(root + _COPIES[i], "rb") as file:
            return file.read()
    except OSError:
        return None


def _store(i, data):
    with _open(root + _COPIES[i], "wb") as file:
        file.write(data)
