"""Wizard, step 8: each protection is seen to open its switch, its limit tightened for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable

from nicegui import ui

from cellwarden.tables import rows

from ... import catalog
from ...commissioning import progress as stages
from ...commissioning import proving
from ...commissioning.plausible import Look
from ...commissioning.tightening import CHARGING, DISCHARGING, PROOF, PROOFS, REST, Proof
from ...problems import Problem
from ...words import Said, say
from ...words import schema as schema_words
from ..driving import drive
from ..tabs.dload_line import line_of
from . import proving_on
from .dialog import STATES, Wizard, skip_row

_ABOUT = say(
    "Each limit is moved past the present value, always to its safer side; the switch must open; "
    "then the old limit is put back. The old limits are on the disk before, so that even a crash "
    "of this PC leaves the pack protected, only earlier; at the next connect a notice offers to "
    "put them back, which needs the installer's password."
)
_CURRENT = say(
    "For these a current must flow. If a switch does not open, the board releases its secondary "
    "disconnect: that is what it is for, but it may be a fuse."
)
_GROUPS: tuple[tuple[str, Said], ...] = (
    (REST, say("At rest, less than 1 A")),
    (DISCHARGING, say("Under a load of 2 A or more")),
    (CHARGING, say("While charging with 2 A or more")),
)
_JUDGE_S = 1.0
_MEANS = say("Then nobody has seen on this pack that its switches open.")


def build(wizard: Wizard) -> Callable[[], None]:
    return _Proofs(wizard).refresh


class _Proofs:
    def __init__(self, wizard: Wizard) -> None:
        self._wizard = wizard
        self._running = ""
        self._lines: dict[str, tuple[ui.icon, ui.label, ui.button]] = {}
        self._obstacles: dict[str, Said | None] = {}
        self._judged_s = 0.0
        tr = wizard.tr
        ui.label(tr(_ABOUT)).classes("cw-text")
        for current, heading in _GROUPS:
            ui.label(tr(heading)).classes("text-subtitle1 q-mt-sm")
            if current == DISCHARGING:
                ui.label(tr(_CURRENT)).classes("cw-text cw-small")
            for proof in PROOFS:
                if proof.current == current:
                    self._line(proof)
        with ui.row().classes("gap-2 items-center"):
            self._all = ui.button(
                tr(say("Prove all that can be now")), icon="play_arrow", on_click=self._prove_all
            ).props("no-caps data-testid=wizard.proofs.all")
            self._reason = (
                ui.input(tr(say("Why the others are left out")))
                .props("dense data-testid=wizard.proofs.why")
                .classes("grow")
            )
            self._close = ui.button(tr(say("Done")), icon="check", on_click=self._finish).props(
                "no-caps outline data-testid=wizard.proofs.done"
            )
        skip_row(wizard, stages.PROVE, _MEANS)

    def _line(self, proof: Proof) -> None:
        tr, name = self._wizard.tr, proof.rule.name
        with ui.element("div").classes("cw-proof").props(f"data-testid=wizard.proof.{name}"):
            icon = ui.icon("radio_button_unchecked").classes("text-h6")
            with ui.column().classes("gap-0"):
                ui.label(tr(proof.title))
                about = ui.label().classes("cw-text cw-small")
            button = ui.button(tr(say("Prove"))).props(
                f"dense outline no-caps data-testid=wizard.prove.{name}"
            )
            button.props(f'aria-label="{tr(say("Prove: {rule}", rule=proof.title))}"')
            button.on_click(lambda: self._prove([proof]))
        self._lines[name] = (icon, about, button)

    def refresh(self) -> None:
        wizard = self._wizard
        look = wizard.look()
        able = False
        self._judge(look)
        for name, (icon, about, button) in self._lines.items():
            proof = PROOF[name]
            result = wizard.progress.proofs[name]
            shown, word, style = STATES[result.state]
            obstacle = self._obstacles.get(name)
            if self._running == name:
                shown, style, text = "hourglass_top", "", say("running")
            elif result.state != stages.OPEN:
                text = say("{state}: {said}", state=word, said=result.said)
            else:
                text = obstacle or self._limit(proof)
            icon.name = shown
            icon.classes(remove="cw-good cw-bad cw-warn").classes(add=style)
            about.text = wizard.tr(text)
            may = look is not None and obstacle is None and not self._running
            able = able or may
            button.set_enabled(may)
        self._all.set_enabled(able)
        self._close.set_enabled(not self._running)

    def _judge(self, look: Look | None) -> None:
        """What stands in the way of each proof; planning them all is dear, so once a second."""
        now_s = time.monotonic()
        if look is not None and now_s - self._judged_s >= _JUDGE_S:
            self._judged_s = now_s
            self._obstacles = {proof.rule.name: proving.obstacle(proof, look) for proof in PROOFS}

    def _limit(self, proof: Proof) -> Said:
        return say("ready; limit: {name}", name=schema_words.title(catalog.SETTING[proof.limit]))

    async def _prove_all(self) -> None:
        look = self._wizard.look()
        if look is not None:
            await self._prove(
                [
                    proof
                    for proof in PROOFS
                    if self._wizard.progress.proofs[proof.rule.name].state != stages.PASS
                    and proving.obstacle(proof, look) is None
                ]
            )

    async def _prove(self, proofs: list[Proof]) -> None:
        wizard, view = self._wizard, self._wizard.view
        if self._running or not await view.unlocked(rows.INSTALLER):
            return
        if line_of(view.station).running:
            ui.notify(wizard.tr(say("The production line is writing this board")))
            return
        if view.station in proving_on:
            ui.notify(wizard.tr(say("A proof is being made already")))
            return
        for proof in proofs:
            name = proof.rule.name
            look = wizard.look()
            if len(proofs) > 1 and (look is None or proving.obstacle(proof, look)):
                continue  # what could be proved a minute ago cannot be now
            self._running = name
            proving_on.add(view.station)
            try:
                proved = await drive(view.station, proving.prove(proof, wizard.machine_code))
            except Problem as problem:
                view.tell_problem(problem)
                return
            finally:
                self._running = ""
                proving_on.discard(view.station)
            wizard.progress.record_proof(name, proved.good, proved.said, wizard.now())
            if not proved.good:
                return  # something is wrong: a person looks before the next

    def _finish(self) -> None:
        wizard = self._wizard
        open_ones = stages.OPEN in [r.state for r in wizard.progress.proofs.values()]
        try:
            if open_ones:
                wizard.progress.skip_open_proofs(str(self._reason.value or ""), wizard.now())
            wizard.progress.close_proofs(wizard.now())
        except Problem as problem:
            wizard.view.tell_problem(problem)
            return
        wizard.go_on()
