"""Takes an image over Modbus while the pack is protected and used, then switches over to it.

Loaded when an update begins. ``take`` collects pieces in RAM; everything that touches flash is
done by ``step``, one piece after a tick, only while the pack is calm (margins.py), and never two
erases within SPACING_MS: on an RP2040 each stops the processor. That holds for giving up as well:
what failed or was cancelled is let go of piece by piece, and ``over`` when all of it is gone. The
image is checked as a whole before the other slot is touched, and nothing is in force before
``switch`` was asked for.

The switch-over is a restart. Outputs stay on through it only where the board has the hold
one-shot (safety.md 15), armed by a mark that is made for one switch-over and used up by it; and
it is never begun that way where it would drop the load unless the asker said that it may.
"""

import gc
import os

from cellwarden import ids
from cellwarden.ticks import elapsed_ms
from firmware import clock, restart
from firmware.margins import calm

PATH = "/update.img"
# Sixteen pieces of 120 registers. LittleFS begins at most one block of flash for as much.
PIECE_BYTES = 3840
# Of one block of memory, got first of all: pieces are collected in it, then it becomes the window
# and the tables of unpacking, for which later no hole would be large enough.
_ROOM_BYTES = 7040
_SPARE_BYTES = 2560  # for two open files, in the same way: each takes 1200
# The installer's code, a module a tick: each leaves garbage that the next one can use.
_CODE = (
    "board_update.image", "board_update.slots", "loader.install", "board_update.signature",
    "board_update.checking",
)  # fmt: skip
SPACING_MS = 1_100  # longer than any reading may be old while outputs are on
_AFTER_TICK_MS = 30
_STALL_MS = 10
_BUSY_MS = 4
_STEPS_MOST = 8
_WAITS_MOST = 50
_LEFT_ALONE_MS = 900_000  # without progress, whoever it is that does not go on
_SWITCH_MS = 60_000
_NO_ROOM = 28  # ENOSPC
_DONE, _NOT_ALLOWED, _BAD_VALUE, _BUSY = 0, 1, 3, 6
# update_why, in the words of the image's refusals.
_WHY = (
    "nothing", "truncated", "too big", "format", "hash", "signature", "development key", "board",
    "hardware", "version", "micropython", "missing", "running",
)  # fmt: skip


