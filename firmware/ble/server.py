"""The board's Bluetooth at work: one phone at a time, paired by passkey, or none.

``step`` is called between the serial ports' steps and does a bounded piece of work; nothing here
waits, and nothing here can stop the board from protecting: what raises is a lost link, and a
radio that raises again and again is given up until the next start. It must never hand a byte
to the register map before the stack has said that this link is encrypted and authenticated, and
a link that ends takes its session with it.

What MicroPython's stacks do, from their sources: NimBLE (esp32; extmod/nimble) pairs with LE
Secure Connections and a passkey; on BTstack (rp2; extmod/btstack) pairing is built in only with
MICROPY_PY_BLUETOOTH_ENABLE_PAIRING_BONDING, and without it ``config`` refuses its options
(micropython issue 13599, pull request 17469); with it ``gap_passkey`` still has to be more than
EOPNOTSUPP. A board that cannot pair offers device information and battery, and nothing that
would need protection.
"""

from cellwarden import ids
from cellwarden.access import PORT_BLUETOOTH
from cellwarden.readout import ABSENT
from cellwarden.ticks import elapsed_ms
from firmware.ble import events as ev
from firmware.ble import gatt
from firmware.ble.beacon import Beacon
from firmware.ble.link import Link
from firmware.ble.summary import Summary
from firmware.ports import REST_MS

_NOBODY = -1
_MTU = 247
_SMALLEST_MTU = 23
_EVENTS = 4  # of a step
_LOOK_MS = 250  # how often everything slow is looked at
_PAIR_MS = 60_000  # a link that is not secure by then ends
_IDLE_MS = 300_000  # and one on which nobody asks
_LEAVE_MS = 5_000  # the stack has this long to tell of the end
_DISPLAY_ONLY = 0
_SHOW_PASSKEY = 3
_SECURE = 3  # encrypted and authenticated
_NOT_SUPPORTED = 95  # EOPNOTSUPP, on every port
_FAULTS = 240  # in a row: a minute of them, and the radio is given up
_MOST = 32_000
# What the journal tells (tables/journal.py).
_PAIRED, _FAILED, _FORGOTTEN, _NEW_PASSKEY = 1, 2, 3, 4


