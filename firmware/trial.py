"""A new firmware shows that it works, and says so to the loader; until then it is on trial.

It works when the chips' self-test has passed, a number of ticks have been completed, and a
request has been answered on a port or over Bluetooth: without that nobody could install another
one. A board on trial with nobody on its ports goes back to the firmware before it, but never
while current flows. Loaded for a trial, and for telling of one that failed; let go of afterwards.
"""

import sys

import firmware
import loader
from cellwarden import ids
from firmware import clock
from loader import verdict

_TICKS = 50
_MOMENT_MS = 30  # after a tick: what is written then does not cost the next one its time


class Trial:
    """``step`` now and then; true when there is nothing more to show."""

    def __init__(self, application, ports):
        self._app = application
        self._ports = ports
        # Until the entry that tells of a failure is stored, the record keeps it.
        self._until = application.controller.journal.next
        self._ticks = _TICKS

    def step(self):
        controller = self._app.controller
        if loader.failed_why and controller.journal.pending >= self._until and self._moment():
            verdict.told()
        elif loader.trial:
            loader.busy = self._current()
            if self._shown() and self._moment():
                self._confirm(controller)
        if loader.trial or loader.failed_why:
            return False
        if sys.implementation.name == "micropython":
            del sys.modules[__name__], firmware.trial  # with what it keeps of the loader
        loader.forget()
        return True

    def _confirm(self, controller):
        if verdict.confirm():
            controller.journal.note(
                ids.KIND_UPDATE, controller, loader.other_version, loader.version
            )
        else:  # flash did not take it: not at every step again
            self._ticks = controller.ticks + _TICKS

    def _shown(self):
        """Whether everything that can be seen from here works."""
        controller = self._app.controller
        if controller.ticks < self._ticks or controller.conditions.self_test_failures:
            return False
        for port in self._ports:
            if port.answered:
                return True
        return False

    def _current(self):
        """Whether current flows, or may for all that is known."""
        app = self._app
        current = app.controller.readings.current_ma
        if not app.switched_on():
            return False
        return not current.valid or abs(current.value) > app.board.RATING_MA // 500

    def _moment(self):
        gone_ms = (clock.now_ms() - self._app.ticked_ms) & 0x3FFFFFFF
        return gone_ms <= _MOMENT_MS or not self._app.switched_on()
