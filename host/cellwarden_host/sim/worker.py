"""A thread that runs the board's loop, and how other threads get something done in it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from .layout import SimError


class Worker:
    """``call`` runs a function between two turns of the loop; ``serve`` is the loop's side."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]]]
        self._calls = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None  # what ended the thread out of order
        self.stopping = False

    def start(self, run: Callable[[], None]) -> None:
        self.stopping = False
        self._thread = threading.Thread(
            target=self._guard, args=(run,), name="simboard", daemon=True
        )
        self._thread.start()

    def _guard(self, run: Callable[[], None]) -> None:
        try:
            run()
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self.serve()

    def stop(self) -> None:
        if self._thread is not None:
            self.stopping = True
            self._wake()
            self._thread.join()
            self._thread = None
            self.stopping = False

    @property
    def running(self) -> bool:
        return self._thread is not None

    @property
    def waiting(self) -> bool:
        """Somebody wants something done."""
        return not self._calls.empty()

    def serve(self) -> None:
        while not self._calls.empty():
            function, done = self._calls.get()
            try:
                done.put((function(), None))
            except Exception as error:  # the caller's to handle, not the loop's
                done.put((None, error))

    def call(self, function: Callable[[], Any], timeout_s: float) -> Any:
        """Run ``function()`` in the loop, or here when no thread runs the loop."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return function()
        if not thread.is_alive():
            raise SimError(f"the board has stopped: {self.failure!r}")
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put((function, done))
        self._wake()
        try:
            result, error = done.get(timeout=timeout_s)
        except queue.Empty:
            raise SimError(f"the board did not answer in {timeout_s} s") from None
        if error is not None:
            raise error
        return result
