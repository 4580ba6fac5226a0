"""The bench in process: the dead-man, what a command leaves behind, and how a step judges."""

import pytest

import boards.sim as board
from cellwarden import ids
from cellwarden_host.sim.inprocess import World
from cellwarden_host.sim.plant import Plant
from cellwarden_host.sim.provision import commissioned, files
from firmware.bench import driving, measuring
from firmware.bench.results import numbered
from firmware.bench.session import Dropped, Session

TICK_US = 1000


class Timer:
    """A periodic timer that the world rings while the firmware sleeps."""

    PERIODIC = 1
    running = []  # of the one world there is

    def __init__(self, _number):
        self.every_us = self.due_us = 0
        self.callback = None

    def init(self, mode, period, callback):
        self.every_us = period * 1000
        self.due_us = 0
        self.callback = callback
        Timer.running.append(self)

    def deinit(self):
        Timer.running.remove(self)


class Guard:
    """What boot has: outputs off and a fed watchdog, or nothing."""

    def __init__(self):
        self.locked = True

    def release(self):
        self.locked = False

    def lock_off(self):
        self.locked = True


class Desk:
    """A session on a set-up pack, in a world whose timers and one-shot live while it sleeps."""

    def __init__(self, folder, **settings):
        (folder / "journal").mkdir()
        for path, data in files(commissioned(board, changes=settings)).items():
            (folder / path.rsplit("/", 1)[1]).write_bytes(data)
        self.plant = Plant(board, {"cells": 24})
        self.world = World(self.plant, board)
        Timer.running.clear()
        self.world.machine.Timer = Timer
        self.world.clock.sleep_us = self.pass_us
        self.guard = Guard()
        self.asked = 0
        self.silent_after = None
        self.session = Session(board, self.world.machine, self.guard, str(folder), self.ask)

    def pass_us(self, time_us):
        clock = self.world.clock
        end_us = clock.now_us + time_us
        while clock.now_us < end_us:
            clock.now_us = min(end_us, clock.now_us + TICK_US)
            self.world.machine.watch(clock.now_us)
            self.plant.advance(clock.now_us)
            for timer in list(Timer.running):
                timer.due_us = timer.due_us or clock.now_us + timer.every_us
                if clock.now_us >= timer.due_us:
                    timer.due_us += timer.every_us
                    timer.callback(timer)

    def ask(self):
        """A host that answers at once, until it does so no more for a second."""
        self.asked += 1
        if self.silent_after is not None and self.asked > self.silent_after:
            self.pass_us(1_000_000)

    @property
    def all_open(self):
        pack = self.plant.pack
        return not (pack.charge.closed or pack.discharge.closed or pack.precharge.closed)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_a_pulse_leaves_everything_off_locked_and_forbidden(desk):
    result = driving.discharge(desk.session, 300)
    assert result["result"] == "pass", result
    live = desk.session.live
    assert desk.all_open and desk.guard.locked and not Timer.running
    assert desk.session.app.hardware.outputs.locked
    assert not live[ids.CHARGE_WANTED] and not live[ids.DISCHARGE_WANTED]


def test_a_host_that_falls_silent_loses_what_is_on_before_it_could_answer(desk):
    session = desk.session
    session.hold = True
    closed_us = []
    opened_us = []
    look = desk.plant._apply

    def watch():
        look()
        closed = desk.plant.pack.discharge.closed
        if closed and not closed_us:
            closed_us.append(desk.world.clock.now_us)
            desk.silent_after = desk.asked + 3
        elif closed_us and not closed and not opened_us:
            opened_us.append(desk.world.clock.now_us)

    desk.plant._apply = watch
    with pytest.raises(Dropped):
        driving.discharge(session, 2000)
    assert desk.asked == desk.silent_after + 1
    on_ms = (opened_us[0] - closed_us[0]) / 1000
    assert 300 <= on_ms <= 400 + 350, "three answers, and the dead-man's time"
    assert desk.all_open and desk.guard.locked


def test_an_output_that_outlives_its_time_is_opened_by_the_timer(desk):
    session = desk.session
    with pytest.raises(Dropped), session:
        session.settle()
        session.permit(0, 1, 1000)
        session.until(lambda: False, 90_000)
    assert desk.all_open and session.dropped


def test_an_exception_in_a_step_opens_everything(desk):
    session = desk.session
    with pytest.raises(KeyboardInterrupt), session:
        session.settle()
        session.permit(0, 1, 5000)
        assert session.until(lambda: desk.plant.pack.discharge.closed, 90_000)
        raise KeyboardInterrupt
    assert desk.all_open and desk.guard.locked


def test_a_board_that_is_not_calibrated_refuses_by_name(tmp_path):
    desk = Desk(tmp_path, current_calibrated=0)
    result = driving.discharge(desk.session, 300)
    assert result["result"] == "skipped" and "not calibrated" in result["say"]
    assert result["data"]["rules"] == [ids.RULE_UNCALIBRATED]
    assert not desk.plant.pack.discharge.operations


def test_what_trips_on_the_bench_is_stored_as_a_latch(desk, tmp_path):
    before = {path.name for path in tmp_path.iterdir()}
    desk.plant.inject("short_circuit")
    desk.plant.inject("short_latch_stuck", 1)
    measuring.zero(desk.session)
    assert {path.name for path in tmp_path.iterdir()} - before >= {"state.a"}


def test_a_loose_sensor_is_named_and_the_others_still_read(desk):
    desk.plant.inject("sensor_open", 2)
    result = measuring.temps(desk.session)
    assert result["result"] == "fail" and "sensor 2 reads like a cut wire" in result["say"]
    assert result["data"]["temp_dc"][1] is None and len(result["data"]["temp_dc"]) == 6


def test_a_load_is_measured_against_what_a_person_says(desk):
    desk.plant.inject("load_connect", 10_000)
    result = driving.gain(desk.session, 10_000)
    assert result["result"] == "pass" and abs(result["value"]) <= 10
    result = driving.gain(desk.session, 12_000)
    assert result["result"] == "fail" and result["value"] < -100


def test_roots_and_lists_for_people():
    assert [measuring.root(n) for n in (0, 1, 3, 4, 99, 100, 1 << 28)] == [
        0,
        1,
        1,
        2,
        9,
        10,
        1 << 14,
    ]
    assert [numbered(n) for n in ([], [3], [3, 4], [3, 4, 7])] == [
        "",
        "3",
        "3 and 4",
        "3, 4 and 7",
    ]
