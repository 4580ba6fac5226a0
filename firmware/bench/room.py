"""Room for the bench after a Ctrl-C: lets go of what is left of the application that ran.

The event loop still holds its tasks, these the whole application, and modules that only serve
ports stay loaded. Nothing of it runs any more; the bench builds its own.
"""

import sys

import loader

_SERVING = (
    "firmware.start",
    "firmware.tasks",
    "firmware.ports",
    "modbus_rtu.server",
    "modbus_rtu.framer",
    "modbus_rtu.codec",
    "cellwarden.register_map",
    "cellwarden.settings_map",
    "cellwarden.commands_map",
)


def make():
    """Drop it all and collect."""
    modules = sys.modules
    if "asyncio" in modules:
        loop = modules["asyncio"]
        loop.core.cur_task = None
        loop.new_event_loop()
    if "firmware.start" in modules:  # the prompt still knows its ``run``: leave that hollow
        start = modules["firmware.start"]
        for name in dir(start):
            if not name.startswith("__"):
                delattr(start, name)
    for name in _SERVING:
        if name in modules:
            del modules[name]
            package, _, part = name.partition(".")
            if hasattr(modules[package], part):
                delattr(modules[package], part)
    loader.forget()
