"""A page."""

from typing import Any

from .ui import Ui


def build(ui: Ui, app: Any) -> None:
    pass


class Recording:
    def add(self, seen: Any) -> None:
        pass
