"""The active alarms as cards: the rule, its limit, the value, where, since when, the way back."""

from __future__ import annotations

from nicegui import ui

from ...words import known, say
from ..view import View
from .alarm_list import Alarm

_ICONS = {
    "danger": "dangerous",
    "protection": "block",
    "warning": "warning",
    "info": "info",
}
_CLASSES = {
    "danger": "cwm-bad",
    "protection": "cwm-bad",
    "warning": "cwm-warning",
    "info": "cwm-off",
}


class Active:
    """``show`` builds anew only when other rules stand; else it sets what has changed."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._box = ui.element().classes("cwa-list").props("data-testid=alarm.active")
        self._shown: list[tuple[str, str]] = []
        self._labels: list[dict[str, tuple[ui.label, ui.label]]] = []
        self._since: dict[int, str] = {}

    def show(self, alarms: list[Alarm]) -> None:
        wanted = [(alarm.now.rule.name, str(alarm.now.state)) for alarm in alarms]
        if wanted != self._shown:
            self._shown = wanted
            self._box.clear()
            with self._box:
                self._labels = [self._card(alarm) for alarm in alarms]
        for alarm, labels in zip(alarms, self._labels, strict=True):
            for key, text in self._lines(alarm).items():
                for part in labels[key]:
                    part.set_visibility(bool(text))
                labels[key][1].text = text

    def _card(self, alarm: Alarm) -> dict[str, tuple[ui.label, ui.label]]:
        view, loud = self._view, alarm.now.rule.loud
        labels = {}
        with (
            ui.element()
            .classes(f"cw-card cwa-card cwa-{loud}")
            .props(f"data-testid=alarm.rule.{alarm.now.rule.name} role=group")
        ):
            with ui.row().classes("w-full items-start no-wrap gap-2"):
                ui.icon(_ICONS[loud]).classes(f"text-2xl {_CLASSES[loud]}")
                with ui.column().classes("gap-0 grow"):
                    ui.label(view.tr(alarm.title)).classes("cwa-title")
                    told = say("{loud}, {state}", loud=alarm.loud, state=alarm.now.state)
                    ui.label(view.tr(told)).classes(f"cwm-note {_CLASSES[loud]}")
            with ui.element().classes("cwa-fields"):
                for key, caption in _CAPTIONS:
                    title = ui.label(view.tr(caption)).classes("cw-caption")
                    value = ui.label().classes("cw-numbers")
                    value.props(f"data-testid=alarm.{alarm.now.rule.name}.{key}")
                    labels[key] = title, value
        return labels

    def _lines(self, alarm: Alarm) -> dict[str, str]:
        tr = self._view.tr
        retries = say("{count} used", count=alarm.now.retries) if alarm.now.retries else known("")
        told = {
            "keeps_off": alarm.keeps_off or say("nothing: it only warns"),
            "limit": alarm.limit,
            "tripped_at": alarm.tripped_at,
            "value": alarm.value,
            "where": alarm.where,
            "since": self._began(alarm),
            "way_back": alarm.way_back,
            "retries": retries,
        }
        return {key: tr(text) for key, text in told.items()}

    def _began(self, alarm: Alarm) -> str:
        """As it was told first: counted back anew each look, it would jump by a second."""
        if alarm.begun is None:
            return ""
        return self._since.setdefault(alarm.begun.number, alarm.since)


_CAPTIONS = (
    ("keeps_off", say("Keeps off")),
    ("limit", say("Trips at")),
    ("tripped_at", say("Tripped with")),
    ("value", say("Value now")),
    ("where", say("Where")),
    ("since", say("Since")),
    ("way_back", say("Comes back when")),
    ("retries", say("Retries")),
)
