"""Records what the station sees, once a second, on a thread of its own.

The station hands over and goes on; a disk that is slow, full or broken ends up as ``trouble``
and a gap in the curves. It is tried again by itself, so a disk that was cleared records again.
"""

from __future__ import annotations

import logging
import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ..board import Values
from ..words import Said, say
from .curves import curves_of, sample
from .store import FILE, Store, put_aside

_log = logging.getLogger(__name__)

# What is left to everybody else on the disk.
LEAST_FREE_BYTES = 200_000_000
_CHECK_EVERY = 30
_RETRY_EVERY = 30
_WAITING = 60


class Seen(Protocol):
    """What the recorder needs of a snapshot."""

    @property
    def at(self) -> float: ...
    @property
    def connection(self) -> int: ...
    @property
    def texts(self) -> dict[str, str]: ...
    @property
    def values(self) -> Values: ...


class Recorder:
    """``take`` may be called from any thread and returns at once; ``trouble`` is None or words."""

    def __init__(self, folder: Path, store: Callable[[Path], Any] = Store) -> None:
        self.folder = folder
        self.trouble: Said | None = None
        self._make = store
        self._store: Any = None
        self._second = 0
        self._run: tuple[object, ...] = ()
        self._checks = self._pause = 0
        self._queue: queue.Queue[Seen | threading.Event | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def take(self, seen: Seen) -> None:
        """Record this look, unless its second has been recorded already."""
        if int(seen.at) == self._second:
            return
        self._second = int(seen.at)
        try:
            self._queue.put_nowait(seen)
        except queue.Full:
            self.trouble = say("The disk is too slow: some seconds were not recorded")

    def settle(self, timeout_s: float = 5) -> None:
        """Wait until everything taken so far has been written."""
        written = threading.Event()
        self._queue.put(written)
        written.wait(timeout_s)

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(5)

    # --- the thread

    def _work(self) -> None:
        while (given := self._queue.get()) is not None:
            if isinstance(given, threading.Event):
                given.set()
            else:
                self._keep(given)
        self._let_go()

    def _keep(self, seen: Seen) -> None:
        if self._pause:
            self._pause -= 1
            return
        try:
            if self._has_room():
                self._write(seen)
                self.trouble = None
        except (sqlite3.Error, OSError) as error:
            _log.warning("not recorded: %s", error)
            self.trouble = say("Not recorded: {why}", why=str(error))
            self._let_go()
            if type(error) is sqlite3.DatabaseError:  # damaged; all others may pass
                put_aside(self.folder / FILE)
            self._pause = _RETRY_EVERY

    def _has_room(self) -> bool:
        self._checks += 1
        if self.trouble is None and self._checks % _CHECK_EVERY != 1:
            return True
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free >= LEAST_FREE_BYTES:
            return True
        self.trouble = say("The disk is nearly full: nothing is recorded until there is room")
        self._let_go()
        return False

    def _write(self, seen: Seen) -> None:
        if self._store is None:
            self._store = self._make(self.folder)
            self._run = ()
        board = seen.texts.get("machine_code", "")
        cells = seen.values.known("cells_in_series") if "cells_in_series" in seen.values else 0
        curves = curves_of(cells)
        at_ms = int(seen.at * 1000)
        run = (board, seen.connection, cells)
        if run != self._run:
            name = seen.texts.get("device_name") or seen.texts.get("serial_number") or board
            self._store.begin(board, name, [curve.key for curve in curves], at_ms)
            self._run = run
        self._store.append(at_ms, sample(curves, seen.values))

    def _let_go(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            try:
                store.close()
            except (sqlite3.Error, OSError) as error:
                _log.warning("the recording was not closed: %s", error)
