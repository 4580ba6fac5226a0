"""Runs the scripts of ``on_board/`` on the runtimes there are; each prints JSON lines.

On MicroPython they run on what a controller holds: the same compiled files, names inlined.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..sim.compiling import compiled
from ..sim.image import fixed_files, program, slot_files
from ..sim.layout import BUILD
from ..sim.process import find_micropython

SCRIPTS = Path(__file__).parent / "on_board"
CHECKOUT = Path(__file__).resolve().parents[3]
NODE_MODULES = CHECKOUT / "build" / "wasm" / "node_modules"
_WASM_RUNNER = CHECKOUT / "tools" / "wasm_runner.mjs"
_TIMEOUT_S = 600

Result = dict[str, Any]
Told = list[Result]
Run = Callable[..., Told]


class Missing(Exception):
    """This machine lacks the runtime; the text says what to do."""


class Failed(Exception):
    """The script ended badly; the text is what it said."""


@contextmanager
def controller_tree(beside: Mapping[str, bytes] | None = None) -> Iterator[Path]:
    """A folder with a controller's packages and our scripts, compiled as for a board, and files
    ``beside`` them."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tree-", dir=BUILD) as folder:
        tree = Path(folder)
        for name, data in (beside or {}).items():
            (tree / name).write_bytes(data)
        for path, source in {**fixed_files("sim"), **slot_files("sim")}.items():
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
        guest = program("sim").guest
        for script in SCRIPTS.glob("*.py"):
            text = guest(script.read_text(encoding="utf-8"))
            shutil.copyfile(compiled(text, script.name), tree / (script.stem + ".mpy"))
            (tree / f"run_{script.stem}.py").write_text(f"import {script.stem}\n")
        yield tree


def on_micropython(
    script: str,
    *arguments: object,
    heap: str = "2M",
    beside: Mapping[str, bytes] | None = None,
) -> Told:
    """On the unix MicroPython, 64 bits."""
    with controller_tree(beside) as tree:
        environment = {**os.environ, "MICROPYPATH": f"{tree}:.frozen"}
        command = [find_micropython(), "-X", f"heapsize={heap}", tree / f"run_{script}.py"]
        return _run([*command, *arguments], environment)


def on_wasm(script: str, *arguments: object, beside: Mapping[str, bytes] | None = None) -> Told:
    """On the WebAssembly MicroPython under node: 32 bits, small integers as on an RP2040."""
    node = shutil.which("node")
    if node is None:
        raise Missing("node is not here")
    if not NODE_MODULES.is_dir():
        raise Missing("no MicroPython for node: make setup-wasm")
    with controller_tree(beside) as tree:
        command = [node, _WASM_RUNNER, tree / f"run_{script}.py"]
        return _run([*command, *arguments], dict(os.environ))


def on_cpython(script: str, *arguments: object) -> Told:
    """On the Python that runs this."""
    paths = [SCRIPTS, CHECKOUT / "shared", CHECKOUT]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return _run([sys.executable, SCRIPTS / f"{script}.py", *arguments], environment)


def _run(command: list[Any], environment: dict[str, str]) -> Told:
    asked = subprocess.run(
        [str(part) for part in command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
    )
    if asked.returncode:
        raise Failed((asked.stderr + asked.stdout).strip()[-2000:] or "no output")
    return [json.loads(line) for line in asked.stdout.splitlines() if line.startswith("{")]
