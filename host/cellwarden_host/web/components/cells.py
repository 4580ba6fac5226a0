"""The cells as one element, fed once a look; 32 labels would cost ten times more."""

from __future__ import annotations

from typing import Any

from nicegui.element import Element


class Cells(Element, component="cells.js"):
    """``show`` sends only what has changed since the last call."""

    def __init__(self, words: dict[str, str]) -> None:
        super().__init__()
        self._shown: dict[str, Any] = {}
        self._props.update(
            {"mv": [], "balanced": [], "wires": [], "marks": [], "high": 0, "low": 0}
            | {"from": 0, "to": 1, "words": words}
        )

    def show(self, given: dict[str, Any]) -> None:
        if given != self._shown:
            self._shown = given
            self._props.update(given)
            self.update()
