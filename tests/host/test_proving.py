"""Protections proved on the real core: each opens its switch, and every limit comes back."""

import pytest
from cli_board import PASSWORD, CliBoard

from cellwarden import ids
from cellwarden_host import catalog, data_folder, jobs, session, transaction
from cellwarden_host.board import Board
from cellwarden_host.commissioning import plausible, proving, put_back, tightening
from cellwarden_host.commissioning.tightening import (
    PROOF,
    PROOFS,
    check_tighter,
    not_provable,
    plan,
)
from cellwarden_host.link import Line
from cellwarden_host.problems import Problem, Refused

CODE = "E66058388344"


class Bench:
    def __init__(self):
        self.fake = CliBoard()
        self.fake.map.set_text(ids.T_MACHINE_CODE, CODE)
        self.line = Line(self.fake.port, 115200)
        self.board = Board(self.line)
        session.log_in(self.board, PASSWORD, 1)
        self.fake.tick(50)

    def settings(self):
        values = self.board.read(catalog.SETTINGS)
        return {row.name: values.all(row.name) for row in catalog.SETTINGS}

    def flow(self, current_ma):
        self.fake.desk.current_ma = current_ma
        self.fake.tick(30)

    def pass_time(self, seconds):
        """Time passes; an open switch stops the current, as in a pack."""
        desk = self.fake.desk
        for _ in range(1 + int(10 * seconds)):
            self.fake.tick()
            off = not desk.discharge if (desk.current_ma or 0) < 0 else not desk.charge
            if off:
                desk.current_ma = 0

    def prove(self, rule):
        return jobs.run(proving.prove(PROOF[rule], CODE), self.board, self.pass_time)


@pytest.fixture
def bench(tmp_path):
    data_folder.use(tmp_path)
    return Bench()


def test_every_voltage_and_current_protection_is_proved_and_put_back(bench):
    before = bench.settings()
    bench.fake.desk.cell_mv[3] -= 70
    bench.fake.desk.temp_dc = [345] * 6
    bench.fake.tick(30)
    currents = {"charging": 5000, "discharging": -6000, "rest": 0}
    proved = {}
    for proof in PROOFS:
        if proof.rule.name in ("charge_ut", "discharge_ut", "power_ot"):
            continue
        bench.flow(currents[proof.current])
        proved[proof.rule.name] = bench.prove(proof.rule.name)
        bench.flow(0)
        assert bench.settings() == before, proof.rule.name
        assert put_back.pending(CODE) == ""
        bench.fake.tick(300)
        assert bench.fake.desk.charge
        assert bench.fake.desk.discharge, proof.rule.name
    assert [name for name, one in proved.items() if not one.good] == []
    assert len(proved) == 11


def test_limits_come_back_at_the_next_connect_after_the_pc_died(bench):
    before = bench.settings()
    job = proving.prove(PROOF["cell_ov1"], CODE)
    next(job)
    job.send(bench.board)
    assert bench.fake.setting("cell_ov1_mv") == 3690
    job.close()  # nothing is carried out any more
    assert bench.settings() != before
    assert put_back.pending(CODE) == "cell_ov1"
    assert put_back.put_back(bench.board, CODE)
    assert bench.settings() == before
    assert put_back.pending(CODE) == ""
    assert not put_back.put_back(bench.board, CODE)


def test_what_somebody_else_has_changed_meanwhile_is_left_alone(bench):
    job = proving.prove(PROOF["cell_ov1"], CODE)
    next(job)
    job.send(bench.board)
    transaction.write(bench.board, {("cell_ov1_mv", 0): 3695})
    told = put_back.put_back(bench.board, CODE)
    assert bench.fake.setting("cell_ov1_mv") == 3695
    assert bench.fake.setting("cell_ov_recover_mv") == 3689
    assert "cell_ov_recover_mv" in told
    assert put_back.pending(CODE) == ""


def test_a_line_that_breaks_leaves_the_old_limits_on_the_disk(bench):
    before = bench.settings()
    job = proving.prove(PROOF["cell_uv1"], CODE)
    next(job)
    job.send(bench.board)
    bench.fake.mute = True
    with pytest.raises(Problem):
        job.send(bench.board)
    assert put_back.pending(CODE) == "cell_uv1"
    bench.fake.mute = False
    put_back.put_back(bench.board, CODE)
    assert bench.settings() == before


def test_a_switch_that_does_not_open_fails_the_proof(bench, monkeypatch):
    before = bench.settings()
    names = [row.name for row in catalog.READINGS]
    real = Board.read

    def stuck(board, wanted):
        values = real(board, wanted)
        if "charge_switch" in values and "charge_switch" in names:
            values.set(catalog.READING["charge_switch"], [1])
        return values

    monkeypatch.setattr(Board, "read", stuck)
    proved = bench.prove("cell_ov1")
    assert not proved.good
    assert "stayed on" in proved.said
    assert bench.settings() == before


def test_what_latched_beside_the_proof_stays_latched_and_is_named(bench):
    before = bench.settings()

    def pass_time(seconds):
        bench.pass_time(seconds)
        if not bench.fake.desk.charge:  # a short circuit, just as the proved switch has opened
            bench.fake.desk.short_circuit = True
            bench.fake.tick(2)
            bench.fake.desk.short_circuit = False

    proved = jobs.run(proving.prove(PROOF["cell_ov1"], CODE), bench.board, pass_time)
    assert not proved.good
    assert "short circuit" in proved.said.lower()
    assert bench.settings() == before
    bench.fake.tick(300)
    assert not bench.fake.desk.discharge


def test_nothing_is_proved_while_something_is_wrong_or_cannot_be_seen(bench):
    seen = plausible.look(bench.board)
    assert proving.obstacle(PROOF["cell_ov1"], seen) is None
    assert "2 A" in proving.obstacle(PROOF["discharge_oc"], seen)
    assert "20.0 °C" in proving.obstacle(PROOF["charge_ut"], seen)
    bench.flow(-6000)
    assert "1 A" in proving.obstacle(PROOF["cell_ov1"], plausible.look(bench.board))
    bench.flow(0)
    bench.fake.desk.open_wires = (3,)
    bench.fake.tick(20)
    with pytest.raises(Refused) as refused:
        bench.prove("cell_ov1")
    assert "open wire" in str(refused.value)
    assert put_back.pending(CODE) == ""


def test_a_plan_moves_limits_to_their_tighter_side_only(bench):
    for cell_mv in (2600, 3050, 3300, 3700, 4050, 4140, 4190):
        bench.fake.cells(24, cell_mv)
        seen = plausible.look(bench.board)
        for rule in ("cell_ov1", "cell_uv1", "pack_ov", "pack_uv"):
            try:
                steps = plan(PROOF[rule], seen)
            except Refused:
                continue
            for (name, element), count in steps.wanted.items():
                assert count != steps.before[name, element]
            assert (PROOF[rule].limit, 0) in steps.wanted
    with pytest.raises(Refused) as refused:
        check_tighter(tightening.together(seen), {("cell_ov1_mv", 0): 4250})
    assert "loosened" in str(refused.value)


def test_what_would_fire_the_disconnect_is_never_offered():
    reasons = {rule.name: str(why) for rule, why in not_provable()}
    assert not any("secondary" in proof.rule.forbids for proof in PROOFS)
    assert "disconnect" in reasons["cell_ov2"]
    assert reasons["open_wire"]
