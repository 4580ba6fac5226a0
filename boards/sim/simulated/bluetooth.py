"""``bluetooth`` on the simulated board: a GATT server's part of MicroPython's module.

Every call goes to the host process, where a virtual radio lives; the values of attributes are
held there as a board's own stack holds them. Events come as an interrupt and the handler runs
from there, never in the middle of a call. As on a board, the memoryviews of an event are good
only inside the handler: afterwards they read 0xEE.

Names, arguments, errors and events as MicroPython's documentation (library/bluetooth) and its
NimBLE binding (extmod/modbluetooth.c, extmod/nimble/modbluetooth_nimble.c) have them. Central
role, L2CAP channels and read requests are absent: read requests reach Python on STM32 only.
"""

import sys

import simlink
import simops

FLAG_READ = 0x0002
FLAG_WRITE_NO_RESPONSE = 0x0004
FLAG_WRITE = 0x0008
FLAG_NOTIFY = 0x0010
FLAG_INDICATE = 0x0020

_GET_SECRET, _SET_SECRET = 29, 30
_OPTIONS = {
    "mtu": simops.RADIO_MTU,
    "addr_mode": simops.RADIO_ADDR_MODE,
    "bond": simops.RADIO_BOND,
    "mitm": simops.RADIO_MITM,
    "io": simops.RADIO_IO,
    "le_secure": simops.RADIO_LE_SECURE,
    "rxbuf": simops.RADIO_RXBUF,
}
_READABLE = ("mtu", "rxbuf")

_event = bytearray(simops.RADIO_EVENT_SIZE)
_view = memoryview(_event)
_ble = None


class UUID:
    """A 16-bit number, the text of a 128-bit UUID, or its bytes, lowest first."""

    def __init__(self, value):
        if isinstance(value, int):
            if not 0 <= value <= 0xFFFF:
                raise ValueError("invalid UUID")
            self._data = bytes((value & 0xFF, value >> 8))
        elif isinstance(value, UUID):
            self._data = value._data
        elif not isinstance(value, str) and len(value) in (2, 4, 16):
            self._data = bytes(value)
        else:
            data = bytes.fromhex(value.replace("-", ""))
            if len(data) != 16:
                raise ValueError("UUID too short" if len(data) < 16 else "UUID too long")
            self._data = bytes(reversed(data))

    def __iter__(self):
        return iter(self._data)

    def __len__(self):
        return len(self._data)

    def __eq__(self, other):
        return isinstance(other, UUID) and self._data == other._data

    def __hash__(self):
        return hash(self._data)

    def __repr__(self):
        text = bytes(reversed(self._data)).hex()
        if len(self._data) < 16:
            return "UUID(0x%s)" % text
        cuts = (text[:8], text[8:12], text[12:16], text[16:20], text[20:])
        return "UUID('%s')" % "-".join(cuts)


def _call(function, flags, arg, data=b"", n_in=0):
    """One call of the radio; its error becomes an OSError."""
    if len(data) > simops.PAYLOAD_MAX:
        raise OSError(12)  # ENOMEM
    simlink.put(data, len(data))
    result = simlink.call(simops.RADIO, function, flags, arg, len(data), n_in)
    if result & simops.RADIO_ERROR:
        if simlink.pending:
            simlink.dispatch()
        raise OSError(result & 0xFFFF)
    return result


def _act(function, flags, arg, data=b""):
    result = _call(function, flags, arg, data)
    if simlink.pending:
        simlink.dispatch()
    return result


def _buffer(data):
    return data.encode() if isinstance(data, str) else data


