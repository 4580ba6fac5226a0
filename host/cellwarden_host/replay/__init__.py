"""Recorded data through the very core that runs on the board: what it would have said and done.

Reads logs, runs them, tells the outcome. It never touches a board, a port or the core's own
decisions. ``player`` runs on MicroPython too, so that both runtimes can be held against each
other; everything else is for the PC.
"""
