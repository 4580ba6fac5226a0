"""From reset to a board at work: outputs off, settings, self-test, then the tasks.

``run`` is all that main.py calls. However it ends (Ctrl-C, an exception, a restart command),
the outputs are locked off first and the reason is kept. A board that crashes again right after
a crash stays at the prompt, locked off, instead of wearing out its flash.
"""

import asyncio
import gc
import sys

import machine

import board
import firmware.building  # a slot that cannot be loaded is found out before it runs
import loader
from firmware import restart
from loader import safe_state


def build():
    """An (application, tasks) pair, outputs off; what only this needed is forgotten.

    The module is emptied as well: an old word on the C stack that looks like it would keep it.
    """
    from firmware import building

    built = building.build()
    for name in dir(building):
        if not name.startswith("__"):
            delattr(building, name)
    del sys.modules["firmware.building"], firmware.building
    gc.collect()
    return built


def run():
    """Build the board and work until something ends it; outputs are locked off then."""
    application = None
    try:
        application, tasks = build()
        watchdog = safe_state.release()
        application.watchdog = watchdog or machine.WDT(timeout=board.WATCHDOG_MS)
        application.unlock()
        asyncio.run(tasks.run())
    except Exception as error:
        _stop(application)
        sys.print_exception(error)
        again = restart.crashed(error)
        loader.ended(True)  # on trial this was its last start
        if again:
            machine.reset()
    finally:
        _stop(application)


def _stop(application):
    if application is not None:
        application.all_off()
    safe_state.lock_off()
