"""What the estimator promises whatever it is fed: ranges, doubt, small numbers, one answer."""

import small_core
from estimator_script import play
from hypothesis import given, settings
from hypothesis import strategies as st
from small_core import TooLarge

STEPS_MS = st.sampled_from([1, 50, 100, 1000, 5000, 10_000, 60_000, 3_600_000])
CURRENTS_MA = st.one_of(
    st.sampled_from([0, 2_000_000, -2_000_000]),
    st.integers(-2_000_000, 2_000_000),
    st.integers(-5_000, 5_000),
)
# [what, ...]: see estimator_script
ROWS = st.one_of(
    st.tuples(
        st.just("run"),
        st.integers(1, 40),
        STEPS_MS,
        CURRENTS_MA,
        st.one_of(st.integers(600, 4800), st.integers(2900, 4200)),
        st.integers(-400, 800),
        st.sampled_from(["", "", "", "cells", "temps", "current"]),
    ),
    st.tuples(st.just("set"), st.integers(0, 1000)),
    st.tuples(st.just("begin"), st.integers(0, 1000), st.integers(0, 1000)),
    st.tuples(st.just("capacity"), st.sampled_from([1000, 2_000_000, 65_535, 65_536, 100_000])),
    st.tuples(st.just("restart")),
)
SCRIPTS = st.lists(ROWS, min_size=1, max_size=12).map(lambda rows: [list(row) for row in rows])
CHEMISTRIES = st.integers(1, 5)


@settings(max_examples=60)
@given(chemistry=CHEMISTRIES, script=SCRIPTS)
def test_every_sum_and_product_is_a_small_integer(chemistry, script):
    play(chemistry, script, small_core.load("estimator").Estimator)


def test_the_check_of_small_integers_finds_a_large_one():
    count = small_core.load("charge_count").ChargeCount()
    try:
        count.add(3_000_000, 1000)
    except TooLarge:
        return
    raise AssertionError("3000 A for half a second is more than 30 bits")


@settings(max_examples=60)
@given(chemistry=CHEMISTRIES, script=SCRIPTS)
def test_what_it_says_stays_in_range(chemistry, script):
    for soc, sigma, shown, shown_sigma, remaining, full, *_ in play(chemistry, script):
        assert 0 <= soc <= 1_000_000
        assert 0 <= sigma <= 1_000_000
        assert 0 <= shown <= 1000
        assert 1 <= shown_sigma <= 2000 or shown_sigma == 0
        assert 0 <= remaining <= full


@settings(max_examples=40)
@given(chemistry=CHEMISTRIES, script=SCRIPTS)
def test_both_runtimes_say_the_same_step_by_step(micropython_replay, chemistry, script):
    micropython_replay.compare(play, chemistry, script)


@settings(max_examples=60)
@given(
    sigma=st.integers(0, 300_000),
    stretches=st.lists(
        st.tuples(st.integers(0, 30_000), st.integers(1, 50_000)), min_size=1, max_size=60
    ),
    way=st.sampled_from([1, -1]),
)
def test_doubt_never_shrinks_without_a_look(sigma, stretches, way):
    """While charge moves one way: there and back, a wrong capacity cancels."""
    soc_filter = small_core.load("soc_filter").SocFilter()
    soc_filter.begin(500_000, sigma)
    soc_filter.weigh()
    was = soc_filter.sigma_ppm
    for moved_ppm, dt_ms in stretches:
        soc_filter.move(way * moved_ppm)
        soc_filter.age(way * moved_ppm, dt_ms)
        soc_filter.weigh()
        assert soc_filter.sigma_ppm >= was
        was = soc_filter.sigma_ppm


@settings(max_examples=60)
@given(
    sigma=st.integers(1_000, 300_000),
    looks=st.lists(
        st.tuples(
            st.integers(-2_000_000, 3_000_000),
            st.integers(0, 1_200_000),
            st.booleans(),
            st.integers(-30_000_000, 30_000_000),
            st.integers(1, 50_000),
        ),
        min_size=1,
        max_size=60,
    ),
)
def test_any_looks_keep_the_filter_in_its_numbers(sigma, looks):
    soc_filter = small_core.load("soc_filter").SocFilter()
    lesson = small_core.load("soc_lesson").SocLesson()
    soc_filter.begin(500_000, sigma)
    for middle, half, rested, moved_ppm, dt_ms in looks:
        soc_filter.move(moved_ppm)
        lesson.move(moved_ppm)
        soc_filter.age(moved_ppm, dt_ms)
        soc_filter.look(middle - half, middle, middle + half, rested)
        if lesson.look(middle - half, middle, middle + half):
            soc_filter.learn_gain(lesson.gain, lesson.sigma)
        soc_filter.weigh()
        assert 0 <= soc_filter.soc_ppm <= 1_000_000
        assert 0 < soc_filter.sigma_ppm
