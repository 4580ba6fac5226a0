"""Firmware images, signatures and how they reach a board; knows nothing of batteries.

Everything here is pure: it is fed bytes, files and time, and neither opens a port nor reads a
clock, so that it runs the same on a controller and on a PC. It must never let a byte of an
image take effect before the image's signature, sizes and hashes are known to be right.
"""
