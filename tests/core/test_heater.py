"""The heater: its modes, hysteresis, cut-off, the charge it needs, and a fault that is noticed."""

from pack_bench import Pack

from cellwarden import ids
from cellwarden.heater import OVER_DC, WARMS_DC, WARMS_MS, Heater
from heap_proof import prove_no_allocation

CLOSED, CHARGE, DISCHARGE, ALWAYS = range(4)


class Bench(Pack):
    def __init__(self, mode=ALWAYS, dc=0):
        Pack.__init__(self)
        self.heater = Heater()
        self.live[ids.HEATER_MODE] = mode
        self.discharge_on = True
        self.set(dc)

    def set(self, dc):
        self.temp_dc = [dc] * 4 + [250, 250]

    def run(self, ms=1000, step_ms=1000):
        for _ in range(ms // step_ms):
            self.pass_time(step_ms)
            self.update()
        return self.commands.heater

    def update(self):
        self.heater.update(
            self.readings,
            self.quantities,
            self.protection,
            self.estimator,
            self.settings,
            self.discharge_on,
            self.now_ms,
            self.commands,
        )


def test_cold_starts_it_and_warm_stops_it_with_hysteresis():
    bench = Bench(dc=30)
    assert not bench.run()
    bench.set(20)
    assert bench.run()
    bench.set(79)
    assert bench.run()
    bench.set(80)
    assert not bench.run()
    bench.set(30)
    assert not bench.run()


def test_the_coldest_sensor_counts():
    bench = Bench(dc=50)
    bench.temp_dc[2] = -10
    assert bench.run()


def test_a_hot_sensor_cuts_it_off_however_cold_another_is():
    bench = Bench(dc=0)
    assert bench.run()
    bench.temp_dc[1] = bench.live[ids.HEATER_OFF_DC] + OVER_DC
    assert not bench.run()


def test_unknown_temperatures_mean_no_heat():
    bench = Bench()
    assert bench.run()
    bench.lost = ("temps",)
    assert not bench.run()


def test_a_rule_may_forbid_it():
    bench = Bench()
    assert bench.run()
    bench.protection.forbids = ids.FORBID_HEATER
    assert not bench.run()


def test_closed_never_heats():
    assert not Bench(CLOSED).run()


def test_while_charging_needs_a_charger_seen_by_current_or_voltage():
    bench = Bench(CHARGE)
    assert not bench.run()
    bench.current_ma = 2000
    assert bench.run()
    bench.current_ma = 0
    r = bench.readings
    r.charger_mv.fitted = True
    r.pack_mv.put(29_600, 0)
    r.charger_mv.put(29_900, 0)
    assert not bench.run()
    r.charger_mv.put(30_200, 0)
    assert bench.run()


def test_while_discharging_needs_the_discharge_switch():
    bench = Bench(DISCHARGE)
    assert bench.run()
    bench.discharge_on = False
    assert not bench.run()


def test_without_a_charger_it_needs_charge():
    bench = Bench()
    bench.estimator.soc_permille = 199
    assert not bench.run()
    bench.current_ma = 2000
    assert bench.run()
    bench.current_ma = 0
    assert not bench.run()
    bench.estimator.soc_permille = 200
    assert bench.run()


def test_heat_that_does_not_warm_is_a_fault_until_a_person_looks():
    bench = Bench(dc=-100)
    assert bench.run(WARMS_MS - 10_000)
    assert bench.heater.fault == 0
    assert not bench.run(20_000)
    assert bench.heater.fault == 1
    assert not bench.run(3 * WARMS_MS, 10_000)
    bench.heater.clear()
    assert bench.run(2000)
    assert bench.heater.fault == 0


def test_slow_warming_is_no_fault():
    bench = Bench(dc=-200)
    for _ in range(20):
        assert bench.run(WARMS_MS // 2, 10_000)
        bench.set(bench.temp_dc[0] + WARMS_DC)
    assert bench.heater.fault == 0


def test_an_update_allocates_nothing():
    bench = Bench()
    bench.run()
    prove_no_allocation(bench.update)
