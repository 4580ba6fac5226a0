"""Renting the pack out: how it stands, a new lease, lock and unlock, the lessor's password."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from nicegui import ui

from cellwarden import ids
from cellwarden.tables import rows

from ... import catalog, leases
from ...problems import BadInput, Problem
from ...words import Said, say, schema
from ..fields import CSS
from ..view import View
from . import lease_lessor

TITLE = say("LeaseSet")
ICON = "event_available"

_ICONS = {
    ids.LEASE_STATE_IS_NONE: ("lock_open", "cw-good"),
    ids.LEASE_STATE_IS_RUNNING: ("check_circle", "cw-good"),
    ids.LEASE_STATE_IS_ENDING: ("hourglass_bottom", "cw-warn"),
    ids.LEASE_STATE_IS_ENDED: ("lock_clock", "cw-bad"),
    ids.LEASE_STATE_IS_DATE_NEEDED: ("event_busy", "cw-bad"),
    ids.LEASE_STATE_IS_LOCKED: ("lock", "cw-bad"),
}
_COLOURS = "cw-good cw-warn cw-bad"
_CLOCK = say(
    "The board has no clock that runs without supply, so pulling its plug must not give free "
    "days: each loss of supply costs the time set here, a date told later counts the days that "
    "were missed, and after so many days without the lessor telling the date the pack locks. "
    "The date is told with every lease; this PC's clock must be right."
)
_TERMS = {
    leases.DATE: say("until a date"),
    leases.DAYS: say("for days"),
    leases.AH: say("for ampere-hours"),
    leases.CYCLES: say("for cycles"),
    leases.NONE: say("without limit"),
}
_AMOUNTS = {
    leases.DAYS: say("Days"),
    leases.AH: say("Ah"),
    leases.CYCLES: say("Cycles"),
}


def build(view: View) -> Callable[[], None]:
    """The page; its refresh."""
    ui.add_css(CSS)
    with ui.column().classes("w-full gap-3") as body:
        state = _State(view)
        terms = _TermsForm(view)
        lessor = lease_lessor.build(view)

    def refresh() -> None:
        seen = view.snapshot
        body.set_visibility(seen is not None)
        if seen is None:
            return
        body.classes(add="" if view.fresh else "cw-stale", remove="cw-stale" if view.fresh else "")
        if view.fresh:
            state.show(seen)
            terms.follow(seen)
        for button in (*state.buttons, terms.button, *lessor):
            button.set_enabled(view.fresh and seen.get("lease_state") is not None)

    return refresh


def _now() -> datetime.datetime:
    return datetime.datetime.now().astimezone()


class _State:
    """How the lease stands, what the pack's user reads, lock and unlock, the date."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._shown: dict[str, ui.label] = {}
        with ui.column().classes("w-full cw-card gap-2"):
            with ui.row().classes("items-center no-wrap gap-2"):
                self._icon = ui.icon("help_outline").classes("text-h4")
                self._state = ui.label().classes("text-h5").props("data-testid=lease.state")
            self._user = ui.label().classes("cw-text").props("data-testid=lease.user")
            with ui.element("div").classes("cwf-grid"):
                self._line("left", say("Left of the lease"))
                self._line("until", say("Leased until"))
                self._line("date", say("Date known to the board"))
                self._line("check", say("Lessor must tell the date within"))
            self._odd = ui.label().classes("cwf-about cwf-odd").props("data-testid=lease.odd")
            with ui.row().classes("gap-2"):
                self._lock = self._button(say("Lock now"), "lock", self._press_lock, "lock")
                self._unlock = self._button(
                    say("Take the lock off"), "lock_open", self._press_unlock, "unlock"
                )
                self._date = self._button(
                    say("Tell the board the date"), "today", self._press_date, "date"
                )
        self.buttons = (self._lock, self._unlock, self._date)

    def _line(self, name: str, label: Said) -> None:
        with ui.row().classes("w-full justify-between no-wrap"):
            ui.label(self._view.tr(label)).classes("cw-caption")
            self._shown[name] = ui.label().classes("cw-numbers text-weight-medium")
            self._shown[name].props(f"data-testid=lease.{name}")

    def _button(self, label: Said, icon: str, press: Any, name: str) -> ui.button:
        button = ui.button(self._view.tr(label), icon=icon, on_click=press)
        return button.props(f"outline no-caps data-testid=lease.do.{name}")

    def show(self, seen: Any) -> None:
        view = self._view
        count = seen.get("lease_state")
        icon, colour = _ICONS.get(count, ("help_outline", ""))
        self._icon.name = icon
        self._icon.classes(remove=_COLOURS, add=colour)
        self._state.text = view.tr(leases.state(seen))
        self._user.text = view.tr(leases.for_the_user(seen))
        self._shown["left"].text = view.tr(leases.left(seen))
        self._shown["until"].text = view.tr(leases.until(seen))
        date = seen.get("lease_date_s")
        self._shown["date"].text = (
            f"{leases.moment_of(date):%Y-%m-%d %H:%M}" if date is not None else "–"
        )
        check = seen.get("lease_check_left_s")
        self._shown["check"].text = view.tr(leases.duration(check)) if check is not None else "–"
        odd = leases.clock_apart(seen, _now()) if count is not None else None
        self._odd.set_visibility(odd is not None)
        self._odd.text = "⚠ " + view.tr(odd) if odd else ""
        locked = count == ids.LEASE_STATE_IS_LOCKED
        self._lock.set_visibility(not locked)
        self._unlock.set_visibility(locked)

    async def _press_lock(self) -> None:
        if await self._view.confirm(
            say("Lock the pack?"),
            say(
                "A running pack is not cut off: it goes on while current flows and opens after 10 "
                "minutes of rest. After that it can be charged, but gives no current."
            ),
            say("Lock now"),
            danger=True,
        ):
            await self._view.carry_out(leases.lock(True), rows.LESSOR, say("The pack is locked"))

    async def _press_unlock(self) -> None:
        await self._view.carry_out(leases.lock(False), rows.LESSOR, say("The lock is off"))

    async def _press_date(self) -> None:
        done = say("The board knows the date")
        await self._view.carry_out(
            lambda board: leases.tell_date(board, _now()), rows.LESSOR, done
        )


