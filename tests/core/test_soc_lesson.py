"""The lesson between empty and full: both ways, and never from guesses or uncounted time."""

from cellwarden.soc_filter import GAIN_UNIT
from cellwarden.soc_lesson import SocLesson
from heap_proof import prove_no_allocation

SHARP_PPM = 5_000


def look(lesson, at_ppm, half_ppm=SHARP_PPM):
    return lesson.look(at_ppm - half_ppm, at_ppm, at_ppm + half_ppm)


def count(lesson, ppm):
    for _ in range(100):
        lesson.move(ppm // 100)


def test_up_and_down_teach_the_same():
    for first, last in ((20_000, 980_000), (980_000, 20_000)):
        lesson = SocLesson()
        assert not look(lesson, first)
        count(lesson, (last - first) * 8 // 10)  # cells of 80 % of the rated capacity
        assert look(lesson, last)
        assert abs(lesson.gain - GAIN_UNIT // 4) < 300
        assert 0 < lesson.sigma < GAIN_UNIT // 20


def test_a_larger_pack_than_rated_is_a_negative_gain():
    lesson = SocLesson()
    look(lesson, 20_000)
    count(lesson, 1_200_000)
    assert look(lesson, 980_000)
    assert abs(lesson.gain + GAIN_UNIT // 5) < 300


def test_the_middle_and_wide_looks_are_no_lesson():
    lesson = SocLesson()
    look(lesson, 20_000)
    count(lesson, 500_000)
    assert not look(lesson, 520_000)
    count(lesson, 400_000)
    assert not look(lesson, 920_000, 100_000)
    assert look(lesson, 920_000)
    wide = SocLesson()
    look(wide, 20_000, 100_000)
    count(wide, 960_000)
    assert not look(wide, 980_000)


def test_little_charge_is_no_lesson():
    lesson = SocLesson()
    look(lesson, 20_000)
    count(lesson, 200_000)
    assert not look(lesson, 980_000)


def test_charge_the_wrong_way_is_no_lesson():
    lesson = SocLesson()
    look(lesson, 20_000)
    count(lesson, -900_000)
    assert not look(lesson, 980_000)


def test_time_that_nobody_counted_ends_it():
    lesson = SocLesson()
    look(lesson, 20_000)
    count(lesson, 960_000)
    lesson.forget()
    assert not look(lesson, 980_000)


def test_charge_beyond_two_capacities_ends_it():
    lesson = SocLesson()
    look(lesson, 20_000)
    for _ in range(3):
        count(lesson, 1_000_000)
    for _ in range(2):
        count(lesson, -1_000_000)
    assert not look(lesson, 980_000)


def test_wider_looks_are_doubted_more():
    sigmas = []
    for half_ppm in (2_000, 15_000):
        lesson = SocLesson()
        look(lesson, 20_000, half_ppm)
        count(lesson, 960_000)
        assert look(lesson, 980_000, half_ppm)
        sigmas.append(lesson.sigma)
    assert sigmas[0] < sigmas[1]


def test_a_better_look_at_the_same_end_makes_a_better_lesson():
    lesson = SocLesson()
    look(lesson, 20_000)
    count(lesson, 720_000)
    assert look(lesson, 890_000, 30_000)
    rough = lesson.sigma
    count(lesson, 50_000)
    assert look(lesson, 980_000)
    assert lesson.sigma < rough
    assert not look(lesson, 980_000)  # the same again is no news


def test_looking_and_counting_allocate_nothing():
    lesson = SocLesson()

    def step():
        look(lesson, 20_000)
        lesson.move(960_000)
        look(lesson, 980_000)
        lesson.move(-960_000)

    prove_no_allocation(step, repeats=50)
