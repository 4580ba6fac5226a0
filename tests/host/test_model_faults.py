"""Every fault in the table can be seen from where a controller looks, and goes away again."""

from pathlib import Path

import pytest
from model_bench import ADAX, ADCV, RDAUX, RDCFGA, RDCV, RDSTATB, REF_ON, Bench, open_wires

from cellwarden_host.sim.faults import FAULTS, HARDWARE_FAULTS, markdown
from cellwarden_host.sim.ltc6811_front import Ltc6811Front

DOCS = Path(__file__).resolve().parents[2] / "docs" / "faults.md"


def running(**config):
    bench = Bench(**config)
    bench.close()
    bench.pack.load.current_ma = 20_000
    bench.wait(3_000_000)
    bench.wake()
    bench.write_config(REF_ON, REF_ON)
    bench.wait(5000)
    return bench


def aux(bench):
    bench.command(ADAX)
    bench.wait(10_000)
    return bench.words(RDAUX)


def volt(bench, pin):
    return bench.plant.adc_u16(pin, bench.t) / 65536 * 132_000


def level(bench, pin):
    return bench.plant.input_level(pin, bench.t)


def amps(bench):
    bench.wait(20_000)
    raw = bench.register(0x04, 3)
    return (raw - (1 << 24) if raw >> 23 else raw) / 16 * 312.5e-9 / 100e-6


def answers(bench):
    """Checksums good, chip by chip, in 50 reads."""
    return [sum(rows) for rows in zip(*((a[1], b[1]) for a, b in reads(bench)), strict=True)]


def reads(bench):
    return [bench.groups(RDCFGA) for _ in range(50)]


def after(bench, seconds):
    bench.wait(int(seconds * 1e6))
    return bench.truth


def off(bench):
    for gate in ("charge_gate", "discharge_gate", "precharge_gate"):
        bench.plant.set_output(gate, 0, bench.t)
    return after(bench, 1)


def drained(bench, cell, seconds):
    """How much charge a cell loses, in permille of its own."""
    before = bench.truth["soc_permille"][cell]
    return before - after(bench, seconds)["soc_permille"][cell]


def overlap(bench):
    """By how much the near chip's two converters differ on cell 7."""
    bench.command(0x301)
    bench.wait(2000)
    codes = bench.words(RDCV)
    return abs(codes[6] - codes[7])


def muxfail(bench):
    bench.command(0x715)
    bench.wait(2000)
    return bool(bench.groups(RDSTATB)[0][0][5] & 2)


def short_reset(bench):
    bench.plant.set_output("short_reset", 1, bench.t)
    bench.plant.set_output("short_reset", 0, bench.t)


def charge_on_off(bench):
    """Operations of the charge switch within a second."""
    before = bench.truth["switch_operations"][0]
    return after(bench, 1)["switch_operations"][0] - before


