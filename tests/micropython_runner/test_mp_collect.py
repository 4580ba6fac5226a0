"""The second runtime must be able to fail: each way a test can go wrong turns pytest red."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).parent

INI = f"""
[pytest]
addopts = --import-mode=importlib -p no:cacheprovider
pythonpath = {RUNNER} {RUNNER}/both
micropython_testpaths = tests/core
micropython_path = {RUNNER}/both
"""
CONFTEST = "from mp_collect import pytest_addoption, pytest_collect_file, pytest_unconfigure\n"


@pytest.fixture
def pytest_on(tmp_path):
    """Write one test file into a small project of its own and run pytest there."""

    def run(source, *options, conftest=CONFTEST, **environment):
        folder = tmp_path / "tests" / "core"
        folder.mkdir(parents=True)
        (tmp_path / "pytest.ini").write_text(INI)
        (tmp_path / "tests" / "conftest.py").write_text(conftest)
        (folder / "test_sample.py").write_text(source)
        command = [sys.executable, "-m", "pytest", "-v", "-p", "no:hypothesispytest", *options]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        asked = subprocess.run(
            command,
            cwd=tmp_path,
            env=clean | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return asked.returncode, asked.stdout + asked.stderr

    return run


def test_each_test_runs_on_both(pytest_on):
    status, output = pytest_on("def test_a():\n    pass\n")
    assert status == 0, output
    assert "test_sample.py::test_a PASSED" in output
    assert "test_sample.py::micropython::test_a PASSED" in output


def test_failing_on_micropython_only_fails(pytest_on):
    source = """
import sys

def test_a():
    print("seen before")
    assert sys.implementation.name == "cpython"

def test_b():
    pass
"""
    status, output = pytest_on(source)
    assert status == 1, output
    assert "test_sample.py::test_a PASSED" in output
    assert "test_sample.py::micropython::test_a FAILED" in output
    assert "test_sample.py::micropython::test_b PASSED" in output
    assert "line 6, in test_a" in output and "AssertionError" in output
    assert "seen before" in output


@pytest.mark.parametrize("end", ["import os; os.system('kill -9 $PPID')", "raise SystemExit(0)"])
def test_a_child_that_ends_fails_its_test_and_no_other(pytest_on, end):
    source = f"""
import sys

def test_a():
    if sys.implementation.name == "micropython":
        {end}

def test_b():
    pass
"""
    status, output = pytest_on(source)
    assert status == 1, output
    assert "test_sample.py::micropython::test_a FAILED" in output
    assert "test_sample.py::micropython::test_b PASSED" in output


def test_a_file_that_micropython_cannot_import_fails(pytest_on):
    status, output = pytest_on("import dataclasses\n\ndef test_a():\n    pass\n")
    assert status == 1, output
    assert "ImportError" in output


def test_a_test_made_in_a_loop_is_refused(pytest_on):
    source = """
def test_a():
    pass

for letter in "bc":
    globals()["test_" + letter] = test_a
"""
    status, output = pytest_on(source)
    assert status == 1, output
    assert "not run on MicroPython: ['test_b', 'test_c']" in output


def test_one_test_can_be_chosen_and_spread_over_workers(pytest_on):
    source = "".join([f"def test_{letter}():\n    pass\n\n\n" for letter in "abcdefgh"])
    options = ("-n", "2", "--dist", "worksteal", "-k", "test_c or test_h")
    status, output = pytest_on(source, *options)
    assert status == 0, output
    assert output.count(" PASSED ") == 4, output


def test_one_node_can_be_named(pytest_on):
    source = "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n"
    status, output = pytest_on(source, "tests/core/test_sample.py::micropython::test_b")
    assert status == 0, output
    assert "1 passed" in output


def test_the_heap_can_be_made_as_small_as_a_controllers(pytest_on):
    source = """
import sys

MICROPYTHON_HEAPSIZE = "64K"

def test_a():
    if sys.implementation.name == "micropython":
        try:
            bytearray(100_000)
        except MemoryError:
            return
        assert False, "the heap is bigger than asked for"
"""
    status, output = pytest_on(source)
    assert status == 0, output


def test_an_allocating_step_is_caught(pytest_on):
    source = """
from heap_proof import prove_no_allocation

def test_quiet():
    prove_no_allocation(lambda: 1 + 1)

def test_loud():
    prove_no_allocation(lambda: [1, 2, 3])
"""
    status, output = pytest_on(source)
    assert status == 1, output
    assert "test_sample.py::micropython::test_quiet PASSED" in output
    assert "test_sample.py::micropython::test_loud FAILED" in output
    assert "allocates: " in output


def test_without_micropython_it_fails_and_says_how_to_get_one(pytest_on):
    blind = "import sys\n\nsys.executable = '/nowhere/python'\n" + CONFTEST
    source = "def test_a():\n    pass\n"
    status, output = pytest_on(source, conftest=blind, PATH="/nowhere")
    assert status == 1, output
    assert "test_sample.py::test_a PASSED" in output
    assert "test_sample.py::micropython::test_a FAILED" in output
    assert "make setup" in output
