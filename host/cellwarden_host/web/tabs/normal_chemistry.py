"""Chemistry buttons: each shows everything that it would change, and what stands against it."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from cellwarden.tables import rows

from ... import presets, transaction
from ...drafts import Draft, change_text, values_of
from ...words import say, schema
from ..editor import Editor
from ..view import View


def build(view: View, editor: Editor) -> Callable[[], None]:
    """The buttons; their refresh."""
    buttons: dict[int, ui.button] = {}
    ui.label(view.tr(say("Chemistry"))).classes("cw-caption")
    with ui.row().classes("gap-2"):
        for number, name in enumerate(rows.CHEMISTRIES):
            if number:
                buttons[number] = _button(view, editor, number, name)

    def refresh() -> None:
        seen = view.snapshot
        chosen = seen.setting("chemistry") if seen is not None else None
        for number, button in buttons.items():
            mine = number == chosen
            button.props(f"{'' if mine else 'outline'} icon={'check' if mine else ''}")
            if mine:
                button.props(remove="outline")
            else:
                button.props(remove="icon")
            button.props(f"aria-pressed={'true' if mine else 'false'}")
            button.set_enabled(view.fresh)

    return refresh


def _button(view: View, editor: Editor, number: int, name: str) -> ui.button:
    async def press() -> None:
        await _propose(view, editor, number, name)

    label = view.tr(schema.chemistry(name))
    button = ui.button(label, on_click=press)
    button.props(f"no-caps data-testid=normal.chemistry.{name}")
    return button


async def _propose(view: View, editor: Editor, number: int, name: str) -> None:
    """What choosing this chemistry would do; done only after it was read and agreed to."""
    seen = view.snapshot
    if seen is None:
        return
    judged = Draft().judge(values_of(seen), preset=number)
    against = presets.against(seen, judged.problem)
    with ui.dialog() as dialog, ui.card().classes("cw-dialog"):
        dialog.props("data-testid=preset")
        title = say("Set up for {chemistry}?", chemistry=schema.chemistry(name))
        ui.label(view.tr(title)).classes("text-h6")
        for warning in (*against, *presets.warnings(name)):
            with ui.row().classes("no-wrap items-start gap-2 cw-warn"):
                ui.icon("warning")
                ui.label(view.tr(warning)).classes("cw-text")
        if judged.changes and not judged.problem:
            ui.label(view.tr(say("It would change {count} settings:", count=len(judged.changes))))
            with ui.column().classes("gap-0 w-full cwf-preset"):
                for change in judged.changes:
                    ui.label(view.tr(change_text(change))).classes("cw-text cw-small")
        elif not judged.problem:
            ui.label(view.tr(say("Everything stands at this chemistry's defaults already.")))
        with ui.row().classes("w-full justify-end"):
            ui.button(view.tr(say("Cancel")), on_click=lambda: dialog.submit(False)).props(
                "flat data-testid=preset.no"
            )
            go = ui.button(view.tr(say("Write")), on_click=lambda: dialog.submit(True))
            go.props("data-testid=preset.yes")
            go.set_enabled(not against and bool(judged.changes))
    try:
        agreed = bool(await dialog)
    finally:
        dialog.delete()
    if agreed:
        await view.carry_out(lambda board: transaction.write(board, {}, number))
        editor.edited()