# What each fault does: arguments, and a look that is false before and true after.
LOOKS = {
    "cell": ((7, 4250), lambda b: abs(b.cells()[6] - 42_500) < 20),
    "cell_drift": ((3, 50_000), lambda b: drained(b, 2, 120) > 20),
    "cell_soc": ((5, 100), lambda b: b.truth["soc_permille"][4] < 150),
    "soc": ((100,), lambda b: max(b.truth["soc_permille"]) < 150),
    "open_wire": ((13,), lambda b: open_wires(b) == {13}),
    "swap_wires": ((4,), lambda b: b.cells()[4] == 0),
    "sensor_open": ((1,), lambda b: aux(b)[0] > 29_500),
    "sensor_short": ((1,), lambda b: aux(b)[0] < 100),
    "sensor_value": ((2, 850), lambda b: abs(aux(b)[1] / 30_000 - 0.1275) < 0.01),
    "ambient": ((600,), lambda b: after(b, 900)["temp_dc"][5] > 500),
    "temperature": ((-100,), lambda b: b.truth["temp_dc"][0] == -100),
    "chip_silent": ((2,), lambda b: answers(b) == [50, 0]),
    "chip_reset": ((1,), lambda b: b.groups(RDCFGA)[0][0][0] & 4 == 0),
    "chip_drift": ((1, 20_000), lambda b: b.cells()[0] > 10 * b.truth["cell_mv"][0] + 400),
    "chip_adc_drift": ((1, 2, 20_000), lambda b: overlap(b) > 500),
    "chip_mux_fail": ((1,), lambda b: muxfail(b)),
    "chip_bit_stuck": ((1, 1, 15, 0), lambda b: b.cells()[0] < 32_768),
    "pec_burst": ((100,), lambda b: answers(b) == [0, 0]),
    "pec_rate": ((300,), lambda b: 0 < sum(answers(b)) < 100),
    "spi_stuck_low": ((), lambda b: b.command(RDCFGA, read=16) == b"\0" * 16),
    "spi_stuck_high": ((), lambda b: b.command(RDCFGA, read=16) == b"\xff" * 16),
    "ina_silent": ((), lambda b: b.ina.read(2, b.t) is None),
    "i2c_stuck": ((), lambda b: b.ina.read(2, b.t) is None),
    "ina_offset": ((7000,), lambda b: amps(b) > -15),
    "ina_gain": ((500,), lambda b: amps(b) > -15),
    "alert_stuck": ((0,), lambda b: level(b, "shunt_alert") == 0),
    "charge_mosfet_stuck_on": ((), lambda b: off(b)["charge_path"]),
    "charge_mosfet_stuck_off": ((), lambda b: not b.truth["charge_path"]),
    "discharge_mosfet_stuck_on": ((), lambda b: off(b)["current_ma"] < -1000),
    "discharge_mosfet_stuck_off": ((), lambda b: b.truth["current_ma"] > -1000),
    "precharge_stuck_on": ((), lambda b: off(b)["precharge_closed"]),
    "relay_weld": (("discharge",), lambda b: off(b)["discharge_closed"]),
    "relay_chatter": (("charge",), lambda b: charge_on_off(b) > 10),
    "feedback_stuck": (("charge", 0), lambda b: level(b, "charge_feedback") == 0),
    "short_latch_stuck": ((1,), lambda b: (short_reset(b), level(b, "short_latched"))[1]),
    "enable_stuck": ((0,), lambda b: not b.truth["discharge_closed"]),
    "secondary_dead": ((), None),
    "pack_adc_gain": ((900,), lambda b: volt(b, "pack_adc") < 0.95 * b.truth["pack_mv"]),
    "adc_stuck": (("bus", 100), lambda b: volt(b, "bus_adc") < 5_000),
    "current": ((-55_000,), lambda b: b.truth["current_ma"] < -54_000),
    "load_connect": ((33_000,), lambda b: b.truth["current_ma"] < -32_000),
    "load_remove": ((), lambda b: b.truth["current_ma"] > -1000),
    "load_short": ((), lambda b: b.truth["short_latched"]),
    "short_circuit": ((), lambda b: b.truth["short_latched"]),
    "charger_connect": ((99_000, 10_000), lambda b: b.truth["charger_mv"] > 80_000),
}


@pytest.mark.parametrize("fault", [name for name in LOOKS if LOOKS[name][1]])
def test_fault_is_visible(fault):
    args, look = LOOKS[fault]
    assert not look(running())
    bench = running()
    assert fault in bench.plant.inject(fault, *args)
    assert look(bench)


def test_cells_frozen_hides_a_change():
    bench = running()
    bench.cells()
    bench.plant.inject("cells_frozen", 1)
    frozen = bench.cells(ADCV)
    bench.plant.inject("cell", 3, 4300)
    bench.plant.inject("cell", 15, 4300)
    now = bench.cells(ADCV)
    assert now[:12] == frozen[:12] and now[14] > 42_900
    bench.command(0x711)
    assert bench.words(RDCV)[:12] == frozen[:12]


def test_sensor_stuck_and_ina_stuck_hide_a_change():
    bench = running()
    bench.plant.inject("sensor_stuck", 1)
    bench.plant.inject("ina_stuck")
    current = amps(bench)
    bench.plant.inject("temperature", 500)
    bench.plant.inject("load_connect", 60_000)
    codes = aux(bench)
    assert codes[0] > 14_000 > codes[1]
    assert amps(bench) == current


