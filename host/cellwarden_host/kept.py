"""Files that must survive a crash of the PC: written whole or not at all, appended line by line.

Sentences are kept with their parts (``freeze``), so that a record can be told in another language
than the one it was made in. Nothing secret may be handed to anything here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .problems import Refused
from .words import Said, say

# Windows opens a device for these, whatever follows the dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 60


def file_name(text: str, taken: Collection[str] = ()) -> str:
    """``text`` as the name of a file on any system; different texts get different names.

    Letters of any script stay. Where something had to change, or the name is one of ``taken``,
    a short hash keeps the name apart from that of a similar text.
    """
    name = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", text)).strip("._")[:_LONGEST]
    if name and name == text and name.casefold() not in taken and not _DEVICES.fullmatch(name):
        return name
    return f"{name or 'unnamed'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def write_json(path: Path, document: Any) -> None:
    """Replace ``path`` in one go: a reader finds the old document or the new one."""
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str, rest: bytes = b"") -> None:
    """Replace ``path`` by ``text`` and ``rest`` in one go; on the disk when this returns."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(text.encode() + rest)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _no_room(path, error) from error


def _sync_folder(folder: Path) -> None:
    """A new name is safe only when its folder is; systems that cannot sync one do it anyway."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def append_line(path: Path, line: str, header: str = "") -> None:
    """Add a line that is on the disk when this returns; a torn last line is closed first."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if not end and header:
                file.write(header.encode() + b"\n")
            elif end:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _no_room(path, error) from error


def read_json(path: Path) -> Any:
    """The document, or None where there is none or it is spoiled."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _no_room(path: Path, error: OSError) -> Refused:
    return Refused(say("cannot write {path}: {why}", path=str(path), why=error.strerror or ""))


def freeze(text: str) -> Any:
    """A sentence for JSON: plain text stays text."""
    if not isinstance(text, Said):
        return str(text)
    frozen: dict[str, Any] = {"text": str(text), "template": text.template}
    if text.parts:
        frozen["parts"] = {name: _freeze_part(part) for name, part in text.parts.items()}
    if text.context:
        frozen["context"] = text.context
    return frozen


def _freeze_part(part: Any) -> Any:
    if isinstance(part, str):
        return freeze(part)
    if isinstance(part, (list, tuple)):
        return [_freeze_part(one) for one in part]
    return part


def thaw(frozen: Any) -> str:
    """What was frozen."""
    if not isinstance(frozen, dict):
        return str(frozen)
    said = Said(str(frozen.get("text", "")))
    said.template = str(frozen.get("template", said))
    said.parts = {name: _thaw_part(part) for name, part in frozen.get("parts", {}).items()}
    said.context = str(frozen.get("context", ""))
    return said


def _thaw_part(part: Any) -> Any:
    if isinstance(part, (str, dict)):
        return thaw(part)
    if isinstance(part, list):
        return [_thaw_part(one) for one in part]
    return part
