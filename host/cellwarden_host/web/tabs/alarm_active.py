"""The active alarms as cards: the rule, its limit, the value, where, since when, the way back."""

from __future__ import annotations

from nicegui import ui

from ...words import known, say
from ..view import View
from .alarm_list import CAPTIONS, Alarm

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


class _Card:
    """What of a rule's card changes: ``element`` is all of it."""

    def __init__(self, view: View, alarm: Alarm) -> None:
        rule = alarm.now.rule
        self.labels: dict[str, tuple[ui.label, ui.label]] = {}
        self.element = ui.element().classes(f"cw-card cwa-card cwa-{rule.loud}")
        self.element.props(f"data-testid=alarm.rule.{rule.name} role=group")
        with self.element:
            with ui.row().classes("w-full items-start no-wrap gap-2"):
                ui.icon(_ICONS[rule.loud]).classes(f"text-2xl {_CLASSES[rule.loud]}")
                with ui.column().classes("gap-0 grow"):
                    ui.label(view.tr(alarm.title)).classes("cwa-title")
                    self.state = ui.label().classes(f"cwm-note {_CLASSES[rule.loud]}")
            with ui.element().classes("cwa-fields"):
                for key, caption in _CAPTIONS:
                    title = ui.label(view.tr(caption)).classes("cw-caption")
                    value = ui.label().classes("cw-numbers")
                    value.props(f"data-testid=alarm.{rule.name}.{key}")
                    self.labels[key] = title, value


class Active:
    """``show`` builds the card of a rule that is new, takes away that of one that is gone, and
    else sets what has changed: rules that flap must not have the page built at every look."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._box = ui.element().classes("cwa-list").props("data-testid=alarm.active")
        self._cards: dict[str, _Card] = {}
        self._since: dict[int, str] = {}

    def show(self, alarms: list[Alarm]) -> None:
        standing = {alarm.now.rule.name: alarm for alarm in alarms}
        for name in self._cards.keys() - standing.keys():
            self._cards.pop(name).element.delete()
        for place, (name, alarm) in enumerate(standing.items()):
            if name not in self._cards:
                with self._box:
                    self._cards[name] = _Card(self._view, alarm)
            card = self._cards[name]
            if self._box.default_slot.children[place] is not card.element:
                card.element.move(target_index=place)
            self._tell(card, alarm)

    def _tell(self, card: _Card, alarm: Alarm) -> None:
        told = say("{loud}, {state}", loud=alarm.loud, state=alarm.now.state)
        card.state.text = self._view.tr(told)
        for key, text in self._lines(alarm).items():
            for part in card.labels[key]:
                part.set_visibility(bool(text))
            card.labels[key][1].text = text

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


_CAPTIONS = (*CAPTIONS, ("retries", say("Retries")))
