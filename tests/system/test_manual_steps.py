"""The manual's steps 3 and 4 over Modbus: a wrong meter and a wrong capacity, and the truth after.

Step 3 is done with the command a person would use, on the real firmware; step 4 takes hours, so
it is done on the same core in larger steps.
"""

import json

import pytest
from cli_board import run
from manual_board import ManualPack

from cellwarden_host import calibration

TOLD_MAH, TRUE_MAH = 100_000, 85_000
GAIN, OFFSET_MA = 1.08, 1500
LOAD_MA = 40_000
SPEED = 5.0
PAUSE_S = 600


def off_percent(shown, true):
    return abs(shown - true) / abs(true) * 100


class Person:
    """Calls ``cellwarden`` on the simulated board's own port, while its time passes."""

    def __init__(self, station):
        self._station = station
        self._port = station.board.ptys["rs485_2"].path

    def on_the_board(self, function):
        return self._station.board.call(function)

    def wait(self, seconds):
        self.on_the_board(lambda: self._station.board.advance(round(seconds * 1000)))

    def cellwarden(self, *words):
        code, out, err = run(*words, "--port", self._port)
        assert code == 0, err
        return out

    def shown(self, name):
        readings = json.loads(self.cellwarden("read", "--json"))["readings"]
        return readings[name]["value"]

    def truth(self, name):
        return self.on_the_board(lambda: self._station.truth(name))


def test_step_3_with_the_command_makes_a_wrong_meter_show_the_truth(station, monkeypatch):
    pack = station({"cells": 16}, settings={"current_calibrated": 0}, ptys=True)
    pack.inject("ina_gain", GAIN * 1000)
    pack.inject("ina_offset", OFFSET_MA)
    with pack.paced(SPEED):
        person = Person(pack)
        monkeypatch.setattr(calibration, "sleep", person.wait)
        person.wait(10)
        assert off_percent(person.shown("current_ma"), OFFSET_MA / 1000) < 10, "no current flows"
        said = person.cellwarden("calibrate", "zero")
        assert "charge switch does not open" in said, "so it looked before"
        person.cellwarden("clear", "--yes")
        said = person.cellwarden("calibrate", "window", "open")
        assert "charge and discharge on" in said
        person.on_the_board(lambda: pack.inject("load_connect", LOAD_MA))
        person.wait(10)
        wrong = off_percent(person.shown("current_ma") * 1000, person.truth("current_ma"))
        assert wrong > 5, "until it is told"
        true_a = abs(person.truth("current_ma")) / 1000
        person.cellwarden("calibrate", "current", f"{true_a:.1f}A")
        for load_ma in (LOAD_MA, 5_000, 75_000):
            person.on_the_board(lambda ma=load_ma: pack.inject("load_connect", ma))
            person.wait(5)
            shown_ma = person.shown("current_ma") * 1000
            assert off_percent(shown_ma, person.truth("current_ma")) < 1 + 5000 / load_ma
        person.wait(3)
        assert person.truth("discharge_closed"), "without the window"


def emptied_and_filled(pack, ends):
    """Step 4, as a person does it: with pauses, and told a wrong charge before."""
    pack.command("set_soc_permille", 800)
    if ends == "limits":
        pack.load_ma = 60_000
        pack.discharge(limit_s=20_000)
        pack.run(PAUSE_S)
        pack.charge(limit_s=40_000)
    else:
        pack.discharge_to_protection(60_000)
        pack.run(PAUSE_S)
        pack.charge_to_protection(30_000)
    pack.run(3 * PAUSE_S)


@pytest.mark.parametrize("ends", ["limits", "protections"])
@pytest.mark.parametrize("chemistry", ["nmc", "lfp"])
def test_step_4_teaches_capacity_and_charge(chemistry, ends, monkeypatch):
    """Whether load and charger obey the board's limits, or its protections end it."""
    pack = ManualPack(chemistry, GAIN, OFFSET_MA, TOLD_MAH, TRUE_MAH, soc=0.6)
    pack.patient(monkeypatch).calibrate(LOAD_MA)
    assert off_percent(pack.read("current_ma"), pack.pack.current_ma) < 1
    emptied_and_filled(pack, ends)
    assert off_percent(pack.read("full_mah"), pack.true_capacity_mah()) < 3
    assert abs(pack.read("soc_permille") / 10 - pack.true_soc_percent()) < 3
    pack.load.step = lambda _limit_ma, _dt_s: LOAD_MA
    pack.load_ma = LOAD_MA
    pack.pack.charger.remove()
    pack.run(3600)
    assert 35 < pack.true_soc_percent() < 65
    assert abs(pack.read("soc_permille") / 10 - pack.true_soc_percent()) < 3
