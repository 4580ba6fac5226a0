"""The INA228 model behaves as its data sheet says (TI SLYS021)."""

import pytest
from model_bench import Bench

from cellwarden_host.sim import ina228_model as ina228

SHUNT_OHM = 100e-6


def signed(value, bits):
    return value - (1 << bits) if value >> (bits - 1) else value


def loaded(ma):
    bench = Bench()
    bench.close()
    bench.plant.inject("current", ma)
    bench.wait(2_000_000)
    return bench


def test_power_on_values():
    bench = Bench()
    for register, value in ina228.DEFAULTS.items():
        if register != ina228.DIAG_ALRT:
            assert bench.register(register) == value
    assert bench.register(ina228.MANUFACTURER_ID) == 0x5449
    assert bench.register(ina228.DEVICE_ID) == 0x2281


def test_shunt_voltage_of_a_discharge_is_negative_and_in_the_upper_20_bits():
    bench = loaded(-100_000)
    raw = bench.register(ina228.VSHUNT, 3)
    assert raw & 0xF == 0
    code = signed(raw, 24) >> 4
    assert code * 312.5e-9 / SHUNT_OHM == pytest.approx(-100, rel=0.01)


def test_narrow_range_has_four_times_the_resolution():
    bench = loaded(100_000)
    bench.set_register(ina228.CONFIG, 0x0010)
    bench.wait(10_000)
    code = signed(bench.register(ina228.VSHUNT, 3), 24) >> 4
    assert code * 78.125e-9 / SHUNT_OHM == pytest.approx(100, rel=0.01)
    bench = loaded(500_000)
    bench.set_register(ina228.CONFIG, 0x0010)
    bench.wait(10_000)
    assert signed(bench.register(ina228.VSHUNT, 3), 24) >> 4 == 0x7FFFF  # 50 mV clips at 40.96


def test_current_follows_shunt_cal():
    lsb = 1e-3  # 1 mA
    cal = round(13107.2e6 * lsb * SHUNT_OHM)
    bench = loaded(-60_000)
    bench.set_register(ina228.SHUNT_CAL, cal)
    bench.wait(10_000)
    assert (signed(bench.register(ina228.CURRENT, 3), 24) >> 4) * lsb == pytest.approx(
        -60, rel=0.01
    )
    power = bench.register(ina228.POWER, 3) * 3.2 * lsb
    assert power == pytest.approx(60 * 3.3, rel=0.01)


def test_charge_accumulates_what_flowed():
    bench = loaded(36_000)
    bench.set_register(ina228.SHUNT_CAL, round(13107.2e6 * 1e-3 * SHUNT_OHM))
    bench.set_register(ina228.CONFIG, 0x4000)
    bench.wait(100_000_000)
    coulombs = signed(bench.register(ina228.CHARGE, 5), 40) * 1e-3
    assert coulombs == pytest.approx(3600, rel=0.01)


def test_results_wait_for_the_conversion_and_cnvrf_says_so():
    bench = Bench()
    bench.set_register(ina228.ADC_CONFIG, 0xB000 | 5 << 6 | 3)  # shunt and bus, 64 averages
    cycle = (50 + 1052) * 64
    bench.wait(cycle // 2)
    assert not bench.register(ina228.DIAG_ALRT) & ina228.CNVRF
    bench.wait(cycle)
    assert bench.register(ina228.DIAG_ALRT) & ina228.CNVRF
    assert not bench.register(ina228.DIAG_ALRT) & ina228.CNVRF


def test_averaging_lowers_the_noise():
    def spread(adc_config):
        bench = Bench()
        bench.set_register(ina228.ADC_CONFIG, adc_config)
        codes = []
        for _ in range(100):
            bench.wait(2_000_000)
            codes.append(signed(bench.register(ina228.VSHUNT, 3), 24) >> 4)
        return max(codes) - min(codes)

    assert spread(0xA000) > 5 * spread(0xA000 | 5 << 6 | 4)


def test_one_shot_mode_converts_once():
    bench = Bench()
    bench.set_register(ina228.ADC_CONFIG, 0x2000)
    bench.wait(10_000)
    first = bench.register(ina228.VSHUNT, 3)
    bench.close()
    bench.plant.inject("current", -50_000)
    bench.wait(1_000_000)
    assert bench.register(ina228.VSHUNT, 3) == first


def test_reset_bit_restores_defaults():
    bench = Bench()
    bench.set_register(ina228.SHUNT_CAL, 1234)
    bench.set_register(ina228.CONFIG, 0x8000)
    assert bench.register(ina228.SHUNT_CAL) == 0x1000


@pytest.mark.parametrize("latch", (0, ina228.ALATCH))
def test_alert_pin_transparent_and_latched(latch):
    bench = Bench()
    level = bench.plant.input_level
    bench.set_register(ina228.ADC_CONFIG, 0xA000)
    bench.set_register(ina228.SUVL, -round(200 * SHUNT_OHM / 5e-6) & 0xFFFF)  # -200 A
    bench.set_register(ina228.DIAG_ALRT, latch)
    bench.close()
    assert level("shunt_alert", bench.t) == 1
    bench.plant.inject("current", -150_000)
    bench.wait(1_000_000)
    assert level("shunt_alert", bench.t) == 1
    bench.plant.inject("current", -250_000)
    bench.wait(5_000)
    assert level("shunt_alert", bench.t) == 0
    bench.plant.inject("current", -50_000)
    bench.wait(1_000_000)
    assert level("shunt_alert", bench.t) == (0 if latch else 1)
    flags = bench.register(ina228.DIAG_ALRT)
    assert bool(flags & ina228.SHNTUL) == bool(latch)
    assert level("shunt_alert", bench.t) == 1


def test_alert_polarity():
    bench = Bench()
    bench.set_register(ina228.DIAG_ALRT, ina228.APOL)
    assert bench.plant.input_level("shunt_alert", bench.t) == 0


def test_faults_of_the_shunt_monitor():
    bench = loaded(-100_000)
    read = lambda: signed(bench.register(ina228.VSHUNT, 3), 24) / 16 * 312.5e-9 / SHUNT_OHM  # noqa: E731
    for fault, expected in ((("ina_gain", 500), -50), (("ina_offset", 20_000), -80)):
        bench.plant.inject(*fault)
        bench.wait(100_000)
        assert read() == pytest.approx(expected, rel=0.01)
        bench.plant.clear()
        bench.plant.inject("current", -100_000)
    bench.plant.inject("ina_stuck")
    before = read()
    bench.plant.inject("current", -10_000)
    bench.wait(100_000)
    assert read() == before
    for fault in ("ina_silent", "i2c_stuck"):
        bench.plant.inject(fault)
        assert bench.ina.write(b"\x04", bench.t) is False
        assert bench.ina.read(3, bench.t) is None
        bench.plant.clear(fault)
