"""``docs`` and ``schema``: files that are written from the schema, never by hand."""

from __future__ import annotations

import argparse
import importlib

from .. import schema_pack
from ..problems import Refused
from . import options


def add(commands: options.Commands) -> None:
    options.command(
        commands, "docs", _docs,
        "Write docs/registers.md and its like from the schema (in a checkout).",
        "  cellwarden docs",
    )
    options.command(
        commands, "schema", _schema,
        "Pack the schema for the controller: schema_data.py and ids.py (in a checkout).",
        "  cellwarden schema",
    )


def _docs(args: argparse.Namespace) -> int:
    try:
        generator = importlib.import_module("cellwarden_host.docs_registers")
        return int(generator.main() or 0)
    except OSError as error:
        raise Refused(f"cannot write the documents: {error}") from error


def _schema(args: argparse.Namespace) -> int:
    try:
        return schema_pack.main()
    except OSError as error:
        raise Refused(f"cannot write the packed schema: {error}") from error
