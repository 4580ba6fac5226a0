"""The tabs, in their order; each is a module that says its title and builds its content."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...words import Said

if TYPE_CHECKING:
    from ..view import View

_KEYS = ("monitor", "alarm", "param", "normal", "dload", "graph", "update", "lease")


@dataclass(frozen=True)
class Tab:
    """``build`` makes the content where it is called and returns what refreshes it."""

    key: str
    title: Said
    icon: str
    build: Callable[[View], Callable[[], None]]


def _tab(key: str) -> Tab:
    module = importlib.import_module(f".{key}", __name__)
    return Tab(key, module.TITLE, module.ICON, module.build)


TABS = tuple(_tab(key) for key in _KEYS)
