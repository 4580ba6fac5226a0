"""Wizard, step 5: the limits of this pack, and a person's word for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from ... import rehearsal, units
from ...commissioning import progress as stages
from ...commissioning import set_up
from ...commissioning.tightening import together
from ...problems import Problem
from ...words import say
from ...words import schema as schema_words
from .dialog import Wizard

_ABOUT = say(
    "These come from the chemistry. Set the currents to what cells, cables and the board really "
    "carry: a limit below the real current makes the board switch off at work. All other limits "
    "are on the Param page."
)
_WORD = say(
    "I have checked chemistry, number of cells, capacity and these limits against the cells' data"
)


def build(wizard: Wizard) -> Callable[[], None]:
    tr, view = wizard.tr, wizard.view
    ui.label(tr(_ABOUT)).classes("cw-text")
    look = wizard.look()
    fields: list[tuple[Any, ui.input]] = []
    with ui.element("div").classes("cw-inputs"):
        for row in set_up.limit_rows():
            count = look.settings.one(row.name) if look is not None else None
            field = ui.input(
                tr(schema_words.title(row)), value=units.text(row, count, absent="")
            ).props(f'hint="{tr(schema_words.span(row))}" data-testid=wizard.limit.{row.name}')
            fields.append((row, field))
    told = ui.label().classes("cw-text cw-bad").props("role=alert")
    word = ui.checkbox(tr(_WORD)).props("data-testid=wizard.limits.word")

    def wanted() -> dict[str, int]:
        return {row.name: units.parse(row, str(field.value or "")) for row, field in fields}

    async def write() -> None:
        try:
            limits = wanted()
        except Problem as problem:
            view.tell_problem(problem)
            return
        done = await view.carry_out(lambda board: set_up.write_limits(board, limits), done=None)
        if done:
            charge, discharge = (units.text(row, limits[row.name]) for row, _ in fields[:2])
            said = say(
                "Confirmed by a person; charging up to {charge}, discharging up to {discharge}",
                charge=charge,
                discharge=discharge,
            )
            wizard.finish(stages.LIMITS, True, said)

    go = ui.button(tr(say("Write and confirm")), icon="verified", on_click=write).props(
        "no-caps data-testid=wizard.limits.write"
    )

    def refresh() -> None:
        seen = wizard.look()
        good = False
        told.text = ""
        try:
            changes = {(name, 0): count for name, count in wanted().items()}
            if seen is not None:
                rehearsal.rehearse(together(seen), {**changes, ("confirmed", 0): 1})
                good = True
        except Problem as problem:
            told.text = "⚠ " + tr(problem.said)
        go.set_enabled(good and bool(word.value))

    return refresh
