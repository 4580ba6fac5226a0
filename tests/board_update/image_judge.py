"""What becomes of an image, in words that can be compared between the runtimes."""

import io

from image_maker import TERMS, Slot

from board_update import checking, image, unpacking


def judged(data, checked):
    """The reason for which ``data`` (hexadecimal) is refused, and what a slot holds then.

    ``checked``: another image, whose header is taken for that of ``data``, as if the file had
    changed after its check; the reason is "changed" then, for inflaters differ in what they
    notice first.
    """
    file = io.BytesIO(bytes.fromhex(data))
    slot = Slot()
    try:
        if checked:
            header = checking.check(io.BytesIO(bytes.fromhex(checked)), TERMS)
        else:
            header = checking.check(file, TERMS)
        unpack = unpacking.Unpack(file, header, slot.open_for_write)
        while unpack.step():
            pass
    except image.Bad as bad:
        return ["changed" if checked else bad.reason, "manifest" in slot.files]
    return ["", sorted([[path, content.hex()] for path, content in slot.files.items()])]
