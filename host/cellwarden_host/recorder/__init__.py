"""Records every reading of the boards that were connected, in the background, in one file.

A recording outlives the program that made it, a crash included; what was not recorded is a gap.
It must never hold up the looks at the board, and never fill the disk.
"""

from .curves import ABSENT, Curve, curves_of, find
from .reading import Recording, Series
from .recorder import Recorder
from .store import Store

__all__ = ["ABSENT", "Curve", "Recorder", "Recording", "Series", "Store", "curves_of", "find"]