def test_secondary_dead_leaves_the_pack_connected():
    bench = running()
    bench.plant.inject("secondary_dead")
    bench.plant.set_output("secondary_fire", 1, bench.t)
    assert after(bench, 1)["current_ma"] < -10_000
    bench.plant.clear("secondary_dead")
    assert after(bench, 1)["current_ma"] == 0


def test_dead_comparator_lets_a_short_flow():
    bench = running()
    bench.plant.inject("short_latch_stuck", 0)
    bench.plant.inject("load_short")
    assert bench.truth["current_ma"] < -1_500_000
    assert level(bench, "short_latched") == 0


def test_charger_remove_and_heater_dead_and_precharge():
    bench = running(charger_mv=99_000, charger_ma=5_000)
    bench.plant.inject("charger_remove")
    assert bench.truth["charger_mv"] == 0
    bench.plant.clear()
    assert bench.truth["charger_connected"]

    def heated(*faults):
        bench = running()
        for fault in faults:
            bench.plant.inject(fault)
        bench.plant.set_output("heater", 1, bench.t)
        return after(bench, 600)["temp_dc"][0]

    assert heated() > heated("heater_dead") + 3

    for fault in ("precharge_stuck_off", "no_load_capacitor"):
        bench = Bench()
        bench.plant.inject(fault)
        bench.plant.gates_enabled(True, bench.t)
        bench.plant.set_output("precharge_gate", 1, bench.t)
        bus = after(bench, 0.02)["bus_mv"]
        assert bus < 1000 if fault == "precharge_stuck_off" else bus > 85_000


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - Ltc6811Front.lacks))
def test_clear_leaves_no_trace(fault):
    args = LOOKS[fault][0] if fault in LOOKS else (1,) * len(FAULTS[fault][1])
    bench = running()
    bench.plant.inject(fault, *args)
    bench.wait(1000)
    bench.plant.clear()
    bench.wait(1000)
    assert bench.truth["faults"] == []
    if bench.truth["short_latched"]:
        off(bench)
        short_reset(bench)
        bench.close()
    bench.wait(5_000_000)
    bench.wake()
    bench.write_config(REF_ON, REF_ON)
    bench.wait(5000)
    assert answers(bench) == [50, 50]
    codes = bench.cells()
    for code, mv in zip(codes, bench.truth["cell_mv"], strict=True):
        assert abs(code / 10 - mv) < 1.5
    assert bench.truth["charge_closed"] and bench.truth["discharge_closed"]
    assert bench.truth["current_ma"] == pytest.approx(-20_000, rel=0.02)
    assert amps(bench) == pytest.approx(-20, rel=0.02)


def test_the_same_fault_on_the_same_part_replaces_the_earlier_one():
    bench = running()
    bench.plant.inject("cell", 7, 4250)
    bench.plant.inject("cell", 7, 4310)
    bench.plant.inject("cell", 8, 4000)
    assert bench.truth["faults"] == ["cell 7 4310", "cell 8 4000"]
    bench.plant.clear("cell 7")
    assert bench.truth["faults"] == ["cell 8 4000"]
    bench.plant.clear("cell")
    assert bench.truth["faults"] == []


@pytest.mark.parametrize(
    "call",
    [
        ("nonsense",),
        ("cell", 7),
        ("cell", 25, 4000),
        ("cell", "seven", 4000),
        ("cell", 7, -1),
        ("open_wire", 25),
        ("feedback_stuck", "left", 1),
        ("chip_silent", 3),
        ("swap_wires", 24),
    ],
)
def test_a_wrong_call_is_refused_and_changes_nothing(call):
    bench = Bench()
    with pytest.raises(ValueError):
        bench.plant.inject(*call)
    assert bench.truth["faults"] == []
    assert bench.plant.harness.swapped == {}


def test_arguments_may_be_text_as_they_come_from_a_command_line():
    bench = Bench()
    bench.plant.inject("cell", "7", "4250")
    assert bench.truth["cell_mv"][6] == 4250


def test_single_failures_are_faults_of_the_table_with_good_arguments():
    for name, args in HARDWARE_FAULTS:
        bench = Bench()
        bench.plant.inject(name, *args)


def test_the_documentation_holds_the_table():
    assert markdown() in DOCS.read_text(encoding="utf-8")
