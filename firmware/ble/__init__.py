"""Bluetooth Low Energy: a GATT server with Modbus, a summary, device information, battery.

Loaded on boards with a radio only (``BLE = True``). Whatever goes wrong here, the board goes on
protecting: ``ble_state`` tells. docs/bluetooth.md tells other apps' authors what is on the air.
"""

import os


def fit(controller, register_map, persistence, page, now_ms):
    """The board's Bluetooth, at work as far as its radio is; may take seconds."""
    from firmware.ble.bonds import Bonds
    from firmware.ble.server import Bluetooth

    bonds = Bonds(os.urandom)
    persistence.load_bonds(bonds, now_ms)
    controller.bluetooth = Bluetooth(controller, register_map, bonds, page)
    controller.bluetooth.begin(now_ms)
    return controller.bluetooth
