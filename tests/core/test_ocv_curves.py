"""The curve of a chemistry, or the pack's own: both ways, at its ends, without allocating."""

from cellwarden import ids
from cellwarden import ocv_data as data
from cellwarden.ocv_curves import POINTS, PPM, OcvCurve

CHEMISTRIES = (
    ids.CHEMISTRY_NMC,
    ids.CHEMISTRY_LFP,
    ids.CHEMISTRY_LTO,
    ids.CHEMISTRY_NA_LAYERED,
    ids.CHEMISTRY_NA_POLYANION,
)


def of(chemistry, user_mv=None):
    curve = OcvCurve()
    curve.select(chemistry, user_mv)
    return curve


def position(point):
    return (data.POSITIONS[2 * point] | data.POSITIONS[2 * point + 1] << 8) * 1000


def test_every_typical_curve_rises():
    for chemistry in CHEMISTRIES:
        curve = of(chemistry)
        for i in range(1, POINTS):
            assert curve.dmv_at(position(i)) > curve.dmv_at(position(i - 1)), (chemistry, i)


def test_charge_from_voltage_is_the_inverse():
    for chemistry in CHEMISTRIES:
        curve = of(chemistry)
        for ppm in range(0, PPM + 1, 3_000):
            dmv = curve.dmv_at(ppm)
            # Whole tenths of millivolts: the next one up is at most this far away.
            assert curve.ppm_at(dmv) <= ppm <= curve.ppm_at(dmv + 1), (chemistry, ppm)


def test_between_points_the_curve_is_straight():
    curve = of(ids.CHEMISTRY_NMC)
    low, high = curve.dmv_at(500_000), curve.dmv_at(525_000)
    assert curve.dmv_at(512_500) == (low + high) // 2


def test_the_error_is_told_for_each_charge():
    """LFP: what a stranger's cell has at the knee says little in millivolts, in charge much."""
    curve = of(ids.CHEMISTRY_LFP)
    knee, plateau = curve.error_at(30_000), curve.error_at(500_000)
    assert knee > 3 * plateau > 0
    assert curve.error_dmv == plateau
    rise = curve.dmv_at(40_000) - curve.dmv_at(20_000)
    flat = curve.dmv_at(510_000) - curve.dmv_at(490_000)
    assert knee * flat < plateau * rise
    assert curve.error_at(-5) == curve.error_at(0)
    assert curve.error_at(PPM + 5) == curve.error_at(PPM)


def test_beyond_the_ends_charge_is_none_or_all():
    for chemistry in CHEMISTRIES:
        curve = of(chemistry)
        assert curve.ppm_at(0) == 0
        assert curve.ppm_at(curve.dmv_at(0)) == 0
        assert curve.ppm_at(curve.dmv_at(PPM)) == PPM
        assert curve.ppm_at(60_000) == PPM
        assert curve.dmv_at(-1) == curve.dmv_at(0)
        assert curve.dmv_at(PPM + 1) == curve.dmv_at(PPM)


def test_without_a_chemistry_nothing_is_known():
    curve = of(ids.CHEMISTRY_NONE)
    assert curve.dmv_at(500_000) == 0
    assert curve.ppm_at(37_000) == 0
    assert curve.error_dmv == 0
    curve.select(ids.CHEMISTRY_LFP)
    curve.select(ids.CHEMISTRY_NONE)
    assert curve.ppm_at(37_000) == 0
    assert curve.error_dmv == 0


def test_a_jump_elsewhere_does_not_matter():
    """It remembers where it looked last, and must not believe it."""
    curve = of(ids.CHEMISTRY_LFP)
    for ppm in (0, 999_999, 3, 480_000, 510_000, 20_000, 975_000):
        fresh = of(ids.CHEMISTRY_LFP)
        dmv = curve.dmv_at(ppm)
        assert dmv == fresh.dmv_at(ppm)
        assert curve.ppm_at(dmv + 7) == of(ids.CHEMISTRY_LFP).ppm_at(dmv + 7)


