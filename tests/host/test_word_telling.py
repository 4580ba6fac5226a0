"""A sentence on a terminal, on an English page and on a Chinese one."""

from cellwarden_host import catalog, rule_words, transaction, words
from cellwarden_host.board import Values
from cellwarden_host.problems import Refused
from cellwarden_host.words import schema


def in_both(text):
    return words.tell(text, words.ENGLISH), words.tell(text, words.CHINESE)


def test_a_problem_of_the_board_is_told_on_a_page_by_titles_and_without_commands():
    row = catalog.SETTING["cell_ov1_mv"]
    said = transaction.reason("outputs on", row)
    assert str(said) == (
        "cell_ov1_mv changes only while nothing is switched on; first: cellwarden switch "
        "charge off discharge off; nothing was changed"
    )
    english, chinese = in_both(Refused(said).said)
    assert english == (
        "Cell over-voltage, level 1 changes only while nothing is switched on; first: switch "
        "charge and discharge off; nothing was changed"
    )
    assert chinese == (
        "单体过压一级（充电保护）只有在输出全部关断时才能更改；请先关断充电和放电开关；未作任何更改"
    )


def test_a_value_is_told_with_its_word_or_unit():
    told = {
        ("chemistry", 2): ("lfp", "LFP (3.2 V)", "铁锂 LFP (3.2 V)"),
        ("cell_count", 24): ("24 cells", "24 cells", "24 串"),
        ("pack_ov_mv", 0): ("auto", "auto", "自动"),
        ("heater_mode", 1): ("charge", "charge", "充电时加热"),
        ("cell_ov1_mv", 4200): ("4.200 V", "4.200 V", "4.200 V"),
        ("uptime_s", 270_000): ("270000 s", "3 d 3 h", "3 天 3 小时"),
        ("time_to_full_min", 130): ("130 min", "2 h 10 min", "2 小时 10 分"),
        ("session_left_s", 90): ("90 s", "90 s", "90 s"),
        ("balancing_high", 5): ("0x0005", "17, 19", "17、19"),
        ("temps_fitted", 16): ("0x0010", "power board sensor", "功率板温度"),
        ("charge_off_rule", 15): ("charge over-current", "charge over-current", "充电过流"),
    }
    for (name, count), expected in told.items():
        value = schema.value(catalog.NAMED[name], count)
        assert (str(value), *in_both(value)) == expected


def test_a_limit_that_follows_another_names_it():
    value = schema.auto(catalog.SETTING["charge_oc_ma"])
    assert str(value) == "1.25 x charge_current_ma"
    assert in_both(value) == ("1.25 x Largest charging current", "1.25 × 最大充电电流")
    stored = Values()
    for row in catalog.SETTINGS:
        stored.set(row, [row.default_for("lfp")] * row.count)
    rule = next(rule for rule in catalog.RULES if rule.name == "charge_oc")
    limit = rule_words.limits(rule, stored)
    assert str(limit) == "1.25 x charge_current_ma or more for 2 s"
    assert in_both(limit)[1] == "≥ 50.000 A（1.25 × 最大充电电流），持续 2 s"


def test_lists_are_told_as_each_language_joins_them():
    items = words.listed([schema.role(1), schema.role(2)])
    assert str(items) == "installer, factory"
    assert in_both(items) == ("installer, factory", "安装员、厂家")
    assert in_both(words.both(["a", "b"])) == ("a and b", "a、b")


def test_a_word_with_several_meanings_is_told_by_whose_it_is():
    heater, board = catalog.SETTING["heater_mode"], catalog.READING["board_state"]
    assert in_both(schema.choice(heater, 1)) == ("charge", "充电时加热")
    assert in_both(schema.choice(board, 6)) == ("charging", "充电中")
    assert in_both(rule_words.keeps_off(catalog.RULES[1])) == ("charging", "充电")


def test_a_sentence_of_a_table_gets_its_parts_later():
    said = words.filled(words.known("cell {number}"), number=7)
    assert (str(said), *in_both(said)) == ("cell 7", "cell 7", "第 7 节")


def test_what_nobody_has_translated_is_told_in_english():
    assert words.tell(words.known("brand new"), words.CHINESE) == "brand new"
    assert words.tell("brand new", words.CHINESE) == "brand new"