class BLE:
    def __new__(cls):
        global _ble
        if _ble is None:
            _ble = object.__new__(cls)
            _ble._handler = None
            _ble._slot = -1
        return _ble

    def active(self, on=None):
        if on is None:
            return bool(_act(simops.RADIO_ACTIVE, 2, 0))
        if self._slot < 0:
            self._slot = simlink.claim_slot(self)
            simlink.set_handler(self._slot, _run)
        return bool(_act(simops.RADIO_ACTIVE, 1 if on else 0, self._slot))

    def irq(self, handler):
        if handler is not None and not callable(handler):
            raise ValueError("invalid handler")
        self._handler = handler

    def config(self, *names, **values):
        if not values:
            if len(names) != 1:
                raise TypeError("must query one param")
            return self._setting(names[0])
        if names:
            raise TypeError("can't specify pos and kw args")
        for name, value in values.items():
            if name == "gap_name":
                _act(simops.RADIO_SET, simops.RADIO_GAP_NAME, 0, _buffer(value))
            elif name in _OPTIONS:
                _act(simops.RADIO_SET, _OPTIONS[name], int(value))
            else:
                raise ValueError("unknown config param")

    def _setting(self, name):
        if name == "mac":
            kind = _call(simops.RADIO_GET, simops.RADIO_MAC, 0, b"", 6)
            address = bytearray(6)
            simlink.take(address, 6)
            return kind, bytes(address)
        if name == "gap_name":
            size = _call(simops.RADIO_GET, simops.RADIO_GAP_NAME, 0, b"", 32)
            text = bytearray(size)
            simlink.take(text, size)
            return bytes(text)
        if name in _READABLE:
            return _act(simops.RADIO_GET, _OPTIONS[name], 0)
        raise ValueError("unknown config param")

    # --- advertising and connections

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        if interval_us is None:
            _act(simops.RADIO_ADVERTISE, 0, 0)
            return
        payload = bytearray(1)
        flags = 3 if connectable else 1
        if adv_data is not None:
            adv_data = _buffer(adv_data)
            flags |= 4
            payload[0] = len(adv_data)
            payload.extend(adv_data)
        if resp_data is not None:
            flags |= 8
            payload.extend(_buffer(resp_data))
        _act(simops.RADIO_ADVERTISE, flags, interval_us, payload)

    def gap_disconnect(self, conn_handle):
        return bool(_act(simops.RADIO_DISCONNECT, 0, conn_handle))

    def gap_pair(self, conn_handle):
        _act(simops.RADIO_PAIR, 0, conn_handle)

    def gap_passkey(self, conn_handle, action, passkey):
        payload = bytes((conn_handle & 0xFF, conn_handle >> 8))
        _act(simops.RADIO_PASSKEY, action, passkey, payload)

    # --- attributes

    def gatts_register_services(self, services):
        payload = bytearray()
        counts = []
        for uuid, characteristics in services:
            _put_uuid(payload, uuid)
            payload.append(len(characteristics))
            counts.append(0)
            for row in characteristics:
                _put_attribute(payload, row)
                descriptors = row[2] if len(row) > 2 else ()
                payload.append(len(descriptors))
                for descriptor in descriptors:
                    _put_attribute(payload, descriptor)
                counts[-1] += 1 + len(descriptors)
        size = 2 * sum(counts)
        _call(simops.RADIO_REGISTER, len(counts), size, payload, size)
        raw = bytearray(size)
        simlink.take(raw, size)
        handles = [raw[i] | raw[i + 1] << 8 for i in range(0, size, 2)]
        found = []
        for count in counts:
            found.append(tuple(handles[:count]))
            handles = handles[count:]
        return tuple(found)

    def gatts_read(self, value_handle):
        """The value; in append mode it is empty afterwards."""
        value = bytearray()
        piece = simops.RADIO_PIECE
        while True:
            left = _call(simops.RADIO_READ, 0, value_handle | len(value) << 16, b"", piece)
            count = min(left, piece)
            for i in range(count):
                value.append(simlink.answer[simops.ANSWER_HEAD + i])
            if left <= piece:
                break
        if simlink.pending:
            simlink.dispatch()
        return bytes(value)

    def gatts_write(self, value_handle, data, send_update=False):
        _act(simops.RADIO_WRITE, 1 if send_update else 0, value_handle, _buffer(data))

    def gatts_notify(self, conn_handle, value_handle, data=None):
        self._send(0, conn_handle, value_handle, data)

    def gatts_indicate(self, conn_handle, value_handle, data=None):
        self._send(1, conn_handle, value_handle, data)

    def _send(self, flags, conn_handle, value_handle, data):
        if data is not None:
            flags |= 2
        _act(
            simops.RADIO_NOTIFY,
            flags,
            conn_handle | value_handle << 16,
            b"" if data is None else _buffer(data),
        )

    def gatts_set_buffer(self, value_handle, size, append=False):
        _act(simops.RADIO_BUFFER, 1 if append else 0, value_handle | size << 16)


def _put_uuid(payload, uuid):
    payload.append(len(uuid))
    payload.extend(bytes(uuid))


def _put_attribute(payload, row):
    _put_uuid(payload, row[0])
    payload.append(row[1] & 0xFF)
    payload.append(row[1] >> 8)


def _run(ble):
    """The interrupt: hand every event that waits to the firmware's handler."""
    try:
        bytearray(16)
    except MemoryError:  # the heap is locked: a proof is under way, the scheduler comes again
        simlink.pending |= 1 << ble._slot
        return
    while _call(simops.RADIO_NEXT, 0, 0, b"", simops.RADIO_EVENT_SIZE):
        for i in range(simops.RADIO_EVENT_SIZE):
            _event[i] = simlink.answer[simops.ANSWER_HEAD + i]
        _deliver(ble._handler)


def _deliver(handler):
    """Call the handler with one event, and answer what asks for an answer."""
    code = _event[0]
    answer = None
    try:
        if handler is not None:
            answer = handler(code, _fields())
    except Exception as err:
        sys.print_exception(err)
    finally:
        for i in range(simops.RADIO_EVENT_SIZE):
            _event[i] = 0xEE
    if code == _GET_SECRET:
        _call(simops.RADIO_ANSWER, 0 if answer is None else 1, 0, answer or b"")
    elif code == _SET_SECRET:
        _call(simops.RADIO_ANSWER, 1 if answer else 0, 0)


def _fields():
    """What the event carries: numbers first, then pieces of memory or None."""
    found = []
    at = 2
    for _ in range(_event[1]):
        found.append(
            _event[at] | _event[at + 1] << 8 | _event[at + 2] << 16 | _event[at + 3] << 24
        )
        at += 4
    while _event[at] != simops.RADIO_END:
        size = _event[at]
        at += 1
        if size == simops.RADIO_NONE:
            found.append(None)
        else:
            found.append(_view[at : at + size])
            at += size
    return tuple(found)