class Bluetooth:
    """``begin`` may take seconds and is for the start; the radio is ``bluetooth``, the module."""

    def __init__(self, controller, register_map, bonds, page=None):
        self._c = controller
        self._map = register_map
        self._texts = controller.settings.texts
        self._bonds = bonds
        self._page = page  # an OLED that shows the passkey to who pairs
        self._events = ev.Events(bonds)
        self._ble = None
        self._beacon = None
        self._link = None
        self._summary = None
        self._battery = 0
        self._level = -1
        self._conn = _NOBODY
        self._secured = False
        self._pairing = False  # the passkey was asked for, and nothing has come of it yet
        self._leaving = False
        self._forgotten = False
        self._since_ms = 0  # of the link, or of its leaving
        self._looked_ms = 0
        self._mtu = _SMALLEST_MTU
        self._connections = 0
        self._number = 0  # of the link, among all that ever began
        self._faults = 0
        self.failed = True
        self.answered = False  # a request, since the start (trial.py)
        self._tell_passkey()

    def begin(self, now_ms):
        """Switch the radio on and offer what it has; a radio that cannot is only told of."""
        try:
            import bluetooth

            ble = self._ble = bluetooth.BLE()
            ble.irq(self._events.handler)
            ble.active(True)
            secure = _can_pair(ble)
            self._bonds.refresh()
            ble.config(mtu=_MTU)
            told = ble.config("mac")[1]
            self._texts.put(ids.T_BLUETOOTH_ADDRESS, b"".join(b"%02X" % b for b in told))
            handles = gatt.register(bluetooth, ble, self._texts, secure)
            self._battery = handles[0]
            if secure:
                self._link = Link(ble, self._map, handles[1], handles[2])
                self._summary = Summary(ble, self._map, handles[3])
            self._beacon = Beacon(bluetooth, ble, self._texts, now_ms)
            self.failed = False
        except Exception:  # whatever it is: the board has to protect its pack
            self.off()
        self._looked_ms = now_ms

    def off(self):
        """No radio: the board sleeps, or has given it up."""
        try:
            self._ble.active(False)
        except Exception:
            pass

    # --- commands

    def forget(self):
        """Drop every paired phone, and the one that is here."""
        self._bonds.forget()
        self._forgotten = self._conn != _NOBODY
        self._note(_FORGOTTEN)

    def new_passkey(self, passkey):
        """Another passkey; 0 lets the board choose."""
        self._bonds.passed(passkey)
        self._tell_passkey()
        self._note(_NEW_PASSKEY)

    # --- work

    def step(self, now_ms):
        """Do what is due; milliseconds until the next call is wanted."""
        if self.failed:
            return REST_MS
        try:
            return self._work(now_ms)
        except Exception:  # no memory, or a stack that is in no mood
            self._faults += 1
            self.failed = self._faults >= _FAULTS
        try:
            self._leave(now_ms)
            if self.failed:
                self.off()
                self._end(now_ms)
                self.publish(now_ms)
        except Exception:  # no memory even for that; the session is over, and time goes on
            pass
        return REST_MS

    def _work(self, now_ms):
        events = self._events
        if events.lost:
            events.lost = False
            self._leave(now_ms)
            if events.missed >= 0:
                missed, events.missed = events.missed, -1
                self._ble.gap_disconnect(missed)
        for _ in range(_EVENTS):
            if not events.take():
                break
            self._happen(events, now_ms)
        self._bonds.refresh()
        if elapsed_ms(now_ms, self._looked_ms) >= _LOOK_MS:
            self._looked_ms = now_ms
            self._look(now_ms)
            self._faults = 0
        if self._link is None:
            return REST_MS
        if not self._secured or self._leaving:
            self._link.ignore(events)
            return REST_MS
        size = self._mtu - 3
        sending = self._link.sending
        wait_ms = self._link.step(now_ms, events, self._conn, size)
        if wait_ms < 0:
            self._leave(now_ms)
            return REST_MS
        if sending and not self._link.sending:
            self.answered = True
        if wait_ms == REST_MS:
            self._summary.step(now_ms, size)
        return wait_ms

    def _happen(self, events, now_ms):
        """One event of the stack."""
        conn = events.connection
        if events.event == ev.CONNECT:
            if conn == self._conn:
                self._end(now_ms)  # nobody has told us
            if self._conn == _NOBODY:
                self._number = events.value
                self._arrive(conn, now_ms)
            else:
                self._ble.gap_disconnect(conn)
        elif conn != self._conn:
            self._beacon.interval_us = 0  # a link that never came up has ended the advertising too
            if events.event != ev.DISCONNECT:  # it did, and we do not know it
                self._ble.gap_disconnect(conn)
        elif events.event == ev.DISCONNECT:
            self._end(now_ms)
        elif events.event == ev.MTU:
            self._mtu = max(_SMALLEST_MTU, min(events.value, _MTU))
        elif events.event == ev.ENCRYPTION:
            self._secure(events.value, now_ms)
        else:
            self._show_passkey(events.value, now_ms)

    def _arrive(self, conn, now_ms):
        self._bonds.settle(False)  # nobody was here to show anything
        self._conn = self._events.mine = conn
        self._beacon.interval_us = -1  # stopped by the stack, or begun again before we knew
        self._mtu = _SMALLEST_MTU
        self._since_ms = now_ms
        self._connections = min(self._connections + 1, _MOST)
        self._reset(now_ms)

    def _end(self, now_ms):
        """The link is over: no session, no half request, no phone on trial is left behind."""
        self._c.access.logout(PORT_BLUETOOTH)
        passed = self._secured and self._alone()
        self._conn = self._events.mine = _NOBODY
        self._secured = self._leaving = self._forgotten = False
        self._beacon.interval_us = 0
        self._beacon.stir(now_ms)
        self._bonds.settle(passed)
        self._fail(now_ms)
        try:
            self._reset(now_ms)
        except Exception:  # the next link begins with it too, and is none without
            pass

    def _alone(self):
        """True when no other link began since ours: secrets do not tell whose they are."""
        return self._events.connects == self._number

    def _reset(self, now_ms):
        self._events.written = False
        if self._link is not None:
            self._link.reset(now_ms)
            self._summary.reset(now_ms)

    def _leave(self, now_ms):
        """Have the link ended; until the stack tells so, nothing that comes counts."""
        if self._conn == _NOBODY or self._leaving:
            return
        self._c.access.logout(PORT_BLUETOOTH)
        self._leaving = True
        self._since_ms = now_ms
        try:
            going = self._ble.gap_disconnect(self._conn)
        except OSError:
            going = False
        if not going:
            self._end(now_ms)

    # --- pairing

    def _show_passkey(self, action, now_ms):
        self._fail(now_ms)  # the try before came to nothing
        if action != _SHOW_PASSKEY or self._leaving or self._bonds.locked_ms(now_ms):
            self._leave(now_ms)
            return
        self._pairing = True
        self._ble.gap_passkey(self._conn, action, self._bonds.passkey)
        if self._page is not None:
            self._page.passkey = self._bonds.passkey

    def _secure(self, bits, now_ms):
        if bits != _SECURE:
            self._fail(now_ms)
            if bits or self._secured:  # encrypted by nobody we know, or no longer
                self._leave(now_ms)
            self._secured = False
        elif not self._leaving:
            if self._pairing:
                self._pairing = False
                self._bonds.passed()
                self._tell_passkey()
                self._note(_PAIRED)
                self._hide_passkey()
            if not self._secured:
                self._secured = True
                self._reset(now_ms)

    def _fail(self, now_ms):
        """A pairing that was begun has come to nothing."""
        if not self._pairing:
            return
        self._pairing = False
        self._hide_passkey()
        renewed = self._bonds.failed(now_ms)
        self._note(_FAILED)
        if renewed:
            self._tell_passkey()
            self._note(_NEW_PASSKEY)

    def _hide_passkey(self):
        if self._page is not None:
            self._page.passkey = -1

    def _tell_passkey(self):
        self._texts.put(ids.T_BLUETOOTH_PASSKEY, b"%06d" % self._bonds.passkey)

    def _note(self, what):
        journal = self._c.journal
        journal.note(ids.KIND_BLUETOOTH, self._c, self._bonds.failures, what, PORT_BLUETOOTH)

    # --- everything slow

    def _look(self, now_ms):
        live = self._c.settings.live
        readout = self._c.readout
        self.publish(now_ms)
        if self._link is not None:
            self._link.server.address = live[ids.DEVICE_ADDRESS]
            self._link.allow()
        if self._conn != _NOBODY:
            self._watch(now_ms, live[ids.BLUETOOTH_ON])
        alone = self._conn == _NOBODY
        self._beacon.step(now_ms, readout, alone and live[ids.BLUETOOTH_ON])
        soc = readout[ids.R_SOC_PERMILLE]
        level = 0 if soc == ABSENT else (soc + 5) // 10
        if level != self._level:
            self._level = level
            try:
                self._ble.gatts_write(self._battery, bytes((level,)), True)
            except OSError:  # a full queue: to be told later
                self._level = -1

    def _watch(self, now_ms, on):
        """End the link of who does not pair, does not ask, or is no longer wanted."""
        if self._leaving:
            if elapsed_ms(now_ms, self._since_ms) >= _LEAVE_MS:
                self._end(now_ms)
            return
        if self._secured:
            self._bonds.settle(self._alone())  # its keys may come after it is secure
            over = elapsed_ms(now_ms, self._link.asked_ms) >= _IDLE_MS
        else:
            over = elapsed_ms(now_ms, self._since_ms) >= _PAIR_MS
        if over or self._forgotten or not on:
            self._leave(now_ms)

    def publish(self, now_ms):
        """Tell the register map how the radio is."""
        out = self._c.publisher.readout
        bonds = self._bonds
        here = self._conn != _NOBODY
        if self.failed:
            state = ids.BLE_STATE_IS_FAILED
        elif here:
            state = ids.BLE_STATE_IS_SECURED if self._secured else ids.BLE_STATE_IS_CONNECTED
        elif not self._beacon.interval_us:
            state = ids.BLE_STATE_IS_OFF
        elif self._link is None:
            state = ids.BLE_STATE_IS_NO_PAIRING
        else:
            state = ids.BLE_STATE_IS_ADVERTISING
        out[ids.R_BLE_STATE] = state
        out[ids.R_BLE_CONNECTIONS] = self._connections
        out[ids.R_BLE_PAIRING_FAILURES] = bonds.failures
        out[ids.R_BLE_DROPPED] = self._link.dropped if self._link is not None else 0
        out[ids.R_BLE_PAIRING_LOCK_S] = (bonds.locked_ms(now_ms) + 999) // 1000
        out[ids.R_BLE_MTU] = self._mtu if here else ABSENT
        out[ids.R_BLE_BONDS] = bonds.phones


def _can_pair(ble):
    """Ask the stack for what this board wants; false where it has none of it."""
    try:
        ble.config(bond=True, mitm=True, le_secure=True, io=_DISPLAY_ONLY)
        ble.gap_passkey(0xFFFF, _SHOW_PASSKEY, 0)  # to nobody: only to see what is said to it
    except (ValueError, AttributeError):
        return False
    except OSError as error:
        return error.args[0] != _NOT_SUPPORTED
    return True
