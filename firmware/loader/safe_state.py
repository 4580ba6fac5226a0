"""Everything off, and staying off: for boot, the REPL, and whatever ends the control loop.

``lock_off`` drives every output of the board to its rest state and keeps the watchdog fed from
a timer, because a started watchdog cannot be stopped and would reset a board at the REPL. The
heartbeat stands still meanwhile, so hardware keeps the gates open whatever a pin does. After
PARKED_MINUTES the timer stops feeding: a board forgotten at the REPL restarts by itself.

``release`` hands over to the control loop. Of a firmware on trial the timer then counts the
time in which it has to confirm itself, but never while current flows.
"""

import machine

import loader
from loader import board

_OUTPUTS = (
    "charge_gate",
    "discharge_gate",
    "precharge_gate",
    "heater",
    "heartbeat",
    "short_reset",
    "buzzer",
)
PARKED_MINUTES = 30
TRIAL_S = 600
_FEED_MS = 500

_pins = [board.PINS[name] for name in _OUTPUTS if name in board.PINS]
_timer_number = board.TIMERS[0]
_timeout_ms = board.WATCHDOG_MS
del board  # what is not needed any more would stay in memory
_timer = None
_watchdog = None
_parked = False
_left = 0  # feeds while parked, seconds of the trial after


def outputs_off():
    """Each output by itself: one dead pin must not keep the others on."""
    for pin in _pins:
        try:
            machine.Pin(pin, machine.Pin.OUT, value=0)
        except Exception:
            pass


def _feed(_timer):
    global _left
    if _left > 0:
        _left -= 1
        _watchdog.feed()


def _count(_timer):
    global _left
    if loader.trial and not loader.busy:
        _left -= 1
        if _left <= 0:  # again, should it not come to a reset
            from loader.verdict import unconfirmed

            unconfirmed()


def _every(period_ms, callback):
    global _timer
    if _timer is not None:
        _timer.deinit()
    _timer = machine.Timer(_timer_number)
    _timer.init(period=period_ms, mode=machine.Timer.PERIODIC, callback=callback)


def lock_off():
    """Turn everything off; feed the watchdog by timer until ``release`` or the time is up."""
    outputs_off()
    global _watchdog, _parked, _left
    if not _parked:
        _left = PARKED_MINUTES * 60_000 // _FEED_MS
        _watchdog = machine.WDT(timeout=_timeout_ms)
        _every(_FEED_MS, _feed)
        _parked = True


def release():
    """The control loop takes over: from now on only a completed tick feeds the watchdog."""
    global _timer, _parked, _left
    if _timer is not None:
        _timer.deinit()
        _timer = None
    _parked = False
    if loader.trial:
        _left = TRIAL_S
        _every(1_000, _count)
    return _watchdog
