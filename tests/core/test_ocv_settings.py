"""The pack's own curve as settings: all of it or none, never falling, kept and taken up."""

from map_bench import Bench

import boards.sim as board
from cellwarden import ids, migration, packed
from cellwarden import schema_data as schema
from cellwarden.ocv_curves import POINTS, OcvCurve
from cellwarden.settings import Settings
from heap_proof import prove_no_allocation

OK = ids.COMMIT_RESULT_IS_OK
RANGE = ids.COMMIT_RESULT_IS_RANGE
CROSS_RULE = ids.COMMIT_RESULT_IS_CROSS_RULE
FIRST = 0x1100
LOWEST_MV, HIGHEST_MV = 600, 4800
OWN_MV = tuple(3000 + 20 * i for i in range(POINTS))


def commissioned(chemistry=ids.CHEMISTRY_NMC):
    return Bench().commission(chemistry).settings


def change(settings, *pairs, cells_mv=-1):
    """One transaction, with cells at this voltage; its result."""
    assert settings.begin(2)
    result = OK
    for index, value in pairs:
        result = settings.write(index, value)
        if result != OK:
            break
    else:
        result = settings.commit(True, cells_mv, cells_mv)
    settings.abort()
    return result


def put(settings, curve_mv):
    return change(settings, *((ids.OCV_MV + i, mv) for i, mv in enumerate(curve_mv)))


def in_force(settings):
    return tuple(settings.live[ids.OCV_MV : ids.OCV_MV + POINTS])


def curve_of(settings):
    curve = OcvCurve()
    curve.follow(settings)
    return curve


def test_nobody_has_a_curve_of_their_own_to_begin_with():
    assert in_force(Settings(board)) == (0,) * POINTS
    assert not curve_of(commissioned()).own


def test_a_curve_is_taken_up_and_cleared_again():
    s = commissioned()
    curve = curve_of(s)
    assert put(s, OWN_MV) == OK
    curve.follow(s)
    assert curve.own and curve.dmv_at(0) == 30_000
    assert put(s, (0,) * POINTS) == OK
    curve.follow(s)
    assert not curve.own and curve.dmv_at(0) == curve_of(commissioned()).dmv_at(0)


def test_following_settings_allocates_nothing():
    s = commissioned()
    put(s, OWN_MV)
    curve = curve_of(s)

    def step():
        curve.follow(s)
        s.revision += 1
        curve.follow(s)

    prove_no_allocation(step)
    assert curve.own


def test_a_curve_may_rest_but_never_fall():
    s = commissioned()
    flat = list(OWN_MV)
    flat[20] = flat[21] = flat[19]
    assert put(s, flat) == OK
    for wrong in (1, 7, 24, POINTS - 1):
        falling = list(OWN_MV)
        falling[wrong] = falling[wrong - 1] - 1
        assert put(s, falling) == CROSS_RULE
        assert s.commit_address == FIRST + wrong
        assert in_force(s) == tuple(flat)


def test_a_curve_that_tells_nothing_is_refused():
    s = commissioned()
    assert put(s, (3300,) * POINTS) == CROSS_RULE
    assert s.commit_address == FIRST + POINTS - 1
    assert put(s, (3300,) * (POINTS - 1) + (3301,)) == OK


def test_a_curve_is_there_at_every_point_or_at_none():
    for missing in (0, 1, 30, POINTS - 1):
        s = commissioned()
        gap = list(OWN_MV)
        gap[missing] = 0
        assert put(s, gap) == CROSS_RULE
        assert s.commit_address == FIRST + max(missing, 1)  # where the step is seen
    for alone in (0, 1, POINTS - 1):
        s = commissioned()
        assert change(s, (ids.OCV_MV + alone, 3300)) == CROSS_RULE
        assert s.commit_address == FIRST + max(alone, 1)


def test_every_point_is_held_to_what_a_cell_can_have():
    s = commissioned()
    for wrong in (LOWEST_MV - 1, HIGHEST_MV + 1, 1, -1):
        assert change(s, (ids.OCV_MV + 9, wrong)) == RANGE
        assert s.commit_address == FIRST + 9
    steep = (LOWEST_MV,) * 20 + (HIGHEST_MV,) * (POINTS - 20)
    assert put(s, steep) == OK


def test_another_chemistry_takes_the_curve_back():
    """It was taken from one kind of cell."""
    s = commissioned(ids.CHEMISTRY_NMC)
    assert put(s, OWN_MV) == OK
    assert change(s, (ids.CHEMISTRY, ids.CHEMISTRY_LFP), cells_mv=3300) == OK
    assert in_force(s) == (0,) * POINTS
    both = [(ids.OCV_MV + i, mv) for i, mv in enumerate(OWN_MV)]
    assert change(s, (ids.CHEMISTRY, ids.CHEMISTRY_LTO), *both, cells_mv=2500) == OK
    assert in_force(s) == OWN_MV


def test_a_curve_survives_a_restart():
    s = commissioned()
    assert put(s, OWN_MV) == OK
    buf = bytearray(migration.MAX_BYTES)
    n = s.dump(buf)
    other = Settings(board)
    assert other.load(buf, n)
    assert in_force(other) == OWN_MV and other.commissioned


def test_a_record_from_before_there_were_curves_still_loads():
    s = commissioned()
    put(s, OWN_MV)
    buf = bytearray(migration.MAX_BYTES)
    n = s.dump(buf)
    old = bytearray(buf[:4])
    for at in range(4, n, 6):
        if not FIRST <= buf[at] | buf[at + 1] << 8 < FIRST + POINTS:
            old += buf[at : at + 6]
    pairs = (len(old) - 4) // 6
    old[2], old[3] = pairs & 0xFF, pairs >> 8
    other = Settings(board)
    assert other.load(old, len(old))
    assert in_force(other) == (0,) * POINTS and other.commissioned


def test_a_stored_curve_that_falls_is_not_believed():
    s = commissioned()
    put(s, OWN_MV)
    s.value[ids.OCV_MV + 5] = OWN_MV[4] - 1
    buf = bytearray(migration.MAX_BYTES)
    other = Settings(board)
    assert not other.load(buf, s.dump(buf)) and other.lost


def test_a_curve_is_one_write_and_one_read_over_modbus():
    b = Bench().commission()
    b.login()
    assert b.write(FIRST, *OWN_MV) == 0
    assert b.read(FIRST, POINTS) == list(OWN_MV)
    gap = list(OWN_MV)
    gap[11] = 0
    assert b.write(FIRST, *gap) == 3
    assert packed.u16(schema.SETTING_ADDRESS, ids.OCV_MV + 11) == FIRST + 11
    assert b.settings.commit_address == FIRST + 11
    assert b.read(FIRST, POINTS) == list(OWN_MV)
