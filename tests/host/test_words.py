"""Both languages are complete: every sentence of the program, every text of the schema.

A sentence is found by reading the source for calls of ``say``, a text of the schema by asking
``words.schema`` for everything it can tell. What is missing is printed as lines for a catalogue
(host/cellwarden_host/words/zh/<topic>.json).
"""

import ast
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from string import Formatter

from cellwarden.tables import journal, readings, rules, settings
from cellwarden_host import catalog, journal_words, rule_words, words
from cellwarden_host.board import Values
from cellwarden_host.words import schema
from modbus_rtu.client import EXCEPTION_TEXT

HOST = Path(words.__file__).parents[1]
CHINESE = words.catalogue(words.CHINESE)
FILES = sorted((Path(words.__file__).parent / words.CHINESE).glob("*.json"))

# What a Chinese technician writes in Latin letters.
UNITS = {"V", "mV", "A", "mA", "Ah", "mAh", "W", "kW", "Wh", "kWh", "s", "ms", "min", "h", "Bd"}
UNITS |= {"kB", "MB", "B", "mΩ", "ppm", "C"}
TERMS = set(
    "A B RS RS485 Modbus SOC SOH OCV MOS MOSFET USB CSV JSON PC ID LFP NMC LTO BMS PIN MAC UTC "
    "RTU PEC CRC HMAC SHA HTML PDF SVG PNG QR OK YMODEM UF RP ESP MicroPython REPL Pico AFE "
    "HTTPS https Chrome Edge iPhone iPad Bluefy MTU BlueZ macOS "
    "WiFi PEM RSA pub IP URL UTF Cellwarden cellwarden RAM Linux Windows Python Ed".split()
)
# Names of files, commands and options, and numbers with letters in them.
NAMES = re.compile(
    r"[\w.]+(?:/[\w.]+)+|\w+\.(?:json|csv|md|toml|py|html|log|bin|cwf|pub)\b"
    r"|cellwarden [a-z]+|--[a-z-]+|0x[0-9A-F]+",
    re.ASCII,
)
PROBLEMS = ("Problem", "Refused", "BadInput", "NoConnection")
# What no page uses: the tour, the simulator, the making of releases.
OF_TERMINALS = ("demo.py", "sim_process.py", "packing.py", "build.py")
PAGES = ("web", "commissioning", "production", "release")
UNDER_PAGES = [
    path
    for path in (*HOST.glob("*.py"), *(p for name in PAGES for p in (HOST / name).rglob("*.py")))
    if path.name not in OF_TERMINALS
]
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]")


def fields(template):
    """The placeholders of a template, each as often as it stands there."""
    return Counter((name, spec) for _, name, spec, _ in Formatter().parse(template) if name)


def says(tree):
    """Calls of the ``say`` that ``words`` exports; other functions may be called the same."""
    imported = any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[-1] in ("words", "")
        and any(alias.name == "say" for alias in node.names)
        for node in ast.walk(tree)
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id == "say" and imported:
                yield node
            elif (
                isinstance(called, ast.Attribute)
                and called.attr == "say"
                and isinstance(called.value, ast.Name)
                and called.value.id == "words"
            ):
                yield node


