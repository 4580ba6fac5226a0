"""What a board finds after a power cut: latches before all else, and no loss without a word."""

import sys
import types

import pytest

import boards.sim as board
from cellwarden import ids, state_record
from cellwarden.access import Access
from cellwarden.controller import Controller
from cellwarden.protection import LATCHED
from cellwarden_host.sim.provision import commissioned
from firmware.ble.bonds import Bonds
from firmware.persistence import Persistence


@pytest.fixture
def board_of(tmp_path):
    """``board_of()`` is what a restart finds: a controller and its storage."""

    def make():
        controller = Controller(board, commissioned(board), Access(lambda n: bytes(n)), 0)
        persistence = Persistence(str(tmp_path / "data"))
        persistence.load_access(controller.access, 0)
        persistence.load_state(controller, 0)
        return controller, persistence

    return make


def latch(controller, rule=ids.RULE_SHORT_CIRCUIT):
    controller.protection.state[rule] = LATCHED
    controller.requests.save_state = controller.requests.save_state_now = True


def note(controller, count=1):
    for _ in range(count):
        controller.journal.note(ids.KIND_START, controller)


def test_a_latch_is_stored_first_and_without_waiting(board_of):
    controller, persistence = board_of()
    controller.requests.save_settings = controller.access.changed = True
    note(controller, 20)
    latch(controller)
    assert persistence.step(controller, 20) and persistence.step(controller, 40)
    again, _ = board_of()
    assert again.protection.state[ids.RULE_SHORT_CIRCUIT] == LATCHED
    assert not controller.requests.save_state_now


def test_another_latch_right_after_a_save_does_not_wait_either(board_of):
    controller, persistence = board_of()
    latch(controller)
    persistence.step(controller, 20)
    latch(controller, ids.RULE_CHARGE_STUCK_ON)  # while the first is half written
    for now_ms in (40, 60, 80):
        persistence.step(controller, now_ms)
    again, _ = board_of()
    assert again.protection.state[ids.RULE_CHARGE_STUCK_ON] == LATCHED


def test_a_state_that_cannot_be_stored_keeps_nothing_else_from_being_stored(board_of):
    controller, persistence = board_of()
    persistence._state.begin = lambda _buf, _n: False
    latch(controller)
    controller.access.changed = True
    persistence.step(controller, 20)
    assert persistence.failed and controller.requests.save_state
    persistence.step(controller, 6_000)
    persistence.step(controller, 6_020)
    assert not controller.access.changed


def test_what_changes_while_it_is_being_written_is_written_again(board_of):
    controller, persistence = board_of()
    controller.requests.save_settings = True
    persistence.step(controller, 20)
    controller.requests.save_settings = True  # another commit
    persistence.step(controller, 40)
    assert controller.requests.save_settings


def test_a_save_that_fails_at_either_half_is_asked_for_again(board_of):
    controller, persistence = board_of()
    for half in ("begin", "finish"):
        real = getattr(persistence._settings, half)
        setattr(persistence._settings, half, lambda *_arguments: False)
        controller.requests.save_settings = True
        persistence.step(controller, 20)
        if half == "finish":
            persistence.step(controller, 40)
        assert controller.requests.save_settings and persistence.failed
        setattr(persistence._settings, half, real)
        persistence._failed = False


def test_the_journal_fills_file_after_file(board_of):
    controller, persistence = board_of()
    now_ms = 0
    for _ in range(20):
        note(controller, 9)
        while controller.journal.pending < controller.journal.next or persistence.halfway:
            now_ms += 20
            persistence.step(controller, now_ms)
    again, stored = board_of()
    assert again.journal.next == 180 and again.journal.next - again.journal.first == 64
    assert stored.journal.next_sequence == 180


def test_a_journal_that_fails_half_way_is_stored_once_all_the_same(board_of):
    controller, persistence = board_of()
    note(controller, 3)
    finish = persistence.journal.finish

    def broken():
        finish()
        persistence.journal.finish = finish
        persistence.journal.next_sequence -= 3
        persistence.journal._in_last = 64
        return False

    persistence.journal.finish = broken
    for now_ms in range(0, 200, 20):
        persistence.step(controller, now_ms)
    again, _ = board_of()
    assert (again.journal.first, again.journal.next) == (0, 3)


class Watchdog:
    def __init__(self):
        self.said = []

    def feed(self):
        self.said.append("fed")


def test_before_a_restart_the_watchdog_is_fed_between_all_pieces(board_of):
    controller, persistence = board_of()
    controller.requests.save_settings = controller.access.changed = True
    note(controller, 40)
    watchdog = Watchdog()
    for store in (persistence._settings, persistence._access, persistence._state):
        for half in ("begin", "finish"):
            real = getattr(store, half)

            def told(*arguments, real=real):
                watchdog.said.append("wrote")
                return real(*arguments)

            setattr(store, half, told)
    persistence.save_all(controller, 0, watchdog)
    assert watchdog.said.count("wrote") == 6
    for one, next_one in zip(watchdog.said, watchdog.said[1:], strict=False):
        assert "fed" in (one, next_one)
    assert watchdog.said[0] == watchdog.said[-1] == "fed"
    assert controller.journal.pending == controller.journal.next == 40


# --- what cannot be read


def spoil(tmp_path, name, contents=b"CWR1 torn"):
    for copy in ("a", "b"):
        path = tmp_path / "data" / f"{name}.{copy}"
        if path.exists():
            path.write_bytes(contents)


def saved(board_of, **requests):
    controller, persistence = board_of()
    for _ in range(2):
        controller.access.changed = True
        latch(controller)
        for now_ms in range(0, 200, 20):
            persistence.step(controller, now_ms)
    return controller


