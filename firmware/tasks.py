"""The tasks of a running board, on asyncio: control first, ports, then everything slow.

Steady tasks await only ``asyncio.sleep_ms``, which allocates nothing. Garbage is collected
here, right after a tick, and nowhere else.
"""

import asyncio
import gc

import machine

from cellwarden import ids
from cellwarden.ticks import elapsed_ms
from firmware import chip_test, clock, restart
from firmware.ports import REST_MS

_SLOW_MS = 20
_COLLECT_TICKS = 20
_DISPLAY_BAUD = 115_200
# Storage waits this often, at most, for the ports to fall silent.
_WAITS_MOST = 50
# A piece of storage begins this soon after a tick: 30 ms, 430 of a worn flash, and the next
# tick are less than the 500 after which the gates open.
_AFTER_TICK_MS = 30


class Tasks:
    """Runs one application, its ports and its storage."""

    def __init__(self, application, persistence, ports):
        self._app = application
        self._controller = application.controller
        self._persistence = persistence
        self._ports = ports
        self._revision = -1
        self._collected = 0
        self._waited = 0
        self._stored_tick = -1
        self.bluetooth = None  # on boards with a radio
        self.trial = None  # of a firmware that has still to show that it works

    async def run(self):
        """Until a restart is asked for, or a task fails: then all of them are over."""
        tasks = [self._control(), self._serve(), self._slow()]
        if self._app.page is not None:
            tasks.append(self._show())
        await asyncio.gather(*tasks)

    async def _control(self):
        app = self._app
        while True:
            await asyncio.sleep_ms(app.step(clock.now_ms()))
            self._collect()

    async def _serve(self):
        ports = self._ports
        while True:
            if self._app.settings.revision != self._revision:
                self._configure_ports()
            wait_ms = REST_MS
            for port in ports:
                port_ms = port.step(clock.now_ms())
                if port_ms < wait_ms:
                    wait_ms = port_ms
            if self.bluetooth is not None:
                port_ms = self.bluetooth.step(clock.now_ms())
                if port_ms < wait_ms:
                    wait_ms = port_ms
            await asyncio.sleep_ms(wait_ms)

    async def _show(self):
        page = self._app.page
        while True:
            await asyncio.sleep_ms(page.step())

    async def _slow(self):
        controller = self._controller
        requests = controller.requests
        persistence = self._persistence
        while True:
            await asyncio.sleep_ms(_SLOW_MS)
            now_ms = clock.now_ms()
            self._store(now_ms)
            controller.conditions.storage_failed = int(persistence.failed)
            if self.trial is not None and self.trial.step():
                self.trial = None
                controller.publisher.readout[ids.R_SLOT_TRIAL] = 0
            if requests.update or controller.updater is not None:
                self._update(now_ms)
            if requests.self_test:
                self._test_chips()
            if requests.restart or requests.factory_reset:
                self._leave(now_ms, restart.COMMAND)
            if controller.sleep.due:
                self._sleep(now_ms)

    def _store(self, now_ms):
        """One piece of what must be kept, where it cannot cost the heartbeat.

        While current flows a piece begins right after a tick, and never without a tick since
        the last one: so a flash that takes its worst time still leaves the gates enabled. With
        everything off nothing is lost by a pause, and a latch is stored without one.
        """
        app = self._app
        persistence = self._persistence
        controller = self._controller
        if app.switched_on():
            if self._stored_tick == controller.ticks:
                return
            if elapsed_ms(now_ms, app.ticked_ms) > _AFTER_TICK_MS:
                return
            # While flash is written nobody lets go of a line: what is asked then is not heard.
            if self._talking() and self._waited < _WAITS_MOST:
                self._waited += 1
                return
            self._waited = 0
            if persistence.step(controller, now_ms):
                self._stored_tick = controller.ticks
                if controller.updater is not None:
                    controller.updater.stall(now_ms)
        else:
            hurry = persistence.urgent(controller)
            persistence.step(controller, now_ms)
            if hurry and persistence.halfway:
                persistence.step(controller, now_ms)

    def _update(self, now_ms):
        """Go on with a live update, or begin one; its code is loaded for that."""
        controller = self._controller
        requests = controller.requests
        updater = controller.updater
        if updater is None:
            size, mark, older = requests.update, requests.update_id, requests.update_older
            requests.update = 0
            try:
                from firmware.live_update import LiveUpdate

                controller.updater = LiveUpdate(self._app, self._persistence, size, mark, older)
            except Exception:  # no room for it: what protects the pack goes on
                out = controller.publisher.readout
                out[ids.R_UPDATE_SIZE] = size
                out[ids.R_UPDATE_ID] = mark
                out[ids.R_UPDATE_WHY] = ids.UPDATE_WHY_IS_MEMORY
                out[ids.R_UPDATE_STATE] = ids.UPDATE_STATE_IS_FAILED
                _forget_update()
            return
        if requests.update:
            updater.cancel()  # for another one, which waits until this one has let go of flash
            controller.publisher.readout[ids.R_UPDATE_STATE] = ids.UPDATE_STATE_IS_STARTING
        if self._stored_tick != controller.ticks or not self._app.switched_on():
            updater.step(now_ms, self._talking())
        if updater.over:
            controller.updater = updater = None
            _forget_update()

    def _talking(self):
        for port in self._ports:
            if port.sending:
                return True
        return False

    def _test_chips(self):
        """Run the self-test that was asked for, unless a switch has closed since."""
        self._controller.requests.self_test = False
        if not self._app.switched_on():
            failures = chip_test.failures(self._app.hardware)
            self._controller.conditions.self_test_failures = failures

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
        if len(self._ports) > 2:
            self._ports[2].configure(address, _DISPLAY_BAUD)

    def _leave(self, now_ms, word):
        """Everything off and saved, then a reset."""
        self._rest(now_ms)
        if self._controller.requests.menu:
            from loader import control

            control.open().ask(True)
        restart.mean(word)
        machine.reset()

    def _sleep(self, now_ms):
        """Everything off and saved, then a sleep that ends in a reset.

        The word is left after it: a board whose power fails asleep has not been woken.
        """
        app = self._app
        from firmware.doze import FOREVER, Doze

        self._rest(now_ms)
        if self.bluetooth is not None:
            self.bluetooth.off()
        doze = Doze(app.board, machine, app.hardware, app.watchdog)
        doze.until_woken(FOREVER if self._controller.sleep.asked else restart.SLEEP_MS)
        restart.mean(restart.SLEEP, doze.slept_ms)
        machine.reset()

    def _rest(self, now_ms):
        self._app.all_off()
        self._persistence.save_all(self._controller, now_ms, self._app.watchdog)


def _forget_update():
    """Code that only an update needs."""
    import loader

    loader.drop("firmware.live_update")
    loader.drop("firmware.margins")
    gc.collect()
