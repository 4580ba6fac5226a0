"""Nothing is allocated while measuring and driving: proven under MicroPython's own lock."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = shutil.which("micropython", path=f"{ROOT}/.venv/bin:{os.environ.get('PATH', '')}")


def run_script(name, folder):
    path = ":".join(str(ROOT / part) for part in ("shared", "")) + ":.frozen"
    return subprocess.run(
        [MICROPYTHON, str(ROOT / "tests/firmware/mp" / name), str(folder)],
        env={"MICROPYPATH": path, "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["heap_locked.py", "storage.py", "ble_heap.py"])
def test_script_passes_on_micropython(name, tmp_path):
    assert MICROPYTHON, "no micropython in .venv/bin or on the PATH"
    result = run_script(name, tmp_path)
    assert result.stdout.strip() == "OK", result.stdout + result.stderr
