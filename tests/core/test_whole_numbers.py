"""Shares and roots in whole numbers: right to the last digit, and never above 30 bits."""

from cellwarden.whole_numbers import SHARE, of_permille, of_share, permille_of, root, share

MOST = (1 << 30) - 1


def test_a_share_of_nothing_is_nothing():
    assert permille_of(1, 0) == 0
    assert permille_of(0, 5) == 0
    assert of_permille(0, MOST) == of_share(0, MOST) == 0


def test_permille_both_ways():
    assert permille_of(1_500_000, 2_000_000) == 750
    assert permille_of(333, 1000) == 333
    assert of_permille(333, 2_000_000) == 666_000
    assert of_permille(1000, 999_999) == 999_999


def test_a_share_is_near_the_quotient_for_any_size():
    for whole in (1, 7, 1023, 1024, 1025, 99_999, SHARE << 10, MOST):
        for part in (0, 1, whole // 3, whole // 2, whole, -whole, -whole // 3):
            exact = part * SHARE // whole
            # Large wholes lose their lowest ten bits.
            assert abs(share(part, whole) - exact) <= 1 + abs(exact) // 1024, (part, whole)


def test_a_part_of_a_share_is_the_product_to_one():
    for whole in (0, 1, 1023, 1024, 5000, 1 << 20, MOST):
        for part in (0, 1, 511, SHARE):
            assert of_share(part, whole) == whole * part >> 10


def test_a_root_is_the_whole_root():
    for n in (0, 1, 2, 3, 4, 15, 16, 17, 999_999, 1_000_000, (1 << 28) - 1, 1 << 28, MOST):
        r = root(n)
        assert r * r <= n < (r + 1) * (r + 1), n
