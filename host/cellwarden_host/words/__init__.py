"""What the program says to people, in their language: English is the text, Chinese a catalogue.

A sentence is made with ``say``: it is an ordinary English string that remembers the template and
the parts it was made of, so the same sentence can be told in another language later, wherever it
has got to (a raised problem, a finding, a label). Every template handed to ``say``, and every
text of the schema that a page shows, stands in the catalogues ``zh/*.json``; a test looks them up.
It must never fail for want of a translation: what is missing is told in English.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

ENGLISH, CHINESE = "en", "zh"
# As each language calls itself.
LANGUAGES = {ENGLISH: "English", CHINESE: "中文"}


class Said(str):
    """An English sentence that can still be told in another language."""

    template: str
    parts: dict[str, Any]


def say(template: str, **parts: Any) -> Said:
    """The sentence ``template`` with its ``{parts}`` filled in; parts may be ``Said`` as well.

    The template has to be a literal where it is called: that is how the tests find it.
    """
    said = Said(template.format(**parts) if parts else template)
    said.template, said.parts = template, parts
    return said


def tell(text: str, language: str) -> str:
    """``text`` in ``language``: a ``Said``, or a text that stands in the catalogue as it is."""
    if language == ENGLISH:
        return str(text)
    known = catalogue(language)
    if not isinstance(text, Said):
        return known.get(text, text)
    template = known.get(text.template, text.template)
    if not text.parts:
        return template
    return template.format(**{name: _part(part, language) for name, part in text.parts.items()})


def _part(part: Any, language: str) -> Any:
    if isinstance(part, str):
        return tell(part, language)
    if isinstance(part, (list, tuple)):
        return separator(language).join(str(_part(one, language)) for one in part)
    return part


def listed(parts: list[str]) -> Said:
    """Several texts as one: ``a, b, c``."""
    said = Said(", ".join(parts))
    said.template, said.parts = "{parts}", {"parts": tuple(parts)}
    return said


def separator(language: str) -> str:
    """What stands between the items of a list."""
    return "、" if language == CHINESE else ", "


@cache
def catalogue(language: str) -> dict[str, str]:
    """English text -> text in ``language``, of all catalogues of that language."""
    merged: dict[str, str] = {}
    folder = resources.files(__package__) / language
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            merged.update(json.loads(file.read_text(encoding="utf-8")))
    return merged
