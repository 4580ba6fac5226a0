"""The rows as one table for people, or as JSON for scripts."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from .row import NOT_MEASURED, OK, SHORT_OF, Row

_STYLE = {OK: "green", SHORT_OF: "bold red", NOT_MEASURED: "yellow"}


def table(rows: Sequence[Row]) -> Table:
    """One line a row, a rule between topics; notes stand below what they explain."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    made.add_column("", min_width=5, no_wrap=True)
    made.add_column("what", ratio=6)
    made.add_column("ours", justify="right", ratio=2)
    made.add_column("target", justify="right", ratio=2)
    made.add_column("peer", ratio=2)
    topic = ""
    for row in rows:
        if row.topic != topic:
            topic = row.topic
            made.add_row()
            made.add_row("", f"[bold]{topic}[/]")
        what = row.what + (f"\n[dim]{row.note}[/]" if row.note else "")
        made.add_row(
            f"[{_STYLE.get(row.verdict, 'dim')}]{row.verdict}[/]",
            what,
            row.ours,
            row.target,
            row.peer,
        )
    return made


def summary(rows: Sequence[Row]) -> str:
    judged = [row for row in rows if row.verdict in (OK, SHORT_OF)]
    met = sum(row.verdict == OK for row in judged)
    absent = sum(row.verdict == NOT_MEASURED for row in rows)
    text = f"{met} of {len(judged)} targets met"
    return text + (f", {absent} not measured" if absent else "")


def machine() -> str:
    """What it ran on: times mean little without it."""
    return f"{platform.machine()}, {platform.system()}, CPython {platform.python_version()}"


def print_table(rows: Sequence[Row], console: Console) -> None:
    console.print(table(rows))
    console.print(f"\n{summary(rows)}; measured on {machine()}", highlight=False)


def as_json(rows: Sequence[Row]) -> dict[str, object]:
    return {"machine": machine(), "rows": [row.as_json() for row in rows]}
