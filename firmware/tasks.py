"""The tasks of a running board, on asyncio: control first, ports, then everything slow.

Steady tasks await only ``asyncio.sleep_ms``, which allocates nothing. Garbage is collected
here, right after a tick, and nowhere else.
"""

import asyncio
import gc

import machine

from cellwarden import ids
from firmware import clock, restart
from firmware.selftest import SelfTest

_SLOW_MS = 20
_COLLECT_TICKS = 20
# Between looks for a charger from deep sleep; boards with a wake latch wake at once.
_SLEEP_MS = 60_000


class Tasks:
    """Runs one application, its ports and its storage."""

    def __init__(self, application, persistence, ports):
        self._app = application
        self._controller = application.controller
        self._persistence = persistence
        self._ports = ports
        self._revision = -1
        self._collected = 0

    async def run(self):
        """Until a restart is asked for, or a task fails: then all of them are over."""
        await asyncio.gather(self._control(), self._serve(), self._slow())

    async def _control(self):
        app = self._app
        while True:
            await asyncio.sleep_ms(app.step(clock.now_ms()))
            self._collect()

    async def _serve(self):
        first, second = self._ports
        while True:
            if self._app.settings.revision != self._revision:
                self._configure_ports()
            wait_ms = first.step(clock.now_ms())
            other_ms = second.step(clock.now_ms())
            await asyncio.sleep_ms(wait_ms if wait_ms < other_ms else other_ms)

    async def _slow(self):
        controller = self._controller
        requests = controller.requests
        persistence = self._persistence
        while True:
            await asyncio.sleep_ms(_SLOW_MS)
            now_ms = clock.now_ms()
            persistence.step(controller, now_ms)
            controller.conditions.storage_failed = int(persistence.failed)
            if requests.self_test:
                requests.self_test = False
                failures = SelfTest(self._app.hardware).run()
                controller.conditions.self_test_failures = failures
            if requests.restart or requests.factory_reset:
                self._leave(now_ms, restart.COMMAND)
            if controller.sleep.due:
                self._leave(now_ms, restart.SLEEP)

    def _collect(self):
        """Collect garbage once in a while, at a moment when the tick has just been done."""
        ticks = self._controller.ticks
        if ticks - self._collected >= _COLLECT_TICKS:
            self._collected = ticks
            gc.collect()
            self._controller.publisher.free_bytes = gc.mem_free()

    def _configure_ports(self):
        live = self._app.settings.live
        self._revision = self._app.settings.revision
        address = live[ids.DEVICE_ADDRESS]
        self._ports[0].configure(address, live[ids.RS485_1_BAUD] * 100)
        self._ports[1].configure(address, live[ids.RS485_2_BAUD] * 100)

    def _leave(self, now_ms, word):
        """Everything off and saved, then a reset, or a sleep that ends in one."""
        self._app.all_off()
        self._persistence.save_all(self._controller, now_ms)
        restart.mean(word)
        if word == restart.SLEEP:
            machine.deepsleep(_SLEEP_MS)
        machine.reset()
