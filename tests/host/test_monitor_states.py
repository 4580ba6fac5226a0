"""What the Monitor page concludes: states, why an output is off, what is asked and done."""

from types import SimpleNamespace

import pytest

from cellwarden_host import catalog
from cellwarden_host.board import Values
from cellwarden_host.web.snapshot import Snapshot
from cellwarden_host.web.tabs import monitor_cells, monitor_states, monitor_switches
from cellwarden_host.words import tell

ACTIVE, PENDING, LATCHED = 1, 2, 4
NUMBER = {rule.name: rule.number for rule in catalog.RULES}


def seen(rules=(), settings=(), state=ACTIVE, **counts):
    """A quiet 4-cell pack, but for what is given."""
    values = Values()
    for row in catalog.READINGS:
        values.set(row, [0] * row.count)
    for name in ("charge_off_rule", "discharge_off_rule"):
        values.set(catalog.READING[name], [None])
    quiet = {"cells_in_series": 4, "charge_switch": 1, "discharge_switch": 1, "soc_permille": 500}
    for name, count in {**quiet, **counts}.items():
        found = count if isinstance(count, list) else [count]
        row = catalog.READING[name]
        values.set(row, found + [None] * (row.count - len(found)))
    bits = [0] * 96
    for name in rules:
        bits[NUMBER[name] if name in NUMBER else int(name)] = state
    values.set(catalog.RULE_STATE, bits)
    stored = Values()
    for row in catalog.SETTINGS:
        default = row.default[0] if isinstance(row.default, tuple) else row.default
        stored.set(row, [dict(settings).get(row.name, default)] * row.count)
    return Snapshot(1, 0.0, 0.0, 1, 1, values, stored, {})


def levels(snapshot):
    return {state.key: state.level for state in monitor_states.states(snapshot)}


def test_a_quiet_pack_has_every_state_of_the_product_and_nothing_is_wrong():
    assert levels(seen()) == {
        "cell_disconnected": "fine",
        "charge_protection": "fine",
        "charge_failure": "fine",
        "discharge_protection": "fine",
        "discharge_failure": "fine",
        "short_circuit": "fine",
        "over_temperature": "fine",
        "low_temperature": "fine",
        "difference": "fine",
        "charge_switch": "on",
        "discharge_switch": "on",
        "balancing": "off",
        "other": "fine",
    }


@pytest.mark.parametrize(
    ("rule", "key", "level"),
    [
        ("open_wire", "cell_disconnected", "protection"),
        ("cell_ov1", "charge_protection", "protection"),
        ("cell_ov2", "charge_failure", "danger"),
        ("cell_uv1", "discharge_protection", "protection"),
        ("cell_uv2", "discharge_failure", "danger"),
        ("charge_ot", "over_temperature", "protection"),
        ("balance_ot", "over_temperature", "warning"),
        ("discharge_ut", "low_temperature", "protection"),
        ("cell_diff", "difference", "protection"),
        ("cells_lost", "other", "protection"),
    ],
)
def test_a_rule_brings_about_its_state_and_is_named_there(rule, key, level):
    for how in (ACTIVE, LATCHED):
        found = {s.key: s for s in monitor_states.states(seen([rule], state=how))}
        assert found[key].level == level
        assert str(found[key].why) == catalog.RULES[NUMBER[rule]].title
        wrong = {"warning", "protection", "danger"}
        assert [k for k, s in found.items() if s.level in wrong] == [key]
    assert levels(seen([rule], state=PENDING))[key] == ("fine" if key == "other" else "pending")


def test_what_fires_the_disconnect_is_a_failed_protection():
    failures = [names for key, _, names in monitor_states.STATES if key.endswith("_failure")]
    named = {name for names in failures for name in names}
    assert {rule.name for rule in catalog.RULES if "secondary" in rule.forbids} <= named


def test_remarks_are_no_alarm_and_a_rule_newer_than_this_program_is():
    assert levels(seen(["factory_password"]))["other"] == "fine"
    newer = seen([str(len(catalog.RULES) + 3)])
    (other,) = [state for state in monitor_states.states(newer) if state.key == "other"]
    assert other.level == "protection" and str(other.why) == f"rule {len(catalog.RULES) + 3}"


def test_a_state_that_is_not_known_is_not_fine():
    blind = seen()
    blind.values.set(catalog.RULE_STATE, [None] * 96)
    blind.values.set(catalog.READING["charge_switch"], [None])
    found = levels(blind)
    assert found["charge_protection"] == found["charge_switch"] == "unknown"


def test_an_output_that_is_off_says_rule_limit_and_way_back():
    number = NUMBER["cell_ov1"]
    (charge, discharge, *_) = monitor_switches.switches(
        seen(["cell_ov1"], charge_switch=0, charge_off_rule=number)
    )
    assert str(charge.asked) == "on" and str(charge.does) == "off"
    assert str(charge.why) == (
        "cell over-voltage (4.200 V or more for 4 s). Comes back when: 4.100 V or less, and the "
        "pack has been discharged or the charger removed"
    )
    assert "恢复条件：≤ 4.100 V" in tell(charge.why, "zh")
    assert discharge.why == "" and discharge.level == "on"


