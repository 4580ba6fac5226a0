"""Settings being edited on the phone: the draft, judged by the board's own code as one types."""

from __future__ import annotations

from typing import Any

from ... import drafts
from ...board import Values
from ...drafts import Draft, Judged
from ...settings_files import is_confirmation
from ...words import listed, say, schema

_OUTPUTS = ("charge_switch", "discharge_switch", "precharge_switch")


class Editor:
    """``draft`` is what a person has changed; ``judged()`` what the board would say to it."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.draft = Draft()
        self._judged = Judged()
        self._of = -1
        self._settings: Values | None = None
        self._defaults: dict[Any, int] = {}

    @property
    def ready(self) -> bool:
        seen = self._app.station.snapshot
        return seen is not None and "chemistry" in seen.settings

    def before(self) -> Values:
        return drafts.values_of(self._app.station.snapshot)

    def judged(self) -> Judged:
        """Judged again only when the draft or the board's settings are others."""
        seen = self._app.station.snapshot
        if not self.ready:
            return Judged()
        if self.draft.revision != self._of or seen.settings is not self._settings:
            before = self.before()
            if seen.settings is not self._settings:
                self._defaults = drafts.defaults(before)
            self._judged = self.draft.judge(before)
            self._of = self.draft.revision
            self._settings = seen.settings
        return self._judged

    def default(self, key: Any) -> int | None:
        return self._defaults.get(key)

    def outputs_on(self) -> bool:
        seen = self._app.station.snapshot
        return any(seen.get(name) for name in _OUTPUTS)

    def ask_to_write(self) -> None:
        """Show everything that will change; write as one when agreed to."""
        app, judged = self._app, self.judged()
        grave = [c for c in judged.changes if is_confirmation(c.row) and c.after]
        text = drafts.changes_text(judged.changes, judged.follows)
        if grave:
            names = listed([schema.title(change.row) for change in grave])
            answer = say("You answer for it with your name: {names}", names=names)
            text = listed([text, answer], "\n\n")
        count = len(judged.changes)
        title = say("Write this change?")
        if count != 1:
            title = say("Write {count} changes?", count=count)
        app.confirm(title, text, say("Write"), self._write, danger=bool(grave))

    def _write(self) -> Any:
        return self._app.carry_out(self.draft.work(), role=self.draft.role, then=self._written)

    def _written(self, after: Values) -> None:
        self._app.station.take_settings(after)
        self.draft.clear()
