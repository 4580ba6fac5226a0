"""The simulated board's main.py for proofs: the real firmware, its heap measured, then locked.

Everything runs as it would (start-up, event loop, both ports, the slow task); a task beside
the firmware's own looks at the heap after a while and then locks it. Whatever allocates then
ends in a MemoryError, which is printed.
"""
# MicroPython's modules, not CPython's:
# mypy: ignore-errors

import gc

import loader.start

loader.start.begin()
loader.forget()
before_firmware = gc.mem_alloc()
gc.threshold(16_384)  # as main.py does while modules load

import asyncio  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402

import micropython  # noqa: E402

from firmware import start  # noqa: E402
from loader import safe_state  # noqa: E402

gc.collect()
gc.threshold(-1)

_SETTLE_MS = 12_000  # switched on, start journalled and stored
_LOCKED_MS = 10_000


async def watch(application):
    """Measure, lock, wait, unlock, tell."""
    await asyncio.sleep_ms(_SETTLE_MS)
    gc.collect()
    used, free = gc.mem_alloc(), gc.mem_free()
    print(json.dumps({"name": "heap", "before": before_firmware, "used": used, "free": free}))
    print(json.dumps({"name": "modules", "loaded": sorted(sys.modules)}))
    controller = application.controller
    ticks = controller.ticks
    on = controller.commands.discharge
    micropython.heap_lock()
    await asyncio.sleep_ms(_LOCKED_MS)
    micropython.heap_unlock()
    ticks = controller.ticks - ticks
    on = on and controller.commands.discharge
    print(json.dumps({"name": "locked", "ticks": ticks, "on": on}))


async def main():
    application, tasks = start.build()
    application.watchdog = safe_state.release()
    application.unlock()
    await asyncio.gather(tasks.run(), watch(application))


try:
    asyncio.run(main())
except Exception as error:
    if micropython.heap_locked():
        micropython.heap_unlock()
    print(json.dumps({"name": "failed"}))
    sys.print_exception(error)
