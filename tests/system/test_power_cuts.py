"""Power that goes away during an update: a sample of what `make power-cuts` does in full, and
the same on the running board for what it writes in its first start with a new firmware."""

import pytest
from other_firmware import on_trial
from station import Station

from cellwarden_host.campaign import power_cuts
from cellwarden_host.sim.image import write_image
from firmware.version import VERSION

NEW = "0.9.0"
EVERY, AT_ENDS = 200, 2
SETTINGS = {"cell_ov1_mv": 4185, "cell_ov2_mv": 4290}


def test_whatever_write_of_an_update_is_cut_the_board_starts_a_whole_firmware_with_its_data():
    done = list(power_cuts.stages(EVERY, AT_ENDS))
    for stage in done:
        assert not stage.bad, stage.name
        assert len(stage.outcomes) >= min(stage.writes, 2)
    by_stage = [(stage.before, stage.after) for stage in done if stage.before != stage.after]
    assert len(by_stage) == 3, "installed twice, given up once"
    for stage in done:
        if stage.new is not None and stage.after == stage.new:
            assert stage.writes > 500 and stage.repeated
            assert stage.starts[stage.before] and stage.starts[stage.after]
    assert all(stage.writes < 3 for stage in done if stage.new is None), "a record, in one piece"


@pytest.mark.parametrize("write", [1, 6])
def test_a_cut_while_a_new_firmware_proves_itself_leaves_a_board_that_works(images, write):
    image = images.copy(settings=SETTINGS)
    write_image(image, on_trial({}, NEW))
    pack = Station(image, ptys=False)
    try:
        pack.board.flash.cut_after_writes(write)
        pack.board.power_on()
        for _ in range(200):
            pack.advance(50)
            if not pack.board.powered:
                break
            if pack.now_ms > 3_000:
                pack.read("board_state")
        assert not pack.board.powered, "so many writes there are"
        pack.repower()
        pack.advance(300)
        assert pack.read("firmware_version") in (NEW, VERSION)
        for name, value in SETTINGS.items():
            assert pack.read(name) == value
        pack.advance(6_000)
        assert pack.read("firmware_version") == NEW and pack.word("slot_trial") == "no"
    finally:
        pack.close()
