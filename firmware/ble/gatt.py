"""What the board offers on Bluetooth, and how it calls out that it is there.

Flags are those of MicroPython's documentation (library/bluetooth): the stack itself refuses a
request, and tells no summary, before a link is encrypted and authenticated. The serial number
is not told: it would make a board followable that somebody has seen once.
"""

from cellwarden import ids

_BASE = "8e2d%04x-5f0b-4c8e-9d3a-63656c6c7764"
_READ = 0x0002
_WRITES = 0x000C  # with a response, and without
_NOTIFY = 0x0010
_READ_SECURE = 0x0600  # encrypted, authenticated
_WRITE_SECURE = 0x3000
REQUEST_BYTES = 512


def register(bluetooth, ble, texts, secure):
    """Offer everything; handles of (battery level, request, reply, summary)."""
    uuid = bluetooth.UUID
    information = (0x2A29, 0x2A24, 0x2A26)  # manufacturer, model, firmware
    services = [
        (uuid(0x180A), tuple((uuid(number), _READ) for number in information)),
        (uuid(0x180F), ((uuid(0x2A19), _READ | _NOTIFY),)),
    ]
    if secure:  # where nobody can pair there is nothing to protect it
        own = (
            (uuid(_BASE % 2), _WRITES | _WRITE_SECURE),
            (uuid(_BASE % 3), _NOTIFY),
            (uuid(_BASE % 4), _READ | _NOTIFY | _READ_SECURE),
        )
        services.append((uuid(_BASE % 1), own))
    handles = ble.gatts_register_services(tuple(services))
    told = (b"Cellwarden", texts.get(ids.T_BOARD_NAME), texts.get(ids.T_FIRMWARE_VERSION))
    for i in range(3):
        ble.gatts_write(handles[0][i], told[i])
    if not secure:
        return handles[1] + (0, 0, 0)
    ble.gatts_set_buffer(handles[2][0], REQUEST_BYTES, True)
    return handles[1] + handles[2]


def advertisement(bluetooth):
    """Flags (to be found by all, no classic Bluetooth) and the service's UUID."""
    return b"\x02\x01\x06\x11\x07" + bytes(bluetooth.UUID(_BASE % 1))


def scan_response(name):
    """The complete name; it has 16 bytes at most, so it fits."""
    return bytes((len(name) + 1, 9)) + name


def name_of(texts):
    """What the board is called; without a name, by the end of its machine code."""
    return texts.get(ids.T_DEVICE_NAME) or b"Cellwarden-" + texts.get(ids.T_MACHINE_CODE)[-4:]
