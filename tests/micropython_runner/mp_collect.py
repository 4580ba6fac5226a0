"""Collect the plain test files a second time, as tests that run under MicroPython.

``tests/core/test_x.py::test_y`` runs on CPython, ``tests/core/test_x.py::micropython::test_y``
the same function under MicroPython. A file's tests share one child process in each worker,
started when the first of them runs and fed one name at a time, so that selecting (``-k``) and
any distribution of pytest-xdist work. Nothing here skips a test.
"""

import ast

import pytest

from mp_runtime import Child, ChildDied, RuntimeMissing, find_micropython

_RUNNING = pytest.StashKey[dict]()


def pytest_addoption(parser):
    parser.addini("micropython_testpaths", "folders whose tests run on MicroPython too", "paths")
    parser.addini("micropython_path", "where MicroPython imports from", "paths")


def pytest_collect_file(file_path, parent):
    folders = parent.config.getini("micropython_testpaths")
    if file_path.suffix == ".py" and file_path.name.startswith("test_"):
        if any(folder in file_path.parents for folder in folders):
            return MicroPythonFile.from_parent(parent, path=file_path)
    return None


def pytest_unconfigure(config):
    for child in config.stash.get(_RUNNING, {}).values():
        child.close()


class MicroPythonFile(pytest.File):
    """One test file; its only member is the group named ``micropython``."""

    def collect(self):
        yield MicroPythonTests.from_parent(self, name="micropython")


class MicroPythonTests(pytest.Collector):
    """The tests of one file, read from its source: the file is imported only by MicroPython."""

    def collect(self):
        self.heapsize = None
        names = []
        for node in ast.parse(self.path.read_bytes(), str(self.path)).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                names.append((node.name, node.lineno))
            elif isinstance(node, ast.Assign) and _names(node) == ["MICROPYTHON_HEAPSIZE"]:
                self.heapsize = ast.literal_eval(node.value)
        for name, lineno in names:
            item = MicroPythonTest.from_parent(self, name=name)
            item.lineno = lineno
            yield item
        if names:
            yield AllTestsSeen.from_parent(self, name="every_test_is_collected")

    def ask(self, question):
        """Put a question to this file's child, starting it if need be."""
        running = self.config.stash.setdefault(_RUNNING, {})
        if self.path not in running:
            for path in list(running):
                running.pop(path).close()
            running[self.path] = self._start()
        try:
            return running[self.path].ask(question)
        except ChildDied:
            running.pop(self.path).close()
            raise

    def _start(self):
        paths = [self.path.parent, *self.config.getini("micropython_path")]
        arguments = [self.path.stem]
        return Child(find_micropython(), "serve_tests.py", paths, self.heapsize, arguments)


class MicroPythonTest(pytest.Item):
    """One test function, run under MicroPython."""

    lineno = 0

    def runtest(self):
        answer, printed = self.parent.ask(self.name)
        if printed:
            self.add_report_section("call", "MicroPython stdout", printed)
        if answer["failed"] is not None:
            raise FailedOnMicroPython(answer["failed"])

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, (FailedOnMicroPython, ChildDied)):
            return f"under MicroPython:\n{excinfo.value}"
        if isinstance(excinfo.value, RuntimeMissing):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, max(self.lineno - 1, 0), f"micropython::{self.name}"


class AllTestsSeen(MicroPythonTest):
    """Fails when the module holds tests its source does not show (made in a loop, imported)."""

    def runtest(self):
        answer, _ = self.parent.ask("")
        if "failed" in answer:
            raise FailedOnMicroPython(answer["failed"])
        seen = {item.name for item in self.parent.collect()}
        hidden = sorted(set(answer["tests"]) - seen)
        assert not hidden, f"not plain top-level functions, so not run on MicroPython: {hidden}"


class FailedOnMicroPython(Exception):
    """A test failed under MicroPython; the text is its traceback."""


def _names(assignment):
    return [target.id for target in assignment.targets if isinstance(target, ast.Name)]
