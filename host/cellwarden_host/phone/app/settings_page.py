"""A page."""

from typing import Any

from .ui import Ui


def build(ui: Ui, app: Any) -> None:
    pass
