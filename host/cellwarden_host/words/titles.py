"""What a row of the schema is called: its title and its help, both from the table's one text.

A help begins with the title, up to its first colon or semicolon. ``units`` builds on this, so
nothing here may know of it.
"""

from __future__ import annotations

import re
from typing import Any

from . import Said, known, say, terminal

_TITLE_END = re.compile(r"[:;] ")


def title(row: Any) -> Said:
    """A short label: the help's first clause, e.g. ``Cell over-voltage, level 1``."""
    return known(_TITLE_END.split(row.help, maxsplit=1)[0])


def rest(row: Any) -> Said:
    """What the help says beyond the title; empty for a title that says all."""
    clauses = _TITLE_END.split(row.help, maxsplit=1)
    return known(clauses[1] if len(clauses) > 1 else "")


def help(row: Any) -> Said:
    """All of the help."""
    more = rest(row)
    if not more:
        return title(row)
    return terminal(row.help, say("{title}: {more}", title=title(row), more=more))


def name(row: Any) -> Said:
    """A row in a sentence: a terminal prints the register's name, a page its title.

    A row made up for an occasion has no help, and is told by its name.
    """
    return terminal(row.name, title(row) if getattr(row, "help", "") else known(row.name))
