"""Which modules the page needs: its own, and everything that they import, translated.

Found by following imports from the app's first module, so the page holds no more and no less.
"""

from __future__ import annotations

import ast
from pathlib import Path

from .translate import translated
from .waiting import Waiting

HOST = Path(__file__).parents[2]
SHARED = HOST.parent / "shared"
STATIC = HOST / "phone"
COMPAT = STATIC / "compat"
START = "cellwarden_host.phone.app.main"
_OURS = ("cellwarden", "cellwarden_host", "modbus_rtu", "board_update")
# Packages whose own module stands for a terminal or a server: empty on the page.
_EMPTY = (
    "cellwarden_host.phone",
    "cellwarden_host.release",
    "cellwarden_host.update",
    "cellwarden_host.web",
    "cellwarden_host.web.tabs",
)


def modules() -> dict[str, str]:
    """{path in the page's file system: source} of all that the page runs."""
    trees: dict[str, ast.Module] = {}
    stand_ins: set[str] = set()
    todo = [START]
    while todo:
        name = todo.pop()
        if name in trees or name in stand_ins:
            continue
        stand_in = _stand_in(name)
        if stand_in is not None:
            stand_ins.add(name)
            tree = ast.parse(stand_in.read_text(encoding="utf-8"))
        elif name in _EMPTY:
            tree = trees[name] = ast.parse("")
        else:
            tree = trees[name] = translated(_file(name).read_text(encoding="utf-8"), name)
        todo.extend(_imported(tree, name))
    waiting = Waiting(trees, {name: _names(tree, name) for name, tree in trees.items()})
    found = {}
    for name, tree in trees.items():
        waiting.rewrite(name)
        found[_path(name)] = ast.unparse(tree) + "\n"
    for name in stand_ins:
        found[_path(name)] = _stand_in(name).read_text(encoding="utf-8")  # type: ignore[union-attr]
    for file in COMPAT.glob("*.py"):
        found[file.name] = file.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def _stand_in(name: str) -> Path | None:
    """A module that the page has another of, for the same use."""
    file = COMPAT.joinpath(*name.split(".")).with_suffix(".py")
    package = COMPAT.joinpath(*name.split("."), "__init__.py")
    return file if file.exists() else package if package.exists() else None


def _file(name: str) -> Path:
    root = HOST if name.startswith("cellwarden_host") else SHARED
    path = root.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _path(name: str) -> str:
    package = _is_package(name)
    return name.replace(".", "/") + ("/__init__.py" if package else ".py")


def _is_package(name: str) -> bool:
    root = HOST if name.startswith("cellwarden_host") else SHARED
    return root.joinpath(*name.split(".")).is_dir()


def _imported(tree: ast.Module, name: str) -> list[str]:
    """Our modules that this one imports, with the packages around them."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name)
            found.append(base)
            found.extend(
                f"{base}.{alias.name}" for alias in node.names if _exists(f"{base}.{alias.name}")
            )
    ours = [one for one in found if one.split(".")[0] in _OURS and _exists(one)]
    around = [".".join(one.split(".")[:n]) for one in ours for n in range(1, one.count(".") + 1)]
    return around + ours


def _names(tree: ast.Module, name: str) -> dict[str, tuple[str, str]]:
    """What the names that a module imports stand for."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update({alias.asname or alias.name: (alias.name, "") for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name)
            found.update({a.asname or a.name: (base, a.name) for a in node.names})
    return found


def _absolute(node: ast.ImportFrom, name: str) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    if _is_package(name):
        parts.append("")
    base = parts[: -node.level]
    return ".".join([*base, node.module] if node.module else base)


def _exists(name: str) -> bool:
    return bool(name) and (_file(name).exists() or _stand_in(name) is not None)
