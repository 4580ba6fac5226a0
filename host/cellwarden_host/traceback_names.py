"""Puts the names of the sources back into a traceback that a board printed.

``python -m cellwarden_host.traceback_names BOARD < printed`` for firmware made of these sources:
private functions have names of a letter or two on a controller (see program.py).
"""

from __future__ import annotations

import re
import sys

from .program import Program
from .sim.image import program

_FRAME = re.compile(r'(File "(\w+)",(?: line \d+,)? in )(\w+)')


def readable(text: str, made: Program) -> str:
    """``text`` with the sources' names of the functions in it."""
    names = {path.rpartition("/")[2].removesuffix(".py"): own for path, own in made.names.items()}

    def named(found: re.Match[str]) -> str:
        return found[1] + names.get(found[2], {}).get(found[3], found[3])

    return _FRAME.sub(named, text)


if __name__ == "__main__":
    sys.stdout.write(readable(sys.stdin.read(), program(sys.argv[1])))
