"""A stretch of the recording as CSV, streamed second by second; it may be days long."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlencode

from fastapi.responses import StreamingResponse
from nicegui import app

from ... import units
from ...recorder import find
from ..recording import recording

_PATH = "/recording.csv"
_AT_ONCE = 500


def address(board: str, keys: Sequence[str], from_ms: int, to_ms: int) -> str:
    """Where the browser gets it."""
    asked = {"board": board, "keys": " ".join(keys), "from_ms": from_ms, "to_ms": to_ms}
    return f"{_PATH}?{urlencode(asked)}"


@app.get(_PATH)
def download(board: str, keys: str, from_ms: int, to_ms: int) -> StreamingResponse:
    name = datetime.fromtimestamp(max(0, from_ms) / 1000).strftime("recording-%Y%m%d-%H%M%S.csv")
    return StreamingResponse(
        lines(board, keys.split(), from_ms, to_ms),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def lines(board: str, keys: Sequence[str], from_ms: int, to_ms: int) -> Iterator[str]:
    """The heading, then a line a second; names and units are the schema's."""
    known = [curve for curve in map(find, keys) if curve is not None]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["time", "ms since 1970"]
        + [f"{curve.key} ({unit})" if (unit := _unit(curve.row)) else curve.key for curve in known]
    )
    out.seek(0)
    yield "\ufeff" + out.read()
    pending = 0
    for at_ms, counts in recording().rows(board, [curve.key for curve in known], from_ms, to_ms):
        if not pending:
            out.seek(0)
            out.truncate()
        moment = datetime.fromtimestamp(at_ms / 1000).strftime("%Y-%m-%d %H:%M:%S")
        shown = [
            "" if count is None else units.plain(curve.row, count)
            for curve, count in zip(known, counts, strict=True)
        ]
        writer.writerow([moment, at_ms, *shown])
        pending = (pending + 1) % _AT_ONCE
        if not pending:
            yield out.getvalue()
    if pending:
        yield out.getvalue()


def _unit(row: object) -> str:
    return "" if getattr(row, "choices", None) else units.shown_unit(row)
