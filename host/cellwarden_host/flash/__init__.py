"""Puts MicroPython and the firmware on a board: finds it, plans, copies what differs, verifies.

A board that is being changed never runs half of the old and half of the new: files wait under
other names until all of them are there and proven, then main.py goes first and comes last.
What the board stores itself (/data) is never touched.
"""
