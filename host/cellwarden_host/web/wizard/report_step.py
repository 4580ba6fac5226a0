"""Wizard, last step: the report, to read, to print and to keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nicegui import ui

from ...commissioning import progress as stages
from ...commissioning import report
from ...problems import Problem
from ...words import say
from .dialog import Wizard

_ABOUT = say(
    "The report says what was found, what was left out and why, and what this wizard cannot "
    "prove. It is kept on this PC; print it, sign it, and leave it with the pack."
)


def build(wizard: Wizard) -> Callable[[], None]:
    tr, view = wizard.tr, wizard.view
    ui.label(tr(_ABOUT)).classes("cw-text")
    files: list[Path] = []

    def make() -> None:
        look, seen = wizard.look(), view.snapshot
        if look is None or seen is None:
            ui.notify(tr(say("Connect to a board first")))
            return
        made = report.record(wizard.progress, look, seen.texts, wizard.now())
        try:
            files[:] = report.write(made, view.language)
        except Problem as problem:
            view.tell_problem(problem)
            return
        frame.props["srcdoc"] = report.page(made, view.language)
        frame.update()
        wizard.progress.record(
            stages.REPORT,
            made["verdict"] != report.FAIL,
            say(
                "{verdict}, kept as {name}",
                verdict=report.WORDS[made["verdict"]],
                name=files[1].name,
            ),
            wizard.now(),
        )

    with ui.row().classes("gap-2"):
        ui.button(tr(say("Make the report")), icon="description", on_click=make).props(
            "no-caps data-testid=wizard.report.make"
        )
        printing = ui.button(
            tr(say("Print")),
            icon="print",
            on_click=lambda: ui.run_javascript(
                "document.querySelector('.cw-report').contentWindow.print()"
            ),
        ).props("no-caps outline")
        page = ui.button(
            tr(say("Page (HTML)")), icon="download", on_click=lambda: ui.download.file(files[1])
        ).props("no-caps outline data-testid=wizard.report.html")
        data = ui.button(
            tr(say("Data (JSON)")), icon="download", on_click=lambda: ui.download.file(files[0])
        ).props("no-caps outline data-testid=wizard.report.json")
    frame = ui.element("iframe").classes("cw-report")
    frame.props(f'sandbox="allow-same-origin allow-modals" title="{tr(say("Report"))}"')

    def refresh() -> None:
        for element in (printing, page, data, frame):
            element.set_visibility(bool(files))

    return refresh
