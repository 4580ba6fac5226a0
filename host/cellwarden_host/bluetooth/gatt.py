"""What the board offers on Bluetooth, by UUID; docs/bluetooth.md tells what each is for."""

from __future__ import annotations

_BASE = "8e2d{:04x}-5f0b-4c8e-9d3a-63656c6c7764"

SERVICE = _BASE.format(1)
REQUEST = _BASE.format(2)
REPLY = _BASE.format(3)
SUMMARY = _BASE.format(4)

# The most bytes of one write: what a frame on the air holds when the link allows 251 bytes.
CHUNK = 244
