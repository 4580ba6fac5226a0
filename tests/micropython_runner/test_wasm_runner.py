"""The 32-bit runtime of the phone app and `make bench`: small integers end where an RP2040's do.

Needs node and `make setup-wasm`, which `make test` sees to.
"""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")

SCRIPT = """
import sys
from array import array

from cellwarden.ticks import MASK, elapsed_ms
from heap_proof import prove_no_allocation

values = array("I", [MASK, MASK + 1])
print(sys.argv[1], elapsed_ms(5, MASK - 4))
prove_no_allocation(lambda: values[0])
try:
    prove_no_allocation(lambda: values[1])
except AssertionError as error:
    print(error)
raise ValueError("the end")
"""


def test_runs_shared_code_on_32_bits(tmp_path):
    script = tmp_path / "sample.py"
    script.write_text(SCRIPT)
    paths = ["--path", ROOT / "shared", "--path", ROOT / "tests/micropython_runner/both"]
    command = [NODE, ROOT / "tools/wasm_runner.mjs", *paths, script, "argument"]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert asked.stdout.splitlines()[0] == "argument 10", asked.stderr
    assert "step 1 allocates" in asked.stdout
    assert "ValueError: the end" in asked.stderr
    assert asked.returncode == 1
