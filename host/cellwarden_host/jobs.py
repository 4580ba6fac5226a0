"""Long work on a board in short pieces: between two pieces others look at the board.

A job is a generator. It yields how many seconds it wants to wait, is sent the board each time it
goes on, and returns its result. It never sleeps itself, so whoever drives it owns the time: a page
between its looks, a terminal, a test.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

from .board import Board

T = TypeVar("T")
Job = Generator[float, Board, T]


@dataclass(frozen=True)
class Finished(Generic[T]):
    """A job's end."""

    result: T


def piece(job: Job[T], board: Board) -> float | Finished[T]:
    """Go on by one piece: the seconds to wait before the next, or the end."""
    try:
        return job.send(board)
    except StopIteration as ended:
        return Finished(ended.value)


def run(job: Job[T], board: Board, sleep: Callable[[float], None] = time.sleep) -> T:
    """Drive a job to its end on this thread."""
    sleep(next(job))
    while True:
        told = piece(job, board)
        if isinstance(told, Finished):
            return told.result
        sleep(told)
