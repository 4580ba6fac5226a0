"""``docs`` and ``schema``: files that are written from tables, never by hand."""

from __future__ import annotations

import argparse

from .. import docs_registers, docs_safety, schema_pack
from ..campaign.shown import Untested
from ..problems import Refused
from . import options


def add(commands: options.Commands) -> None:
    docs = options.command(
        commands,
        "docs",
        _docs,
        "Write docs/registers.md, registers.json, safety.md and safety-matrix.md (in a checkout).",
        "  cellwarden docs\n  cellwarden docs --check      only say which are stale",
    )
    docs.add_argument("--check", action="store_true", help="write nothing; 1 if one is stale")
    options.command(
        commands,
        "schema",
        _schema,
        "Pack the schema for the controller: schema_data.py and ids.py (in a checkout).",
        "  cellwarden schema",
    )


def _docs(args: argparse.Namespace) -> int:
    try:
        return max(docs_registers.main(args.check), docs_safety.main(args.check))
    except Untested as error:
        raise Refused(f"docs/safety.md: {error}") from error
    except OSError as error:
        raise Refused(f"cannot write the documents: {error}") from error


def _schema(args: argparse.Namespace) -> int:
    try:
        return schema_pack.main()
    except OSError as error:
        raise Refused(f"cannot write the packed schema: {error}") from error
