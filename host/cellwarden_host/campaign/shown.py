"""Which test shows which rule at work; a rule that none shows stops the build.

A protection nobody has seen work is none. Tests are named by their ids and looked up in their
files, so one that was renamed or taken out is missed at once.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from . import hazards, provocations, warnings

ROOT = Path(__file__).resolve().parents[3]
RULE_TESTS = "tests/system/test_safety_rules.py"
OPENS = "test_a_hazard_ends_within_the_promised_time"
WARNS = "test_it_warns_and_opens_nothing"


class Untested(Exception):
    """Something that must be shown is not."""


@cache
def _functions(path: str) -> frozenset[str]:
    """Names of the test functions in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def exists(test: str) -> bool:
    """Whether a test id names a test that is there."""
    path, _, function = test.partition("::")
    return (ROOT / path).exists() and function.partition("[")[0] in _functions(path)


def tests_of(rule: str) -> list[str]:
    """Ids of the tests that show this rule at work; raises when there is none."""
    tests = []
    if rule in provocations.BY_RULE:
        tests = [f"{RULE_TESTS}::{OPENS}[{rule}]"]
    elif rule in warnings.BY_RULE:
        tests = [f"{RULE_TESTS}::{WARNS}[{rule}]"]
    elif rule in provocations.NOT_PHYSICAL:
        tests = [provocations.NOT_PHYSICAL[rule][1]]
    missing = [test for test in tests if not exists(test)]
    if missing or not tests:
        raise Untested(f"{rule} has no test" + "".join(f": {test}" for test in missing))
    return tests


def check() -> None:
    """Raise when a rule stands against nothing or is shown by nothing."""
    for what, names in (
        ("no hazard, or no such rule", hazards.without_hazard()),
        ("no provocation", provocations.missing()),
        ("no row in warnings.py", warnings.missing()),
    ):
        if names:
            raise Untested(f"{what}: {', '.join(names)}")
    for row in hazards.HARDWARE:
        if row[3] and not exists(row[3]):
            raise Untested(f"{row[0]}: no test {row[3]}")
