"""Wizard, step 1: which cells, how many, how large, and on which channels of the harness."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from nicegui import ui

from cellwarden.tables import rows

from ...commissioning import progress as stages
from ...commissioning import set_up
from ...commissioning.set_up import Pack
from ...commissioning.tightening import together
from ...problems import Problem
from ...words import say
from ...words import schema as schema_words
from .dialog import Wizard

_ABOUT = say(
    "The board switches nothing on before chemistry, cells and capacity are set and a person "
    "has confirmed them. Read them off the cells; the limits of the chemistry follow from them."
)


def build(wizard: Wizard) -> Callable[[], None]:
    tr, view = wizard.tr, wizard.view
    seen = wizard.look()
    now = Pack.of(seen.settings) if seen is not None else Pack(0, 0, 0)
    ui.label(tr(_ABOUT)).classes("cw-text")
    with ui.element("div").classes("cw-inputs"):
        chemistry = ui.select(
            {i: tr(schema_words.chemistry(name)) for i, name in enumerate(rows.CHEMISTRIES) if i},
            value=now.chemistry or None,
            label=tr(say("Chemistry")),
        ).props("data-testid=wizard.chemistry")
        cells = ui.number(
            tr(say("Cells in series")), value=now.cells or None, min=3, max=32, precision=0
        ).props("data-testid=wizard.cells")
        capacity = ui.number(
            tr(say("Rated capacity, Ah")), value=_ampere_hours(now.capacity_mah), min=0.001
        ).props("data-testid=wizard.capacity")
        channels = ui.input(
            tr(say("Harness channels; empty: spread evenly")),
            value=set_up.channels_text(now.channels),
            placeholder="1-7, 13-19",
        ).props("data-testid=wizard.channels")
    told = ui.label().classes("cw-text").props("role=status data-testid=wizard.pack.preview")

    def wanted() -> Pack | None:
        if not chemistry.value or not cells.value or not capacity.value:
            return None
        count = int(cells.value)
        return Pack(
            int(chemistry.value),
            count,
            int(Decimal(str(capacity.value)) * 1000),
            set_up.channels_in(str(channels.value or ""), count),
        )

    async def write() -> None:
        try:
            pack = wanted()
        except Problem as problem:
            view.tell_problem(problem)
            return
        if pack is None:
            return
        if await view.carry_out(lambda board: set_up.write_pack(board, pack), done=None) is None:
            return
        said = say(
            "{chemistry}, {cells} cells, {capacity} Ah",
            chemistry=schema_words.chemistry(rows.CHEMISTRIES[pack.chemistry]),
            cells=pack.cells,
            capacity=f"{pack.capacity_mah / 1000:g}",
        )
        wizard.progress.set_pack(pack, said, wizard.now())
        wizard.finish(stages.PACK, True, said)

    go = ui.button(tr(say("Write the pack")), icon="save", on_click=write).props(
        "no-caps data-testid=wizard.pack.write"
    )

    def refresh() -> None:
        look = wizard.look()
        good = False
        told.classes(remove="cw-bad")
        try:
            pack = wanted()
            if look is None or pack is None:
                told.text = ""
            else:
                changes = len(set_up.preview(together(look), pack))
                good = True
                text = say("{count} settings will change; the board stays off", count=changes)
                told.text = tr(text if changes else say("The board is set to this already"))
        except Problem as problem:
            told.text = "⚠ " + tr(problem.said)
            told.classes(add="cw-bad")
        go.set_enabled(good)

    return refresh


def _ampere_hours(mah: int) -> float | None:
    return mah / 1000 if mah else None
