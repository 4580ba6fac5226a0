"""Switches: what is asked, what the board does, and the reason where they differ."""

from cellwarden import ids
from cellwarden_host.permissions import permissions, would_drop_load


class Seen:
    def __init__(self, settings=None, rules=(), **readings):
        self.settings = {
            "charge_wanted": 1,
            "discharge_wanted": 1,
            "equalization": 1,
            "special_charger": 0,
            "heater_mode": 0,
            "balance_diff_mv": 20,
            "balance_start_mv": 4100,
            "heater_on_dc": 20,
            "heater_min_soc_percent": 20,
            **(settings or {}),
        }
        self.readings = {
            "charge_switch": 1,
            "discharge_switch": 1,
            "balancing": 0,
            "heater_switch": 0,
            "board_state": ids.BOARD_STATE_IS_READY,
            "current_ma": 0,
            "lease_state": 0,
            **readings,
        }
        self.rules = [1 if i in rules else 0 for i in range(96)]

    def get(self, name):
        return self.readings.get(name)

    def all(self, name):
        return self.rules if name == "rule_state" else []

    def setting(self, name, element=0):
        return self.settings.get(name)


def told(name, **known):
    return next(p for p in permissions(Seen(**known)) if p.name == name)


def test_a_switch_that_does_what_is_asked_needs_no_reason():
    switch = told("charge_wanted")
    assert switch.on and not switch.differs and switch.why is None
    switch = told("charge_wanted", settings={"charge_wanted": 0}, charge_switch=0)
    assert switch.on is False and not switch.differs


def test_what_is_asked_and_not_done_has_its_rule():
    switch = told("charge_wanted", charge_switch=0, charge_off_rule=ids.RULE_CELL_OV1)
    assert switch.differs and switch.why == "kept open by: cell over-voltage"


def test_other_reasons_for_an_open_switch():
    for known, word in (
        ({"lease_state": ids.LEASE_STATE_IS_LOCKED}, "lease: locked"),
        ({"board_state": ids.BOARD_STATE_IS_STARTING}, "just started"),
        ({"board_state": ids.BOARD_STATE_IS_PRECHARGING}, "precharged"),
        ({}, "as soon as"),
    ):
        switch = told("discharge_wanted", discharge_switch=0, **known)
        assert switch.differs and word in switch.why
    # An ended lease does not stop charging.
    switch = told("charge_wanted", charge_switch=0, lease_state=ids.LEASE_STATE_IS_ENDED)
    assert "lease" not in switch.why


def test_a_switch_that_is_closed_without_being_asked_says_why():
    switch = told("charge_wanted", settings={"charge_wanted": 0}, current_ma=-5000)
    assert switch.differs and "body diode" in switch.why


def test_what_is_not_known_is_not_guessed():
    switch = told("charge_wanted", charge_switch=None)
    assert switch.on is None and not switch.differs and switch.does == "not known"
    assert told("equalization", balancing=None).does == "not known"


def test_balancing_says_what_it_waits_for():
    assert "5 mV" in told("equalization", cell_diff_mv=5).why
    assert "3.900 V" in told("equalization", cell_diff_mv=50, cell_max_mv=3900).why
    assert told("equalization", balancing=3, cell_diff_mv=50).why is None


def test_the_special_charger_s_silence_is_told():
    silent = told("special_charger", settings={"special_charger": 1}, rules=(61,))
    assert silent.differs and silent.on is False
    assert told("special_charger", settings={"special_charger": 1}).on
    assert not told("special_charger").differs


def test_the_heater_says_why_it_does_not_heat():
    def heater(mode, **known):
        return told("heater_mode", settings={"heater_mode": mode}, **known)

    assert "25.0 °C" in heater(3, temp_min_dc=250).why
    assert "charger" in heater(1, temp_min_dc=-50).why
    assert "discharge switch" in heater(2, temp_min_dc=-50, discharge_switch=0).why
    assert "10.0 %" in heater(3, temp_min_dc=-50, soc_permille=100).why
    assert heater(3, temp_min_dc=-50, heater_switch=1).why is None
    assert not told("heater_mode").differs


def test_only_switching_a_closed_discharge_switch_off_drops_a_load():
    assert would_drop_load(Seen(), "discharge_wanted", 0)
    assert not would_drop_load(Seen(discharge_switch=0), "discharge_wanted", 0)
    assert not would_drop_load(Seen(), "discharge_wanted", 1)
    assert not would_drop_load(Seen(), "charge_wanted", 0)
