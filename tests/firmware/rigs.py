"""Rigs around the real chip models, as the driver tests want them."""

from machine_stub import Rig

import boards.sim as board
from cellwarden_host.sim.plant import Plant

ALL_TEMPS = 0x3F


def rig_of(cells=24, channels=None, **pack):
    """A rig with a pack of ``cells``, configured and after its first second."""
    rig = Rig(Plant(board, {"cells": cells, **pack}), board)
    rig.sampler.configure(cells, channels, ALL_TEMPS)
    rig.run_ticks(10)
    return rig


def true_mv(rig):
    return [round(mv) for mv in rig.plant.truth()["cell_mv"]]


def open_wires(rig):
    return [i for i, cut in enumerate(rig.readings.open_wire) if cut]
