"""The real core on two recorded cells: nearer to the truth than counting, from a wrong start.

The recordings are two of the trial's traces, thinned: ``python -m cellwarden_host.soc_trials
check NAME --every 20 --out tests/host/data/soc``.
"""

from pathlib import Path

import pytest

from cellwarden_host.soc_trials import trace, yardsticks
from cellwarden_host.soc_trials.core_run import ours
from cellwarden_host.soc_trials.score import score

DATA = Path(__file__).parent / "data" / "soc"


@pytest.mark.parametrize("name", ["nmc_commute", "lfp_full_cycle"])
def test_the_core_is_nearer_than_counting_from_the_same_start(name):
    recorded = trace.read(DATA / f"{name}.csv")
    told, sigma = ours(recorded)
    assert len(told) == len(recorded)
    mine = score(recorded, told, sigma)
    counted = score(recorded, yardsticks.coulombs_from_told(recorded))
    assert mine.judged_h > 2
    assert mine.rms < counted.rms
