"""A new firmware that does not work: the board goes back to the one before it, by itself.

Slot a holds the firmware that works; slot b one that crashes, hangs, cannot be loaded or never
shows that it works, as an update leaves it: on trial. A load is on all the time. What tells is
which version answers in the end, what stands in the journal, and that settings and charge stay.
"""

import pytest
from other_firmware import changed, modules_with, on_trial, with_trial_of
from station import Station

from board_update.image import version_number
from cellwarden_host.release import build
from cellwarden_host.sim.image import write_image
from cellwarden_host.sim.stepped_line import StepLine, StepPace
from cellwarden_host.update import run_vendor
from cellwarden_host.update.plan import Plan
from firmware.version import VERSION

NEW = "0.9.0"
SETTINGS = {"cell_ov1_mv": 4185, "cell_ov2_mv": 4290}
SOC_PERMILLE = 555
QUIET_MS = 3_000
BACK_MS = 60_000
TRIAL_S = 10
CRASHED, HUNG, UNCONFIRMED, DAMAGED, NOT_LOADABLE = range(1, 6)

SPOILED = """
import time
working_step = Application.step
def step(self, now_ms):
    if self.sampler.tick_due:
        %s
    return working_step(self, now_ms)
Application.step = step
"""
CRASHES = SPOILED % 'raise ValueError("a bug")'
HANGS = SPOILED % "while True: time.sleep_ms(20)"
# Another version of the schema, and an address that nobody has heard of.
STORES_MORE = """
_pack = pack
def pack(value, texts, buf):
    n = _pack(value, texts, buf)
    pack_into("<H", buf, 0, 99)
    pack_into("<H", buf, n - 6, 0x7F00)
    return n
"""
KEEPS_STILL = "Trial.step = lambda self: False\n"


@pytest.fixture(scope="module")
def at_work(images):
    """Flash of a board with the old firmware, settings of its own and a known charge."""
    pack = Station(images.copy(settings=SETTINGS, extra=with_trial_of(TRIAL_S)), ptys=False)
    try:
        pack.start()
        pack.command("set_soc_permille", SOC_PERMILLE)
        pack.advance(QUIET_MS)
        return bytes(pack.board.flash.read(0, pack.board.flash.sectors * 4096))
    finally:
        pack.close()


@pytest.fixture
def updated(at_work, tmp_path):
    """``updated(files)``: the same board with these files on its flash, a load on, started."""
    opened = []

    def make(files, **options):
        image = tmp_path / "flash.img"
        image.write_bytes(at_work)
        write_image(image, files)
        pack = Station(image, **{"ptys": False, **options})
        opened.append(pack)
        pack.inject("load_connect", 20_000)
        pack.board.power_on()
        return pack

    yield make
    for each in opened:
        each.close()


def _back(pack, starts, why):
    """The old firmware runs again after this many starts of the new, and says why."""
    pack.until(lambda: len(pack.board.resets) > starts, BACK_MS, 20)
    pack.until_served()
    pack.advance(300)
    assert pack.read("firmware_version") == VERSION
    entries = [entry for entry in pack.journal() if entry.kind == "rollback"]
    assert [entry.field["value"] for entry in entries] == [why]
    assert entries[0].field["limit"] == version_number(NEW)
    for name, value in SETTINGS.items():
        assert pack.read(name) == value
    assert abs(pack.read("soc_permille") - SOC_PERMILLE) <= 3
    assert not pack.active("settings_lost") and not pack.active("state_lost")
    return len(pack.board.resets) - 1


def test_one_that_crashes_in_its_first_tick_is_started_once(updated):
    pack = updated(on_trial(changed("firmware/application", CRASHES), NEW))
    assert _back(pack, 1, CRASHED) == 1
    assert "ValueError: a bug" in bytes(pack.board.console.log).decode()
    pack.until_on(90_000)
    pack.advance(2_000)
    assert pack.truth("current_ma") < -15_000, "the load works again"
    pack.repower()
    pack.advance(QUIET_MS)
    told = [entry for entry in pack.journal() if entry.kind == "rollback"]
    assert len(told) == 1 and pack.read("firmware_version") == VERSION, "told once"


