"""``produce``: one board after a recipe, for a line that works from a terminal."""

from __future__ import annotations

import argparse
import os
from datetime import date, datetime
from pathlib import Path

from .. import catalog, jobs, show, units
from ..board import Board
from ..problems import BadInput, Problem, Refused
from ..production import ledger, recipe, run
from ..words import say
from . import options
from .connect import open_board

_WORDS = {run.PASS: "ok", run.FAIL: "FAIL", run.SKIPPED: "left out", run.OPEN: "not done"}


def add(commands: options.Commands) -> None:
    produce = options.command(
        commands,
        "produce",
        _produce,
        "Write a recipe to the board that is connected, prove it, and record it.\n\n"
        "A board that has passed with this recipe is not written again without --again. The\n"
        "factory's password, for serial number and date, comes from CELLWARDEN_FACTORY_PASSWORD;\n"
        "the password of a board that has one of its own already from CELLWARDEN_PASSWORD.",
        "  cellwarden produce --example > batch.json\n  cellwarden produce batch.json",
        (options.connection(), options.as_json()),
    )
    produce.add_argument("recipe", type=Path, nargs="?", metavar="RECIPE", help="JSON or TOML")
    produce.add_argument("--example", action="store_true", help="print a recipe to begin with")
    produce.add_argument("--again", action="store_true", help="write a board that has passed")
    produce.add_argument("--records", type=Path, metavar="DIR", help="where records are kept")


def _produce(args: argparse.Namespace) -> int:
    if args.example:
        print(recipe.example(), end="")
        return 0
    if args.recipe is None:
        raise BadInput(say("which recipe? Print one to begin with: cellwarden produce --example"))
    made = recipe.load(args.recipe)
    book = ledger.Ledger(made, args.records)
    with open_board(args) as board:
        code = board.read([catalog.NAMED["machine_code"]]).texts["machine_code"]
        if book.has_passed(code) and not args.again:
            raise Refused(
                say("{code} has passed with this recipe already; to write it: --again", code=code)
            )
        outcome = _run(made, book, board)
    record = book.record(outcome, datetime.now())
    if args.json:
        show.print_json(record)
    else:
        _print(outcome)
    return 0 if outcome.passed else 1


def _run(made: recipe.Recipe, book: ledger.Ledger, board: Board) -> run.Outcome:
    today = date.today().isoformat()
    orders = run.Orders(
        today,
        lambda code: book.reserve(code, today),
        os.environ.get("CELLWARDEN_FACTORY_PASSWORD", ""),
        os.environ.get("CELLWARDEN_PASSWORD", ""),
    )
    outcome = run.begin(made)
    job = run.produce(made, orders, outcome)
    try:
        jobs.run(job, board)
    except Problem as problem:
        job.close()
        run.broke_off(outcome, problem)
    return outcome


def _print(outcome: run.Outcome) -> None:
    for step in outcome.steps:
        print(f"{step.title:32}{_WORDS[step.state]:10}{step.said}")
    for line in outcome.table:
        wanted, actual = (units.text(line.row, n) for n in (line.wanted, line.actual))
        print(f"  {line.row.name:30}{actual:>14}  {'ok' if line.state == run.PASS else wanted}")
    print(f"\n  {'PASS' if outcome.passed else 'FAIL'}  {outcome.serial or outcome.machine_code}")
