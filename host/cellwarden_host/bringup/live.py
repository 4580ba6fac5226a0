"""The checklist on a terminal while it runs: a table that fills, or a line a step without one."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .checklist import FAIL, PASS, STEPS, measured

_STYLES = {PASS: "bold green", FAIL: "bold red", "incomplete": "bold yellow"}
_BUSY = "..."


class Show:
    """``shown`` is told each step twice: when it begins and when it has its result."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, dict[str, Any] | None] = {}
        self._live: Live | None = None

    def __enter__(self) -> Show:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def shown(self, name: str, result: dict[str, Any] | None) -> None:
        self._rows[name] = result
        if self._live is not None:
            self._live.update(self._table(), refresh=True)
        elif result is not None:
            value = measured(result)
            said = f"{value}; {result['say']}" if value else result["say"]
            self._console.print(f"{STEPS[name]:28} {result['result']:8} {said}")

    def ask(self, question: str) -> str:
        """Ask below the table, which stands still meanwhile."""
        if self._live is None:
            return input(question)
        self._live.stop()
        try:
            return input(question)
        finally:
            self._live.start()

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in ("step", "result", "measured", "remarks"):
            table.add_column(column, overflow="fold")
        for name, result in self._rows.items():
            if result is None:
                table.add_row(STEPS[name], _BUSY, "", "")
            else:
                word = Text(result["result"], style=_STYLES.get(result["result"], ""))
                table.add_row(STEPS[name], word, measured(result), result["say"])
        return table


def headline(console: Console, overall: str) -> None:
    """The verdict, large."""
    console.print(Text(f"\n  {overall.upper()}  \n", style=_STYLES.get(overall, "")))
