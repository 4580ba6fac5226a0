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
    modules = sys.modules
    for name in list(modules):
        package, _, part = name.partition(".")
        if package == "board_update" or package == "loader" and part not in _STAYS:
            if part:
                try:
                    delattr(modules[package], part)
                except (KeyError, AttributeError):
                    pass
            del modules[name]
    gc.collect()


def ended(loaded):
    """The firmware has ended by itself; on trial, that is the end of it."""
    if trial:
        from loader import verdict

        if loaded:
            verdict.crashed()
        verdict.unloadable()
