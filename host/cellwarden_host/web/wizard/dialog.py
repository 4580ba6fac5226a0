"""The wizard's dialog: the steps as a list, one open at a time, each saying how it stands.

Steps are modules with ``build(wizard) -> refresh``. What they find goes through ``finish``, so
that it is on the disk before it is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from weakref import WeakValueDictionary

from nicegui import ui

from ...commissioning import progress as stages
from ...commissioning.plausible import Look
from ...commissioning.progress import Progress
from ...commissioning.set_up import Pack
from ...problems import Problem
from ...words import Said, say
from ..view import View

_log = logging.getLogger(__name__)
_EVERY_S = 0.3
# Icon, word, class and the stepper's own mark of a state.
STATES: dict[str, tuple[str, Said, str]] = {
    stages.OPEN: ("radio_button_unchecked", say("not done yet"), ""),
    stages.PASS: ("check_circle", say("passed"), "cw-good"),
    stages.FAIL: ("cancel", say("failed"), "cw-bad"),
    stages.SKIPPED: ("remove_circle_outline", say("left out"), "cw-warn"),
}
CSS = """
.cw-wizard { width: min(1000px, 100vw); max-width: 100vw !important; height: 100%;
  max-height: 100vh !important; border-radius: 0; background: var(--cw-panel); padding: .6rem; }
.cw-wizard .q-stepper { width: 100%; background: transparent; box-shadow: none; }
.cw-wizard .q-stepper__step-inner { padding-right: 8px; }
.cw-inputs { display: grid; gap: .4rem 1rem; width: 100%;
  grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr)); }
.cw-wizard .cw-inputs .q-field, .cw-wizard .q-expansion-item .q-field { width: 100%; }
.cw-cells { display: grid; gap: .3rem; width: 100%;
  grid-template-columns: repeat(auto-fill, minmax(5.6rem, 1fr)); }
.cw-cells > div { border: 1px solid var(--cw-line); border-radius: 6px; padding: .2rem .4rem; }
.cw-proof { display: grid; grid-template-columns: 1.6rem 1fr auto; gap: .1rem .6rem; width: 100%;
  align-items: center; padding: .35rem 0; border-bottom: 1px solid var(--cw-line); }
