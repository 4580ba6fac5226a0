"""All sources of a controller seen at once, and made smaller before they are compiled.

Every name that reaches a controller costs it some 20 bytes of memory, and looking it up costs
time. So what the sources say in names for people is said in numbers and short names there:

- whole numbers named at the top of a module, also where another module imports them;
- parameters that nobody passes by name;
- private names: attributes, methods, functions, what a module keeps for itself.

Lines stay where they are. A name that anything might look up by its text keeps it. Tracebacks
from a controller therefore name private functions by a letter or two; traceback_names.py turns
those back, with ``names``.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from .constants import Constants
from .edits import Edit, edited, names_in, strings_in
from .inline import inlined

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORT = [*_LETTERS, *(a + b for a in _LETTERS for b in "0123456789" + _LETTERS)]


class Program:
    """``texts``: path on the controller ("cellwarden/ticks.py") -> source, made smaller;
    ``names``: the same path -> what its short private names stand for."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        texts = {path: inlined(source) for path, source in sources.items()}
        self._constants = Constants(texts)
        texts = {path: self._constants.folded(path, text) for path, text in texts.items()}
        trees = {path: ast.parse(text) for path, text in texts.items()}
        private = _short_privates(trees)
        self.names = {
            path: {private[name]: name for name in names_in(tree) if name in private}
            for path, tree in trees.items()
        }
        keywords = {
            node.arg
            for tree in trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.keyword) and node.arg
        }
        self.texts = {
            path: edited(
                text, [*_privates(trees[path], private), *_parameters(trees[path], keywords)]
            )
            for path, text in texts.items()
        }

    def guest(self, text: str) -> str:
        """Source that runs beside the program: it must not miss the constants it imports."""
        return self._constants.folded("", inlined(text))


def _short_privates(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """New names of what is private. Two that meet in a file, or in a class and its bases, stay
    two; those that never meet may share one."""
    given: set[str] = set()
    fixed: set[str] = set()
    used: dict[str, Counter[str]] = {}
    for path, tree in trees.items():
        used[path] = Counter(name for name in names_in(tree) if _is_private(name))
        fixed |= strings_in(tree)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                given.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                given.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                given.add(node.id)
            elif isinstance(node, ast.arg):
                fixed.add(node.arg)  # see _parameters
            elif isinstance(node, ast.alias):
                fixed.add(node.asname or "")
            elif isinstance(node, ast.Import):
                fixed |= {alias.name for alias in node.names}
    renamed = given - fixed
    everywhere: Counter[str] = sum(used.values(), Counter())
    groups = [{name for path in family for name in used[path]} for family in _families(trees)]
    kept = {name for group in groups for name in group} - renamed
    short: dict[str, str] = {}
    for name in sorted(renamed & everywhere.keys(), key=lambda name: (-everywhere[name], name)):
        taken = set(kept)
        for group in groups:
            if name in group:
                taken |= {short[other] for other in group if other in short}
        short[name] = next("_" + new for new in _SHORT if "_" + new not in taken)
    return short


def _families(trees: Mapping[str, ast.Module]) -> list[set[str]]:
    """Files whose classes may meet in one object: each with those that hold its bases."""
    home = {
        node.name: path
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    families = []
    for path, tree in trees.items():
        family = {path}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
                family |= {home[base] for base in bases if base in home}
        families.append(family)
    merged: list[set[str]] = []
    for family in families:
        touching = [other for other in merged if other & family]
        merged = [other for other in merged if not other & family]
        merged.append(family.union(*touching))
    return merged


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and len(name) > 1


def _privates(tree: ast.Module, short: Mapping[str, str]) -> Iterator[Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in short:
            yield Edit.attribute(node, short[node.attr])
        elif isinstance(node, ast.Name) and node.id in short:
            yield Edit.name(node, node.id, short[node.id])
        elif isinstance(node, ast.alias) and node.name in short:
            yield Edit.name(node, node.name, short[node.name])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name in short:
                yield Edit.defined(node, short[node.name])
        elif isinstance(node, ast.Global):
            yield Edit.whole(node, "global " + ", ".join(short.get(n, n) for n in node.names))


def _parameters(tree: ast.Module, keywords: set[str]) -> list[Edit]:
    """Short names for the parameters of all functions that hold no function themselves."""
    edits: list[Edit] = []
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        inside = [node for part in function.body for node in ast.walk(part)]
        if any(isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)) for node in inside):
            continue
        arguments = [
            argument
            for argument in function.args.posonlyargs + function.args.args
            if argument.arg not in keywords and argument.arg not in ("self", "_")
        ]
        taken = {node.id for node in inside if isinstance(node, ast.Name)}
        taken |= {argument.arg for argument in function.args.args + function.args.kwonlyargs}
        free = (name for name in _SHORT if name not in taken)
        new = {argument.arg: next(free) for argument in arguments}
        edits += [Edit.name(argument, argument.arg, new[argument.arg]) for argument in arguments]
        edits += [
            Edit.name(node, node.id, new[node.id])
            for node in inside
            if isinstance(node, ast.Name) and node.id in new
        ]
    return edits
