"""The filter: doubt grows by itself, shrinks by looks alone, and many looks are no certainty."""

from cellwarden.soc_filter import GAIN_UNIT, PPM, SocFilter
from heap_proof import prove_no_allocation

HOUR_S = 3600


def believing(soc_ppm=500_000, sigma_ppm=50_000):
    f = SocFilter()
    f.begin(soc_ppm, sigma_ppm)
    return f


def live(f, seconds, moved_ppm=0, step_s=10):
    """Time passes; ``moved_ppm`` a step is counted."""
    for _ in range(seconds // step_s):
        f.move(moved_ppm)
        f.age(moved_ppm, step_s * 1000)
    f.weigh()


def look(f, middle_ppm, half_ppm, rested=True):
    f.look(middle_ppm - half_ppm, middle_ppm, middle_ppm + half_ppm, rested)
    f.weigh()


def test_it_begins_as_it_is_told():
    f = believing(640_000, 30_000)
    assert f.soc_ppm == 640_000 and f.sigma_ppm == 30_000
    f.weigh()
    assert f.soc_ppm == 640_000 and abs(f.sigma_ppm - 30_000) <= 50


def test_doubt_grows_with_time_by_the_unknown_zero_of_the_current():
    f = believing(500_000, 1_000)
    was = f.sigma_ppm
    for _ in range(24):
        live(f, HOUR_S)
        assert f.sigma_ppm >= was
        was = f.sigma_ppm
    assert 24 * 600 < was < 24 * 900


def test_doubt_grows_with_charge_by_the_unknown_capacity():
    f = believing(200_000, 1_000)
    live(f, 1800, 2_000)
    assert f.soc_ppm == 560_000
    assert 8_000 < f.sigma_ppm < 11_000


def test_a_sharp_look_is_believed_a_wide_one_is_not():
    sharp = believing(500_000, 100_000)
    look(sharp, 600_000, 5_000)
    assert abs(sharp.soc_ppm - 600_000) < 2_000 and sharp.sigma_ppm < 10_000
    wide = believing(500_000, 20_000)
    look(wide, 600_000, 300_000)
    assert abs(wide.soc_ppm - 500_000) < 3_000 and wide.sigma_ppm > 18_000


def test_belief_lies_between_count_and_look():
    for half_ppm in (5_000, 20_000, 50_000, 200_000):
        f = believing(500_000, 50_000)
        look(f, 580_000, half_ppm)
        assert 500_000 <= f.soc_ppm <= 580_000
        assert f.sigma_ppm <= max(50_000, half_ppm)


def test_many_looks_alike_are_worth_little_more_than_one():
    one = believing()
    look(one, 520_000, 20_000)
    many = believing()
    for _ in range(60):
        look(many, 520_000, 20_000)
        live(many, 60)
    assert many.sigma_ppm > one.sigma_ppm * 9 // 10
    for _ in range(100):
        look(many, 520_000, 20_000)
        live(many, 3 * HOUR_S)
    assert many.sigma_ppm > 12_000


def test_a_contradiction_beyond_four_times_the_doubt_is_doubted_anew():
    f = believing(500_000, 2_000)
    look(f, 900_000, 20_000)
    assert f.soc_ppm > 800_000
    modest = believing(500_000, 2_000)
    look(modest, 530_000, 20_000)
    assert modest.soc_ppm < 502_000


def test_a_contradiction_under_current_moves_less_than_one_at_rest():
    """It is more likely to be the current's doing."""
    rested, loaded = believing(500_000, 5_000), believing(500_000, 5_000)
    look(rested, 900_000, 10_000)
    look(loaded, 900_000, 10_000, rested=False)
    assert loaded.soc_ppm < rested.soc_ppm


def test_a_wrong_zero_is_learned_over_days():
    """The meter shows 800 ppm an hour that do not flow."""
    f = believing(500_000, 20_000)
    for _ in range(24 * 6):
        for _ in range(60):
            f.move(2)
            f.age(2, 9_000)
        look(f, 500_000, 5_000)
    assert 500 * 16 < f.offset < 1_100 * 16
    assert f.offset_sigma < 700 * 16
    assert abs(f.soc_ppm - 500_000) < 10_000


def test_a_wrong_capacity_is_learned_from_deep_cycles():
    """The cells hold 5 % less than rated: charge counts for 5 % more."""
    f = believing(800_000, 10_000)
    true_ppm = 800_000
    step = 1_000
    for _ in range(6):
        step = -step
        for i in range(500):
            true_ppm += step * 105 // 100
            f.move(step)
            f.age(step, 10_000)
            if i % 20 == 0:
                look(f, true_ppm, 5_000)
    assert GAIN_UNIT * 2 // 100 < f.gain < GAIN_UNIT * 7 // 100
    assert f.gain_sigma < 1_640


def test_a_lesson_replaces_what_was_learned_of_the_capacity():
    f = believing()
    f.learn_gain(8_000, 500)
    assert f.gain == 8_000 and f.gain_sigma == 500
    f.learn_gain(10 * GAIN_UNIT, 1)
    assert f.gain < GAIN_UNIT and f.gain_sigma > 1
    f.forget_gain()
    assert f.gain == 0 and f.gain_sigma > 500


def test_doubt_is_added_in_squares():
    f = believing(500_000, 30_000)
    f.doubt(40_000)
    assert abs(f.sigma_ppm - 50_000) <= 100


def test_charge_stays_between_empty_and_full():
    f = believing(10_000, 10_000)
    f.move(-PPM)
    assert f.soc_ppm == 0
    look(f, 0, 5_000)
    live(f, HOUR_S, -5_000)
    assert f.soc_ppm == 0
    f.move(3 * PPM)
    look(f, PPM, 5_000)
    assert f.soc_ppm <= PPM
    live(f, HOUR_S, 5_000)
    assert f.soc_ppm == PPM


def test_weighing_and_looking_allocate_nothing():
    f = believing()

    def step():
        f.move(900)
        f.age(900, 20_000)
        f.look(400_000, 500_000, 600_000, False)
        f.weigh()
        f.doubt(10)

    prove_no_allocation(step, repeats=200)
