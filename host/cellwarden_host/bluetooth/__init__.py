"""The board over Bluetooth LE: finding it, pairing with it, and its Modbus as a line.

``line.BleLine`` is to the rest of the host what ``link.Line`` is for a cable; docs/bluetooth.md
has the protocol. All of bleak's (and, for the simulated radio, bumble's) asyncio lives on one
thread here. Nobody outside this package imports bleak or bumble, and neither is loaded before
somebody asks for a ``ble:`` port.
"""
