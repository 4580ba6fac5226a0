"""What ``import bench`` gives at the prompt: its commands. ``bench.help()`` lists them all."""

import gc

import loader
from firmware.bench import room

room.make()
# As in main.py: collected often while modules load, the heap stays whole.
gc.threshold(16_384)
from firmware.bench.commands import (  # noqa: E402, F401 - what a person types
    buzzer,
    cells,
    charge,
    chips,
    clear,
    close,
    discharge,
    gain,
    heater,
    help,
    hold,
    info,
    off,
    report,
    rest,
    rs485,
    run,
    scan,
    sleep,
    step,
    storage,
    sums,
    temps,
    warm,
    watchdog,
    wires,
    zero,
)

loader.forget()
gc.threshold(-1)
del gc, loader, room
