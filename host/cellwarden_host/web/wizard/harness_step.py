"""Wizard, step 2: the harness is proven while nothing is switched on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from ...commissioning import plausible
from ...commissioning import progress as stages
from ...commissioning.plausible import Finding
from ...words import say
from .dialog import Wizard

# New cells of one delivery; more says that one of them, or a wire, is not as it should be.
_DIFF_MV = 100
_ABOUT = say(
    "Nothing is switched on yet. Every cell must show a voltage that it can have, in the right "
    "order, and together they must give the pack's voltage. Measure the first and the last cell "
    "by hand and compare."
)


def build(wizard: Wizard) -> Callable[[], None]:
    tr = wizard.tr
    ui.label(tr(_ABOUT)).classes("cw-text")
    findings = Findings(wizard, "wizard.harness")
    cells = ui.element("div").classes("cw-cells cw-numbers")
    labels: list[ui.label] = []
    seen: list[Finding] = []

    def accept() -> None:
        wizard.finish(stages.HARNESS, True, plausible.worst_first(seen))

    go = ui.button(tr(say("The harness is right")), icon="check", on_click=accept).props(
        "no-caps data-testid=wizard.harness.accept"
    )

    def refresh() -> None:
        look = wizard.look()
        if look is None:
            go.set_enabled(False)
            return
        count = look.values.known("cells_in_series")
        if count != len(labels):
            cells.clear()
            labels.clear()
            with cells:
                for i in range(count):
                    with ui.element("div"):
                        ui.label(tr(say("Cell {number}", number=i + 1))).classes("cw-small")
                        labels.append(ui.label())
        for i, label in enumerate(labels):
            label.text = plausible.cell_text(look, i)
        seen[:] = plausible.cells(look, _DIFF_MV)
        findings.show(seen)
        go.set_enabled(plausible.good(seen))

    return refresh


class Findings:
    """A list of findings with an icon each."""

    def __init__(self, wizard: Wizard, test_id: str) -> None:
        self._wizard = wizard
        self._box = ui.column().classes("gap-1 w-full").props(f"role=status data-testid={test_id}")
        self._shown: list[tuple[bool, str]] = []

    def show(self, findings: Sequence[Finding]) -> None:
        now = [(one.good, self._wizard.tr(one.said)) for one in findings]
        if now == self._shown:
            return
        self._shown = now
        self._box.clear()
        with self._box:
            for good, text in now:
                with ui.row().classes("items-start no-wrap gap-2"):
                    ui.icon("check_circle" if good else "error").classes(
                        f"text-h6 {'cw-good' if good else 'cw-bad'}"
                    )
                    ui.label(text).classes("cw-text")
