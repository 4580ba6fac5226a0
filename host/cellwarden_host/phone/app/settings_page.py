"""Every setting: pack and chemistry first, then the groups; typed, judged, written as one."""

from __future__ import annotations

from typing import Any

from cellwarden.tables import rows, settings

from ... import catalog, drafts, presets, transaction
from ...drafts import Draft, Judged
from ...words import Said, listed, say, schema
from .editor import Editor
from .ui import Ui

_ELSEWHERE = ("Lease",)
_FIRST = ("capacity_mah", "cell_count", "charge_current_ma", "discharge_current_ma", "confirmed")
_KEEP = "settings"


def editor_of(app: Any) -> Editor:
    """The draft outlives a change of page and language, and a lost link; not another board."""
    if "editor" not in app.keep:
        app.keep["editor"] = Editor(app)
    found: Editor = app.keep["editor"]
    return found


def build(ui: Ui, app: Any) -> None:
    editor = editor_of(app)
    if not editor.ready:
        ui.note("info", say("The board's settings have not been read yet."))
        return
    kept = app.keep.setdefault(_KEEP, {"open": "", "filter": ""})
    judged = editor.judged()
    stale = not app.station.fresh
    with ui.card(say("Pack"), stale=stale, key="pack"):
        _chemistries(ui, app)
        for name in _FIRST:
            _field(ui, editor, judged, (name, 0))
    with ui.card(say("All settings"), stale=stale, key="all"):
        ui.field(
            "settings.filter",
            say("Search"),
            kept["filter"],
            _keeper(kept, "filter"),
            mode="search",
        )
        wanted = kept["filter"].strip().lower()
        if wanted:
            _found(ui, editor, judged, wanted)
    if not wanted:
        for heading, found in settings.GROUPS:
            if heading not in _ELSEWHERE:
                _group(ui, kept, editor, judged, heading, list(found))
    _bar(ui, app, editor, judged)  # last: it stays at the lower edge, within the thumb's reach


def _keeper(kept: dict[str, Any], name: str) -> Any:
    def keep(value: Any) -> None:
        kept[name] = value

    return keep


def _bar(ui: Ui, app: Any, editor: Editor, judged: Judged) -> None:
    """What has been changed, and what becomes of it."""
    draft = editor.draft
    if not draft:
        return
    count = len({*draft.wanted, *draft.texts})
    with ui.card(key="bar"):
        ui.note("info", say("{count} changed, not written yet.", count=count))
        if judged.follows:
            more = len(judged.follows)
            ui.text(say("{count} changed, {more} more follow from them.", count=count, more=more))
        if judged.wrong:
            wrong = say("One field is wrong; see there.")
            if len(judged.wrong) > 1:
                wrong = say("{count} fields are wrong; see there.", count=len(judged.wrong))
            ui.note("bad", wrong, "wrong")
        elif judged.problem:
            ui.note("bad", judged.problem)
        needs_off = [change for change in judged.changes if change.row.needs_off]
        if needs_off and editor.outputs_on():
            names = listed([schema.title(change.row) for change in needs_off])
            ui.note(
                "warn",
                say(
                    "{names}: only while charge and discharge are off (page Control).", names=names
                ),
            )
        for key, held in judged.conflicts.items():
            _conflict(ui, editor, key, held)
        if not app.station.fresh:
            ui.note(
                "warn",
                say("No connection: what you have changed is kept here and not written."),
            )
        with ui.line():
            ui.button("settings.revert", say("Revert all"), lambda _: draft.clear())
            ui.button(
                "settings.write",
                say("Write"),
                lambda _: editor.ask_to_write(),
                kind="main",
                off=not judged.may_be_written or not app.station.fresh,
            )


def _conflict(ui: Ui, editor: Editor, key: Any, held: int) -> None:
    row = catalog.SETTING[key[0]]
    ui.note(
        "warn",
        say(
            "{name}: {what}",
            name=drafts.element_name(key),
            what=say("⚠ changed on the board meanwhile to {value}", value=schema.value(row, held)),
        ),
    )
    name = f"{key[0]}.{key[1]}"
    with ui.line():
        ui.button(
            "mine." + name,
            say("Keep mine"),
            lambda _: editor.draft.keep_mine(key, editor.before()),
        )
        ui.button("its." + name, say("Take the board's"), lambda _: editor.draft.revert(key))


# --- chemistry


def _chemistries(ui: Ui, app: Any) -> None:
    """A button each; pressing one shows what it would change."""
    ui.text(say("Chemistry"), level="small")
    chosen = app.station.snapshot.setting("chemistry")
    with ui.line():
        for number, name in enumerate(rows.CHEMISTRIES):
            if number:
                ui.button(
                    "chemistry." + name,
                    schema.chemistry(name),
                    _proposal(app, number, name),
                    pressed=number == chosen,
                    off=not app.station.fresh,
                )


