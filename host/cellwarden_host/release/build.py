"""A board's firmware as an image file, and what it says of itself.

The files are those that ``flash`` would put into a slot, compiled by the same build. Their bytes
depend on nothing but the sources and the pinned compiler.
"""

from __future__ import annotations

from collections.abc import Mapping

from firmware.version import VERSION

from ..sim.image import slot_files
from .fields import fields_of
from .keys import Signer, development
from .packing import Contents, packed
from .reading import Release

SUFFIX = ".cwfw"
# Numbers of processors in compiled files (MicroPython's documentation, ".mpy files").
ARCHITECTURES = {0: None, 2: "x64", 3: "armv6", 4: "armv6m", 5: "armv7m", 10: "xtensawin"}


def release(
    board: str,
    signer: Signer | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    version: str = VERSION,
    hardware: tuple[int, int] | None = None,
    simulated: bool = False,
) -> bytes:
    """The image of the board's firmware, signed; without ``signer`` for development.

    ``files`` stand in for the firmware's own; ``simulated``: for the simulator's processor.
    """
    contents = contents_of(board, simulated) if files is None else files
    signer = signer or development()
    fields = fields_of(board, contents, version, hardware)
    return packed(contents, fields, signer.key, signer.sign)


def contents_of(board: str, simulated: bool = False) -> dict[str, bytes]:
    """Path in a slot -> content, of the firmware as it is here."""
    files = slot_files(board, simulated=simulated)
    return {path: file.read_bytes() for path, file in files.items()}


def matches_sources(release: Release) -> bool:
    """Whether the image's files are what the sources here make."""
    return Contents.of(contents_of(release.header.board)).table == release.table
