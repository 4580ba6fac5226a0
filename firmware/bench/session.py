"""The board while a bench command runs: the real application, stepped by the command itself.

``with session:`` the control tick runs (``step``, ``run_ms``), the heartbeat comes from its
ticks and the watchdog is fed by them. Outside of it everything is off and locked, and the
watchdog is fed by boot's timer, as at the prompt. Switches stay permissions: a command grants
one for a moment, the core decides. However a command ends, all outputs are off then.

The dead-man: a timer opens everything when the command has not stepped for DEAD_MS, or when its
time is up; with ``hold`` the command also asks the host for an answer every HOLD_MS, and a host
that has gone does not give one. Should all that fail, the heartbeat's one-shot is left.
"""

import gc
import os
import sys

from cellwarden import ids
from cellwarden.access import Access
from cellwarden.settings import Settings
from cellwarden.ticks import elapsed_ms
from firmware import chip_test, clock
from firmware.application import Application
from firmware.persistence import Persistence

DEAD_MS = 250
HOLD_MS = 100
_LOOK_MS = 50
_COLLECT_STEPS = 400
_SETTLE_MS = 6000
_DROPPED = "the dead-man has switched everything off"
_ANY_TIMERS = (-1, -1)  # in software
_BOTH = ids.FORBID_CHARGE | ids.FORBID_DISCHARGE


class Dropped(Exception):
    """The dead-man has opened everything."""


