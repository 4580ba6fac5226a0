"""``python -m cellwarden_host.soc_trials tune|check [WORD]``: the table, for trials named so.

``--out FOLDER`` writes the traces instead, with ``--every SECONDS`` only some of their rows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import trace
from .compare import all_compared
from .making import made
from .score import Score
from .trials import CHECK, TUNE


def _told(score: Score) -> str:
    def figure(value: float | None) -> str:
        return "    -" if value is None else f"{value:5.2f}"

    inside = "   -" if score.inside is None else f"{score.inside:3.0f}%"
    return f"{figure(score.rms)} {figure(score.worst)} {inside}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="soc_trials", description=__doc__)
    parser.add_argument("role", choices=("tune", "check"))
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--every", type=int, metavar="SECONDS")
    asked = parser.parse_args()
    trials = [t for t in (TUNE if asked.role == "tune" else CHECK) if asked.word in t.name]
    if asked.out:
        for trial in trials:
            whole = made(trial)
            kept = trace.thinned(whole, asked.every) if asked.every else whole
            print(trace.write(kept, asked.out))
        return
    print(f"{'RMS, worst, inside 2 sigma':24} {'ours':^17} {'EKF':^17} {'coulombs':^17}")
    for c in all_compared(trials):
        print(
            f"{c.name:24} {_told(c.ours)}  {_told(c.kalman)}  {_told(c.coulombs)}"
            f"  {_told(c.from_voltage)}   {c.ours.judged_h:.0f} h",
            flush=True,
        )


if __name__ == "__main__":
    main()