def _proposal(app: Any, number: int, name: str) -> Any:
    """What choosing this chemistry would do; done only after it was read and agreed to."""

    def propose(_: Any) -> None:
        seen = app.station.snapshot
        judged = Draft().judge(drafts.values_of(seen), preset=number)
        against = presets.against(seen, judged.problem)

        def build_dialog(ui: Ui) -> None:
            title = say("Set up for {chemistry}?", chemistry=schema.chemistry(name))
            with ui.card(title, key="preset"):
                for problem in against:
                    ui.note("bad", problem)
                for warning in presets.warnings(name):
                    ui.note("warn", warning)
                if judged.changes and not judged.problem:
                    count = len(judged.changes)
                    ui.text(say("It would change {count} settings:", count=count))
                    for change in judged.changes:
                        ui.text(drafts.change_text(change), level="small")
                elif not judged.problem:
                    ui.text(say("Everything stands at this chemistry's defaults already."))
                with ui.line():
                    ui.button("dialog.no", say("Cancel"), app.close_dialog)
                    ui.button(
                        "preset.yes",
                        say("Write"),
                        agreed,
                        kind="main",
                        off=bool(against) or not judged.changes,
                    )

        def agreed(_: Any) -> Any:
            app.dialog = None
            return app.carry_out(
                lambda board: transaction.write(board, {}, number), then=app.station.take_settings
            )

        app.dialog = build_dialog

    return propose


# --- fields


def _group(
    ui: Ui, kept: dict[str, Any], editor: Editor, judged: Judged, heading: str, found: list[Any]
) -> None:
    changed = sum(editor.draft.touched(key) for key in drafts.keys(found))
    note: Any = say("{count} changed", count=changed) if changed else ""
    is_open = kept["open"] == heading

    def turn(_: Any) -> None:
        kept["open"] = "" if is_open else heading

    with ui.fold("group." + heading, schema.group(heading), is_open, turn, note):
        if is_open:
            if heading == "Calibration":
                ui.text(say("Only with the factory's password; calibrate on the page More."))
            for key in drafts.keys(found):
                if _exists(editor, key):
                    _field(ui, editor, judged, key)


def _exists(editor: Editor, key: Any) -> bool:
    """A cell that the pack does not have has no channel to be set."""
    if key[0] != "cell_channel":
        return True
    cells = editor.draft.wanted.get(("cell_count", 0), editor.before().known("cell_count"))
    return bool(key[1] < cells)


def _found(ui: Ui, editor: Editor, judged: Judged, wanted: str) -> None:
    """Settings whose title or meaning holds what was searched for."""
    count = 0
    for heading, found in settings.GROUPS:
        if heading in _ELSEWHERE:
            continue
        for row in found:
            text = ui.tell(schema.help(row)).lower()
            if wanted in text or wanted in row.name:
                for key in drafts.keys([row])[:1]:
                    _field(ui, editor, judged, key)
                    count += 1
        if count > 25:
            break
    if not count:
        ui.text(say("Nothing that fits"))


def _field(ui: Ui, editor: Editor, judged: Judged, key: Any) -> None:
    row = catalog.SETTING[key[0]]
    held = editor.before().all(row.name)[key[1]]
    draft = editor.draft
    label = drafts.element_name(key)
    name = f"set.{row.name}" if row.count == 1 else f"set.{row.name}.{key[1] + 1}"
    if held is None:
        ui.pair(label, say("this board's firmware does not have it"))
        return
    wrong = judged.wrong.get(key, "")
    changed = draft.touched(key)
    hint = _hint(row, key, editor, held, changed, judged)
    if row.choices:

        def choose(value: Any) -> None:
            draft.set(key, value, editor.before())

        options = [(i, schema.choice(row, i)) for i in range(len(row.choices))]
        value = draft.wanted.get(key, held)
        ui.choice(name, label, options, value, choose, wrong=wrong, changed=changed, hint=hint)
        return

    def write(value: Any) -> None:
        draft.type(key, value, editor.before(), ui.tell(say("auto")))

    count = draft.wanted.get(key, held)
    text = draft.texts.get(key, drafts.digits(row, count))
    unit = "" if count == 0 and row.accepts_zero and key not in draft.texts else schema.unit(row)
    ui.field(name, label, text, write, unit, hint, wrong, changed)


def _hint(row: Any, key: Any, editor: Editor, held: int, changed: bool, judged: Judged) -> Said:
    """Range, what an automatic value comes to, what it was, where the default is another."""
    parts: list[Said] = [schema.span(row)] if not row.choices else []
    if row.accepts_zero and not editor.draft.wanted.get(key, held) and key in judged.live:
        live = schema.value(row, judged.live[key])
        parts.append(say("automatic: {value}", value=live))
    if changed:
        parts.append(say("✎ was {value}", value=schema.value(row, held)))
    default = editor.default(key)
    if default is not None and default != held and not changed:
        parts.append(say("≠ default {value}", value=schema.value(row, default)))
    rest = schema.rest(row)
    if rest:
        parts.append(rest)
    return listed(parts, " · ")
