"""The bootloader: chooses one of two firmwares, and goes back when the new one does not work.

It lies on the board as the package ``loader``, beside ``board_update``, and is never updated in
the field. While a firmware runs only this module, ``safe_state`` and ``packed`` stay in memory;
``forget`` drops the rest. It must never need anything of a slot, nor write to the slot that runs.
"""

import gc
import sys

_STAYS = ("", "safe_state", "packed")
slot = ""  # that runs, "a" or "b"; "" at a prompt
version = 0  # of the firmware in it
trial = False  # until the firmware in it has confirmed itself
busy = False  # current flows: no moment to go back by itself
failed_version = 0  # of the firmware that was given up, until that is in the journal
failed_why = 0
other_version = 0
other_state = 0  # of the other slot: 0 empty, 1 good, 2 on trial, 3 bad


def forget():
    """Drop all of the loader that a running firmware does not need."""
    for name in list(sys.modules):
        package, _, part = name.partition(".")
        if package == "board_update" or package == "loader" and part not in _STAYS:
            drop(name)
    gc.collect()


def drop(name):
    """Drop one module. It is emptied as well: an old word on the C stack that looks like one of
    its functions would otherwise keep all that it ever imported, 14 kB of this package."""
    modules = sys.modules
    package, _, part = name.partition(".")
    module = modules.pop(name, None)
    if part and package in modules and hasattr(modules[package], part):
        delattr(modules[package], part)
    if module is not None and sys.implementation.name == "micropython":
        for each in dir(module):
            if not each.startswith("__"):
                delattr(module, each)


def ended(loaded):
    """The firmware has ended by itself; on trial, that is the end of it."""
    if trial:
        from loader import verdict

        if loaded:
            verdict.crashed()
        verdict.unloadable()


def stopped(loaded):
    """The firmware has ended for good; does not return."""
    ended(loaded)
    from loader import verdict

    verdict.stopped()