class Session:
    """``guard`` is loader.safe_state; ``ask()`` returns once the host has answered."""

    def __init__(self, board, machine, guard, folder="/data", ask=None):
        self.board = board
        self.machine = machine
        self.folder = folder
        self.hold = False
        self._guard = guard
        self._ask = ask or _ask_host
        now_ms = clock.now_ms()
        settings = Settings(board)
        self.app = Application(board, machine, settings, Access(os.urandom), now_ms)
        self.controller = self.app.controller
        self.readings = self.controller.readings
        self.live = settings.live
        self._persistence = Persistence(folder)
        self._persistence.load_settings(settings)
        self._persistence.load_state(self.controller, now_ms)  # latches of before hold here too
        self.controller.switchgear.precharge.assume_hot()  # nobody knows
        self.self_test()
        self._forbid()
        # The ports' timers are free: nothing is served at the bench.
        self._timer = machine.Timer(getattr(board, "TIMERS", _ANY_TIMERS)[1])
        self._looks_left = 0  # until the dead-man acts
        self._time_left = 0  # looks for which anything may be on
        self._asked_ms = now_ms
        self._steps = 0
        self.dropped = False

    def self_test(self):
        """Run the chips' self-test; what failed, as a bit mask. Only between commands."""
        failed = chip_test.failures(self.app.hardware)
        self.controller.conditions.self_test_failures = failed
        return failed

    # --- one command

    def __enter__(self):
        app = self.app
        app.watchdog = self._guard.release() or self.machine.WDT(timeout=self.board.WATCHDOG_MS)
        self.dropped = False
        self._time_left = 0
        self._looks_left = DEAD_MS // _LOOK_MS
        periodic = self.machine.Timer.PERIODIC
        self._timer.init(mode=periodic, period=_LOOK_MS, callback=self._look)
        app.unlock()
        return self

    def __exit__(self, _kind, _error, _trace):
        self.app.all_off()
        self.rest()
        self._timer.deinit()
        self._guard.lock_off()
        requests = self.controller.requests
        if requests.save_state or requests.save_state_now:  # why something tripped is kept
            self._persistence.save_all(self.controller, clock.now_ms(), self.app.watchdog)
        gc.collect()
        return False

    def _look(self, _timer):
        """The timer: is the command alive, and within its time?"""
        self._looks_left -= 1
        if self.app.switched_on() or self.controller.commands.heater:
            self._time_left -= 1
        else:
            return
        if self._looks_left < 0 or self._time_left < 0:
            self.drop()

    def drop(self):
        """Open everything, whoever is busy with what."""
        self.dropped = True
        self.app.all_off()
        self._guard.lock_off()

    def clear_latches(self):
        """A person has looked: what has latched may clear, and that is kept."""
        controller = self.controller
        controller.clear_latches(clock.now_ms())
        controller.commands.reset_short = False  # that pulse belongs to a tick
        controller.requests.save_state_now = True

    def starve(self):
        """Everything off, and the watchdog fed by nobody."""
        self.app.all_off()
        self._guard.release()

    def park(self):
        """As at the prompt: everything off, the watchdog fed by boot's timer."""
        self.app.all_off()
        self._guard.lock_off()

    def step(self):
        """Do what is due and wait until more is; asks the host when an output is on."""
        if self.dropped:
            raise Dropped(_DROPPED)
        self._looks_left = DEAD_MS // _LOOK_MS
        now_ms = clock.now_ms()
        wait_ms = self.app.step(now_ms)
        if self.app.switched_on():
            if self.hold and elapsed_ms(now_ms, self._asked_ms) >= HOLD_MS:
                self._asked_ms = now_ms
                self._ask()
        else:
            self._steps += 1
            if self._steps >= _COLLECT_STEPS:
                self._steps = 0
                gc.collect()
        clock.sleep_us(wait_ms * 1000)

    def run_ms(self, time_ms):
        """Let the board work for a while."""
        start_ms = clock.now_ms()
        while elapsed_ms(clock.now_ms(), start_ms) < time_ms:
            self.step()

    def until(self, condition, limit_ms):
        """Let the board work until ``condition()``; False when it did not come in time."""
        start_ms = clock.now_ms()
        while not condition():
            if elapsed_ms(clock.now_ms(), start_ms) >= limit_ms:
                return False
            self.step()
        if self.dropped:
            raise Dropped(_DROPPED)
        return True

    def settle(self):
        """Until the core has complete, fresh readings again, or cannot have them."""
        self.until(self._fresh, _SETTLE_MS)

    def _fresh(self):
        readings = self.readings
        now_ms = clock.now_ms()
        return (
            self.controller.ready
            and readings.cells_valid
            and elapsed_ms(now_ms, readings.cells_ms) < 300
            and readings.current_ma.valid
            and elapsed_ms(now_ms, readings.current_ma.sampled_ms) < 100
            and not self.forbidding(_BOTH)
        )

    # --- permissions

    def forbidding(self, direction):
        """Numbers of the rules that forbid a direction now."""
        from cellwarden import schema_data as schema

        protection = self.controller.protection
        if not protection.forbids & direction:
            return []
        return [
            rule
            for rule in range(schema.RULE_COUNT)
            if schema.RULE_FORBIDS[rule] & direction and protection.is_active(rule)
        ]

    def permit(self, charge, discharge, time_ms):
        """Grant permissions for at most ``time_ms`` of something being on."""
        self._time_left = time_ms // _LOOK_MS
        self.live[ids.CHARGE_WANTED] = charge
        self.live[ids.DISCHARGE_WANTED] = discharge

    def permit_heater(self, on_dc, time_ms):
        """Let the core heat a battery at or below a temperature."""
        self._time_left = time_ms // _LOOK_MS
        self.live[ids.HEATER_MODE] = ids.HEATER_MODE_IS_ALWAYS
        self.live[ids.HEATER_ON_DC] = on_dc
        self.live[ids.HEATER_OFF_DC] = on_dc + 20

    def _forbid(self):
        self.live[ids.CHARGE_WANTED] = self.live[ids.DISCHARGE_WANTED] = 0
        self.live[ids.HEATER_MODE] = ids.HEATER_MODE_IS_CLOSED

    def rest(self):
        """Take every permission back and open everything at once."""
        self._forbid()
        controller = self.controller
        controller.switchgear.all_off(clock.now_ms(), controller.commands)
        controller.commands.heater = False
        self.app.hardware.outputs.apply(controller.commands)


def _ask_host():
    """ENQ on the terminal; whoever holds the dead-man answers with a byte."""
    print("\x05", end="")
    sys.stdin.read(1)