class LiveUpdate:
    """One update of ``size`` bytes; ``mark`` tells the asker whether it is still the same."""

    def __init__(self, app, persistence, size, mark, older):
        self._app = app
        self._persistence = persistence
        self._controller = app.controller
        self._out = app.controller.publisher.readout
        self._size = size
        self._older = older
        self._received = 0
        self._room = bytearray(_ROOM_BYTES)
        self._spare = bytearray(_SPARE_BYTES)
        self._loaded = 0  # modules of _CODE
        self._fill = 0
        self._file = None
        self._installer = None
        self._kept = False  # PATH is there
        self._slot = ""  # the record says, or may say, that it is to be tried
        self._worded = False  # the next start may read that it was meant
        self._token = False  # made by ``switch``, used up by the hold
        self._may_open = False
        self._tick = -1
        self._waited = 0
        self._stalled = False
        self._stalled_ms = 0
        self._asked_ms = app.ticked_ms
        self._flags = 0
        self.over = False  # failed or dropped: nothing more to do
        self._tell(ids.R_UPDATE_SIZE, size)
        self._tell(ids.R_UPDATE_ID, mark)
        self._tell(ids.R_UPDATE_BYTES, 0)
        self._tell(ids.R_UPDATE_PERMILLE, 0)
        self._tell(ids.R_UPDATE_WHY, ids.UPDATE_WHY_IS_NOTHING)
        self._now_is(ids.UPDATE_STATE_IS_STARTING)

    # --- what the register map calls

    def take(self, at, data, offset, n):
        """``n`` bytes of the image that belong at ``at``; those known already do no harm."""
        state = self._state
        if state == ids.UPDATE_STATE_IS_STARTING:
            return _BUSY
        if state == ids.UPDATE_STATE_IS_FAILED:
            return _NOT_ALLOWED
        n = min(n, self._size - at)
        if n >= 0 and at + n <= self._received:
            return _DONE
        if state != ids.UPDATE_STATE_IS_RECEIVING:
            return _NOT_ALLOWED
        self._asked_ms = self._app.ticked_ms
        if at != self._received:
            return _BAD_VALUE
        fill = self._fill
        if fill + n > PIECE_BYTES:
            return _BUSY
        for i in range(n):
            self._room[fill + i] = data[offset + i]
        self._fill = fill + n
        self._received = at + n
        self._tell(ids.R_UPDATE_BYTES, self._received)
        return _DONE

    def cancel(self):
        """Drop it, whatever it is at; what runs is not touched."""
        if self._state != ids.UPDATE_STATE_IS_FAILED:
            self._fail(ids.UPDATE_WHY_IS_CANCELLED)

    def switch(self, may_open):
        """Restart into the new firmware, soon. Outputs that are on stay on, or may open."""
        if self._state != ids.UPDATE_STATE_IS_READY:
            return _NOT_ALLOWED
        self._may_open = may_open
        if self._would_open():
            return _NOT_ALLOWED
        self._token = True
        self._controller.requests.save_state_now = True
        self._now_is(ids.UPDATE_STATE_IS_SWITCHING)
        return _DONE

    # --- between ticks

    def stall(self, now_ms):
        """Somebody else has written flash."""
        self._stalled = True
        self._stalled_ms = now_ms

    def step(self, now_ms, talking):
        """What can be done now, at most one erase."""
        if self.over:
            return
        try:
            if self._late(now_ms):
                self._fail(ids.UPDATE_WHY_IS_LEFT_ALONE)
            if self._state == ids.UPDATE_STATE_IS_CHECKING and not self._installer.checked:
                self._work(now_ms)
            elif self._flags:
                self._bridge(now_ms)
            elif self._wanted() and self._may_write(now_ms, talking):
                self._tick = self._controller.ticks
                self._write(now_ms)
                if elapsed_ms(clock.now_ms(), now_ms) >= _STALL_MS:
                    self.stall(now_ms)
        except Exception as error:  # an update must never end the firmware that runs
            if self._state != ids.UPDATE_STATE_IS_FAILED:
                self._fail(_reason(error))

    def _late(self, now_ms):
        """Whether nothing has gone on for too long."""
        if self._state == ids.UPDATE_STATE_IS_FAILED:
            return False
        switching = self._state == ids.UPDATE_STATE_IS_SWITCHING
        since_ms = elapsed_ms(now_ms, self._asked_ms)
        return since_ms >= (_SWITCH_MS if switching else _LEFT_ALONE_MS)

    def _wanted(self):
        """Whether there is anything to write."""
        if self._state == ids.UPDATE_STATE_IS_RECEIVING:
            return self._fill == PIECE_BYTES or self._received == self._size
        return self._state != ids.UPDATE_STATE_IS_READY

    def _may_write(self, now_ms, talking):
        if talking and self._waited < _WAITS_MOST:
            self._waited += 1  # what is said while flash is written is not heard
            return False
        waits = False
        if self._app.switched_on():
            if self._controller.ticks == self._tick:
                return False
            if not self._after_tick(now_ms) or self._just_stalled(now_ms):
                return False
            waits = not calm(self._controller)
        self._tell(ids.R_UPDATE_WAITS, int(waits))
        self._waited = 0
        return not waits

    def _after_tick(self, now_ms):
        return elapsed_ms(now_ms, self._app.ticked_ms) <= _AFTER_TICK_MS

    def _just_stalled(self, now_ms):
        return self._stalled and elapsed_ms(now_ms, self._stalled_ms) < SPACING_MS

    def _write(self, now_ms):
        """One piece of the state's work."""
        state = self._state
        if state == ids.UPDATE_STATE_IS_STARTING:
            self._kept = True
            self._file = open(PATH, "wb")
            self._now_is(ids.UPDATE_STATE_IS_RECEIVING)
        elif state == ids.UPDATE_STATE_IS_RECEIVING:
            self._receive()
        elif state == ids.UPDATE_STATE_IS_CHECKING:
            self._now_is(ids.UPDATE_STATE_IS_UNPACKING)
        elif state == ids.UPDATE_STATE_IS_UNPACKING:
            self._work(now_ms)
        elif state == ids.UPDATE_STATE_IS_SWITCHING:
            self._switch_over()
        else:
            self._let_go()

    def _receive(self):
        if self._fill:
            self._file.write(memoryview(self._room)[: self._fill])
            self._fill = 0
        elif self._file is not None:
            self._file.close()
            self._file = None
        else:
            self._load()

    def _load(self):
        """What checks the image, a module at a time."""
        gc.collect()
        if self._loaded < len(_CODE):
            __import__(_CODE[self._loaded])
            self._loaded += 1
        else:
            self._spare = None
            gc.collect()
            self._installer = _installer(self._older)
            self._installer.room, self._room = self._room, None
            self._now_is(ids.UPDATE_STATE_IS_CHECKING)

    def _work(self, now_ms):
        """Steps of the installer, as many as fit into a moment."""
        installer = self._installer
        checked = installer.checked
        self._asked_ms = now_ms
        for _ in range(_STEPS_MOST):
            if not installer.step():
                self._now_is(ids.UPDATE_STATE_IS_READY)
                break
            if installer.checked != checked or elapsed_ms(clock.now_ms(), now_ms) >= _BUSY_MS:
                break
        self._tell(ids.R_UPDATE_PERMILLE, installer.done * 1000 // installer.total)

    # --- the switch-over

    def _can_hold(self):
        board = self._app.board
        return board.HOLD_FITTED and "hold_arm" in board.PINS

    def _would_open(self):
        """Whether outputs that are on would open, and nobody has said that they may."""
        return self._app.switched_on() and not self._may_open and not self._can_hold()

    def _outputs(self):
        outputs = self._app.hardware.outputs
        return int(outputs.charge_on) | int(outputs.discharge_on) << 1

    def _switch_over(self):
        """A piece a tick: what must be kept, the record, the word for the start."""
        if self._persistence.waits(self._controller):
            return
        if self._would_open():  # switched on since it was asked for
            self._tell(ids.R_UPDATE_WAITS, 1)
        elif self._installer is not None:
            self._slot = self._installer.slot
            if not self._installer.commit():
                raise OSError(5)
            self._installer = None
        elif self._kept:
            self._remove()
        elif self._outputs() and self._can_hold():
            self._flags = self._outputs()
            self._worded = True
            restart.mean(restart.COMMAND, self._flags)
        else:
            self._controller.requests.restart = True  # off, and what is new since is saved

    def _bridge(self, now_ms):
        """Right after a tick, with no other stall near: arm the one-shot once, and restart."""
        if self._flags != self._outputs():
            self._flags = 0  # switched meanwhile: another word
        elif self._token and self._after_tick(now_ms) and not self._just_stalled(now_ms):
            if calm(self._controller):
                self._token = False
                _arm(self._app.board)

    # --- giving up

    def _fail(self, why):
        """No flash here: somebody may ask for it at any moment."""
        self._room = self._spare = None
        self._token = False
        self._flags = 0
        self._tell(ids.R_UPDATE_WHY, why)
        self._now_is(ids.UPDATE_STATE_IS_FAILED)

    def _let_go(self):
        """One piece of what is left behind; each is tried once."""
        if self._slot:
            slot, self._slot = self._slot, ""
            _take_back(slot)
        elif self._worded:
            self._worded = False
            restart.mean_nothing()
        elif self._installer is not None:
            installer, self._installer = self._installer, None
            installer.close()
        elif self._file is not None:
            file, self._file = self._file, None
            file.close()
        elif self._kept:
            self._remove()
        else:
            self.over = True
            _forget()

    def _remove(self):
        self._kept = False
        try:
            os.remove(PATH)
        except OSError:
            pass

    def _tell(self, reading, value):
        self._out[reading] = value

    def _now_is(self, state):
        self._state = state
        self._asked_ms = self._app.ticked_ms
        self._tell(ids.R_UPDATE_STATE, state)


def _installer(older):
    from loader.install import Installer

    return Installer(PATH, older)


def _take_back(slot):
    """The next start is not to try this slot, whole though it may be."""
    from loader import control

    control.open().installing(slot)


def _forget():
    """What was loaded for this update is not needed any more; this module is its caller's."""
    import loader

    if not (loader.trial or loader.failed_why):  # then somebody else still needs it
        loader.forget()


def _arm(board):
    """The edge that arms the one-shot, and the restart that it bridges."""
    import machine

    pin = machine.Pin(board.PINS["hold_arm"], machine.Pin.OUT, value=0)
    pin.value(1)
    machine.reset()


def _reason(error):
    if isinstance(error, MemoryError):
        return ids.UPDATE_WHY_IS_MEMORY
    if isinstance(error, OSError):
        full = error.errno == _NO_ROOM
        return ids.UPDATE_WHY_IS_TOO_BIG if full else ids.UPDATE_WHY_IS_STORAGE
    reason = getattr(error, "reason", "")
    return _WHY.index(reason) if reason in _WHY else ids.UPDATE_WHY_IS_OTHER
