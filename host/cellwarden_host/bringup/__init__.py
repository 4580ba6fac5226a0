"""Bring-up of a board from the PC: runs its bench checklist over the REPL and files the report.

The board judges (firmware/bench); this package asks, shows and writes down.
"""
