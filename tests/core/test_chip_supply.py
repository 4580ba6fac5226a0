"""No settings may starve a chip that lives on its own cells (at level 2, on the last of them)."""

from cellwarden import ids, packed
from cellwarden import schema_data as schema
from cellwarden.settings import Settings

OK = ids.COMMIT_RESULT_IS_OK
CROSS_RULE = ids.COMMIT_RESULT_IS_CROSS_RULE
NMC, LFP, LTO = ids.CHEMISTRY_NMC, ids.CHEMISTRY_LFP, ids.CHEMISTRY_LTO


class StackBoard:
    """Two chips, each supplied by the cells that it measures; a board says so by silence."""

    RATING_MA = 300_000
    LTC6811_CHIPS = 2
    FTT_CELLS_MS = 1000
    FTT_CURRENT_MS = 300
    FTT_TEMPS_MS = 10_000


class OwnSupplyBoard(StackBoard):
    AFE_SUPPLY = "own"


class OtherChipBoard:
    """Another kind of front end, which has no such chips to feed."""

    RATING_MA = 300_000
    CELL_CHANNELS = 16
    FTT_CELLS_MS = 1000
    FTT_CURRENT_MS = 300
    FTT_TEMPS_MS = 10_000


def asked(board, chemistry, cells, channels=(), *more):
    """What a fresh board answers, and the register it complains about."""
    s = Settings(board)
    s.begin(2)
    if chemistry:
        s.preset(chemistry)
    s.write(ids.CELL_COUNT, cells)
    for i, channel in enumerate(channels):
        s.write(ids.CELL_CHANNEL + i, channel)
    for index, value in more:
        s.write(index, value)
    return s.commit(True), s.commit_address


def refused(index):
    return CROSS_RULE, packed.u16(schema.SETTING_ADDRESS, index)


def test_the_smallest_even_pack_of_each_chemistry_feeds_both_chips():
    # 11 V a chip: 5 NMC cells of 2500 mV, 5 LFP of 2250, 7 LTO of 1600.
    for chemistry, cells in ((NMC, 10), (LFP, 10), (LTO, 14)):
        assert asked(StackBoard, chemistry, cells)[0] == OK
        assert asked(StackBoard, chemistry, cells - 1) == refused(ids.CELL_COUNT)
        assert asked(StackBoard, chemistry, 24)[0] == OK


def test_a_map_that_leaves_a_chip_few_cells_or_none_is_refused():
    even = tuple(range(1, 7)) + tuple(range(13, 19))
    assert asked(StackBoard, NMC, 12, even)[0] == OK
    for first in (8, 9, 12):
        map_ = tuple(range(1, first + 1)) + tuple(range(13, 13 + 12 - first))
        assert asked(StackBoard, NMC, 12, map_) == refused(ids.CELL_CHANNEL)
    last = tuple(range(13, 25))
    assert asked(StackBoard, NMC, 12, last) == refused(ids.CELL_CHANNEL)


def test_a_lower_level_2_is_refused_where_it_would_starve_a_chip():
    lower = (
        (ids.CELL_UV2_MV, 2150),
        (ids.DEEP_DISCHARGE_MV, 2000),
    )
    assert asked(StackBoard, NMC, 12, (), *lower)[0] == OK
    s = Settings(StackBoard)
    s.begin(2)
    s.preset(NMC)
    s.write(ids.CELL_COUNT, 10)
    assert s.commit(True) == OK
    s.begin(2)
    s.write(ids.CELL_UV2_MV, 2150)
    assert s.commit(True) == CROSS_RULE
    assert s.commit_address == packed.u16(schema.SETTING_ADDRESS, ids.CELL_UV2_MV)


def test_before_the_chemistry_is_known_nothing_can_be_said_and_then_it_is():
    assert asked(StackBoard, 0, 12)[0] == OK
    s = Settings(StackBoard)
    s.begin(2)
    s.write(ids.CELL_COUNT, 12)
    assert s.commit(True) == OK
    s.begin(2)
    s.preset(LTO)
    assert s.commit(True) == CROSS_RULE
    assert s.commit_address == packed.u16(schema.SETTING_ADDRESS, ids.CELL_COUNT)


def test_boards_that_feed_their_chips_otherwise_take_small_packs():
    for cells in (3, 4, 7):
        assert asked(OwnSupplyBoard, NMC, cells)[0] == OK
        assert asked(OtherChipBoard, NMC, cells)[0] == OK
        assert asked(StackBoard, NMC, cells)[0] == CROSS_RULE
