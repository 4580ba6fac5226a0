"""Every protection against single hardware faults, judged by what really flows.

The whole matrix is `make matrix`; here run the dangerous rules and faults, and a fixed part of
the rest, and the committed result is held to the tables it was made for.
"""

import pytest

from cellwarden_host import docs_safety
from cellwarden_host.campaign import argued, judge, matrix, provocations, shown
from cellwarden_host.campaign.provocations import BY_RULE, PROVOCATIONS
from cellwarden_host.sim.faults import HARDWARE_FAULTS

REMEDY = "the rules or faults have changed: make matrix"


@pytest.mark.parametrize("rule", [p.rule for p in PROVOCATIONS])
def test_no_single_fault_defeats_the_rule(rule):
    found = [matrix.complaint(case, matrix.run_case(case)) for case in matrix.sample(rule)]
    assert not [complaint for complaint in found if complaint]


@pytest.mark.parametrize("half", [0, 1])
def test_no_fault_alone_fires_the_disconnect(half):
    numbers = range(half, len(matrix.FAULTS), 2)
    assert not [matrix.FAULTS[n] for n in numbers if matrix.run_alone(n) == matrix.FIRES]


def test_the_sample_meets_every_rule_and_every_fault():
    met = {case for p in PROVOCATIONS for case in matrix.sample(p.rule)}
    assert {rule for rule, _ in met} == set(BY_RULE)
    assert {number for _, number in met} == set(range(len(HARDWARE_FAULTS)))


def test_the_committed_matrix_belongs_to_the_present_tables():
    assert matrix.stored()["digest"] == matrix.digest(), REMEDY


def test_the_committed_matrix_is_whole_and_has_no_failure():
    verdicts = matrix.stored()["verdicts"]
    assert list(verdicts) == [p.rule for p in PROVOCATIONS]
    allowed = {*judge.WORDS, matrix.ARGUED} - {judge.FAILED}
    for rule, row in verdicts.items():
        assert list(row) == matrix.FAULTS, rule
        assert set(row.values()) <= allowed, rule
        for fault, verdict in row.items():
            assert (verdict == matrix.ARGUED) == bool(argued.reason(rule, fault))


def test_the_documents_are_what_the_tables_say():
    assert docs_safety.stale() == [], "make docs"


def test_a_rule_without_a_test_fails_the_build(monkeypatch):
    shown.check()
    monkeypatch.delitem(provocations.BY_RULE, "cell_ov1")
    with pytest.raises(shown.Untested):
        docs_safety.safety()


def test_a_test_that_has_gone_fails_the_build(monkeypatch):
    monkeypatch.setattr(shown, "OPENS", "test_that_nobody_wrote")
    with pytest.raises(shown.Untested):
        shown.tests_of("cell_ov1")


def test_the_judge_sees_a_switch_that_stays_on():
    """The campaign itself must be able to fail: the same hazard, firmware that forgets to act."""
    provocation = BY_RULE["charge_ot"]
    honest = judge.judge(provocation)
    assert honest.verdict == judge.OPENED
    deaf = judge.Provocation(
        provocation.rule, provocation.stage, "", provocation.act,
        provocation.notice_ms, settings={"temp_delay_ms": 5000, "charge_ot_dc": 600},
    )  # fmt: skip
    assert judge.judge(deaf).verdict == judge.FAILED
