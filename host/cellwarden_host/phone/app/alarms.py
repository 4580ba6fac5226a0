"""What is wrong now and how it comes back, what a person can do about it, and the journal."""

from __future__ import annotations

import time
from typing import Any

from ... import journal_words
from ...web.tabs import alarm_commands, alarm_list
from ...web.tabs.alarm_list import CAPTIONS, Alarm
from ...words import listed, say
from .ui import Ui

_SHOWN = 40
_LEVELS = {"info": "info", "warning": "warn", "protection": "bad", "danger": "bad"}


def build(ui: Ui, app: Any) -> None:
    station = app.station
    seen, fresh = station.snapshot, station.fresh
    alarms = alarm_list.active(seen, station.journal, ui.language)
    bad = [one for one in alarms if one.now.rule.loud != "info" and _stands(one)]
    if not fresh:
        ui.note("warn", say("Connection lost: old values"))
    if not bad:
        summary = say("No alarms")
    else:
        summary = say("{count} alarms", count=len(bad)) if len(bad) > 1 else say("One alarm")
    ui.note("bad" if bad else "good", summary, key="alarm.summary")
    if fresh:
        _commands(ui, app)
    for alarm in alarms:
        _alarm(ui, alarm, not fresh)
    _history(ui, app)


def _stands(alarm: Alarm) -> bool:
    return bool(alarm.now.active or alarm.now.latched)


def _alarm(ui: Ui, alarm: Alarm, stale: bool) -> None:
    rule = alarm.now.rule
    with ui.card(stale=stale, key="alarm." + rule.name):
        told = say("{loud}, {state}", loud=alarm.loud, state=alarm.now.state)
        ui.note(_LEVELS.get(rule.loud, "warn"), say("{name}: {what}", name=alarm.title, what=told))
        for name, caption in CAPTIONS:
            text = getattr(alarm, name)
            if name == "keeps_off" and not text:
                text = say("nothing: it only warns")
            if text:
                ui.pair(caption, text, key=f"{rule.name}.{name}")
        if alarm.now.retries:
            ui.pair(say("Retries"), say("{count} used", count=alarm.now.retries))


def _commands(ui: Ui, app: Any) -> None:
    offered = alarm_commands.offered(app.station.snapshot, ui.language)
    for name, title, question in alarm_commands.COMMANDS:
        concerned = offered.get(name)
        if concerned:
            ui.button("alarm." + name, title, _asks(app, name, title, question(listed(concerned))))


def _asks(app: Any, name: str, title: Any, text: Any) -> Any:
    def act() -> Any:
        return app.carry_out(
            lambda board: alarm_commands.command(board, name),
            done=say("Told the board; it releases what has recovered"),
        )

    return lambda _: app.confirm(title, text, title, act, danger=True)


def _history(ui: Ui, app: Any) -> None:
    station = app.station
    clock = alarm_list.Clock(station.snapshot, station.journal)
    with ui.card(say("History"), key="history"):
        newest = sorted(station.journal, key=lambda entry: -entry.number)
        if not newest:
            held = station.snapshot.known("journal_next")
            reading = say("The board's journal is being read")
            ui.text(reading if held else say("The board's journal is empty"))
        for entry in newest[:_SHOWN]:
            ui.text(
                say(
                    "{when}: {what}",
                    when=clock.told(entry, ui.language),
                    what=journal_words.words(entry),
                ),
                level="entry " + alarm_list.loudness(entry),
                key=f"entry.{entry.number}",
            )
        if newest:
            ui.button("alarm.csv", say("Save as CSV"), lambda _: _save(app, clock))


def _save(app: Any, clock: Any) -> None:
    newest = sorted(app.station.journal, key=lambda entry: -entry.number)
    text = alarm_list.as_csv(newest, clock, app.language)
    app.bridge.save(f"cellwarden-journal-{int(time.time())}.csv", text)
