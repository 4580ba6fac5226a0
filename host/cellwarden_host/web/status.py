"""The strip at the top (charge, voltage, current, state), the lock, and the line at the bottom."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from importlib import metadata

from nicegui import ui

from cellwarden.tables import rows

from .. import catalog
from ..words import say
from ..words import schema as schema_words
from .access_dialog import ask_new_password, log_out
from .snapshot import Snapshot
from .station import OFF
from .view import View

Refresh = Callable[[], None]
_STRIP = ("soc_permille", "pack_10mv", "current_ma", "board_state")
_FACTORY_PASSWORD = next(row.number for row in catalog.RULES if row.name == "factory_password")
_ACTIVE = 1
_UNLOCK = {
    rows.INSTALLER: (say("Unlock settings"), "unlock"),
    rows.LESSOR: (say("Unlock as lessor"), "lessor"),
    rows.FACTORY: (say("Unlock as factory"), "factory"),
}


def build_strip(view: View) -> Refresh:
    """What matters most, on every page and on a phone too."""
    with ui.row().classes("items-baseline no-wrap cw-strip").props("role=status") as strip:
        labels = {name: ui.label().props(f"data-testid=strip.{name}") for name in _STRIP}

    def refresh() -> None:
        seen = view.snapshot
        for name, label in labels.items():
            label.text = view.value(catalog.READING[name], seen.get(name)) if seen else ""
        if view.fresh:
            strip.classes(remove="cw-stale")
        else:
            strip.classes("cw-stale")

    return refresh


def build_lock(view: View) -> Refresh:
    """Locked or not, for how much longer; a menu to unlock, lock and change the password."""
    with ui.button().props("flat no-caps data-testid=lock") as button:
        icon = ui.icon("lock")
        left = ui.label().classes("cw-lock-left")
        with ui.menu():
            unlock = {role: _unlock(view, role, *how) for role, how in _UNLOCK.items()}
            lock = ui.menu_item(view.tr(say("Lock")), lambda: log_out(view)).props(
                "data-testid=lock.lock"
            )
            ui.menu_item(
                view.tr(say("Change the password")), lambda: ask_new_password(view)
            ).props("data-testid=lock.change")
    nag = (
        ui.chip(view.tr(say("Factory password!")), icon="key", color="warning")
        .props("clickable data-testid=nag square dense")
        .on("click", lambda: ask_new_password(view))
        .classes("cw-nag")
        .tooltip(
            view.tr(say("Anybody knows the password of this board: change it before you leave"))
        )
    )

    def refresh() -> None:
        seen = view.snapshot
        role = view.role
        icon.name = "lock_open" if role else "lock"
        seconds = seen.known("session_left_s") if seen and role else 0
        left.text = f"{seconds // 60}:{seconds % 60:02}" if role else ""
        what = say("Unlocked as {role}", role=schema_words.role(role)) if role else say("Locked")
        button.props(f'aria-label="{view.tr(what)}"')
        button.set_enabled(view.fresh)
        for needed, item in unlock.items():
            item.set_visibility(not rows.includes(role, needed))
        lock.set_visibility(bool(role))
        nag.set_visibility(view.fresh and seen is not None and _has_factory_password(seen))

    return refresh


def _unlock(view: View, role: int, text: str, test_id: str) -> ui.menu_item:
    return ui.menu_item(view.tr(text), lambda: view.unlocked(role)).props(
        f"data-testid=lock.{test_id}"
    )


def _has_factory_password(seen: Snapshot) -> bool:
    bits = seen.all("rule_state")
    return len(bits) > _FACTORY_PASSWORD and bool((bits[_FACTORY_PASSWORD] or 0) & _ACTIVE)


def build_line(view: View) -> Refresh:
    """Versions, time, lock, time connected."""
    version = metadata.version("cellwarden")
    with ui.row().classes("w-full cw-line"):
        ui.label(view.tr(say("Software {version}", version=version)))
        firmware, clock, lock, connected = (
            ui.label().props(f"data-testid=line.{name}")
            for name in ("firmware", "clock", "lock", "connected")
        )

    def refresh() -> None:
        seen, station = view.snapshot, view.station
        known = seen.texts.get("firmware_version") if seen else ""
        firmware.text = view.tr(say("Firmware {version}", version=known or "–"))
        clock.text = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        lock.text = view.tr(say("Unlocked") if view.role else say("Locked"))
        if station.link == OFF or seen is None:
            connected.text = view.tr(say("Not connected"))
        elif view.fresh:
            seconds = int(time.monotonic() - station.since_s)
            connected.text = view.tr(say("Connected for {time}", time=_time(seconds)))
        else:
            seconds = int(time.monotonic() - seen.taken_s)
            connected.text = view.tr(say("No answer for {time}", time=_time(seconds)))

    return refresh


def _time(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
