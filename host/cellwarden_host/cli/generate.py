"""``docs`` and ``schema``: files that are written from the schema, never by hand."""

from __future__ import annotations

import argparse

from .. import docs_registers, schema_pack
from ..problems import Refused
from . import options


def add(commands: options.Commands) -> None:
    docs = options.command(
        commands,
        "docs",
        _docs,
        "Write docs/registers.md and registers.json from the schema (in a checkout).",
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
        return docs_registers.main(args.check)
    except OSError as error:
        raise Refused(f"cannot write the documents: {error}") from error


def _schema(args: argparse.Namespace) -> int:
    try:
        return schema_pack.main()
    except OSError as error:
        raise Refused(f"cannot write the packed schema: {error}") from error