def test_a_fresh_board_has_lost_nothing(board_of):
    controller, persistence = board_of()
    assert not controller.conditions.state_lost and not persistence.failed


def test_a_first_save_that_power_cut_short_has_lost_nothing(board_of, tmp_path):
    board_of()
    (tmp_path / "data" / "state.a").write_bytes(b"")
    (tmp_path / "data" / "access.a").write_bytes(b"")
    controller, persistence = board_of()
    assert not controller.conditions.state_lost and not persistence.failed


def test_two_torn_copies_of_the_state_are_told(board_of, tmp_path):
    saved(board_of)
    spoil(tmp_path, "state")
    controller, _ = board_of()
    assert controller.conditions.state_lost == 1


def test_two_emptied_copies_of_the_state_are_told(board_of, tmp_path):
    saved(board_of)
    spoil(tmp_path, "state", b"")
    controller, _ = board_of()
    assert controller.conditions.state_lost == 1


def test_a_state_of_another_version_is_told(board_of, tmp_path, monkeypatch):
    saved(board_of)
    monkeypatch.setattr(state_record, "VERSION", state_record.VERSION - 1)
    controller, _ = board_of()
    assert controller.conditions.state_lost == 1


def test_a_lost_state_stays_told_over_restarts_until_a_person_has_looked(board_of, tmp_path):
    saved(board_of)
    spoil(tmp_path, "state")
    for looked in (False, False, True):
        controller, persistence = board_of()
        assert controller.conditions.state_lost == 1
        if looked:
            controller.clear_latches(0)
        controller.requests.save_state_now = True
        persistence.step(controller, 20)
        persistence.step(controller, 40)
    assert not board_of()[0].conditions.state_lost


def test_a_lost_password_is_told_until_a_new_one_is_stored(board_of, tmp_path):
    saved(board_of)
    spoil(tmp_path, "access")
    controller, persistence = board_of()
    assert persistence.failed and controller.access.factory_password
    latch(controller)
    for now_ms in range(0, 100, 20):
        persistence.step(controller, now_ms)
    assert persistence.failed  # storing something else does not bring the password back
    controller.access.changed = True
    for now_ms in range(100, 200, 20):
        persistence.step(controller, now_ms)
    assert not persistence.failed


# --- when the tasks let it write


class Outputs:
    charge_on = discharge_on = False


class App:
    """As much of an application as the slow task looks at."""

    def __init__(self, controller):
        self.controller = controller
        self.hardware = types.SimpleNamespace(outputs=Outputs())
        self.on = False
        self.ticked_ms = 0

    def switched_on(self):
        return self.on


@pytest.fixture
def tasks_of(monkeypatch):
    stub = types.SimpleNamespace(reset=None)
    monkeypatch.setitem(sys.modules, "machine", stub)
    from firmware import tasks

    def make(controller, persistence):
        app = App(controller)
        return app, tasks.Tasks(app, persistence, ())

    return make


def test_while_current_flows_a_piece_waits_for_its_own_tick(board_of, tasks_of):
    controller, persistence = board_of()
    app, tasks = tasks_of(controller, persistence)
    app.on = True
    latch(controller)
    controller.ticks, app.ticked_ms = 1, 100
    tasks._store(140)
    assert not persistence.halfway  # the next tick is too near
    controller.ticks, app.ticked_ms = 2, 200
    tasks._store(215)
    assert persistence.halfway
    tasks._store(225)
    assert persistence.halfway  # not without a tick in between
    controller.ticks, app.ticked_ms = 3, 300
    tasks._store(310)
    assert not persistence.halfway
    assert board_of()[0].protection.state[ids.RULE_SHORT_CIRCUIT] == LATCHED


def test_with_everything_off_a_latch_is_stored_at_once(board_of, tasks_of):
    controller, persistence = board_of()
    _, tasks = tasks_of(controller, persistence)
    latch(controller)
    tasks._store(140)
    assert board_of()[0].protection.state[ids.RULE_SHORT_CIRCUIT] == LATCHED


def test_a_self_test_that_was_asked_for_is_dropped_when_a_switch_has_closed(
    board_of, tasks_of, monkeypatch
):
    controller, persistence = board_of()
    app, tasks = tasks_of(controller, persistence)
    ran = []

    def failures(_hardware):
        ran.append(1)
        return 4

    monkeypatch.setattr("firmware.chip_test.failures", failures)
    app.on = controller.requests.self_test = True
    tasks._test_chips()
    assert not ran and not controller.requests.self_test
    assert not controller.conditions.self_test_failures
    app.on = False
    tasks._test_chips()
    assert ran and controller.conditions.self_test_failures == 4


def test_phones_are_kept_in_pieces_like_everything_else_and_tried_again(board_of, tmp_path):
    controller, persistence = board_of()
    bonds = Bonds(lambda n: bytes(range(7, 7 + n)))
    persistence.load_bonds(bonds, 0)
    assert bonds.changed and persistence.waits(controller)
    persistence._bonds_store.begin = lambda buf, n: False  # a full flash
    assert persistence.step(controller, 20) and bonds.changed and persistence.failed
    del persistence._bonds_store.begin
    assert persistence.step(controller, 6_000) and persistence.halfway
    assert persistence.step(controller, 6_020) and not bonds.changed
    again = Bonds(lambda n: bytes(n))
    board_of()[1].load_bonds(again, 0)
    assert again.passkey == bonds.passkey and not again.changed
    for name in ("a", "b"):
        (tmp_path / "data" / f"bluetooth.{name}").write_bytes(b"torn")
    lost = Bonds(lambda n: bytes(range(9, 9 + n)))
    board_of()[1].load_bonds(lost, 0)
    assert 0 < lost.passkey != bonds.passkey and lost.changed and not lost.phones
