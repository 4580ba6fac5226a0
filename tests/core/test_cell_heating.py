"""Unexplained heat: a hot spot is found within minutes, and no honest warmth is taken for one."""

from health_bench import Bench

from cellwarden import ids
from heap_proof import prove_no_allocation

SECOND_MS = 1000
MINUTE_MS = 60_000
BATTERY = range(4)
LIMIT_DC = 60


class Warm(Bench):
    """Temperatures as a driver takes them: once a second, with noise. ``mk[s]`` is the truth."""

    def __init__(self, **changes):
        Bench.__init__(self, **changes)
        self.mk = [25_000] * 6
        self.noise_dc = 0
        self._random = 12345
        self.most_dc = -1

    def minutes(self, minutes, rise_mk_a_minute=(0, 0, 0, 0, 0, 0)):
        for _ in range(minutes * 60):
            for s in range(6):
                self.mk[s] += rise_mk_a_minute[s] // 60
                self.temp_dc[s] = self.mk[s] // 100 + self._dice()
            # One fresh set a second, and ticks between in which none is new.
            self.tick(SECOND_MS // 5)
            self.lost = ("new temps",)
            for _ in range(4):
                self.tick(SECOND_MS // 5)
            self.lost = ()
            self.most_dc = max(self.most_dc, self.health.heating.rise_dc)
            if self.most_dc >= LIMIT_DC:
                return False
        return True

    def sample(self):
        r = self.readings
        if "new temps" in self.lost:
            count, ms = r.temps_count, r.temps_ms
            Bench.sample(self)
            r.temps_count, r.temps_ms = count, ms
        else:
            Bench.sample(self)

    def _dice(self):
        self._random = (self._random * 1103 + 12345) & 0xFFFF
        return (self._random >> 4) % (2 * self.noise_dc + 1) - self.noise_dc


def test_before_there_is_a_temperature_nothing_is_known():
    bench = Warm()
    bench.lost = ("temps",)
    bench.run(2000)
    assert bench.health.heating.rise_dc == -1
    assert not bench.quantities.valid[ids.Q_SELF_HEATING_DC]


def test_a_hot_spot_at_rest_is_found_within_three_minutes():
    bench = Warm()
    bench.noise_dc = 10
    bench.minutes(10)
    assert bench.most_dc < LIMIT_DC // 2
    assert not bench.minutes(3, (0, 0, 3000, 0, 0, 0))
    assert bench.health.heating.where == 3
    assert bench.quantities.where[ids.Q_SELF_HEATING_DC] == 3


def test_a_hot_spot_under_load_is_found_within_ten_minutes():
    bench = Warm()
    bench.current_ma = -30_000
    bench.charge_ppm = [900_000] * 8
    assert bench.minutes(20, (100, 100, 100, 100, 0, 0))
    assert not bench.minutes(10, (100, 3000, 100, 100, 0, 0))
    assert bench.health.heating.where == 2


def test_a_rise_of_half_the_limit_is_left_alone():
    bench = Warm()
    bench.noise_dc = 10
    assert bench.minutes(40, (600,) * 6)


def test_warmth_of_the_current_is_explained():
    # A cell of 100 Ah with 1 mOhm at 1C: 10 W and what the reaction gives, over 1.4 kJ/K.
    bench = Warm()
    bench.charge_ppm = [1_000_000] * 8
    bench.current_ma = -100_000
    assert bench.minutes(30, (700,) * 4 + (1500, 100))
    bench.current_ma = 0
    # The sensor goes on rising while the core's heat comes out.
    assert bench.minutes(5, (600,) * 4 + (0, 0))


def test_a_small_resistance_leaves_the_heat_of_the_reaction():
    bench = Warm()
    bench.charge_ppm = [1_000_000] * 8
    bench.uohm = [200] * 8
    bench.steps(3)
    assert bench.health.resistance.known
    bench.current_ma = -100_000
    assert bench.minutes(15, (1800,) * 4 + (0, 0))


def test_heat_grows_with_the_square_of_the_current():
    bench = Warm()
    bench.charge_ppm = [2_000_000] * 8
    bench.uohm = [200] * 8
    bench.steps(3)
    bench.current_ma = -200_000
    assert bench.minutes(10, (3900,) * 4 + (0, 0))


def test_heat_that_never_came_does_not_hide_a_hot_spot_for_long():
    bench = Warm()
    bench.charge_ppm = [2_000_000] * 8
    bench.current_ma = -200_000
    bench.minutes(10)
    bench.current_ma = 0
    bench.minutes(15)
    assert not bench.minutes(4, (3000, 0, 0, 0, 0, 0))


def test_a_pack_that_has_cooled_down_hides_nothing():
    bench = Warm()
    bench.minutes(30, (-400,) * 6)
    assert not bench.minutes(4, (3000, 0, 0, 0, 0, 0))


def test_the_cold_makes_cells_warm_up_faster():
    bench = Warm()
    bench.mk = [-10_000] * 6
    bench.charge_ppm = [1_000_000] * 8
    bench.uohm = [3000] * 8
    bench.current_ma = -50_000
    assert bench.minutes(30, (700,) * 4 + (0, 0))


def test_a_pack_carried_into_a_warm_room_is_no_hot_spot():
    bench = Warm()
    bench.noise_dc = 5
    bench.mk = [-5_000] * 6
    bench.minutes(10)
    # Boards take three minutes to follow, sensors on small cells ten.
    for _ in range(60):
        rises = [(22_000 - bench.mk[s]) // (3 if s > 3 else 10) for s in range(6)]
        assert bench.minutes(1, rises), bench.most_dc


def test_the_heater_is_no_hot_spot():
    bench = Warm(capacity_mah=20_000)
    bench.mk = [-5_000] * 6
    bench.minutes(5)
    bench.heater = True
    assert bench.minutes(20, (1500,) * 4 + (0, 0))


def test_a_sensor_that_was_missing_starts_anew():
    bench = Warm()
    bench.minutes(2)
    r = bench.readings
    seen = r.temps_count
    bench.lost = ("temps",)
    bench.run(5000)
    assert bench.health.heating.rise_dc == -1
    bench.mk = [45_000] * 6
    bench.lost = ()
    bench.minutes(1)
    assert r.temps_count > seen
    assert bench.most_dc < LIMIT_DC // 4


def test_a_sensor_that_is_not_fitted_tells_nothing():
    bench = Warm()
    bench.live[ids.TEMPS_FITTED] = 0x3B
    bench.minutes(2)
    assert bench.minutes(10, (0, 0, 5000, 0, 0, 0))


def test_a_log_with_a_row_a_second_finds_it_as_well():
    bench = Bench()
    for n in range(900):
        bench.temp_dc[1] = 250 + (n * 5 // 10 if n > 300 else 0)
        bench.tick(1000)
        if n == 300:
            assert bench.health.heating.rise_dc < 10
    assert bench.health.heating.rise_dc >= LIMIT_DC
    assert bench.health.heating.where == 2


def test_nothing_is_allocated():
    bench = Warm()
    bench.minutes(1)
    live = bench.live
    heating = bench.health.heating

    def step():
        bench.now_ms = (bench.now_ms + 100) & 0x3FFFFFFF
        bench.sample()
        heating.update(bench.readings, live, 1000, True, bench.now_ms)

    prove_no_allocation(step, 40)
