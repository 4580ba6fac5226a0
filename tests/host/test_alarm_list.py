"""The Alarm page: what stands since when and how it comes back, and the filtered history."""

import csv
import io

from test_monitor_states import ACTIVE, LATCHED, NUMBER, PENDING, seen

from cellwarden.tables import journal
from cellwarden_host.journal_words import Entry
from cellwarden_host.web.tabs import alarm_list

KIND = {name: number for number, name, *_ in journal.KINDS}
NOW_S = 1_700_000_000.0


def entry(number, kind, rule=None, uptime_s=0, **fields):
    known = dict.fromkeys((name for name, *_ in journal.FIELDS), None)
    known |= {"number": number, "kind": KIND[kind], "uptime_s": uptime_s, "outputs": 0, **fields}
    if rule:
        known["rule"] = NUMBER[rule]
    return Entry(known)


def at(snapshot, uptime_s):
    snapshot.values.set(alarm_list.catalog.READING["uptime_s"], [uptime_s])
    object.__setattr__(snapshot, "at", NOW_S)
    return snapshot


def the_only(snapshot, history=()):
    (alarm,) = alarm_list.active(snapshot, history, "en")
    return alarm


def test_an_alarm_tells_rule_limit_value_cell_time_and_way_back():
    history = [
        entry(1, "start"),
        entry(2, "trip", "cell_ov1", 10, value=4300, limit=4200, where=3),
        entry(3, "clear", "cell_ov1", 20, value=4000),
        entry(4, "trip", "cell_ov1", 100, value=4213, limit=4200, where=7),
        entry(5, "warn", "cell_ov_warn", 101, value=4213, limit=4180, where=7),
    ]
    alarm = the_only(at(seen(["cell_ov1"], cell_max_mv=4190), 160), history)
    assert (alarm.title, alarm.loud, alarm.keeps_off) == (
        "cell over-voltage", "protection", "charging"
    )  # fmt: skip
    assert alarm.limit == "4.200 V or more for 4 s"
    assert (alarm.tripped_at, alarm.value, alarm.where) == ("4.213 V", "4.190 V", "cell 7")
    assert alarm.begun is history[3]
    clock = alarm_list.Clock(at(seen(), 160), history)
    assert clock.at(history[3]) == NOW_S - 60 and clock.sure(history[3])
    assert alarm.way_back.startswith("4.100 V or less, and the pack has been discharged")
    assert not alarm.needs_person


def test_what_lies_before_the_newest_start_happened_then_or_earlier():
    history = [entry(1, "latch", "short_circuit", 50), entry(2, "start", uptime_s=60)]
    alarm = the_only(at(seen(["short_circuit"], state=LATCHED), 100), history)
    assert alarm.since.startswith("≤ ")
    assert alarm.needs_person
    assert alarm_list.Clock(at(seen(), 100), history).told(history[1], "en")[0] == "2"


def test_an_alarm_that_the_journal_has_forgotten_says_no_time():
    alarm = the_only(seen(["cell_uv1"]))
    assert (alarm.since, alarm.tripped_at, alarm.where) == ("", "", "")
    cleared = [entry(1, "trip", "cell_uv1"), entry(2, "clear", "cell_uv1")]
    assert the_only(seen(["cell_uv1"]), cleared).begun is None


def test_a_delay_that_runs_is_no_alarm_yet_and_takes_no_old_time():
    history = [entry(1, "trip", "charge_oc", 5)]
    alarm = the_only(seen(["charge_oc"], state=PENDING, current_ma=61_000), history)
    assert alarm.now.state == "pending" and alarm.begun is None
    assert alarm.value == "61.000 A"


def test_currents_are_told_in_the_direction_of_their_rule():
    alarm = the_only(seen(["discharge_oc"], state=ACTIVE, current_ma=-170_000))
    assert alarm.value == "170.000 A"


def test_places_are_cells_sensors_and_wires():
    history = [
        entry(1, "trip", "open_wire", where=0),
        entry(2, "trip", "charge_ot", where=2),
    ]
    found = alarm_list.active(seen(["open_wire", "charge_ot"]), history, "en")
    assert {str(alarm.where) for alarm in found} == {"sense wire 0", "battery sensor 2"}


HISTORY = [
    entry(1, "start", uptime_s=0),
    entry(2, "warn", "cell_ov_warn", 1000, value=4190, limit=4180, where=2),
    entry(3, "trip", "cell_ov1", 9000, value=4213, limit=4200, where=7),
    entry(4, "clear", "cell_ov1", 9900, value=4090, limit=4100),
    entry(5, "login", uptime_s=9950, value=1),
]


def chosen(**how):
    language = how.pop("language", "en")
    clock = alarm_list.Clock(at(seen(), 10_000), HISTORY)
    found = alarm_list.Filter(**how).chosen(HISTORY, clock, NOW_S, language)
    return [one.number for one in found]


def test_history_is_filtered_by_kind_loudness_time_and_text():
    assert chosen() == [5, 4, 3, 2, 1]
    assert chosen(kinds=("trip", "clear")) == [4, 3]
    assert chosen(loud="warning") == [3, 2]
    assert chosen(loud="protection") == [3]
    assert chosen(hours=1) == [5, 4, 3]
    assert chosen(text="CELL 7") == [3]
    assert chosen(text="登录", language="zh") == [5]
    assert chosen(text="cell 7", hours=1, kinds=("warn",)) == []


def test_csv_holds_every_field_with_time_and_words_and_opens_in_a_spreadsheet():
    clock = alarm_list.Clock(at(seen(), 10_000), HISTORY)
    text = alarm_list.as_csv(HISTORY, clock, "zh")
    assert text[0] == "\ufeff"
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[2]["rule"] == "cell_ov1" and rows[2]["value"] == "4213"
    assert rows[2]["time"] and "保护触发" in rows[2]["words"]
    assert {"cell_max_mv", "soc_permille", "unit"} <= rows[0].keys()
    assert alarm_list.as_csv([], clock, "en") == "\ufeff"
