"""Replay on MicroPython what runs on CPython, and compare: for property tests.

Hypothesis makes examples on CPython; ``micropython_replay.compare(function, *arguments)`` runs
each on both runtimes and fails when the outcomes differ. The function must live in a module
that both can import (shared/, or a helper next to the tests of tests/core and its like).
"""

import functools
import json

import pytest

from mp_runtime import Child, find_micropython
from plain import plain, unplain


class ReplayRaised(Exception):
    """The function raised under MicroPython."""

    def __init__(self, type_name, traceback):
        super().__init__(traceback)
        self.type_name = type_name


class Replay:
    """One long-lived MicroPython process that calls functions by name."""

    def __init__(self, paths):
        self._start = functools.partial(Child, find_micropython(), "serve_replay.py", paths)
        self._child = None

    def call(self, module, function, *arguments):
        """The result under MicroPython; raises ReplayRaised if it raised there."""
        answer = self._ask(module, function, arguments)
        if "raised" in answer:
            raise ReplayRaised(answer["raised"], answer["traceback"])
        return unplain(answer["result"])

    def compare(self, function, *arguments):
        """Run on both; the plain outcome (or type of exception) must be equal. Returns it."""
        there = self._ask(function.__module__, function.__name__, arguments)
        try:
            here = {"result": plain(function(*arguments))}
        except Exception as error:
            here = {"raised": type(error).__name__, "traceback": repr(error)}
        if _outcome(here) != _outcome(there):
            text = f"{function.__module__}.{function.__name__}{arguments!r}"
            pytest.fail(f"{text}\nCPython:     {here}\nMicroPython: {there}", pytrace=False)
        if "raised" in here:
            return here["raised"]
        return unplain(here["result"])

    def _ask(self, module, function, arguments):
        if self._child is None:
            self._child = self._start()
        question = [module, function, [plain(argument) for argument in arguments]]
        try:
            answer, _ = self._child.ask(question)
        except BaseException:  # out of step from here on: begin again with a fresh process
            self.close()
            raise
        return answer

    def close(self):
        if self._child is not None:
            self._child.close()
            self._child = None


def _outcome(answer):
    """What must be equal, as text, so that True and 1 differ."""
    return json.dumps([answer.get("raised"), answer.get("result")])


@pytest.fixture(scope="session")
def micropython_replay(pytestconfig):
    """A MicroPython process that lives as long as the worker (see ``Replay``)."""
    folders = pytestconfig.getini("micropython_testpaths")
    replay = Replay([*folders, *pytestconfig.getini("micropython_path")])
    yield replay
    replay.close()
