"""The story of `cellwarden run`: its scenes, in their order, from what the board reads."""

import subprocess

import pytest
from cli_board import CliBoard

from cellwarden_host import control_port, demo, monitor, sim_process
from cellwarden_host.problems import Refused
from cellwarden_host.sim.load import read_profile


@pytest.fixture
def board():
    made = CliBoard()
    yield made
    made.unplug()


@pytest.fixture
def day():
    return demo.stretch(*read_profile("day"))


def test_stretch_holds_a_ride_a_long_charge_and_a_ride(day):
    assert 0 < day.parked_s < day.charge_s < day.leave_s < 2400
    assert day.times[0] == 0
    now = dict(zip(day.times, day.currents, strict=True))
    charge = [c for t, c in now.items() if day.charge_s <= t < day.leave_s]
    ride = [c for t, c in now.items() if t < day.parked_s]
    assert len(set(charge)) == 1 and charge[0] > 0
    assert min(ride) < 0 < max(ride), "braking charges"


def test_day_without_a_charge_is_refused():
    with pytest.raises(Refused):
        demo.stretch([0.0, 1000.0, 2000.0], [-1.0, -2.0, -3.0])


def test_story_goes_scene_by_scene_with_the_board(board, day, monkeypatch):
    asked = []
    monkeypatch.setattr(control_port, "ask", lambda where, request: asked.append(request) or {})
    story = demo.Story(demo.scenes(day, 20), "control")
    source = monitor.Source(lambda: board.port, 115200, 1)

    def told():
        assert source.look()
        return [note.text for note in story(source) if note.kind == "story"]

    def pass_until(t_s):
        board.desk.controller.uptime_s = int(t_s)
        board.tick()

    assert "NMC" in told()[0]
    assert told() == []
    pass_until(day.parked_s + 21)
    assert "Parked" in told()[0] and asked[0]["fault"] == "cell_soc"
    pass_until(day.charge_s + 1)
    assert "60 A" in told()[0]
    pass_until(day.leave_s + 1)
    assert told() == [], "waits for the protection"
    board.desk.cell_mv[6] = 4210
    board.tick(60)
    found = told()
    assert "opened the charge switch" in found[0] and "Driving" in found[1]
    assert told() == []
    board.desk.cell_mv[6] = 4000
    board.desk.current_ma = -30_000
    board.tick(60)
    assert "recovered" in told()[0]
    source.close()


def test_simulator_ends_with_the_story(tmp_path, monkeypatch, day):
    """Whatever ends it: the process is gone afterwards, and what it said is told."""
    monkeypatch.setattr(sim_process.sys, "executable", "/bin/false")
    with pytest.raises(Refused, match="did not start"), demo._simulator(tmp_path, day, 1.0):
        pass


def test_stop_ends_a_simulator_that_will_not_listen(monkeypatch):
    monkeypatch.setattr(sim_process, "_STOP_S", 0.2)
    deaf = subprocess.Popen(
        ["/bin/sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    deaf.stdout.readline()
    sim_process._stop(deaf)
    assert deaf.poll() is not None
    deaf.stdout.close()
