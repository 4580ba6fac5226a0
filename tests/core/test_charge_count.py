"""Counting: nothing is rounded away, nothing is invented over time that nobody measured."""

from cellwarden.charge_count import LONGEST_MS, MAH, TOTAL_MAX, ChargeCount
from heap_proof import prove_no_allocation

RATED_MAH = 100_000


def counter(rated_mah=RATED_MAH):
    count = ChargeCount()
    count.capacity(rated_mah)
    return count


def test_odd_currents_and_times_lose_nothing():
    count = counter()
    total = moved = 0
    seed = 7
    for _ in range(2000):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFF
        current_ma = seed % 600_001
        gone_ms = seed % 997 + 1
        count.add(current_ma, gone_ms)
        moved += count.take()
        total += current_ma * gone_ms
    assert count.charged_mah == total // MAH
    assert count.discharged_mah == 0
    assert moved == total * 5 // (RATED_MAH * 18)


def test_a_current_of_one_milliampere_adds_up():
    count = counter(1000)
    for _ in range(360):
        count.add(-1, 10_000)
    assert count.discharged_mah == 1
    assert abs(count.take() + 1000) <= 1


def test_there_and_back_is_where_it_began():
    count = counter()
    moved = 0
    for i in range(999):
        count.add(12_345, i)
        count.add(-12_345, i)
        moved += count.take()
    assert abs(moved) <= 1
    assert count.charged_mah == count.discharged_mah > 0


def test_the_largest_currents_are_exact():
    for current_ma in (2_000_000, -2_000_000):
        count = counter(2_000_000)
        for _ in range(20):
            count.add(current_ma, 1000)
        assert count.charged_mah + count.discharged_mah == 40_000_000_000 // MAH
        assert abs(abs(count.take()) - 5_555) <= 1


def test_time_beyond_a_sample_is_unknown_not_charge():
    count = counter()
    count.add(36_000, LONGEST_MS + 7_000)
    assert count.unknown_ms == 7_000
    assert count.charged_mah == 100
    count.add(36_000, LONGEST_MS)
    assert count.unknown_ms == 7_000


def test_unknown_time_does_not_grow_without_end():
    count = counter()
    for _ in range(50):
        count.add(0, 0x1FFFFFFF)
    assert count.unknown_ms <= 2 * MAH


def test_what_was_taken_is_gone():
    count = counter()
    count.add(36_000, 10_000)
    assert count.take() == 1000
    assert count.take() == 0


def test_without_a_capacity_only_totals_are_kept():
    count = ChargeCount()
    count.add(36_000, 10_000)
    assert count.take() == 0
    assert count.charged_mah == 100


def test_energy_goes_in_and_out_at_its_voltage():
    count = counter()
    for _ in range(360):
        count.add_energy(50_000, 20_000, 10_000)
    assert count.charged_wh == 1000 and count.discharged_wh == 0
    for _ in range(360):
        count.add_energy(50_000, -10_000, 10_000)
    assert count.charged_wh == 1000 and 499 <= count.discharged_wh <= 500


def test_a_long_stretch_has_all_of_its_energy():
    count = counter()
    count.add_energy(153_600, 2_000_000, 90_000)
    assert abs(count.charged_wh - 153_600 * 2 * 90 // 3600) <= 1


def test_totals_stop_at_their_end():
    count = counter()
    count.charged_mah = count.discharged_wh = TOTAL_MAX
    for _ in range(10):
        count.add(2_000_000, 10_000)
        count.add_energy(100_000, -2_000_000, 10_000)
    assert count.charged_mah == count.discharged_wh == TOTAL_MAX


def test_counting_allocates_nothing():
    count = counter()

    def step():
        count.add(-2_000_000, 10_000)
        count.add(1_999_999, 60_000)
        count.add_energy(153_600, 2_000_000, 60_000)
        count.take()

    prove_no_allocation(step, repeats=50)