def test_the_users_curve_comes_before_the_chemistrys():
    own_mv = [3000 + 10 * i for i in range(POINTS)]
    curve = of(ids.CHEMISTRY_NMC, own_mv)
    assert curve.own
    assert curve.dmv_at(0) == 30_000
    assert curve.dmv_at(PPM) == 30_000 + 100 * (POINTS - 1)
    typical = of(ids.CHEMISTRY_NMC)
    for ppm in (0, 333_333, PPM):
        assert curve.error_at(ppm) == curve.error_dmv == 10 * data.OWN_ERROR_MV[0]
        assert curve.error_at(ppm) < typical.error_at(ppm)
    curve.select(ids.CHEMISTRY_NMC, [0] * POINTS)
    assert not curve.own
    assert curve.dmv_at(500_000) == of(ids.CHEMISTRY_NMC).dmv_at(500_000)


def test_a_flat_stretch_tells_its_middle():
    own_mv = [3000 + 10 * i for i in range(POINTS)]
    own_mv[20] = own_mv[21] = own_mv[22] = own_mv[19]
    curve = of(ids.CHEMISTRY_LFP, own_mv)
    flat_dmv = 10 * own_mv[19]
    assert curve.ppm_at(flat_dmv) == (position(19) + position(22)) // 2
    assert curve.ppm_at(flat_dmv - 1) < position(19)
    assert curve.ppm_at(flat_dmv + 1) > position(22)


def some_curve(seed):
    """A user's curve with steep, gentle and flat stretches."""
    mv = 600 + seed * 13 % 1500
    points = []
    for _ in range(POINTS):
        points.append(mv)
        seed = (seed * 1103515 + 12345) & 0xFFFFFF
        kind = seed >> 20
        step = 0 if kind < 5 else 1 + (seed >> 8) % (4 if kind < 10 else 90)
        mv = min(mv + step, 4800)
    points[-1] = max(points[-1], points[0] + 1)
    return points


def test_any_curve_reads_both_ways_and_never_turns_back():
    for seed in range(40):
        curve = of(ids.CHEMISTRY_NA_LAYERED, some_curve(seed))
        was_dmv = was_ppm = -1
        for ppm in range(0, PPM + 1, 15_625):
            dmv = curve.dmv_at(ppm)
            assert dmv >= was_dmv, (seed, ppm)
            was_dmv = dmv
            # The voltage 0.1 mV on either side of it encloses the charge it came from.
            assert curve.ppm_at(dmv - 1) <= ppm <= curve.ppm_at(dmv + 1), (seed, ppm)
        for dmv in range(5_000, 49_000, 487):
            ppm = curve.ppm_at(dmv)
            assert 0 <= was_ppm + 1 <= ppm + 1 <= PPM + 1, (seed, dmv)
            was_ppm = ppm


def test_the_steepest_curve_stays_inside_small_integers():
    own_mv = [600] * (POINTS // 2) + [4800] * (POINTS // 2)
    curve = of(ids.CHEMISTRY_NMC, own_mv)
    middle = POINTS // 2
    low, high = position(middle - 1), position(middle)
    assert (48_000 - 6_000) * (high - low) < 1 << 30
    assert curve.dmv_at((low + high) // 2) == 27_000
    assert curve.ppm_at(27_000) == (low + high) // 2


def test_looking_up_allocates_nothing():
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        return
    curve = of(ids.CHEMISTRY_NMC, [600] * (POINTS // 2) + [4800] * (POINTS // 2))
    typical = of(ids.CHEMISTRY_LFP)
    heap_lock()
    try:
        for ppm in range(0, PPM, 10_007):
            curve.dmv_at(ppm)
            curve.error_at(ppm)
            typical.ppm_at(typical.dmv_at(ppm))
        for dmv in range(5_000, 50_000, 997):
            curve.ppm_at(dmv)
        typical.select(ids.CHEMISTRY_NA_LAYERED)
    finally:
        heap_unlock()
