"""From reset to the firmware that may run: the menu's moment, the choice, the check of files.

``begin`` is all that main.py calls before it imports a firmware. Outputs are off since boot.py,
and a timer feeds the watchdog. With no firmware that may run this is safe mode: the menu waits
on RS485-2 for an update, and Ctrl-C leads to the prompt.
"""

import machine

import loader
from board_update import slots
from board_update.checking import SlotCheck
from board_update.image import Bad
from loader import board, control
from loader.files import Parts

# The firmware's own word on why it restarts (firmware/restart.py).
_MEANT = ("command", "sleep")
_WORD = "data/restart.txt"
_AT_POWER_ON_MS = 100
_WHEN_ASKED_MS = 10_000
_CRASHES = "safe mode: it crashes"
_WHY = ("", "crashed", "hung", "never confirmed", "damaged", "does not load")


def begin():
    """Choose a slot and put it on the path; False when nothing may run."""
    record = control.open()
    wait_ms = 0
    asked = record.asked
    if asked:
        record.ask(0)
        wait_ms = -1 if asked == slots.FOR_EVER else _WHEN_ASKED_MS
    elif machine.reset_cause() == machine.PWRON_RESET:
        wait_ms = _AT_POWER_ON_MS
    if wait_ms and _menu(wait_ms, _CRASHES if wait_ms < 0 else board.NAME):
        record = control.open()
    meant = _meant()
    slot = chosen(record, meant)
    while slot is None:
        control.use(None)
        if not _menu(-1, _story(record)):
            return False
        record = control.open()
        slot = chosen(record, False)
    _note(record, slot)
    control.use(slot)
    return True


def chosen(record, meant):
    """The slot to run, its start counted; or None."""
    spent = record.spent()
    ran = meant and not spent
    if spent:
        hung = machine.reset_cause() == machine.WDT_RESET and not meant
        record.fail(spent, slots.WATCHDOG if hung else slots.UNCONFIRMED)
    tried = ""
    while True:
        slot = record.choose(tried)
        if slot is None:
            return None
        tried += slot
        # A restart that was meant ran from these files a moment ago, or has installed them; not
        # from those that come second.
        if not (ran and len(tried) == 1) and not whole(slot):
            record.fail(slot, slots.HASH)
        elif record.started(slot):
            return slot


def rescue():
    """Something of the start itself has failed: an update may help. Only Ctrl-C returns."""
    try:
        control.use(None)
        _menu(-1, "safe mode: no start")
    except Exception:
        pass
    machine.reset()


def _note(record, slot):
    """Tell the firmware where it is and what was before it."""
    loader.slot = slot
    loader.version = record.version(slot)
    loader.trial = record.state(slot) == slots.TRIAL
    failed = record.news
    if failed:
        loader.failed_version = record.version(failed)
        loader.failed_why = record.why(failed)
    loader.other_version = record.version(slots.other(slot))
    loader.other_state = record.state(slots.other(slot))


def whole(slot):
    """True when every file of a slot is what its manifest says."""
    path = control.root + slot
    try:
        with open(path + control.MANIFEST, "rb") as manifest:
            with open(path + control.CONTENTS, "rb") as contents:
                check = SlotCheck(manifest, None, Parts(contents).part)
                while check.step():
                    pass
                return check.good and check.header.board == board.NAME
    except (OSError, Bad):
        return False


def _meant():
    """True after a restart that the firmware asked for; power going away is none, whatever
    was asked for before."""
    if machine.reset_cause() == machine.PWRON_RESET:
        return False
    try:
        with open(control.root + _WORD) as file:
            return file.read().partition(" ")[0] in _MEANT
    except OSError:
        return False


def _menu(wait_ms, title):
    """The menu's moment; true when something was installed or a start is wanted."""
    try:
        import loader.menu as menu
    except ImportError:
        return False
    return menu.offer(machine, board, wait_ms, title) or wait_ms < 0


def _story(record):
    """Why nothing may run, for the menu."""
    said = "safe mode:"
    for slot in slots.SLOTS:
        state = record.state(slot)
        said += " %s %s" % (slot, _WHY[record.why(slot)] if state == slots.BAD else "empty")
    return said
