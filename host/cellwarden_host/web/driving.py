"""Long jobs on the board from a page: piece after piece, with looks in between.

A job goes on when its page has been closed. It ends with its result, or with the ``Problem`` that
stopped it; what it had to leave undone is the job's own business to have written down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from ..jobs import Finished, Job, piece
from ..problems import Problem
from .station import Station

T = TypeVar("T")


async def drive(station: Station, job: Job[T], seen: Callable[[], None] = lambda: None) -> T:
    """Carry out ``job`` on the board that is there now; ``seen`` is called after each piece."""
    of = station.snapshot.machine_code if station.snapshot else ""
    wait_s = next(job)
    try:
        while True:
            await asyncio.sleep(wait_s)
            told = await station.do(lambda board: piece(job, board), of=of)
            seen()
            if isinstance(told, Finished):
                return told.result
            wait_s = told
    except Problem:
        job.close()
        raise
