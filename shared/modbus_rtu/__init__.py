"""Modbus RTU for controllers and hosts: checksum, frame lengths, server, client.

It knows nothing of batteries, opens no port and reads no clock: bytes and times come in as
arguments, a model decides what an address means. ``server`` and ``client`` load apart.
"""
