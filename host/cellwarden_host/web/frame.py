"""What stands around every page: connection, charge, identity, lock, language, tabs, status line.

It is the only part that owns a timer: every refresh of a page goes out from here, after a look at
the board or when its values have become old. A page that fails to refresh must not stop the rest.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from nicegui import ui

from ..words import LANGUAGES, say
from . import connection, identity, status
from .tabs import TABS, Tab
from .view import View

_log = logging.getLogger(__name__)
Refresh = Callable[[], None]

# How often the page asks whether there is anything new to show.
_EVERY_S = 0.2
_NARROW_PX = 1024
_THEMES = ("auto", "light", "dark")
_THEME_ICONS = {"auto": "brightness_auto", "light": "light_mode", "dark": "dark_mode"}
_PRIMARY, _WARNING = "#1f6fb2", "#f2c037"
_COOKIE = "{name}={value};path=/;max-age=31536000;SameSite=Strict"


class Frame:
    """One browser's page; ``build`` makes it inside the current client."""

    def __init__(self, view: View, theme: str) -> None:
        self._view = view
        self._theme = theme if theme in _THEMES else "auto"
        self._dark = ui.dark_mode(None)
        self._always: list[Refresh] = []
        self._built: dict[str, Refresh] = {}
        self._panels: dict[str, ui.element] = {}
        self._shown = (-1, False, 0)
        self._tab = ""

    def build(self, tab: str) -> None:
        view = self._view
        self._set_theme(self._theme, keep=False)
        ui.colors(primary=_PRIMARY, warning=_WARNING)
        with ui.header().classes("cw-header"):
            with ui.row().classes("w-full items-center no-wrap cw-bar"):
                menu = ui.button(icon="menu").props(f'flat round aria-label="{view.tr(_MENU)}"')
                ui.label("Cellwarden").classes("cw-brand")
                self._always.append(status.build_strip(view))
                ui.space()
                self._always.append(status.build_lock(view))
                self._languages()
                self._themes()
            tabs = ui.tabs(on_change=lambda event: self._open(event.value)).props(
                "dense inline-label outside-arrows mobile-arrows align=left"
            )
            with tabs.classes("w-full"):
                for one in TABS:
                    ui.tab(one.key, label=view.tr(one.title), icon=one.icon).props(
                        f"data-testid=tab.{one.key}"
                    )
        with ui.left_drawer().props(f"breakpoint={_NARROW_PX} width=280").classes("cw-drawer"):
            drawer = ui.context.slot.parent
            self._always.append(connection.build(view))
            self._always.append(identity.build(view))
        menu.on_click(drawer.toggle)  # type: ignore[attr-defined]
        with ui.tab_panels(tabs, animated=False, keep_alive=True).classes("w-full cw-panels"):
            for one in TABS:
                with ui.tab_panel(one.key).props(f"data-testid=panel.{one.key}") as panel:
                    self._panels[one.key] = panel
        with ui.footer().classes("cw-footer"):
            self._always.append(status.build_line(view))
        tabs.value = tab if tab in self._panels else TABS[0].key
        ui.timer(_EVERY_S, self._refresh)

    # --- tabs

    def _open(self, key: str) -> None:
        """Build a tab when it is looked at for the first time."""
        self._tab = key
        self._view.keep["tab"] = key
        if key not in self._built:
            with self._panels[key]:
                self._built[key] = _find(key).build(self._view)
        self._one(self._built[key])
        ui.run_javascript(f"history.replaceState(null, '', '?tab={key}')")

    def _refresh(self) -> None:
        view = self._view
        now = (view.station.changes, view.fresh, int(time.monotonic()))
        if now == self._shown:
            return
        self._shown = now
        if view.board_changed():
            ui.navigate.reload()
            return
        for refresh in self._always:
            self._one(refresh)
        if self._tab in self._built:
            self._one(self._built[self._tab])

    @staticmethod
    def _one(refresh: Refresh) -> None:
        try:
            refresh()
        except Exception:
            _log.exception("a part of the page could not be refreshed")

    # --- language and light

    def _languages(self) -> None:
        view = self._view

        def choose(event: object) -> None:
            view.language = str(chosen.value)
            self._remember("language", view.language)
            ui.navigate.reload()

        chosen = (
            ui.select(LANGUAGES, value=view.language, on_change=choose)
            .props(
                "dense options-dense borderless data-testid=language "
                f'aria-label="{view.tr(say("Language"))}"'
            )
            .classes("cw-language")
        )

    def _themes(self) -> None:
        self._theme_button = (
            ui.button(on_click=self._next_theme)
            .props(f'flat round data-testid=theme aria-label="{self._view.tr(_LIGHT)}"')
            .tooltip(self._view.tr(_LIGHT))
        )
        self._theme_button.props(f"icon={_THEME_ICONS[self._theme]}")

    def _next_theme(self) -> None:
        self._set_theme(_THEMES[(_THEMES.index(self._theme) + 1) % len(_THEMES)])
        self._theme_button.props(f"icon={_THEME_ICONS[self._theme]}")

    def _set_theme(self, theme: str, keep: bool = True) -> None:
        self._theme = theme
        self._dark.value = None if theme == "auto" else theme == "dark"
        if keep:
            self._remember("theme", theme)

    @staticmethod
    def _remember(name: str, value: str) -> None:
        ui.run_javascript(f"document.cookie = '{_COOKIE.format(name=name, value=value)}'")


def _find(key: str) -> Tab:
    return next(one for one in TABS if one.key == key)


_MENU = say("Connection and device")
_LIGHT = say("Light or dark")
