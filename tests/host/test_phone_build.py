"""The phone app's builder: what it serves, and how it rewrites the program's own modules."""

import ast
import json
import re
import subprocess
from decimal import Decimal

import pytest
from phone_page import built

from cellwarden_host.phone import collect
from cellwarden_host.phone.build import build, contents
from cellwarden_host.phone.collect import STATIC, modules
from cellwarden_host.phone.translate import CannotTranslate, translated
from cellwarden_host.phone.waiting import Waiting
from cellwarden_host.problems import Refused

SCRIPTS = sorted(STATIC.glob("**/*.js"))


def rewritten(source):
    return ast.unparse(translated(source, "cellwarden_host.example"))


def awaited(source, **more):
    """The module after its waiting calls have become awaited ones."""
    trees = {"one": ast.parse(source), **{name: ast.parse(text) for name, text in more.items()}}
    imported = {name: collect._names(tree, name) for name, tree in trees.items()}
    waiting = Waiting(trees, imported)
    waiting.rewrite("one")
    return ast.unparse(trees["one"])


def run(source):
    """What ``x`` is in the end."""
    names = {}
    tools = (collect.COMPAT / "page_tools.py").read_text()
    exec(tools, names)
    exec(re.sub(r"from page_tools import .*", "", rewritten(source)), names)
    return names["x"]


# --- the folder


def test_everything_is_served_from_the_folder_and_kept_for_offline():
    files = built()
    worker = files["sw.js"].decode()
    kept = json.loads("[" + re.search(r"FILES = \[(.*)\];", worker).group(1) + "]")
    assert sorted(kept) == sorted(set(files) - {"sw.js"})
    assert re.search(r'VERSION = "cellwarden-[0-9a-f]{16}"', worker)
    page = files["index.html"].decode()
    named = set(re.findall(r'(?:src|href)="([^"]+)"', page))
    assert named <= set(files)
    for path, data in files.items():
        if path.endswith((".html", ".js", ".css", ".webmanifest")):
            text = data.decode().replace("http://www.w3.org/2000/svg", "")
            assert "http://" not in text and "https://" not in text, path
            assert not re.search(r'(?:src|href|from|import)[=( ]+"/', text), path


def test_another_content_is_another_version(monkeypatch):
    before = built()["sw.js"]
    assert contents()["sw.js"] == before
    monkeypatch.setattr("cellwarden_host.phone.build.modules", dict)
    assert contents()["sw.js"] != before


def test_a_folder_is_built_whole(tmp_path):
    size = build(tmp_path / "phone")
    found = {
        str(file.relative_to(tmp_path / "phone")): file.stat().st_size
        for file in (tmp_path / "phone").rglob("*")
        if file.is_file()
    }
    assert sum(found.values()) == size
    assert set(found) == set(built())


def test_without_micropython_it_says_what_to_run(tmp_path):
    with pytest.raises(Refused, match="make setup-wasm"):
        contents(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound(script, tmp_path):
    # As a module, which a bare .js would not be taken for.
    copy = tmp_path / (script.stem + ".mjs")
    copy.write_bytes(script.read_bytes())
    done = subprocess.run(["node", "--check", copy], capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_no_page_waits_while_it_is_built():
    pages = {path: text for path, text in modules().items() if "/phone/app/" in path}
    assert len(pages) > 10
    for path, text in pages.items():
        assert "async def build" not in text, path


def test_nothing_is_taken_along_that_a_page_cannot_use():
    carried = set(modules())
    for name in ("link", "monitor", "cli/connect", "web/view", "web/server", "update/vendor"):
        assert f"cellwarden_host/{name}.py" not in carried
    assert {"cellwarden/validation.py", "modbus_rtu/client.py"} <= carried


# --- rewriting


def test_dataclasses_keep_their_fields_and_defaults():
    source = """
from dataclasses import dataclass, field
@dataclass(frozen=True)
class A:
    a: int
    b: list = field(default_factory=list)
    c: str = "c"
    def both(self) -> str:
        return f"{self.a}{self.c}"
one, two = A(1), A(2, [3], c="d")
one.b.append(5)
x = (one.both(), two.both(), one.b, two.b, A(0).b)
"""
    assert run(source) == ("1c", "2d", [5], [3], [])


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[*range(2), 5, *'ab']", [0, 1, 5, "a", "b"]),
        ("(*range(2), 5)", (0, 1, 5)),
        ("{*range(2), 1}", {0, 1}),
        ("{**{'a': 1}, 'b': 2, **{'a': 3}}", {"a": 3, "b": 2}),
        ("'a_mv'.removesuffix('_mv')", "a"),
        ("b'a'.ljust(3, b'.')", b"a.."),
        ("list(zip([1], [2], strict=True))", [(1, 2)]),
        ("'a: b: c'.split(': ', maxsplit=1)", ["a", "b: c"]),
    ],
)
def test_what_micropython_lacks_is_spelled_out(expression, value):
    assert run(f"x = {expression}") == value


def test_annotations_and_their_imports_go():
    text = rewritten(
        "from .web import View\nfrom .use import used\n"
        "def f(view: View, *, n: int = 2) -> View:\n    'doc'\n    y: int = used(n)\n    return y"
    )
    assert "View" not in text and "doc" not in text and "int" not in text
    assert "def f(view, *, n=2):" in text


def test_who_calls_what_waits_waits_too():
    text = awaited(
        "from two import fetch\n"
        "class Board:\n"
        "    def read(self):\n        return self.port.read(1)\n"
        "    def plain(self):\n        return 1\n"
        "def all(board):\n    return [board.read(), board.plain(), fetch()]\n"
        "def none(board):\n    return board.plain()\n",
        two="def fetch():\n    return sleep(1)\n",
    )
    assert "async def read(self):\n        return await self.port.read(1)" in text
    assert "async def all(board):" in text and "await fetch()" in text
    assert "    def plain(self):" in text and "\ndef none(board):" in text
    assert "await board.plain" not in text


def test_methods_of_one_name_wait_all_or_none():
    with pytest.raises(CannotTranslate, match=r"Other\.read"):
        awaited(
            "class Board:\n    def read(self):\n        return self.port.read(1)\n"
            "class Other:\n    def read(self):\n        return 1\n"
        )


# --- what stands in for CPython's


def test_decimals_agree_with_pythons():
    names = {}
    exec((collect.COMPAT / "page_decimal.py").read_text(), names)
    ours = names["Decimal"]
    for typed in ("0", "4.2", "-0.001", ".5", "12.", "100", "3600"):
        for size in ("0.001", "0.1", "1", "60", "0.0001"):
            for base in ("0.001", "0.01", "1", "60"):
                wanted = Decimal(typed) * Decimal(size) / Decimal(base)
                found = ours(typed) * ours(size) / ours(base)
                assert float(found) == pytest.approx(float(wanted), abs=1e-9)
                whole = wanted == wanted.to_integral_value()
                assert (found == found.to_integral_value()) == whole
                if whole:
                    assert int(found) == int(wanted)
    for count in (0, 7, -3, 4200, -12345):
        for step in ("0.001", "0.1", "0.0001", "1", "100"):
            assert str(ours(step) * count) == str(Decimal(step) * count)
    with pytest.raises(names["InvalidOperation"]):
        ours("x")