.cw-report { width: 100%; height: 60vh; border: 1px solid var(--cw-line); background: #fff; }
@media (max-width: 600px) {
  .cw-wizard .q-stepper--vertical .q-stepper__step-inner { padding: 0 4px 16px 36px; }
  .cw-wizard .q-stepper--vertical .q-stepper__tab { padding: 10px 4px; }
}
"""


# Two browsers that set up the same board share its progress: neither overwrites the other's.
_progress: WeakValueDictionary[str, Progress] = WeakValueDictionary()


def _progress_of(machine_code: str) -> Progress:
    shared = _progress.get(machine_code)
    if shared is None:
        shared = _progress[machine_code] = Progress(machine_code)
    return shared


class Wizard:
    """One browser's wizard for one board."""

    def __init__(self, view: View, machine_code: str) -> None:
        self.view = view
        self.progress = _progress_of(machine_code)
        self._machine_code = machine_code
        self._refreshers: dict[str, Callable[[], None]] = {}
        self._steps: dict[str, ui.step] = {}
        self._heads: dict[str, Callable[[], None]] = {}
        self._marked: dict[str, tuple[str, object]] = {}
        seen = self.look()
        if seen is not None:
            self.progress.hold_against(
                Pack.of(seen.settings), bool(seen.settings.known("confirmed"))
            )

    # --- what steps ask

    def tr(self, text: str) -> str:
        return self.view.tr(text)

    def look(self) -> Look | None:
        """What the board says now; None while it does not answer, or is another board."""
        seen = self.view.snapshot
        if seen is None or not self.view.fresh or seen.machine_code != self._machine_code:
            return None
        return Look(seen.values, seen.settings)

    @property
    def machine_code(self) -> str:
        return self._machine_code

    @staticmethod
    def now() -> datetime:
        return datetime.now()

    def finish(self, step: str, good: bool, said: str) -> None:
        """A step has its result; a good one leads on to the next."""
        self._kept(lambda: self.progress.record(step, good, said, self.now()))
        if good:
            self.go_on()

    def skip(self, step: str, why: str) -> None:
        if self._kept(lambda: self.progress.skip(step, why, self.now())):
            self.go_on()

    def go_on(self) -> None:
        self._stepper.value = self.progress.at
        self.refresh()

    def _kept(self, put: Callable[[], None]) -> bool:
        try:
            put()
        except Problem as problem:
            self.view.tell_problem(problem)
            return False
        return True

    # --- the dialog

    def open(self) -> None:
        ui.add_css(CSS)
        with ui.dialog().props(
            "maximized persistent transition-duration=0 data-testid=wizard"
        ) as self._dialog:
            with ui.card().classes("cw-wizard gap-2 no-wrap"):
                self._build()
            timer = ui.timer(_EVERY_S, self.refresh)

        def closed() -> None:
            timer.cancel()
            self._dialog.delete()

        self._dialog.on("hide", closed)
        self._dialog.open()

    def _build(self) -> None:
        from . import (
            build_notice,
            current_step,
            harness_step,
            limits_step,
            pack_step,
            password_step,
            proof_step,
            report_step,
            sensor_step,
        )

        builders = {
            stages.PACK: pack_step.build,
            stages.HARNESS: harness_step.build,
            stages.SENSORS: sensor_step.build,
            stages.ZERO: current_step.build_zero,
            stages.LIMITS: limits_step.build,
            stages.GAIN: current_step.build_gain,
            stages.PASSWORD: password_step.build,
            stages.PROVE: proof_step.build,
            stages.REPORT: report_step.build,
        }
        with ui.row().classes("w-full items-center no-wrap"):
            ui.icon("checklist").classes("text-h5")
            ui.label(self.tr(say("Set-up wizard"))).classes("text-h6 grow")
            ui.button(self.tr(say("Begin anew")), on_click=self._restart).props(
                "flat no-caps dense data-testid=wizard.restart"
            )
            ui.button(icon="close", on_click=self._dialog.close).props(
                f'flat round data-testid=wizard.close aria-label="{self.tr(say("Close"))}"'
            )
        self._lost = ui.label(self.tr(_LOST)).classes("cw-trouble").props("role=alert")
        self._notice = build_notice(self.view)
        with ui.scroll_area().classes("w-full grow").props("visible"):
            self._stepper = ui.stepper(value=self.progress.at).props("vertical header-nav flat")
            with self._stepper:
                for step in stages.STEPS:
                    self._step(step, builders[step])

    def _step(self, step: str, build: Callable[[Wizard], Callable[[], None]]) -> None:
        with ui.step(step, self.tr(stages.TITLES[step])).props(
            f"data-testid=wizard.step.{step} error-icon=close done-icon=check"
        ) as self._steps[step]:
            self._heads[step] = self._head(step)
            with ui.column().classes("w-full gap-2") as body:
                self._refreshers[step] = build(self)
        head = self._heads[step]

        def both() -> None:
            head()
            body.set_visibility(self.progress.blocked_by(step) is None)

        self._heads[step] = both

    def _head(self, step: str) -> Callable[[], None]:
        """How the step stands, and what has to come first."""
        with ui.row().classes("items-start no-wrap gap-2 w-full"):
            icon = ui.icon("radio_button_unchecked").classes("text-h6")
            text = ui.label().classes("cw-text").props(f"data-testid=wizard.state.{step}")

        def refresh() -> None:
            blocked = self.progress.blocked_by(step)
            result = self.progress.steps[step]
            name, word, look = STATES[result.state]
            icon.name = "lock" if blocked else name
            icon.classes(remove="cw-good cw-bad cw-warn").classes(add="" if blocked else look)
            if blocked:
                text.text = self.tr(say("First: {step}", step=stages.TITLES[blocked]))
            elif result.said:
                text.text = self.tr(say("{state}: {said}", state=word, said=result.said))
            else:
                text.text = self.tr(word)

        return refresh

    def refresh(self) -> None:
        self._lost.set_visibility(self.look() is None)
        self._notice()
        for step, element in self._steps.items():
            self._mark(element, step)
        shown = str(self._stepper.value)
        if shown in self._refreshers:
            try:
                self._heads[shown]()
                self._refreshers[shown]()
            except Exception:
                _log.exception("a step of the wizard could not be refreshed")

    def _mark(self, element: ui.step, step: str) -> None:
        """The step's own icon, and a word beneath its title where it did not just pass."""
        state = self.progress.steps[step].state
        if self._marked.get(step) == (state, self._stepper.value):
            return  # (the stepper marks by order whenever it moves)
        self._marked[step] = (state, self._stepper.value)
        done = state in (stages.PASS, stages.SKIPPED)
        element.props(f":done={str(done).lower()} :error={str(state == stages.FAIL).lower()}")
        told = self.tr(STATES[state][1]) if state in (stages.FAIL, stages.SKIPPED) else ""
        element.props(f'caption="{told}"')

    async def _restart(self) -> None:
        if await self.view.confirm(
            say("Begin anew?"),
            say("All results of this board's set-up are dropped. The board stays as it is set."),
            say("Begin anew"),
        ):
            self.progress.restart()
            self.go_on()


def skip_row(wizard: Wizard, step: str, why: str) -> None:
    """A reason, and a button that leaves the step out; ``why`` says what that means."""
    with (
        ui.expansion(wizard.tr(say("Leave this step out")))
        .classes("w-full")
        .props(f"dense data-testid=wizard.skip.{step}")
    ):
        ui.label(wizard.tr(why)).classes("cw-text cw-small")
        with ui.row().classes("items-center gap-2"):
            reason = (
                ui.input(wizard.tr(say("Reason, for the report")))
                .props(f"dense data-testid=wizard.skip.{step}.why")
                .classes("grow")
            )
            ui.button(
                wizard.tr(say("Leave out")),
                on_click=lambda: wizard.skip(step, str(reason.value or "")),
            ).props(f"outline no-caps data-testid=wizard.skip.{step}.go")


_LOST = say("The board does not answer: what stands here is old")
