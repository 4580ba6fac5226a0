"""The tables of a board's README that follow from its files: pins and consumption.

They stand between two marks, and `cellwarden boards readme NAME` writes them anew; a test holds
each README against its board.
"""

from __future__ import annotations

from .consumption import pack_ua, sums, words
from .contract import PINS
from .folder import Folder

MARKS = {
    "pins": ("<!-- pins: written by cellwarden boards readme -->", "<!-- end of pins -->"),
    "consumption": (
        "<!-- consumption: written by cellwarden boards readme -->",
        "<!-- end of consumption -->",
    ),
}


def pins(folder: Folder) -> str:
    """Every pin of the board, by its number."""
    roles = {role.name: role for role in PINS}
    pulled = folder.get("PULLED_DOWN") or ()
    lines = ["| GPIO | name | what | at rest |", "|---|---|---|---|"]
    for name, number in sorted(folder.pins.items(), key=lambda item: int(item[1])):
        role = roles[name]
        rest = "high" if role.rest else "low, pulled down" if name in pulled else "low"
        lines.append(f"| {number} | `{name}` | {role.text} | {rest} |")
    free = sorted(folder.module.pins - set(folder.pins.values())) if folder.module else []
    lines += ["", "Free: " + (", ".join(map(str, free)) if free else "none") + "."]
    return "\n".join(lines)


def consumption(folder: Folder) -> str:
    """What each part draws from the pack, and the sums."""
    nominal_mv = folder.get("CONVERTER")[1]
    lines = [
        f"| at a pack of {nominal_mv / 1000:g} V | awake | asleep | off | figures from |",
        "|---|---|---|---|---|",
    ]
    for part, drawn, source in pack_ua(folder):
        lines.append(f"| {part} | {' | '.join(map(words, drawn))} | {source} |")
    total = " | ".join(f"**{words(ua)}**" for ua in sums(folder))
    lines.append(f"| **together** | {total} | |")
    return "\n".join(lines)


def refreshed(text: str, folder: Folder) -> str:
    """A README with the tables as they should be; without the marks nothing changes."""
    for name, made in (("pins", pins), ("consumption", consumption)):
        begin, end = MARKS[name]
        if begin in text and end in text:
            head, rest = text.split(begin, 1)
            text = f"{head}{begin}\n{made(folder)}\n{end}{rest.split(end, 1)[1]}"
    return text
