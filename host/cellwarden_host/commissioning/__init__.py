"""Setting a pack up from nothing to a proven, reported board: the wizard's engine without a page.

Knows no page and no terminal. What it tightens on a board to prove a protection, it writes down
first and puts back, also after a crash of the PC.
"""
