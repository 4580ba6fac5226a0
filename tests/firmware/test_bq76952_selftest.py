"""What the self-test of a BQ76952 finds."""

from bq76952_rig import Rig

from firmware import selftest
from firmware.drivers import bq76952_test as under_test


def found(**fault):
    rig = Rig(set_up=False)
    for name, value in fault.items():
        target = rig.model.chip if hasattr(rig.model.chip, name) else rig.model
        setattr(target, name, value)
    return under_test.failures_of(rig.chip)


def test_a_sound_chip_passes_and_is_set_up():
    rig = Rig(set_up=False)
    assert under_test.failures_of(rig.chip) == 0
    assert rig.chip.ready and rig.fets() == (False, False)


def test_each_fault_has_its_bit():
    assert found(silent=True) == under_test.AFE_SILENT
    assert found(device_number=0x7694) == under_test.SHUNT_IDENTITY
    assert found(ignore_config=True) == under_test.AFE_CONFIG
    assert found(permanent=1) == under_test.AFE_CONFIG
    assert found(frozen=True) & under_test.AFE_CELL_PATTERN


def test_a_byte_that_is_not_taken_and_a_short_that_cannot_be_armed():
    rig = Rig(set_up=False)
    rig.model.chip.memory.held[0x9286] = 0
    assert under_test.failures_of(rig.chip) == under_test.AFE_CONFIG
    rig.model.chip.memory.held.clear()
    rig.chip.setup.short_ma = 3_000_000
    rig.chip.changed()
    assert under_test.failures_of(rig.chip) == under_test.SHUNT_CONFIG


def test_a_hot_die_fails():
    rig = Rig(set_up=False)
    rig.outside.die_c = 130.0
    assert under_test.failures_of(rig.chip) & under_test.AFE_SUPPLY


def test_bits_are_those_of_the_other_self_test():
    for name in dir(under_test):
        if name.startswith(("AFE_", "SHUNT_")):
            assert getattr(under_test, name) == getattr(selftest, name)