def test_one_that_hangs_is_given_up_after_three_starts(updated):
    pack = updated(on_trial(changed("firmware/application", HANGS), NEW))
    assert _back(pack, 3, HUNG) == 3
    assert pack.all_open


def test_one_that_cannot_be_loaded_is_given_up_at_once(updated):
    pack = updated(on_trial(changed("firmware/tasks", "import nothing_like_this\n"), NEW))
    assert _back(pack, 1, NOT_LOADABLE) == 1


def test_one_that_never_confirms_is_given_up_in_time(updated):
    pack = updated(on_trial(changed("firmware/trial", KEEPS_STILL), NEW))
    pack.until_on()
    assert pack.read("firmware_version") == NEW
    assert _back(pack, 1, UNCONFIRMED) == 1
    assert pack.now_ms < (TRIAL_S + 10) * 1000


def test_damaged_files_are_never_run(updated):
    pack = updated(on_trial({}, NEW, damage=True))
    assert _back(pack, 0, DAMAGED) == 0


def test_one_that_nobody_asks_anything_goes_back_but_never_while_current_flows(updated):
    pack = updated(on_trial({}, NEW))
    pack.until_on()
    pack.advance(2 * TRIAL_S * 1000)
    assert len(pack.board.resets) == 1 and pack.truth("current_ma") < -15_000
    pack.inject("load_remove")
    assert _back(pack, 1, UNCONFIRMED) == 1


def test_settings_that_a_newer_one_has_stored_its_own_way_survive_the_way_back(updated):
    newer = changed("cellwarden/migration", STORES_MORE)
    pack = updated(on_trial({**newer, **changed("firmware/trial", KEEPS_STILL)}, NEW))
    pack.until_served()
    pack.advance(1_000)
    pack.write_settings(cell_ov1_mv=4180)
    pack.advance(QUIET_MS)
    pack.until(lambda: len(pack.board.resets) > 1, BACK_MS, 20)
    pack.until_served()
    pack.advance(300)
    assert pack.read("firmware_version") == VERSION and not pack.active("settings_lost")
    assert pack.read("cell_ov1_mv") == 4180
    assert pack.read("cell_ov2_mv") == SETTINGS["cell_ov2_mv"]


def test_one_that_works_and_is_asked_stays(updated):
    pack = updated(on_trial({}, NEW))
    pack.until_on()
    assert pack.read("firmware_version") == NEW and pack.word("slot_trial") == "yes"
    pack.advance(6_000)
    (entry,) = [entry for entry in pack.journal() if entry.kind == "update"]
    assert entry.field["limit"] == version_number(VERSION)
    assert entry.field["value"] == version_number(NEW)
    for _ in range(4):
        pack.repower()
        assert pack.read("firmware_version") == NEW
    pack.advance(QUIET_MS)
    assert abs(pack.read("soc_permille") - SOC_PERMILLE) <= 10


def test_with_nothing_to_run_everything_stays_off_and_the_prompt_can_be_had(updated):
    files = on_trial({}, NEW, damage=True)
    pack = updated({**files, "/a.fw": b"not what was flashed"})
    pack.advance(5_000)
    assert pack.all_open and pack.plant.moves == []
    assert not pack.board.console.at_prompt, "the menu waits for an update"
    pack.board.console.typed(b"\x03")
    pack.until(lambda: pack.board.console.at_prompt, 2_000)
    assert pack.all_open


def test_with_nothing_to_run_an_update_over_rs485_2_makes_it_work_again(updated, tmp_path):
    pack = updated({**on_trial({}, NEW, damage=True), "/a.fw": b"not what was flashed"})
    pack.advance(2_000)
    path = tmp_path / "new.cwfw"
    path.write_bytes(build.release("sim", version=NEW, files=modules_with({}, NEW)))
    made = Plan(path, path.read_bytes(), NEW, "", "", False, False, False, 0, False)
    line = StepLine(pack.board)
    outcome = run_vendor(line, made, lambda _told: None, pace=StepPace(pack.board))
    assert outcome.version == NEW and pack.word("slot_trial") == "no"
    for name, value in SETTINGS.items():
        assert pack.read(name) == value
    pack.until_on(90_000)
