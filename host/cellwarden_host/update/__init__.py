"""Firmware updates from the host: what would happen, and making it happen, without a word on a
screen.

    made = plan(board, path)                                   what runs, what will, how
    outcome = run_live(board, made, told, cancelled)           over Modbus, the pack in use
    outcome = run_vendor(line, made, told, cancelled, board)   through the bootloader, outputs open

``told(Progress)`` is called from time to time, ``cancelled()`` asked; a ``Problem`` says why it
went no further, and then what ran before runs on.
"""

from .live import run_live
from .plan import Plan, plan
from .progress import Outcome, Pace, Progress
from .vendor import run_vendor

__all__ = ["Outcome", "Pace", "Plan", "Progress", "plan", "run_live", "run_vendor"]
