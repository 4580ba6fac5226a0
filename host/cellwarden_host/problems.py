"""What can go wrong for a user, with the exit code that tells a script which kind it was.

A problem's text says what happened and what to do next. It must never hide a programming
error: only these classes become a message, everything else stays a traceback.
"""

from __future__ import annotations


class Problem(Exception):
    """Something the user has to know; ends a command with ``exit_code``."""

    exit_code = 1

    @property
    def said(self) -> str:
        """The text as it was handed over: a ``Said`` that a page can tell in its language."""
        text = self.args[0] if self.args else ""
        return text if isinstance(text, str) else str(text)


class Refused(Problem):
    """The board, a file or a check said no; nothing was changed unless the text says so."""


class BadInput(Problem):
    """The command line asks for something that does not exist or cannot be meant."""

    exit_code = 2


class NoConnection(Problem):
    """No port, no permission, no answer, or the line went away."""

    exit_code = 3
