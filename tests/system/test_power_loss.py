"""Power that goes away at the worst moment: settings, journal and charge are old or new, whole.

CELLWARDEN_KILLS says how often the board is killed at random moments; the seed is fixed.
"""

import os
import random
import signal

import pytest
from recorded_flash import RecordedFlash
from station import REACTION_MS

from cellwarden_host import catalog
from cellwarden_host.problems import Refused

KILLS = int(os.environ.get("CELLWARDEN_KILLS", "10"))
SOC_PERMILLE = 555
OLD = {"cell_ov1_mv": 4190, "cell_ov2_mv": 4300, "discharge_current_ma": 80_000}
NEW = {"cell_ov1_mv": 4185, "cell_ov2_mv": 4290, "discharge_current_ma": 60_000}
QUIET_MS = 3000  # by then everything that waits has been stored


def _set_up(station, image, **options):
    """A board with OLD in force, a known charge, and everything of it on flash."""
    pack = station(image=image, **options)
    pack.board.power_on()
    pack.until_served()
    pack.write_settings(**OLD)
    pack.command("set_soc_permille", SOC_PERMILLE)
    pack.advance(QUIET_MS)
    return pack


def _settings(pack):
    values = pack.pc.read(catalog.SETTINGS)
    return {row.name: values.all(row.name) for row in catalog.SETTINGS}


def _after_a_restart(pack, before, after, entries):
    """The board as it comes back; True when the new settings are in force, else the old."""
    pack.board.power_on()
    pack.until_served()
    pack.advance(300)
    found = _settings(pack)
    assert found in (before, after), "half of a set of settings"
    assert not pack.active("settings_lost") and not pack.active("uncommissioned")
    assert abs(pack.read("soc_permille") - SOC_PERMILLE) <= 3
    journal = pack.journal()
    numbers = [entry.number for entry in journal]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    kept = {entry.number: entry.field for entry in journal}
    for entry in entries:
        assert kept[entry.number] == entry.field, "a stored entry is lost"
    return found == after


@pytest.mark.parametrize("torn", [False, True], ids=["between writes", "in the middle of a write"])
def test_a_power_cut_at_any_write_of_a_save_leaves_old_or_new_settings(
    station, images, tmp_path, torn
):
    flash = RecordedFlash(images.copy())
    pack = _set_up(station, flash)
    before = _settings(pack)
    entries = pack.journal()
    flash.start()
    pack.write_settings(**NEW)
    pack.advance(QUIET_MS)
    count = flash.stop()
    after = _settings(pack)
    assert before != after
    assert count >= 5, "the save was recorded"
    outcomes = []
    seen = set()
    for number in range(count + 1):
        contents = flash.cut(number, torn)
        if contents in seen:
            continue
        seen.add(contents)
        image = tmp_path / "cut.img"
        image.write_bytes(contents)
        again = station(image=image)
        try:
            outcomes.append(_after_a_restart(again, before, after, entries))
        except AssertionError as error:
            raise AssertionError(f"cut at write {number} of {count}: {error}") from error
        finally:
            again.close()
    assert not outcomes[0] and outcomes[-1]
    assert outcomes == sorted(outcomes), "once new, new for ever"


def test_killed_at_random_moments_of_saving_nothing_is_lost_or_half(station, images):
    """By unplugging and by killing the process, with a load on."""
    chance = random.Random(100)
    pack = _set_up(station, images.copy())
    pack.inject("load_connect", 20_000)
    versions = []
    for wanted in (NEW, OLD):
        pack.write_settings(**wanted)
        versions.append(_settings(pack))
    entries = []
    for kill in range(KILLS):
        pack.write_settings(**(NEW, OLD)[kill % 2])
        pack.advance(chance.uniform(0, 400))
        if kill % 3 == 2:
            restarts = len(pack.board.resets)
            os.kill(pack.board.controller.child.pid, signal.SIGKILL)
            pack.until(lambda n=restarts: len(pack.board.resets) > n, 2000, 1)
        else:
            pack.cut_power()
            pack.advance(chance.uniform(0, 500))
        assert pack.all_open, "without firmware nothing stays on"
        _after_a_restart(pack, *versions, entries)
        pack.advance(chance.uniform(0, 4000))
        entries = pack.journal()[-20:-8]  # the newest may still wait for the flash
    pack.until_on(90_000)


def test_two_torn_copies_of_the_settings_leave_the_board_off_and_say_so(station):
    torn = {"/data/settings.a": b"CWR1" + bytes(200), "/data/settings.b": b"\xff" * 99}
    pack = station(extra=torn)
    pack.board.power_on()
    pack.until_served()
    pack.advance(10_000)
    assert pack.plant.moves == [], "nothing was ever switched"
    assert pack.word("board_state") == "uncommissioned"
    assert pack.active("settings_lost") and pack.active("uncommissioned")
    assert pack.read("board_state", pack.on_charger_port) == 1, "on every port"


def test_one_torn_copy_loses_nothing(station, images):
    pack = _set_up(station, images.copy())
    before = _settings(pack)
    pack.cut_power()
    spoiled = station(extra={"/data/settings.b": b"CWR1" + bytes(300)})
    spoiled.start()
    assert not spoiled.active("settings_lost")
    assert set(before) == set(_settings(spoiled))


# Appended piece by piece: LittleFS keeps only what was closed before the error. The pauses let
# boot.py's timer feed the watchdog.
FULL_DISK = b"""
import os, time
if "filler" not in os.listdir("/"):
    for size in (16384, 2048, 256):
        try:
            while True:
                time.sleep_ms(1)
                with open("/filler", "ab") as file:
                    file.write(bytes(size))
        except OSError:
            pass
from firmware.start import run
run()
"""


def test_on_a_full_disk_the_board_works_on_warns_and_loses_nothing(station):
    pack = station(extra={"/main.py": FULL_DISK})
    pack.board.power_on()
    pack.until_on(120_000)
    pack.advance(5000)
    assert pack.active("storage_failed")
    assert not pack.all_open, "a full disk is no reason to cut the power"
    broken_ms = pack.inject("cell", 7, 4250)
    pack.until(lambda: not pack.charge_closed, 6000, 100)
    assert pack.moved_ms("charge", False, broken_ms) - broken_ms <= 4000 + REACTION_MS
    before = _settings(pack)
    with pytest.raises(Refused, match="could not store"):
        pack.write_settings(**NEW)
    assert _settings(pack) == before, "what could not be stored is not in force either"
    pack.repower()
    pack.advance(2000)
    assert _settings(pack) == before
    assert not pack.active("settings_lost")
