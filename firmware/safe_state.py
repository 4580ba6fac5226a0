"""Everything off, and staying off: for boot, the REPL, and whatever ends the control loop.

``lock_off`` drives every output of the board to its rest state and keeps the watchdog fed from
a timer, because a started watchdog cannot be stopped and would reset a board at the REPL. The
heartbeat stands still meanwhile, so hardware keeps the gates open whatever a pin does. After
PARKED_MINUTES the timer stops feeding: a board forgotten at the REPL restarts by itself.
"""

import machine

import board

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
_FEED_MS = 500
_ANY = (-1,)  # a timer in software

_timer = None
_watchdog = None
_feeds_left = 0


def outputs_off():
    """Each output by itself: one dead pin must not keep the others on."""
    for name in _OUTPUTS:
        if name in board.PINS:
            try:
                machine.Pin(board.PINS[name], machine.Pin.OUT, value=0)
            except Exception:
                pass


def _feed(_timer):
    global _feeds_left
    if _feeds_left > 0:
        _feeds_left -= 1
        _watchdog.feed()


def lock_off():
    """Turn everything off; feed the watchdog by timer until ``release`` or the time is up."""
    outputs_off()
    global _timer, _watchdog, _feeds_left
    if _timer is None:
        _feeds_left = PARKED_MINUTES * 60_000 // _FEED_MS
        _watchdog = machine.WDT(timeout=board.WATCHDOG_MS)
        _timer = machine.Timer(getattr(board, "TIMERS", _ANY)[0])
        _timer.init(period=_FEED_MS, mode=machine.Timer.PERIODIC, callback=_feed)


def release():
    """The control loop takes over: from now on only a completed tick feeds the watchdog."""
    global _timer
    if _timer is not None:
        _timer.deinit()
        _timer = None
    return _watchdog
