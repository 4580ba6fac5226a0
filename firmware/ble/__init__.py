"""Bluetooth Low Energy: a GATT server with Modbus, a summary, device information, battery.

Loaded on boards with a radio only (``BLE = True``). Whatever goes wrong here, the board goes on
protecting: ``ble_state`` tells. A radio that hangs when it is switched on would keep a board in
resets of its watchdog for ever, so the start after such a reset does without it; and so does the
second start in a row after a watchdog's reset, for a radio that hangs at work.
docs/bluetooth.md tells other apps' authors what is on the air.
"""

import gc
import os

from cellwarden import ids

_TRYING = "/data/radio.txt"  # there while the radio may be what hangs


def fit(controller, register_map, persistence, page, now_ms, trying=_TRYING):
    """The board's Bluetooth, at work as far as its radio is, or None; may take seconds."""
    try:
        from firmware.ble.bonds import Bonds
        from firmware.ble.server import Bluetooth

        bonds = Bonds(os.urandom)
        persistence.load_bonds(bonds, now_ms)
        made = Bluetooth(controller, register_map, bonds, page)
    except Exception:  # no memory for it
        made = None
    if made is None:
        gc.collect()
        controller.publisher.readout[ids.R_BLE_STATE] = ids.BLE_STATE_IS_FAILED
        return None
    controller.bluetooth = made
    watchdog = controller.publisher.restart_cause == ids.RESTART_CAUSE_IS_WATCHDOG
    hung = watchdog and _is_there(trying)
    if not hung:
        try:
            open(trying, "w").close()
        except OSError:
            pass
        made.begin(now_ms)
    made.publish(now_ms)
    if hung or not watchdog:  # else it stays: the next watchdog's reset may be the radio's again
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
