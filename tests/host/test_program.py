"""A controller's sources made smaller: what may be put in place of a name, and what may not."""

import pytest

from cellwarden_host.constants import MissingName
from cellwarden_host.program import Program
from cellwarden_host.traceback_names import readable


def made(**sources):
    """Sources by module (a__b is a/b.py), and what became of them, without empty statements."""
    program = Program({name.replace("__", "/") + ".py": text for name, text in sources.items()})
    return {
        path: [line for line in text.splitlines() if line.strip() not in ("", "pass")]
        for path, text in program.texts.items()
    }


def test_whole_numbers_stand_in_place_of_their_names_in_every_module():
    texts = made(
        p__a="LIMIT_MS = 60 * 1000\n_HALF_MS = LIMIT_MS // 2\nx = _HALF_MS\n",
        p__b="from .a import LIMIT_MS\nfrom . import a as other\ny = LIMIT_MS + other.LIMIT_MS\n",
        p__c="IDLE, BUSY = range(2)\nz = BUSY\n",
    )
    assert texts == {
        "p/a.py": ["x = 30000"],
        "p/b.py": ["y = 60000 + 60000"],
        "p/c.py": ["z = 1"],
    }


def test_what_may_change_or_be_looked_up_by_its_text_keeps_its_name():
    kept = "A = 1\nB = 2\nB = 3\nC = 4\ngetattr(A, 'C')\nD = None\nE = x.F\nF = 5\n"
    assert made(p__a=kept)["p/a.py"] == [
        "B = 2", "B = 3", "C = 4", "getattr(1, 'C')", "D = None", "E = x.F", "F = 5",
    ]  # fmt: skip


def test_a_boards_numbers_keep_their_names():
    texts = made(
        board__pack="RATING_MA = 200\n", p__a="from board import pack\nx = pack.RATING_MA\n"
    )
    assert texts["board/pack.py"] == ["RATING_MA = 200"]
    assert texts["p/a.py"] == ["from board import pack", "x = pack.RATING_MA"]


def test_lines_stay_where_they_are():
    source = "from q.b import (\n    A,\n    thing,\n)\n\nx = thing(A)\n"
    program = Program({"p/a.py": source, "q/b.py": "A = 7\ndef thing(): pass\n"})
    lines = program.texts["p/a.py"].splitlines()
    assert lines[5] == "x = thing(7)" and lines[0] == "from q.b import thing"


def test_parameters_are_shortened_unless_somebody_passes_them_by_name():
    texts = made(
        p__a="def f(now_ms, kind=0):\n    a = now_ms\n    return a + kind\n",
        p__b="from p.a import f\nf(1, kind=2)\n",
    )
    assert texts["p/a.py"] == ["def f(b, kind=0):", "    a = b", "    return a + kind"]


def test_private_names_that_meet_stay_apart():
    base = "class Base:\n    def __init__(self):\n        self._first = 1\n        self._go()\n"
    base += "    def _go(self):\n        return self._first\n"
    derived = "from .a import Base\nclass Derived(Base):\n    def __init__(self):\n"
    derived += "        self._second = self._first\n        self._go()\n"
    alone = "class Alone:\n    def __init__(self):\n        self._third = 3\n"
    texts = made(p__a=base, p__b=derived, p__c=alone)
    assert texts["p/a.py"][2:] == [
        "        self._a = 1", "        self._b()", "    def _b(self):", "        return self._a",
    ]  # fmt: skip
    assert texts["p/b.py"][3:] == ["        self._c = self._a", "        self._b()"]
    assert "        self._a = 3" in texts["p/c.py"]


def test_what_a_module_keeps_for_itself_is_shortened_wherever_it_is_named():
    texts = made(
        p__a="_count = []\ndef _more():\n    global _count\n    _count = [_count]\n"
        "async def _wait():\n    _more()\nclass _Box:\n    pass\n",
        p__b="from p.a import _more as more, _wait\nfrom p import a\nmore(_wait, a._Box)\n",
    )
    assert texts["p/a.py"] == [
        "_a = []", "def _b():", "    global _a", "    _a = [_a]",
        "async def _c():", "    _b()", "class _d:",
    ]  # fmt: skip
    assert texts["p/b.py"] == [
        "from p.a import _b as more, _c", "from p import a", "more(_c, a._d)"
    ]  # fmt: skip


def test_private_names_that_something_may_ask_for_stay():
    kept = "import _thread\nfrom x import y as _y\n_z = 1.5\ngetattr(_y, '_z')\n"
    kept += "def f(_part):\n    return _thread._new(_part)\n"
    assert made(p__a=kept)["p/a.py"] == kept.replace("_part", "a").splitlines()


def test_a_traceback_from_a_controller_gets_its_names_back():
    program = Program(
        {"/p/a.py": "def _go():\n    _come()\ndef _come():\n    _go()\n", "/p/b.py": "_x = []\n"}
    )
    told = 'File "a", in _a\nFile "b", in _a\nFile "b", in f\nFile "main", in _a\n'
    assert readable(told, program) == (
        'File "a", in _come\nFile "b", in _x\nFile "b", in f\nFile "main", in _a\n'
    )


def test_a_guest_gets_the_numbers_that_are_not_on_the_controller():
    program = Program({"p/a.py": "BOARD = 3\ndef f(): pass\n"})
    assert program.guest("from p.a import BOARD, f\nf(BOARD)\n") == "from p.a import f\nf(3)\n"


def test_a_name_that_is_missing_is_an_error_here_and_not_on_the_board():
    with pytest.raises(MissingName, match="p.b has no A"):
        Program(
            {"p/a.py": "A = 1\n", "p/b.py": "from .a import A\n", "p/c.py": "from .b import A\n"}
        )
