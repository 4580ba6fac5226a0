"""What a browser may do: what its own person has proved, as long as the board grants it."""

from itertools import product
from types import SimpleNamespace

import pytest

from cellwarden.tables import rows
from cellwarden_host.web.view import View

_ROLES = (rows.ANYONE, rows.INSTALLER, rows.LESSOR, rows.FACTORY)


def view_of(session_role, machine_code="one", connection=1):
    snapshot = SimpleNamespace(
        machine_code=machine_code,
        connection=connection,
        known=lambda name: {"session_role": session_role}[name],
    )
    return View(SimpleNamespace(snapshot=snapshot))


@pytest.mark.parametrize(("proved", "granted"), list(product(_ROLES, _ROLES)))
def test_a_browser_has_no_more_than_it_proved_and_no_more_than_the_board_grants(proved, granted):
    view = view_of(granted)
    view.proved(proved)
    assert rows.includes(proved, view.role) and rows.includes(granted, view.role)
    assert view.role in (proved, granted)


@pytest.mark.parametrize("changed", ({"machine_code": "two"}, {"connection": 2}))
def test_another_board_or_another_connection_is_locked(changed):
    view = view_of(rows.INSTALLER)
    view.proved(rows.INSTALLER)
    assert view.role == rows.INSTALLER
    view.station.snapshot.__dict__.update(changed)
    assert view.role == rows.ANYONE


def test_what_was_typed_for_one_board_is_dropped_with_another():
    view = view_of(rows.ANYONE)
    assert not view.board_changed()
    view.keep["param"] = "a draft"
    assert not view.board_changed() and view.keep
    view.station.snapshot.machine_code = "two"
    assert view.board_changed() and not view.keep
