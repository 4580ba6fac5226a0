"""Cellwarden's side of the cable: the ``cellwarden`` command and the simulated board.

Runs on CPython only. Never decides anything about the safety of a pack: that is the
controller's work.
"""
