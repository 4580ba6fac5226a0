"""Bluetooth Low Energy: a GATT server with Modbus, a summary, device information, battery.

Loaded on boards with a radio only (``BLE = True``). Whatever goes wrong here, the board goes on
protecting: ``ble_state`` tells. A radio that hangs when it is switched on would keep a board in
resets of its watchdog for ever, so the start after such a reset does without it.
docs/bluetooth.md tells other apps' authors what is on the air.
"""

import os

from cellwarden import ids

_TRYING = "/data/radio.txt"  # there while the radio is being switched on


def fit(controller, register_map, persistence, page, now_ms, trying=_TRYING):
    """The board's Bluetooth, at work as far as its radio is; may take seconds."""
    from firmware.ble.bonds import Bonds
    from firmware.ble.server import Bluetooth

    bonds = Bonds(os.urandom)
    persistence.load_bonds(bonds, now_ms)
    made = controller.bluetooth = Bluetooth(controller, register_map, bonds, page)
    watchdog = controller.publisher.restart_cause == ids.RESTART_CAUSE_IS_WATCHDOG
    if not (watchdog and _is_there(trying)):
        try:
            open(trying, "w").close()
        except OSError:
            pass
        made.begin(now_ms)
    made.publish(now_ms)
    try:
        os.remove(trying)
    except OSError:
        pass
    return made


def _is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True
