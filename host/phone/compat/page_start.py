"""Brings the app up in a page: what the browser calls, and the tasks that those calls become."""

import asyncio
import sys

from cellwarden_host import words
from cellwarden_host.phone.app.main import App
from cellwarden_host.phone.app.platform import Line


class Page:
    """Each method returns at once; what takes time goes on as a task, and tells its failures."""

    def __init__(self, bridge, catalogue):
        words.load(words.CHINESE, catalogue)
        self._bridge = bridge
        self._app = App(bridge)
        self._line = None
        asyncio.create_task(self._live())
        self._begin(self._watch())

    async def _live(self):
        """The looks: a mistake in one must not be the end of all."""
        while True:
            await self._guarded(self._app.live())
            await asyncio.sleep(2)

    async def _watch(self):
        """A request that hangs must not leave old values standing as if they were new."""
        station = self._app.station
        while True:
            await asyncio.sleep(1)
            if station.link not in ("off", "opening") and not station.fresh:
                self._app.show()

    def _begin(self, coroutine):
        asyncio.create_task(self._guarded(coroutine))

    async def _guarded(self, coroutine):
        try:
            await coroutine
        except Exception as error:
            sys.print_exception(error)
            self._bridge.broken(repr(error))
            self._app.broken(repr(error))

    def chosen(self, language, theme, page):
        self._app.chosen(language, theme, page)

    def event(self, key, value):
        self._begin(self._app.event(key, value))

    def opened(self, name):
        self._line = Line(name, self._bridge)
        self._begin(self._app.opened(self._line, name))

    def bytes(self, hex_text):
        if self._line is not None:
            self._line.put(hex_text)

    def summary(self, hex_text):
        self._app.summary(bytes.fromhex(hex_text))

    def closed(self, wanted):
        if self._line is not None:
            self._line.lost()
        self._app.closed(wanted)

    def failed(self, why):
        self._app.failed(why)
