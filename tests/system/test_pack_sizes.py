"""Packs of the whole family: every chemistry, and up to 32 cells on three front ends."""

import os
from types import SimpleNamespace

import pytest

import boards.sim
from cellwarden import ids
from cellwarden.access import Access
from cellwarden_host.sim.inprocess import World
from cellwarden_host.sim.pack_config import PackConfig
from cellwarden_host.sim.plant import Plant
from cellwarden_host.sim.provision import commissioned
from firmware import clock
from firmware.application import Application

SIZES = [
    ("nmc", 24, 2),
    ("nmc", 21, 2),
    ("lfp", 16, 2),
    ("lto", 20, 2),
    ("na_layered", 24, 2),
    ("na_polyanion", 14, 2),
    ("nmc", 32, 3),
    ("lfp", 32, 3),
    ("nmc", 6, 1),
]


def running(chemistry, cells, chips):
    """A pack at work: (plant, world, application) after ten seconds."""
    board = SimpleNamespace(**{**vars(boards.sim), "LTC6811_CHIPS": chips})
    if chips == 1:
        board.NTC_INPUTS = ((0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 5))
    plant = Plant(board, PackConfig(chemistry=chemistry, cells=cells))
    world = World(plant, board)
    changes = {"temps_fitted": 0x1F} if chips == 1 else {}
    settings = commissioned(board, chemistry, cells, changes=changes)
    app = Application(board, world.machine, settings, Access(os.urandom), clock.now_ms())
    app.unlock()
    world.run(10_000, app.step)
    return plant, world, app


@pytest.mark.parametrize(("chemistry", "cells", "chips"), SIZES)
def test_a_pack_of_the_family_is_measured_and_switched_on(chemistry, cells, chips):
    plant, _, app = running(chemistry, cells, chips)
    truth = plant.truth()
    measured = app.controller.readings.cell_mv
    for cell, mv in enumerate(truth["cell_mv"]):
        assert abs(measured[cell] - mv) <= 5, cell + 1
    assert len(truth["cell_mv"]) == cells
    assert truth["charge_closed"] and truth["discharge_closed"]


@pytest.mark.parametrize(("chemistry", "cells", "chips"), SIZES)
def test_its_highest_numbered_cell_is_protected_as_well(chemistry, cells, chips):
    plant, world, app = running(chemistry, cells, chips)
    limit_mv = app.settings.live[ids.CELL_OV1_MV]
    plant.inject("cell", cells, limit_mv + 10)
    world.run(5_000, app.step)
    assert not plant.truth()["charge_closed"]