@cache
def sentences():
    """{template: where it stands} of the whole program, and the calls that are no literal."""
    found, odd = {}, []
    for path in sorted(HOST.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "say(" not in text:
            continue
        tree = ast.parse(text)
        inside_words = path.parent == HOST / "words" and path.name == "__init__.py"
        calls = says(tree) if not inside_words else own_calls(tree)
        constants = outside_functions(tree)
        for call in calls:
            place = f"{path.relative_to(HOST)}:{call.lineno}"
            first = call.args[0] if call.args else None
            if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
                odd.append(f"{place}: the first argument has to be a literal")
                continue
            found.setdefault(first.value, place)
            given = {keyword.arg for keyword in call.keywords}
            wanted = {name.split(".")[0].split("[")[0] for name, _ in fields(first.value)}
            if None not in given and given and given != wanted:
                odd.append(f"{place}: takes {sorted(wanted)}, is given {sorted(given)}")
            if not given and wanted and call not in constants:
                odd.append(f"{place}: {sorted(wanted)} are not given")
    return found, odd


def outside_functions(tree):
    """What is made once: a sentence there may get its parts later, by ``filled``."""
    found, rest = set(), [tree]
    while rest:
        node = rest.pop()
        found.add(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            rest += ast.iter_child_nodes(node)
    return found


def own_calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
            yield node


def keys(text):
    """The catalogue keys that telling ``text`` looks up, with those of its parts."""
    if isinstance(text, words.Said):
        own = f"{text.context}: {text.template}"
        yield own if text.context and own in CHINESE else text.template
        for part in text.parts.values():
            yield from keys(part)
    elif isinstance(text, (list, tuple)):
        for part in text:
            yield from keys(part)


def entries():
    """One journal entry for everything that one can tell."""
    nothing = dict.fromkeys((name for name, *_ in journal.FIELDS), None)
    for number, *_ in journal.KINDS:
        for port in (1, 2, 3, 9):
            yield {**nothing, "kind": number, "port": port, "limit": 1, "value": 1}
        yield {**nothing, "kind": number, "limit": 0xEEEE, "value": 0xEEEE}
    for number in range(len(rules.RULES)):
        judged = {"value": 1, "limit": 2, "age_ms": 3, "retries": 4, "outputs": 0x1F, "also_1": 1}
        for where in (None, 2):
            yield {**nothing, **judged, "kind": 1, "rule": number, "where": where}
        yield {**nothing, "kind": 2, "rule": number}


TOLD_OF_KINDS = (journal_words.kind_word, journal_words.happened)


@cache
def told_by_tables():
    """The keys of everything that is told without a ``say`` where it is told."""
    every = [*catalog.READINGS, *catalog.SETTINGS, *readings.TEXTS, *catalog.COMMANDS.values()]
    told = [tell(row) for row in every for tell in (schema.title, schema.rest, schema.help)]
    numbers = [row for row in every if row.kind in ("reading", "setting")]
    for row in numbers:
        told += [schema.unit(row), *(schema.value(row, count) for count in (0, 1, 900_000))]
        told += [schema.choice(row, i) for i in range(len(row.choices or ()))]
        told += [schema.element(row, i) for i in range(row.count) if row.count > 1]
    for row in catalog.SETTINGS:
        told += [schema.span(row), *([schema.auto(row)] if row.auto else [])]
    told += [schema.name_of(name) for rule in settings.CROSS_RULES for name in rule[:2]]
    told += [schema.group(heading) for heading, _ in settings.GROUPS]
    told += [schema.role(i) for i in range(len(catalog.NAMED["session_role"].choices))]
    unset = Values()
    for rule in catalog.RULES:
        told += [schema.rule(rule), schema.loudness(rule.loud), rule_words.keeps_off(rule)]
        told += [rule_words.limits(rule, unset), rule_words.way_back(rule, unset)]
    told += [journal_words.words(journal_words.Entry(entry)) for entry in entries()]
    told += [tell(kind[1]) for kind in journal.KINDS for tell in TOLD_OF_KINDS]
    told += [words.known(why) for why in journal.ROLLBACK_REASONS.values()]
    told += [words.known(what) for what in journal.BLUETOOTH_EVENTS.values()]
    told += [words.known(text) for text in (*EXCEPTION_TEXT.values(), "not in the standard")]
    told += [words.known(text) for text in ("auto", "cells", "days", "%/d")]
    found = {key for text in told for key in keys(text)}
    return {key for key in found if latin(key)}


def lines(texts):
    return "\n".join(f'  {json.dumps(text, ensure_ascii=False)}: "",' for text in sorted(texts))


def test_every_sentence_is_a_literal_with_what_it_needs():
    assert not sentences()[1], "\n".join(sentences()[1])


def test_every_sentence_has_its_chinese():
    missing = {text: place for text, place in sentences()[0].items() if text not in CHINESE}
    places = "\n".join(f"{place}: {text!r}" for text, place in missing.items())
    assert not missing, f"{places}\n\nfor a catalogue:\n{lines(missing)}"


def test_every_text_of_the_schema_has_its_chinese():
    missing = {key for key in told_by_tables() if key not in CHINESE and not same_in_all(key)}
    assert not missing, f"for a catalogue:\n{lines(missing)}"


def same_in_all(text):
    """A unit, a name of a port: nothing in it is a word."""
    return not [word for word in latin(text) if word not in UNITS | TERMS]


def test_a_translation_takes_the_parts_that_its_sentence_has():
    wrong = {
        key: translation
        for key, translation in CHINESE.items()
        if fields(key) != fields(translation)
    }
    assert not wrong, "\n".join(f"{key}\n  {translation}" for key, translation in wrong.items())


def test_no_translation_is_left_over():
    used = set(sentences()[0]) | told_by_tables()
    # Some words of one context are told only with values that are not tried here.
    unused = [key for key in CHINESE if key not in used and not of_a_context(key)]
    assert not unused, "nobody says:\n" + "\n".join(unused)


def of_a_context(key):
    name, _, word = key.partition(": ")
    row = catalog.NAMED.get(name)
    return row is not None and word in (row.choices or ())


def test_what_goes_wrong_under_a_page_is_a_sentence():
    plain = []
    for path in UNDER_PAGES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in PROBLEMS:
                text = node.args[0] if node.args else None
                if isinstance(text, (ast.JoinedStr, ast.Constant, ast.BinOp)):
                    plain.append(f"{path.relative_to(HOST)}:{node.lineno}")
    assert not plain, "make them with say(...): " + ", ".join(plain)


def test_no_text_is_translated_twice_in_two_ways():
    seen, wrong = {}, []
    for file in FILES:
        pairs = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=list)
        for key, translation in pairs:
            if seen.setdefault(key, translation) != translation:
                wrong.append(f"{file.name}: {key}: {seen[key]} / {translation}")
    assert not wrong, "\n".join(wrong)


def latin(text):
    """The words in Latin letters of a text, without parts, names of files and of settings."""
    bare = NAMES.sub("", re.sub(r"{[^{}]*}", " ", text))
    return re.findall(r"[A-Za-z][A-Za-zΩ]*", bare)


def test_no_english_is_left_in_the_chinese():
    left = {
        translation: [word for word in latin(translation) if word not in UNITS | TERMS]
        for translation in CHINESE.values()
    }
    left = {translation: found for translation, found in left.items() if found}
    assert not left, "\n".join(f"{found}: {text}" for text, found in left.items())


def test_chinese_has_chinese_punctuation():
    odd = [text for text in CHINESE.values() if HALF_WIDTH.search(re.sub("{[^{}]*}", "", text))]
    assert not odd, "\n".join(odd)


def test_every_translation_says_something():
    empty = [key for key, translation in CHINESE.items() if not translation.strip()]
    assert not empty, "\n".join(empty)


def test_titles_are_short_and_no_two_of_a_group_are_the_same():
    groups = [list(group) for _, group in settings.GROUPS]
    groups += [list(catalog.READINGS), list(catalog.TEXTS), list(catalog.COMMANDS.values())]
    for rows in groups:
        titles = [schema.title(row) for row in rows]
        assert [title for title in titles if len(title) > 48] == []
        for language in words.LANGUAGES:
            counted = Counter(words.tell(title, language) for title in titles)
            assert [title for title, count in counted.items() if count > 1] == []
