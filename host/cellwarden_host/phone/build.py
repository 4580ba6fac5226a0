"""Builds the phone app: one static folder that any HTTPS host can serve; addresses are relative.

It must never make a page that asks outside for anything.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from ..problems import Refused
from ..words import CHINESE, catalogue, say
from .collect import STATIC, modules

REPOSITORY = STATIC.parents[1]
TARGET = REPOSITORY / "build" / "phone"
_WASM = REPOSITORY.joinpath(
    "build", "wasm", "node_modules", "@micropython", "micropython-webassembly-pyscript"
)
_MICROPYTHON = ("micropython.mjs", "micropython.wasm")
_STATIC = ("index.html", "manifest.webmanifest", "app.css", "js/*.js", "icons/*")


def build(target: Path = TARGET, micropython: Path = _WASM) -> int:
    """Fill ``target``; how many bytes it has."""
    files = contents(micropython)
    # Whole or not at all: a page that is being served never sees half of a new one.
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for path, data in files.items():
        file = fresh / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return sum(len(data) for data in files.values())


def contents(micropython: Path = _WASM) -> dict[str, bytes]:
    """{path: bytes} of everything that is served."""
    files = {
        str(file.relative_to(STATIC)): file.read_bytes()
        for pattern in _STATIC
        for file in sorted(STATIC.glob(pattern))
    }
    files["python.json"] = _json(modules())
    files["zh.json"] = _json(catalogue(CHINESE))
    for name in _MICROPYTHON:
        try:
            files[f"micropython/{name}"] = (micropython / name).read_bytes()
        except OSError:
            raise Refused(
                say("the page's MicroPython is missing; run: {command}", command="make setup-wasm")
            ) from None
    files["sw.js"] = _service_worker(files)
    return files


def _service_worker(files: dict[str, bytes]) -> bytes:
    """Its version is made of what it keeps: any change is a new version, and only then."""
    source = (STATIC / "sw.js").read_text(encoding="utf-8")
    digest = hashlib.sha256(source.encode())
    for path in sorted(files):
        digest.update(path.encode() + b"\0" + files[path])
    names = ", ".join(json.dumps(path) for path in sorted(files))
    version = f"cellwarden-{digest.hexdigest()[:16]}"
    return source.replace("@VERSION@", version).replace('"@FILES@"', names).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
