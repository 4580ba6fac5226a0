"""A file that appears complete or not at all: written beside its place, moved there at the end.

Whatever ends the work before (a mistake, Ctrl-C, a full disk) leaves an older file untouched
and no half one behind. What is no plain file (a pipe, /dev/null) is written directly.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..problems import Refused


@contextmanager
def place(path: Path) -> Iterator[Path]:
    """The name to write to; it becomes ``path`` when the block ends well.

    The suffix stays the same: some writers go by it. OSErrors become ``Refused``.
    """
    target = Path(os.path.realpath(path))
    with explained(path):
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            yield target
            return
        part = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
        try:
            part.touch()
            yield part
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """A file's trouble in words."""
    try:
        yield
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}") from error
