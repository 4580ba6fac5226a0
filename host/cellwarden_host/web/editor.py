"""What a browser edits: one draft for all its pages, judged once for all of its fields.

Writing goes through one question that lists everything that will change, and one transaction.
Nothing is written over values that are old, or that somebody else has changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from nicegui import ui

from ..board import Values
from ..drafts import Draft, Judged, changes_text, defaults, values_of
from ..problems import Problem
from ..rehearsal import Key
from ..settings_files import is_confirmation
from ..transaction import Change
from ..words import listed, say, schema
from .view import View

_KEY = "draft"
_OUTPUTS = ("charge_switch", "discharge_switch", "precharge_switch")
_EDITORS: dict[str, Editor] = {}  # by page, as long as it is open


class Editor:
    """``draft`` survives a change of language; ``listeners`` are told when it was edited."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.draft: Draft = view.keep.setdefault(_KEY, Draft())
        self.listeners: list[Callable[[], None]] = []
        self.reverted = 0  # counts how often all fields went back to the board's values
        self._judged = Judged()
        self._defaults: dict[Key, int] = {}
        self._of: tuple[int, int] = (-1, -1)
        self._settings: Values | None = None

    @property
    def ready(self) -> bool:
        """The board's settings are known, if perhaps old."""
        seen = self._view.snapshot
        return seen is not None and seen.settings is not None and "chemistry" in seen.settings

    def before(self) -> Values:
        """The board's settings, and what judging needs besides."""
        seen = self._view.snapshot
        assert seen is not None
        return values_of(seen)

    def judged(self) -> Judged:
        """The draft held against the board as it is now; judged again only after a change."""
        seen = self._view.snapshot
        if seen is None or not self.ready:
            return Judged()
        of = (self.draft.revision, seen.connection)
        if of != self._of or seen.settings is not self._settings:
            before = self.before()
            if seen.settings is not self._settings:
                self._defaults = defaults(before)
            self._judged = self.draft.judge(before)
            self._of = (self.draft.revision, seen.connection)
            self._settings = seen.settings
        return self._judged

    def default(self, key: Key) -> int | None:
        return self._defaults.get(key)

    def edited(self) -> None:
        """The draft was changed by hand: show what follows at once."""
        for listener in self.listeners:
            listener()

    def revert(self) -> None:
        self.draft.clear()
        self.reverted += 1
        self.edited()

    async def write(self) -> None:
        """Show what will change, ask, write, read back."""
        view, judged = self._view, self.judged()
        if not judged.may_be_written or not view.fresh:
            return
        title = say("Write {count} changes?", count=len(judged.changes))
        grave = [c for c in judged.changes if is_confirmation(c.row) and c.after]
        text = changes_text(judged.changes, judged.follows)
        if grave:
            names = listed(schema.title(change.row) for change in grave)
            answer = say("You answer for it with your name: {names}", names=names)
            text = listed([text, answer], "\n\n")
        if not await view.confirm(title, text, say("Write"), danger=bool(grave)):
            return
        if await view.carry_out(self.draft.work(), self.draft.role) is None:
            return
        with suppress(Problem):  # the line may be lost again: what was read back stands
            await view.station.do(nothing)
        self.revert()

    def waits_for_off(self) -> list[Change]:
        """Changes that the board refuses as long as an output is on, while one is on."""
        seen = self._view.snapshot
        if seen is None or not any(seen.get(name) for name in _OUTPUTS):
            return []
        return [change for change in self.judged().changes if change.row.needs_off]


def editor_of(view: View) -> Editor:
    """The editor of this page: all tabs of a browser edit the same draft."""
    client = ui.context.client
    found = _EDITORS.get(client.id)
    if found is None:
        found = _EDITORS[client.id] = Editor(view)
        client.on_delete(lambda: _EDITORS.pop(client.id, None))
    return found


def nothing(board: object) -> None:
    """Work that only waits for the look, settings included, that follows every work."""
