"""Waiting on many files at once, each with its own callback, and a way to be woken."""

import os
import select
import time


class Poller:
    def __init__(self):
        self._epoll = select.epoll()
        self._ready = {}
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)
        self.add(self._wake_in, self._drain)

    def close(self):
        """Harmless when repeated."""
        if self._epoll.closed:
            return
        self._epoll.close()
        os.close(self._wake_in)
        os.close(self._wake_out)

    def add(self, number, ready):
        """Call ``ready()`` whenever the file has something to read, or has ended."""
        self._ready[number] = ready
        self._epoll.register(number, select.EPOLLIN)

    def remove(self, number):
        if self._ready.pop(number, None) is not None:
            self._epoll.unregister(number)

    def poll(self, timeout_s):
        """Serve what is ready, after waiting at most ``timeout_s``; False when nothing was."""
        events = self._epoll.poll(timeout_s)
        for number, _ in events:
            ready = self._ready.get(number)
            if ready is not None:
                ready()
        return bool(events)

    def wake(self):
        """End a wait, from any thread."""
        try:
            os.write(self._wake_out, b"\0")
        except BlockingIOError:
            pass

    def _drain(self):
        try:
            os.read(self._wake_in, 4096)
        except BlockingIOError:
            pass

    @staticmethod
    def pause():
        """A moment for another process to get on."""
        time.sleep(0.001)
