"""The bar over a page of fields: write, revert, how much differs, what is wrong with the whole."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from ..problems import Problem
from ..words import listed, say, schema
from .editor import Editor, nothing
from .view import View


class Bar:
    """Write, revert, how much differs; what is wrong with the whole; stays in sight."""

    def __init__(self, view: View, editor: Editor, more: Callable[[], None]) -> None:
        self._view, self._editor = view, editor
        with ui.column().classes("w-full gap-1 cw-card cwf-bar"):
            with ui.row().classes("w-full items-center gap-1"):
                self._write = ui.button(icon="save", on_click=editor.write)
                self._write.props("no-caps data-testid=edit.write")
                self._read = ui.button(
                    view.tr(say("Read")), icon="sync", on_click=self._read_anew
                ).props("flat no-caps data-testid=edit.read")
                self._revert = ui.button(
                    view.tr(say("Revert all")), icon="undo", on_click=editor.revert
                ).props("flat no-caps data-testid=edit.revert")
                more()
            self._state = (
                ui.label()
                .classes("cw-text cw-caption")
                .props("role=status data-testid=edit.state")
            )
            self._problem = (
                ui.label().classes("cw-text cw-bad").props("role=alert data-testid=edit.problem")
            )
            with ui.row().classes("gap-2") as self._choices:
                ui.button(view.tr(say("Keep mine")), on_click=self._keep_mine).props(
                    "outline dense no-caps data-testid=edit.mine"
                )
                ui.button(view.tr(say("Take the board's")), on_click=self._take_theirs).props(
                    "outline dense no-caps data-testid=edit.theirs"
                )
        self.refresh()

    async def _read_anew(self) -> None:
        """Read what the board holds; what was changed here stays changed."""
        view = self._view
        try:
            await view.station.do(nothing)
        except Problem as problem:
            view.tell_problem(problem)
        else:
            view.note(say("Read from the board"))

    def refresh(self) -> None:
        view, editor = self._view, self._editor
        judged = editor.judged()
        count = len(editor.draft.wanted) + len(
            [key for key in editor.draft.texts if key not in editor.draft.wanted]
        )
        self._write.text = view.tr(say("Write {count} changes", count=count))
        self._write.set_enabled(view.fresh and judged.may_be_written)
        self._read.set_enabled(view.fresh)
        self._revert.set_enabled(bool(editor.draft))
        self._choices.set_visibility(bool(judged.conflicts))
        self._state.text = view.tr(self._say_state(count))
        self._problem.text = view.tr(self._say_problem())

    def _say_state(self, count: int) -> str:
        judged = self._editor.judged()
        if not self._editor.ready:
            return say("The board's settings have not been read yet.")
        if not count:
            return say("Nothing is changed: the fields show what the board holds.")
        if not self._view.fresh:
            return say("No connection: what you have changed is kept here and not written.")
        if judged.may_be_written and judged.follows:
            return say(
                "{count} changed, {more} more follow from them.",
                count=count,
                more=len(judged.follows),
            )
        return say("{count} changed, not written yet.", count=count)

    def _say_problem(self) -> str:
        judged = self._editor.judged()
        if judged.conflicts:
            return say("Somebody else has written the same settings meanwhile. Which hold?")
        if judged.problem and not set(judged.wrong) & set(self._editor.draft.wanted):
            return judged.problem
        if judged.wrong:
            return say("{count} fields are wrong; see there.", count=len(judged.wrong))
        waiting = self._editor.waits_for_off()
        if waiting:
            return say(
                "{names}: only while charge and discharge are switched off (page Normal).",
                names=listed(dict.fromkeys(schema.title(change.row) for change in waiting)),
            )
        return ""

    def _keep_mine(self) -> None:
        for key in list(self._editor.judged().conflicts):
            self._editor.draft.keep_mine(key, self._editor.before())
        self._editor.edited()

    def _take_theirs(self) -> None:
        for key in list(self._editor.judged().conflicts):
            self._editor.draft.revert(key)
        self._editor.edited()
