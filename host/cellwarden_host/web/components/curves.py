"""Curves over time; told by a plan (``tabs.graph_plan``), answers with the stretch looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui  # noqa: F401  (makes the chart library known to the pages)
from nicegui.element import Element
from nicegui.events import GenericEventArguments


class Curves(Element, component="curves.js"):
    """``on_window(from_ms, to_ms)`` is called when a person has zoomed or moved."""

    def __init__(self, plan: dict[str, Any], on_window: Callable[[int, int], Any]) -> None:
        super().__init__()
        self._props["plan"] = plan

        async def told(event: GenericEventArguments) -> None:
            await on_window(int(event.args["from"]), int(event.args["to"]))

        self.on("window", told)

    def show(self, plan: dict[str, Any]) -> None:
        self._props["plan"] = plan
        self.update()
