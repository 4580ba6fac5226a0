"""What stands around every page: the telling values, the link, the lock, the pages' names."""

from __future__ import annotations

from typing import Any

from ... import catalog, rule_words
from ...words import say, schema
from .ui import Ui

_PAGES = (
    ("monitor", say("Monitor")),
    ("alarms", say("Alarm")),
    ("settings", say("Settings")),
    ("control", say("Control")),
    ("graph", say("Graph")),
    ("more", say("More")),
)
_LINKS = {
    "off": say("Not connected"),
    "opening": say("Connecting ..."),
    "up": say("Connected"),
    "lost": say("Link lost"),
}


def frame(ui: Ui, app: Any) -> dict[str, Any]:
    """The top line and the names of the pages."""
    station, seen = app.station, app.station.snapshot
    values = []
    for name, label in (
        ("soc_permille", say("Remaining")),
        ("pack_10mv", say("Voltage")),
        ("current_ma", say("Current")),
    ):
        count = seen.get(name) if seen is not None else None
        text = ui.tell(schema.value(catalog.READING[name], count))
        values.append([ui.tell(label), text])
    for key, _ in _PAGES:
        ui.handlers["page." + key] = _go(app, key)
    ui.handlers["top.lock"] = _lock(app)
    link = _LINKS[station.link]
    if station.link == "up" and not station.fresh:
        link = say("No answer for {time}", time=schema.duration(station.age_s))
    elif station.link == "lost" and seen is not None:
        link = say("Link lost: values are {time} old", time=schema.duration(station.age_s))
    return {
        "name": station.name,
        "link": station.link if station.link != "up" or station.fresh else "lost",
        "linkText": ui.tell(link),
        "values": values,
        "lock": ui.tell(lock_text(app)),
        "locked": not station.role(),
        "alarms": _alarms(app),
        "pages": [[key, ui.tell(title)] for key, title in _PAGES],
        "pagesLabel": ui.tell(say("Pages")),
    }


def lock_text(app: Any) -> Any:
    """The session's role and remaining time."""
    station = app.station
    role = station.role()
    if not role:
        return say("Locked")
    left_s = station.snapshot.known("session_left_s")
    return say("{role}, {time} left", role=schema.role(role), time=schema.duration(left_s))


def _alarms(app: Any) -> int:
    seen = app.station.snapshot
    if seen is None:
        return 0
    if "rule_state" not in seen.values:
        return 0
    found = rule_words.rules_now(seen.values)
    return sum(now.rule.loud != "info" and bool(now.active or now.latched) for now in found)


def _go(app: Any, key: str) -> Any:
    return lambda _: app.go(key)


def _lock(app: Any) -> Any:
    from . import password

    return lambda _: password.pressed(app)