def test_an_output_that_a_person_switched_off_says_so_and_is_no_fault():
    forbidden = {"charge_wanted": 0}.items()
    charge = monitor_switches.switches(seen(settings=forbidden, charge_switch=0))[0]
    assert charge.level == "off" and "by a person" in charge.why
    still_on = monitor_switches.switches(seen(settings=forbidden))[0]
    assert "still holds it on" in still_on.why


def test_an_output_that_nothing_keeps_off_says_what_the_board_is_doing():
    words = catalog.READING["board_state"].choices
    starting = seen(discharge_switch=0, board_state=words.index("precharging"))
    assert str(monitor_switches.why_off(starting, "discharge")) == "the board is precharging"


def test_balancing_and_heater_say_why_they_rest():
    balancing, heater = monitor_switches.switches(seen(settings={"heater_mode": 3}.items()))[2:]
    assert str(balancing.why) == ("no cell needs it: it starts at 4.100 V and 20 mV of difference")
    assert str(heater.why) == "starts at 2.0 °C or less"
    kept = monitor_switches.switches(
        seen(["balance_ot", "heater_fault"], settings={"heater_mode": 3}.items())
    )
    assert str(kept[2].why) == "kept off by: balancing board too hot"
    assert str(kept[3].why) == "kept off by: heater on and no warmer"
    assert [switch.level for switch in kept[2:]] == ["warning", "warning"]
    assert [balancing.level, heater.level] == ["off", "off"]


def test_the_bound_is_two_standard_deviations_and_stays_within_0_and_100():
    assert monitor_states.bound(seen(soc_permille=500, soc_sigma_permille=20)) == (460, 540)
    assert monitor_states.bound(seen(soc_permille=990, soc_sigma_permille=20)) == (950, 1000)
    assert monitor_states.bound(seen(soc_permille=None)) is None


def test_a_limit_held_by_a_protection_names_it():
    words = catalog.READING["charge_limited_by"].choices
    held = seen(charge_limited_by=words.index("protection"), charge_off_rule=NUMBER["cell_ov1"])
    assert str(monitor_states.limited_by(held, "charge")) == "cell over-voltage"
    assert str(monitor_states.limited_by(seen(charge_limited_by=11), "charge")) == "heat"


# --- cells


def test_cells_are_marked_and_an_unknown_one_is_absent():
    shown = monitor_cells.shown(
        seen(
            cell_mv=[3700, None, 3720, 3690, 9999],
            cell_max_number=3,
            cell_min_number=4,
            balancing_low=0b100,
            open_wire_low=0b10,
        ),
        whole_range=False,
    )
    assert shown["mv"] == [3700, None, 3720, 3690]
    assert (shown["high"], shown["low"], shown["balanced"]) == (3, 4, [3])
    assert shown["wires"] == [1, 2]  # wire 1 is the top of cell 1 and the bottom of cell 2
    assert shown["from"] < 3690 and shown["to"] > 3720
    assert shown["to"] - shown["from"] >= monitor_cells.LEAST_SPAN_MV


def test_equal_cells_are_neither_highest_nor_lowest():
    shown = monitor_cells.shown(
        seen(cell_mv=[3700] * 4, cell_max_number=1, cell_min_number=1), whole_range=True
    )
    assert (shown["high"], shown["low"]) == (0, 0)
    assert shown["marks"] == [2750, 4200]


@pytest.mark.parametrize("cells", [0, 3, 32])
def test_any_size_of_pack_can_be_shown(cells):
    shown = monitor_cells.shown(
        seen(cells_in_series=cells, cell_mv=[3700 + i for i in range(32)]), whole_range=False
    )
    assert len(shown["mv"]) == cells


def test_a_sensor_that_is_not_fitted_is_not_there_and_one_that_fails_is():
    found = monitor_cells.temperatures(
        seen(settings={"temps_fitted": 0b10011}.items(), temp_dc=[251, None, 0, 0, 402, 0])
    )
    assert found == [(0, 251), (1, None), (4, 402)]


def test_health_is_one_line_a_cell_once_something_is_known():
    nothing = dict.fromkeys(monitor_cells.HEALTH, [None] * 32)
    assert monitor_cells.health(seen(**nothing)) == []
    known = {**nothing, "cell_resistance": [100, 101, 102, 103]}
    assert monitor_cells.health(seen(**known))[1] == [101, None, None]


def test_an_older_board_without_a_reading_breaks_nothing():
    older = SimpleNamespace(values=Values(), settings=Values())
    snapshot = Snapshot(1, 0.0, 0.0, 1, 1, older.values, older.settings, {})
    assert {state.level for state in monitor_states.states(snapshot)} == {"unknown"}
    assert [switch.level for switch in monitor_switches.switches(snapshot)] == ["unknown"] * 4
    assert monitor_cells.shown(snapshot, False)["mv"] == []
