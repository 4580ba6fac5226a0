"""Asks a running simulator something: one JSON document a line, over its local control port."""

from __future__ import annotations

import json
from typing import Any

from .problems import NoConnection, Refused
from .ready_file import connect_control
from .words import say


def ask(where: object, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request; its answer. ``Refused`` carries the simulator's own words."""
    with connect_control(where) as connection, connection.makefile("rw", encoding="utf-8") as line:
        try:
            line.write(json.dumps(request) + "\n")
            line.flush()
            text = line.readline()
        except OSError as error:
            raise NoConnection(
                say("the simulator at {where} went away: {why}", where=str(where), why=str(error))
            ) from error
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise NoConnection(
            say("what answers at {where} is no simulator", where=str(where))
        ) from error
    if not isinstance(answer, dict) or not answer.get("ok", False):
        said = answer.get("error", answer) if isinstance(answer, dict) else answer
        raise Refused(str(said))
    return answer
