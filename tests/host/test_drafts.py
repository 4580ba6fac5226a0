"""Drafts of settings: judged while typing, written as one, never over what others wrote."""

import pytest
from cli_board import CliBoard

from cellwarden_host import catalog, drafts, session
from cellwarden_host.board import Board
from cellwarden_host.drafts import Draft
from cellwarden_host.link import Line
from cellwarden_host.problems import Refused
from cellwarden_host.words import CHINESE, tell

NEEDED = (*catalog.SETTINGS, *(catalog.READING[n] for n in drafts.NEEDED_READINGS))
OV1, OV2, DELAY = ("cell_ov1_mv", 0), ("cell_ov2_mv", 0), ("cell_ov_delay_ms", 0)
PACK_OV = ("pack_ov_mv", 0)


@pytest.fixture(scope="module")
def rig():
    held = CliBoard()
    line = Line(held.port, 115200)
    board = Board(line)
    session.log_in(board, "123456", 1)
    yield held, board
    line.close()
    held.unplug()


@pytest.fixture
def before(rig):
    return rig[1].read(NEEDED)


def test_a_draft_holds_only_what_differs(before):
    draft = Draft()
    assert not draft and not draft.judge(before).may_be_written
    draft.type(OV1, "4.19", before)
    judged = draft.judge(before)
    assert draft and judged.may_be_written
    assert [(c.name, c.before, c.after) for c in judged.changes] == [("cell_ov1_mv", 4200, 4190)]
    draft.type(OV1, "4200 mV", before)
    assert not draft


def test_what_cannot_be_meant_is_told_at_its_field_and_kept(before):
    draft = Draft()
    draft.type(OV1, "4.2x", before)
    draft.type(OV2, "9", before)
    judged = draft.judge(before)
    assert draft.texts[OV1] == "4.2x" and not judged.may_be_written
    assert judged.wrong[OV1] == "'4.2x' is no number in V"
    assert "2.950 to 4.800 V" in judged.wrong[OV2]
    draft.type(OV1, "4.2", before)
    draft.type(OV2, "4.3", before)
    assert not draft and not draft.judge(before).wrong


def test_a_rule_between_settings_is_told_at_every_field_that_was_changed(before):
    draft = Draft()
    draft.type(OV1, "4.35", before)
    wrong = draft.judge(before).wrong
    assert list(wrong) == [OV1] and "4.350 V" in wrong[OV1] and "4.300 V" in wrong[OV1]
    draft.type(OV2, "4.34", before)
    assert set(draft.judge(before).wrong) == {OV1, OV2}
    draft.type(OV2, "4.4", before)
    assert draft.judge(before).may_be_written


def test_consequences_are_shown_before_they_happen(before):
    draft = Draft()
    draft.type(("capacity_mah", 0), "120", before)
    judged = draft.judge(before)
    assert [c.name for c in judged.follows] == ["confirmed"]
    judged = Draft().judge(before, preset=2)
    assert {"cell_ov1_mv", "chemistry", "confirmed"} <= {c.name for c in judged.changes}


def test_automatic_values_are_resolved_with_the_draft(before):
    draft = Draft()
    assert draft.judge(before).live[PACK_OV] == 24 * 4200
    draft.type(OV1, "4.19", before)
    assert draft.judge(before).live[PACK_OV] == 24 * 4190
    draft.type(PACK_OV, "100.6", before)
    assert draft.wanted[PACK_OV] == 100_600
    draft.type(PACK_OV, "自动", before, "自动")
    assert PACK_OV not in draft.wanted


def test_a_file_becomes_a_draft(before):
    draft = Draft()
    assert draft.take({OV1: 4190, OV2: 4300, ("not_there", 0): 1}, before) == 1
    draft.clear()
    assert not draft


def test_defaults_are_those_of_the_chemistry(before):
    found = drafts.defaults(before)
    assert found[OV1] == 4200 and ("capacity_mah", 0) not in found
    assert found["charge_current_ma", 0] <= before.known("board_rating_ma")


def test_a_draft_is_written_as_one_and_read_back(rig, before):
    held, board = rig
    draft = Draft()
    draft.type(OV1, "4.19", before)
    draft.type(DELAY, "5", before)
    after = draft.work()(board)
    assert after.one("cell_ov1_mv") == held.setting("cell_ov1_mv") == 4190
    assert held.setting("cell_ov_delay_ms") == 5000
    draft.judge(board.read(NEEDED))
    assert not draft  # nothing differs any more


def test_what_somebody_else_wrote_meanwhile_is_told_and_not_overwritten(rig):
    held, board = rig
    before = board.read(NEEDED)
    draft = Draft()
    draft.type(DELAY, "6", before)
    board.write(catalog.SETTING["cell_ov_delay_ms"].address, [7000])
    with pytest.raises(Refused) as told:
        draft.work()(board)
    assert held.setting("cell_ov_delay_ms") == 7000
    assert "cell_ov_delay_ms" in str(told.value)
    assert "Cell over-voltage, delay" in tell(told.value.said, "en")
    assert tell(told.value.said, CHINESE) != str(told.value)
    now = board.read(NEEDED)
    judged = draft.judge(now)
    assert judged.conflicts == {DELAY: 7000} and not judged.may_be_written
    draft.keep_mine(DELAY, now)
    assert draft.judge(now).may_be_written
    draft.work()(board)
    assert held.setting("cell_ov_delay_ms") == 6000


def test_a_board_without_some_rows_is_still_edited(before):
    old = before
    row = catalog.SETTING["lease_check_days"]
    old.set(row, [None])
    draft = Draft()
    draft.type(OV2, "4.4", old)
    judged = draft.judge(old)
    assert [c.name for c in judged.changes] == ["cell_ov2_mv"]
    assert draft.take({(row.name, 0): 3}, old) == 1


def test_a_draft_is_written_to_a_board_with_older_firmware(rig):
    held, board = rig
    whole = held.map.read
    missing = range(catalog.SETTING["lease_check_days"].address, 0x10C6)

    def older(table, address, count, out, offset, port):
        if any(a in missing for a in range(address, address + count)):
            return 2  # no such register
        return whole(table, address, count, out, offset, port)

    held.map.read = older
    try:
        before = board.read_known(NEEDED)
        draft = Draft()
        draft.type(("cell_diff_mv", 0), "810", before)
        assert draft.judge(before).may_be_written
        draft.work()(board)
    finally:
        held.map.read = whole
    assert held.setting("cell_diff_mv") == 810