class _TermsForm:
    """A new lease in a person's terms."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._kept: dict[str, Any] = view.keep.setdefault("lease", {})
        tr = view.tr
        with ui.column().classes("w-full cw-card gap-2"):
            ui.label(tr(say("New lease"))).classes("text-h6 text-weight-medium")
            self._mode = (
                ui.toggle(
                    {mode: tr(text) for mode, text in _TERMS.items()},
                    value=leases.DATE,
                    on_change=self._chosen,
                )
                .props("no-caps dense padding='4px 12px' data-testid=lease.mode")
                .classes("cwf-wrap")
            )
            with ui.element("div").classes("cwf-grid"):
                self._until = ui.input(tr(say("Last day"))).props(
                    "dense outlined type=date stack-label data-testid=lease.day"
                )
                self._amount = ui.number(tr(_AMOUNTS[leases.DAYS]), min=1, precision=0).props(
                    "dense outlined data-testid=lease.amount"
                )
                self._check = self._setting("lease_check_days")
                self._outage = self._setting("lease_outage_minutes")
            ui.label(tr(_CLOCK)).classes("cwf-about")
            self.button = ui.button(
                tr(say("Lease and unlock")), icon="event_available", on_click=self._press
            ).props("no-caps data-testid=lease.grant")
        for name, field in self._fields().items():
            if name in self._kept:
                field.value = self._kept[name]
        self._chosen()

    def _fields(self) -> dict[str, Any]:
        return {
            "mode": self._mode,
            "until": self._until,
            "amount": self._amount,
            "check": self._check,
            "outage": self._outage,
        }

    def _setting(self, name: str) -> ui.number:
        row = catalog.SETTING[name]
        tr = self._view.tr
        field = ui.number(tr(schema.title(row)), min=row.low, max=row.high, precision=0)
        field.props["suffix"] = tr(schema.unit(row))
        return field.props(f"dense outlined data-testid=lease.{name}").tooltip(
            tr(schema.help(row))
        )

    def _chosen(self) -> None:
        mode = self._mode.value
        self._until.set_visibility(mode == leases.DATE)
        self._amount.set_visibility(mode in _AMOUNTS)
        if mode in _AMOUNTS:
            self._amount.props["label"] = self._view.tr(_AMOUNTS[mode])
            self._amount.update()
        for field in (self._check, self._outage):
            field.set_visibility(mode in (leases.DATE, leases.DAYS))

    def follow(self, seen: Any) -> None:
        """Begin with what the board holds; afterwards the fields are the person's."""
        if not self._kept and seen.setting("lease_check_days") is not None:
            self._check.value = seen.setting("lease_check_days")
            self._outage.value = seen.setting("lease_outage_minutes")
            self._until.value = (_now().date() + datetime.timedelta(days=30)).isoformat()
        self._kept.update({name: field.value for name, field in self._fields().items()})

    def _terms(self) -> leases.Terms:
        day = None
        if self._until.value:
            day = datetime.date.fromisoformat(str(self._until.value))
        check, outage = self._check.value, self._outage.value
        if check is None or outage is None:
            raise BadInput(say("enter the days of the date check and the price of an outage"))
        mode, amount = int(self._mode.value), int(self._amount.value or 0)
        return leases.Terms(mode, amount, day, int(check), int(outage))

    async def _press(self) -> None:
        view = self._view
        try:
            terms = self._terms()
            leases.check(terms, _now())
        except Problem as problem:
            view.tell_problem(problem)
            return
        agreed = await view.confirm(
            say("Write this lease?"),
            say(
                "{terms}. The pack is unlocked with it, and the board is told the date: {now}.",
                terms=leases.terms_text(terms),
                now=f"{_now():%Y-%m-%d %H:%M}",
            ),
            say("Lease and unlock"),
        )
        if agreed:
            await view.carry_out(leases.grant(terms, _now), rows.LESSOR, say("Leased"))
