"""Why the board restarts: left on flash before, read once after.

The controllers do not tell a commanded reset from the watchdog's (an RP2040 resets through
its watchdog), so a restart that is meant leaves a word. Nothing here raises; a word that could
not be written only makes the restart look like the watchdog's, which warns more, not less.

A loss of supply is none of them, whatever word was left: a lease counts its price. By
MicroPython's ports no commanded reset looks like one: an RP2040's reports WDT_RESET, an ESP32's
SOFT_RESET (its software reset), and both report PWRON_RESET once the supply has been away.
"""

import os
import sys

import machine

from cellwarden import ids

_WORD = "/data/restart.txt"
_CRASH = "/data/crash.txt"
COMMAND = "command"
CRASH = "crash"
SLEEP = "sleep"
ASLEEP = "asleep"  # still: says for how long, and that no reset was meant
# An empty board looks at its pack this often.
SLEEP_MS = 60_000
_CAUSES = {
    COMMAND: ids.RESTART_CAUSE_IS_COMMAND,
    CRASH: ids.RESTART_CAUSE_IS_FAULT,
    SLEEP: ids.RESTART_CAUSE_IS_SLEEP,
}

_last = ids.RESTART_CAUSE_IS_UNKNOWN
slept_ms = 0  # how long the board slept before this start
held = 0  # outputs that hardware was asked to hold through it: 1 charge, 2 discharge


def mean(word, ms=0):
    """The reset that follows is meant: COMMAND, CRASH, or SLEEP after ``ms`` of it. With COMMAND
    the number says which outputs are held. ASLEEP keeps ``ms`` for a reset that nobody meant."""
    try:
        with open(_WORD, "w") as file:
            file.write("%s %d" % (word, ms))
    except OSError:
        pass


def mean_nothing():
    """No restart is meant any more."""
    try:
        os.remove(_WORD)
    except OSError:
        pass


def crashed(error):
    """Keep the traceback where the next start, and a person at the REPL, can find it.

    False when this very start followed a crash: restarting has not helped.
    """
    if _last == ids.RESTART_CAUSE_IS_FAULT:
        return False
    mean(CRASH)
    try:
        with open(_CRASH, "w") as file:
            sys.print_exception(error, file)
    except OSError:
        pass
    return True


def cause():
    """Why this start happened, ids.RESTART_CAUSE_IS_*; forgets the word."""
    global _last, slept_ms, held
    slept_ms = held = 0
    _last = _find_cause()
    return _last


def _find_cause():
    global slept_ms, held
    word = ""
    reset = machine.reset_cause()
    powered = reset == machine.PWRON_RESET
    try:
        with open(_WORD) as file:
            word, _, ms = file.read().partition(" ")
        number = int(ms or 0)
        os.remove(_WORD)
        if word != COMMAND:
            slept_ms = number
        elif not powered:
            held = number
    except (OSError, ValueError):
        pass
    if powered:
        return ids.RESTART_CAUSE_IS_POWER
    if word in _CAUSES:
        return _CAUSES[word]
    if reset == machine.WDT_RESET:
        return ids.RESTART_CAUSE_IS_WATCHDOG
    if reset == getattr(machine, "SOFT_RESET", None):
        return ids.RESTART_CAUSE_IS_SOFT
    return ids.RESTART_CAUSE_IS_UNKNOWN
