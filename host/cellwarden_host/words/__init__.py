"""What the program says to people, in their language: English is the text, Chinese a catalogue.

A sentence is made with ``say``: it is an ordinary English string that remembers the template and
the parts it was made of, so the same sentence can be told in another language later, wherever it
has got to (a raised problem, a finding, a label). Every template handed to ``say``, and every
text of the schema that a page shows, stands in the catalogues ``zh/*.json``; a test looks them up.
It must never fail for want of a translation: what is missing is told in English.

The string itself is what a terminal prints. A page ``tell``s it, in English too: names of
registers then become titles, and commands to type become what a page's reader can do
(``terminal``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

ENGLISH, CHINESE = "en", "zh"
# As each language calls itself.
LANGUAGES = {ENGLISH: "English", CHINESE: "中文"}
# The template of a list: its parts are the items, and what stands between them in English.
_LIST = "{items}"
_CHINESE_SEPARATORS = {", ": "、", " and ": "、", "; ": "；"}


class Said(str):
    """An English sentence that can still be told in another language."""

    template: str
    parts: dict[str, Any]
    # Whose word it is, where one English word has several translations.
    context: str


def say(template: str, **parts: Any) -> Said:
    """The sentence ``template`` with its ``{parts}`` filled in; parts may be ``Said`` as well.

    The template has to be a literal where it is called: that is how the tests find it.
    """
    return _said(template.format(**parts) if parts else template, template, parts)


def filled(said: Said, **parts: Any) -> Said:
    """A sentence of a table, made without its parts, with them."""
    return _said(said.template.format(**parts), said.template, parts, said.context)


def known(text: str, context: str = "") -> Said:
    """A text of the schema's tables, which the catalogues know without a ``say``."""
    return _said(text, text, {}, context)


def terminal(text: str, page: str = "") -> Said:
    """What only a terminal can say (a command, a register's name); a page tells ``page``."""
    return _said(text, "{page}", {"page": page})


def listed(parts: Iterable[str], between: str = ", ") -> Said:
    """Several texts as one: ``a, b, c``. ``between`` is a sign, not a word of its own."""
    items = tuple(parts)
    return _said(between.join(items), _LIST, {"items": items, "between": between})


def both(parts: Iterable[str]) -> Said:
    """Several texts as one: ``a and b``."""
    return listed(parts, " and ")


def _said(text: str, template: str, parts: dict[str, Any], context: str = "") -> Said:
    said = Said(text)
    said.template, said.parts, said.context = template, parts, context
    return said


def tell(text: str, language: str) -> str:
    """``text`` on a page in ``language``: a ``Said``, or a text that the catalogue knows."""
    told = catalogue(language)
    if not isinstance(text, Said):
        return told.get(text, text)
    if text.template == _LIST:
        between = separator(language, text.parts["between"])
        return between.join(str(_part(item, language)) for item in text.parts["items"])
    template = told.get(text.template, text.template)
    if text.context:
        template = told.get(f"{text.context}: {text.template}", template)
    if not text.parts:
        return template
    return template.format(**{name: _part(part, language) for name, part in text.parts.items()})


def _part(part: Any, language: str) -> Any:
    if isinstance(part, str):
        return tell(part, language)
    if isinstance(part, (list, tuple)):
        return separator(language).join(str(_part(one, language)) for one in part)
    return part


def separator(language: str, english: str = ", ") -> str:
    """What stands between the items of a list, where English has ``english``."""
    return _CHINESE_SEPARATORS.get(english, english) if language == CHINESE else english


@cache
def catalogue(language: str) -> dict[str, str]:
    """English text -> text in ``language``, of all catalogues of that language."""
    merged: dict[str, str] = {}
    if language == ENGLISH:
        return merged
    folder = resources.files(__package__) / language
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            merged.update(json.loads(file.read_text(encoding="utf-8")))
    return merged
