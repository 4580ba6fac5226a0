"""``machine`` on the simulated board: the parts of it that MicroPython's rp2 port has.

Every call forwards to the host process, where pins, buses and chips live. The steady calls
(``Pin.value``, ``SPI.write_readinto``, ``I2C.writeto`` / ``readfrom_into``, ``ADC.read_u16``,
``UART.any`` / ``readinto`` / ``write``, ``WDT.feed``) allocate nothing.
"""

import os

import simlink
import simops
from simbus import ADC, I2C, PWM, SPI, Pin, Timer  # noqa: F401 - part of this module
from simops import (  # noqa: F401 - part of this module
    DEEPSLEEP_RESET,
    HARD_RESET,
    PWRON_RESET,
    SOFT_RESET,
    WDT_RESET,
)
from simuart import UART  # noqa: F401 - part of this module


class WDT:
    """The watchdog: once started it cannot be stopped, and a hang ends in a hard reset."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%d) doesn't exist" % id)
        if timeout <= 0:
            raise ValueError("timeout")
        simlink.act(simops.WDT_START, 0, 0, timeout)

    def feed(self):
        work_us = simlink.act(simops.WDT_FEED, 0, 0, 0)
        if work_us:
            simlink.work(work_us)


def reset():
    """Hard reset: the host ends this process; pins fall to their pull-downs."""
    simlink.call(simops.RESET, HARD_RESET, 0, 0, 0, 0)


def soft_reset():
    """Soft reset: pins keep their level."""
    raise SystemExit


def reset_cause():
    return int(os.getenv("CELLWARDEN_SIM_CAUSE"))


def unique_id():
    return bytes.fromhex(os.getenv("CELLWARDEN_SIM_ID"))


def freq(hertz=None):
    return None if hertz else 125_000_000


def idle():
    simlink.idle(1000)


def lightsleep(time_ms=4_000_000):
    """Stop until ``time_ms`` have passed or an interrupt comes."""
    simlink.idle(time_ms * 1000)


def deepsleep(time_ms=4_000_000):
    """Off for ``time_ms``; what follows is a reset."""
    simlink.call(simops.RESET, DEEPSLEEP_RESET, 0, time_ms, 0, 0)


def disable_irq():
    """Handlers run between calls, never inside one: there is nothing to hold back."""
    return 0


def enable_irq(state=0):
    pass
