"""The end of a trial, one way or the other: for the firmware that is on trial, or its timer."""

import machine

import loader
from board_update.slots import CRASH, FOR_EVER, IMPORT, UNCONFIRMED
from loader import control


def confirm():
    """The firmware that runs has shown that it works; true when that is stored."""
    if not control.open().confirm(loader.slot):
        return False
    loader.trial = False
    return True


def crashed():
    """An exception has ended it; does not return."""
    _give_up(CRASH)


def unloadable():
    """It does not even import; does not return."""
    _give_up(IMPORT)


def unconfirmed():
    """It had its time; does not return."""
    _give_up(UNCONFIRMED)


def told():
    """The failure of the other one is in the journal."""
    control.open().told()
    loader.failed_version = loader.failed_why = 0


def _give_up(why):
    loader.safe_state.outputs_off()
    try:
        control.open().fail(loader.slot, why)
    finally:
        machine.reset()


def stopped():
    """One that is good has ended by itself, and restarting has not helped: the next start waits
    for an update, with the whole heap, until somebody comes or the parking ends."""
    loader.safe_state.outputs_off()
    try:
        control.open().ask(FOR_EVER)
    finally:
        machine.reset()
