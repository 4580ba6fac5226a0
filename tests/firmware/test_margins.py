"""When a pack is calm enough for the processor to stand still."""

import pytest

from cellwarden import ids
from cellwarden_host.campaign.scene import Scene
from firmware.margins import calm


@pytest.fixture(scope="module")
def scene():
    made = Scene()
    made.warm_up()
    return made


@pytest.fixture
def controller(scene):
    """A pack at rest; what a test changes is put back."""
    made = scene.controller
    values = list(made.quantities.value), bytes(made.quantities.valid)
    current = made.readings.current_ma
    kept = current.value, current.valid
    yield made
    made.quantities.value[:] = type(made.quantities.value)("i", values[0])
    made.quantities.valid[:] = values[1]
    current.value, current.valid = kept
    made.protection.pending = 0
    made.readings.cells_valid = made.readings.temps_valid = True


def test_a_pack_at_rest_is_calm(controller):
    assert calm(controller)


@pytest.mark.parametrize(
    "quantity, limit, inside",
    [
        ("Q_CELL_MAX_MV", "CELL_OV1_MV", -30),
        ("Q_CELL_MIN_MV", "CELL_UV1_MV", 30),
        ("Q_TEMP_MAX_DC", "DISCHARGE_OT_DC", -30),
        ("Q_TEMP_MIN_DC", "DISCHARGE_UT_DC", 30),
        ("Q_POWER_TEMP_DC", "POWER_OT_DC", -30),
    ],
)
def test_each_value_must_be_well_inside_its_limit(controller, quantity, limit, inside):
    controller.readings.current_ma.value = -1000  # which way decides on the temperatures
    at = getattr(ids, quantity)
    edge = controller.settings.live[getattr(ids, limit)] + inside
    controller.quantities.value[at] = edge
    assert calm(controller)
    controller.quantities.value[at] = edge - (1 if inside > 0 else -1)
    assert not calm(controller)


def test_the_current_must_be_below_three_quarters_of_its_trip(controller):
    current = controller.readings.current_ma
    for sign, limit in ((1, ids.CHARGE_OC_MA), (-1, ids.DISCHARGE_OC_MA)):
        most_ma = controller.settings.live[limit] // 4 * 3
        current.value = sign * most_ma
        assert calm(controller)
        current.value = sign * (most_ma + 1)
        assert not calm(controller)


def test_what_is_not_known_is_not_calm(controller):
    readings = controller.readings
    readings.current_ma.valid = False
    assert not calm(controller)
    readings.current_ma.valid = True
    readings.cells_valid = False
    assert not calm(controller)
    readings.cells_valid, readings.temps_valid = True, False
    assert not calm(controller)
    readings.temps_valid = True
    controller.quantities.valid[ids.Q_CELL_MAX_MV] = 0
    assert not calm(controller)


def test_a_limit_that_is_broken_already_is_not_calm(controller):
    controller.protection.pending = ids.FORBID_CHARGE
    assert not calm(controller)
