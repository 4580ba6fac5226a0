"""The pack obeys physics: charge and energy balance, switches, bus, charger, heat."""

import pytest
from model_bench import REF_ON, Bench

from cellwarden_host.sim import ocv
from cellwarden_host.sim.sensors import ntc_ohm

SECOND = 1_000_000
HOUR = 3600 * SECOND


def charge_mas(bench):
    bench.pack.refresh()
    return sum(bench.pack.cells.charge_mas)


@pytest.mark.parametrize("chemistry", sorted(ocv.POINTS))
def test_ocv_rises_everywhere_and_inverts(chemistry):
    values = [ocv.ocv_mv(chemistry, i / 200) for i in range(-4, 209)]
    assert all(b > a for a, b in zip(values, values[1:], strict=False))
    for soc in (0.05, 0.5, 0.95):
        assert ocv.soc_at(chemistry, ocv.ocv_mv(chemistry, soc)) == pytest.approx(soc, abs=1e-6)
    low, samples = ocv.curve(chemistry)
    for soc in (0.0, 0.1, 0.777, 1.0):
        at = (soc - low) * ocv.GRID
        assert samples[round(at)] == pytest.approx(ocv.ocv_mv(chemistry, soc), abs=5)


@pytest.mark.parametrize("ma", (40_000, -40_000))
def test_coulombs_in_are_charge_in_the_cells(ma):
    bench = Bench(soc_permille=400, leak_ua=0, supply_ua=0)
    bench.close()
    before, through = charge_mas(bench), bench.pack.in_mas - bench.pack.out_mas
    bench.plant.inject("current", ma)
    bench.wait(HOUR // 2)
    gone = charge_mas(bench) - before
    through = bench.pack.in_mas - bench.pack.out_mas - through
    assert gone == pytest.approx(24 * through, rel=1e-9)
    assert through == pytest.approx(ma * 1800, rel=0.01)


def test_balancing_leakage_and_the_tap_are_charge_too():
    bench = Bench(leak_ua=0, supply_ua=5000, supply_tap_cells=8)
    charge = bench.pack.cells.charge_mas
    bench.pack.refresh()
    start = list(charge)
    for _ in range(3600):
        bench.write_config(bytes([0xFC, 0, 0, 0, 0, 0x02]), REF_ON)  # cell 10
        bench.wait(SECOND)
    bench.pack.refresh()
    lost = [a - b for a, b in zip(start, charge, strict=True)]
    expected = bench.truth["cell_mv"][9] / 110 * 3600
    assert lost[9] == pytest.approx(expected, rel=0.02)
    assert lost[0] == pytest.approx(15 * 3600, rel=0.02)  # 5 mA of the pack is 15 at its third
    assert abs(lost[20]) < 1


def test_bleed_started_between_refreshes_costs_only_its_time():
    bench = Bench(leak_ua=0, supply_ua=0)
    bench.pack.refresh()
    before = bench.pack.cells.charge_mas[0]
    bench.wait(600_000)
    bench.write_config(bytes([0xFC, 0, 0, 0, 1, 0]), REF_ON)
    bench.wait(200_000)
    bench.write_config(REF_ON, REF_ON)
    bench.wait(2 * SECOND)
    lost = before - bench.pack.cells.charge_mas[0]
    assert lost == pytest.approx(3830 / 110 * 0.2, rel=0.02)


@pytest.mark.parametrize("chemistry", sorted(ocv.POINTS))
def test_a_cycle_gives_back_less_energy_than_it_took(chemistry):
    bench = Bench(chemistry=chemistry, soc_permille=300, leak_ua=0, supply_ua=0)
    bench.close()
    bench.plant.inject("current", 50_000)
    bench.wait(HOUR // 2)
    bench.plant.inject("current", -50_000)
    while bench.truth["soc_permille"][0] > 300:
        bench.wait(SECOND)
    assert 0.9 < bench.pack.out_mj / bench.pack.in_mj < 0.999


def test_energy_lost_between_terminals_and_charge_is_heat():
    bench = Bench(soc_permille=500, leak_ua=0, supply_ua=0)
    bench.close()
    bench.plant.inject("current", -100_000)
    bench.wait(600 * SECOND)
    # 24 cells of 2 kJ/K took I^2 * (R0 + R1) for ten minutes, little of it lost to the air.
    warmed = sum(bench.pack.thermal.temp_c[:4]) / 4 - 25
    ideal = 100**2 * 0.0006 * 1.7 * 600 / 2000
    assert warmed == pytest.approx(ideal, rel=0.15)


def test_precharge_is_an_exponential_and_heats_its_resistor():
    bench = Bench(load_bleed_ohm=0)
    bench.plant.gates_enabled(True, bench.t)
    bench.plant.set_output("precharge_gate", 1, bench.t)
    emf = bench.truth["pack_mv"]
    for k in range(1, 4):
        bench.wait(100_000)  # one time constant: 50 ohm, 2 mF
        assert bench.truth["bus_mv"] == pytest.approx(emf * (1 - 2.718281828**-k), rel=0.01)
    bench.wait(SECOND)
    stored = 0.5 * 0.002 * (bench.truth["bus_mv"] / 1000) ** 2
    assert bench.pack.precharge_j == pytest.approx(stored, rel=0.05)
    assert bench.pack.out_mj / 1000 == pytest.approx(2 * stored, rel=0.05)


def test_precharge_tells_no_capacitor_short_and_stuck_apart():
    def bus_after(ms, *faults):
        bench = Bench()
        for fault in faults:
            bench.plant.inject(fault)
        bench.plant.gates_enabled(True, bench.t)
        bench.plant.set_output("precharge_gate", 1, bench.t)
        bench.wait(ms * 1000)
        return bench.truth["bus_mv"] / bench.truth["pack_mv"]

    assert bus_after(1, "no_load_capacitor") > 0.95
    assert bus_after(1) < 0.05 < 0.95 < bus_after(500)
    assert bus_after(2000, "load_short") < 0.01
    assert bus_after(2000, "precharge_stuck_off") < 0.05


def test_a_shorted_bus_burns_the_precharge_resistor_in_the_end():
    bench = Bench()
    bench.plant.inject("load_short")
    bench.plant.gates_enabled(True, bench.t)
    bench.plant.set_output("precharge_gate", 1, bench.t)
    bench.wait(2 * SECOND)
    assert bench.truth["precharge_j"] > 300
    bench.wait(10 * SECOND)
    assert bench.truth["precharge_burnt"] and bench.truth["current_ma"] == 0


def test_closing_without_precharge_trips_the_comparator():
    bench = Bench()
    bench.plant.gates_enabled(True, bench.t)
    bench.plant.set_output("discharge_gate", 1, bench.t)
    assert bench.truth["short_latched"] and not bench.truth["discharge_closed"]


def test_charge_off_still_discharges_through_the_body_diode():
    bench = Bench()
    bench.close()
    bench.plant.inject("current", -20_000)
    bench.plant.set_output("charge_gate", 0, bench.t)
    bench.wait(SECOND)
    assert bench.truth["current_ma"] == pytest.approx(-20_000, rel=0.01)
    drop = bench.truth["pack_mv"] - bench.truth["bus_mv"]
    assert 600 < drop < 900
    bench.plant.inject("current", 20_000)
    bench.wait(SECOND)
    assert abs(bench.truth["current_ma"]) < 10


def test_discharge_off_still_charges_through_the_body_diode():
    bench = Bench()
    bench.close()
    bench.plant.inject("charger_connect", 100_800, 20_000)
    bench.plant.set_output("discharge_gate", 0, bench.t)
    bench.wait(SECOND)
    assert bench.truth["current_ma"] == pytest.approx(20_000, rel=0.01)
    assert 600 < bench.truth["bus_mv"] - bench.truth["pack_mv"] < 900
    bench.plant.inject("charger_remove")
    bench.plant.inject("current", -20_000)
    bench.wait(SECOND)
    assert bench.truth["current_ma"] == 0
    assert bench.truth["bus_mv"] < 60_000


def test_body_diode_heats_the_power_board():
    def board_temperature(both):
        bench = Bench()
        bench.close()
        bench.plant.inject("current", -150_000)
        bench.plant.set_output("charge_gate", both, bench.t)
        bench.wait(120 * SECOND)
        return bench.truth["temp_dc"][4]

    assert board_temperature(0) > board_temperature(1) + 200


def test_charger_goes_from_constant_current_to_constant_voltage():
    bench = Bench(soc_permille=900)
    bench.close()
    bench.plant.inject("charger_connect", 99_600, 20_000)
    bench.wait(60 * SECOND)
    assert bench.truth["charger_ma"] == pytest.approx(20_000, rel=0.01)
    assert bench.truth["charger_mv"] < 99_600
    bench.wait(HOUR)
    assert bench.truth["bus_mv"] == pytest.approx(99_600, abs=5)
    assert 0 < bench.truth["current_ma"] < 5_000


def test_charger_obeys_what_it_is_told():
    bench = Bench()
    bench.close()
    bench.plant.inject("charger_connect", 100_800, 30_000)
    bench.pack.charger.obeys = True
    bench.pack.charger.ccl_ma = 5_000
    bench.wait(SECOND)
    assert bench.truth["charger_ma"] == pytest.approx(5_000)
    bench.pack.charger.ccl_ma = 0
    bench.wait(SECOND)
    assert bench.truth["charger_ma"] == 0
    assert bench.truth["charger_mv"] == 100_800  # still plugged in


def test_charger_shows_its_voltage_before_anything_closes():
    bench = Bench()
    assert bench.truth["charger_mv"] == 0
    bench.plant.inject("charger_connect", 98_000, 10_000)
    assert bench.truth["charger_mv"] < 1000  # it first fills the load's capacitor
    bench.wait(100_000)
    assert bench.truth["charger_mv"] == bench.truth["bus_mv"] == 98_000
    code = bench.plant.adc_u16("charger_adc", bench.t)
    assert code / 65536 * 3.3 * 40 == pytest.approx(98, rel=0.02)


def test_loads_of_constant_power_and_of_resistance():
    bench = Bench()
    bench.close()
    bench.pack.load.power_mw = 2_000_000
    bench.wait(3 * SECOND)
    truth = bench.truth
    assert -truth["current_ma"] * truth["bus_mv"] / 1e6 == pytest.approx(2000, rel=0.01)
    bench.pack.load.power_mw = 0
    bench.pack.load.resistance_ohm = 10
    bench.wait(SECOND)
    truth = bench.truth
    assert -truth["current_ma"] * 10 == pytest.approx(truth["bus_mv"], rel=0.01)


def test_a_load_of_electronics_waits_for_its_input_and_stops_without_it():
    bench = Bench()
    bench.pack.load.current_ma = 10_000
    bench.plant.gates_enabled(True, bench.t)
    bench.plant.set_output("precharge_gate", 1, bench.t)
    bench.wait(700_000)
    assert bench.truth["bus_mv"] > 0.95 * bench.truth["pack_mv"]  # nothing was drawn yet
    bench.plant.set_output("discharge_gate", 1, bench.t)
    bench.wait(SECOND)
    assert bench.truth["current_ma"] == pytest.approx(-10_000, rel=0.01)


def test_with_everything_off_the_bus_tells_whether_a_load_is_there():
    bench = Bench()
    bench.wait(60 * SECOND)
    assert bench.truth["bus_mv"] < 0.05 * bench.truth["pack_mv"]
    bench.plant.inject("load_remove")
    bench.wait(SECOND)
    assert bench.truth["bus_mv"] > 0.8 * bench.truth["pack_mv"]


def test_a_stuck_charge_mosfet_keeps_charging_and_the_cells_keep_rising():
    bench = Bench(soc_permille=990)
    bench.close()
    bench.plant.inject("charger_connect", 110_000, 30_000)
    bench.plant.inject("charge_mosfet_stuck_on")
    bench.plant.set_output("charge_gate", 0, bench.t)
    bench.plant.set_output("discharge_gate", 0, bench.t)
    before = bench.truth["cell_mv"][0]
    bench.wait(600 * SECOND)
    assert bench.truth["current_ma"] > 20_000
    assert bench.truth["cell_mv"][0] > before + 50
    bench.plant.set_output("secondary_fire", 1, bench.t)
    bench.wait(1000)
    assert bench.truth["current_ma"] == 0 and bench.truth["secondary_fired"]
    bench.plant.set_output("secondary_fire", 0, bench.t)
    bench.wait(SECOND)
    assert bench.truth["current_ma"] == 0
    bench.plant.clear("secondary")
    bench.wait(SECOND)
    assert bench.truth["current_ma"] > 20_000


def test_heartbeat_and_reset_open_the_gates():
    bench = Bench()
    bench.close()
    assert bench.truth["discharge_closed"] and bench.plant.input_level(
        "discharge_feedback", bench.t
    )
    bench.plant.gates_enabled(False, bench.t)
    assert not bench.truth["discharge_closed"]
    bench.plant.gates_enabled(True, bench.t)
    assert bench.truth["charge_closed"]
    bench.plant.hard_reset(bench.t)
    assert not bench.truth["charge_closed"] and not bench.truth["charge_commanded"]


def test_a_short_latches_and_a_pulse_clears_it():
    bench = Bench()
    bench.close()
    bench.plant.inject("short_circuit")
    assert bench.plant.input_level("short_latched", bench.t) == 1
    assert bench.truth["peak_ma"] > 1_500_000
    assert not bench.truth["discharge_closed"]
    bench.plant.set_output("charge_gate", 0, bench.t)
    bench.plant.set_output("discharge_gate", 0, bench.t)
    bench.plant.set_output("short_reset", 1, bench.t)
    bench.plant.set_output("short_reset", 0, bench.t)
    assert bench.plant.input_level("short_latched", bench.t) == 0


def test_a_lasting_short_trips_again_at_once():
    bench = Bench()
    bench.close()
    bench.plant.inject("load_short")
    assert bench.truth["short_latched"]
    bench.plant.set_output("short_reset", 1, bench.t)
    assert bench.truth["short_latched"]


def test_resistance_rises_in_the_cold_and_the_heater_warms():
    def sag(dc):
        bench = Bench(ambient_dc=dc)
        bench.close()
        rest = bench.truth["pack_mv"]
        bench.plant.inject("current", -100_000)
        return rest - bench.truth["pack_mv"]

    assert sag(-50) > 1.8 * sag(250)
    bench = Bench(ambient_dc=-50)
    bench.plant.set_output("heater", 1, bench.t)
    bench.wait(SECOND)
    assert bench.truth["current_ma"] < -1000  # the heater's current goes through the shunt
    bench.wait(600 * SECOND)
    assert bench.truth["temp_dc"][0] > -40


def test_balancing_heats_its_board():
    bench = Bench()
    on = bytes([0xFC, 0, 0, 0, 0xFF, 0x0F])
    for _ in range(600):
        bench.write_config(on, on)
        bench.wait(SECOND)
    assert bench.truth["temp_dc"][5] > 400


def test_spread_of_cells_is_repeatable():
    assert Bench(seed=3).truth == Bench(seed=3).truth
    assert Bench(seed=3).truth["cell_mv"] != Bench(seed=4).truth["cell_mv"]


@pytest.mark.parametrize(
    ("temp_c", "ohm", "part"), [(0, 27_280, 0.06), (25, 10_000, 0.001), (50, 4160, 0.015),
                                (85, 1451, 0.02)]
)  # fmt: skip
def test_thermistor_against_a_makers_table(temp_c, ohm, part):
    """Semitec 103AT-2: beta 3435 K."""
    assert ntc_ohm(temp_c, 10_000, 3435) == pytest.approx(ohm, rel=part)


def test_dividers_read_the_three_voltages():
    bench = Bench()
    bench.close()
    bench.wait(SECOND)
    for pin, key in (("pack_adc", "pack_mv"), ("bus_adc", "bus_mv")):
        mv = bench.plant.adc_u16(pin, bench.t) / 65536 * 3300 * 40
        assert mv == pytest.approx(bench.truth[key], rel=0.01)


class RelayBoard:
    """The simulated board with relays on separate ports."""

    def __init__(self):
        import boards.sim as board

        for name in dir(board):
            if name.isupper():
                setattr(self, name, getattr(board, name))
        self.SWITCH_TYPE = "relay"
        self.COMMON_PORT = False
        self.RELAY_BREAK_MA = 50_000


def test_relays_take_time_have_separate_ports_and_weld():
    from cellwarden_host.sim.plant import Plant

    plant = Plant(RelayBoard(), {"charger_mv": 99_000, "charger_ma": 10_000})
    plant.gates_enabled(True, 0)
    plant.set_output("charge_gate", 1, 1000)
    plant.advance(10_000)
    assert plant.truth()["current_ma"] == 0
    plant.advance(60_000)
    assert plant.truth()["current_ma"] == pytest.approx(10_000, abs=100)
    assert plant.truth()["bus_mv"] < 20_000  # the load's port stays open
    plant.inject("relay_weld", "charge")
    plant.set_output("charge_gate", 0, 70_000)
    plant.advance(200_000)
    assert plant.truth()["current_ma"] == pytest.approx(10_000, abs=100)
    plant.clear()
    plant.set_output("charge_gate", 1, 250_000)
    plant.advance(300_000)
    plant.inject("relay_chatter", "charge")
    operations = plant.truth()["switch_operations"][0]
    plant.advance(1_300_000)
    assert plant.truth()["switch_operations"][0] > operations + 20
