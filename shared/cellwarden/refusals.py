"""How the register map refuses: the standard's exception codes, in this product's words.

0 is "done". A refusal always means that nothing was changed.
"""

DONE = 0
NOT_ALLOWED = 1  # no session, wrong port, or not in the present state
NO_ADDRESS = 2
BAD_VALUE = 3
FAILED = 4  # storage does not take data
BUSY = 6  # later: another port has a transaction open, or no steady current is known yet
