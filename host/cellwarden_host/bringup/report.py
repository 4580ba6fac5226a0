"""The report that is filed: JSON for programs, and one HTML page to print and sign.

The page carries everything in itself. Nothing is overwritten: a second run is a second report.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from .checklist import FAIL, PASS, SKIPPED, STEPS, measured

_WORDS = {PASS: "PASS", FAIL: "FAIL", SKIPPED: "skipped", "incomplete": "INCOMPLETE"}
_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; max-width: 60em; margin: 2em auto; color: #1b1f24;
  padding: 0 1em }
h1 { font-size: 1.4em; margin: 0 0 .3em }
h2 { font-size: 1.05em; margin: 1.6em 0 .4em }
.verdict { font-size: 2.6em; font-weight: 700; letter-spacing: .04em; border: 3px solid;
  border-radius: 8px; padding: .1em .6em; float: right }
.pass { color: #11703a } .fail { color: #b3161b } .skipped, .incomplete { color: #8a6100 }
table { border-collapse: collapse; width: 100%; clear: both }
th, td { text-align: left; padding: .35em .6em; border-bottom: 1px solid #d5d9de;
  vertical-align: top }
th { font-weight: 600 } td.result { font-weight: 700; white-space: nowrap }
td.number { text-align: right; font-variant-numeric: tabular-nums }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15em 1.2em; margin: .5em 0 }
dt { color: #57606a } dd { margin: 0 }
.cells { columns: 4; font-variant-numeric: tabular-nums } .cells div { break-inside: avoid }
.sign { margin-top: 3em; display: grid; grid-template-columns: 1fr 1fr; gap: 3em }
.sign div { border-top: 1px solid #1b1f24; padding-top: .3em; color: #57606a }
@media print { body { margin: 0; max-width: none } tr { break-inside: avoid } }
"""


def record(
    results: dict[str, dict[str, Any]], overall: str, serial: str, port: str, when: datetime
) -> dict[str, Any]:
    """Everything that is known of this bring-up."""
    board = results.get("info", {}).get("data", {})
    return {
        "verdict": overall,
        "serial_number": serial,
        "machine_code": board.get("machine_code", ""),
        "board": board.get("board", ""),
        "firmware": board.get("firmware", ""),
        "runtime": board.get("runtime", ""),
        "port": port,
        "date": when.isoformat(timespec="seconds"),
        "pack_mv": results.get("sums", {}).get("data", {}).get("pack_mv"),
        "steps": [
            {"step": name, "title": STEPS[name], **result} for name, result in results.items()
        ],
    }


def write(made: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """Put both files into ``folder``; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    who = made["serial_number"] or made["machine_code"] or "board"
    when = re.sub(r"[^0-9]", "", made["date"][:19])
    stem = f"bringup-{re.sub(r'[^A-Za-z0-9._-]+', '_', who)}-{when}"
    number = 0
    while True:
        name = stem + (f"-{number}" if number else "")
        files = folder / f"{name}.json", folder / f"{name}.html"
        if not any(file.exists() for file in files):
            break
        number += 1
    files[0].write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    files[1].write_text(page(made), encoding="utf-8")
    return files


def page(made: dict[str, Any]) -> str:
    """One page that needs nothing else."""
    overall = made["verdict"]
    who = made["serial_number"] or made["machine_code"]
    rows = "\n".join(_row(step) for step in made["steps"])
    pack_mv = made["pack_mv"]
    facts = {
        "Serial number": made["serial_number"] or "none given",
        "Machine code": made["machine_code"],
        "Board": made["board"],
        "Firmware": f"{made['firmware']} on {made['runtime']}",
        "Date": made["date"].replace("T", " "),
        "Pack voltage": f"{pack_mv / 1000:.2f} V" if pack_mv else "not measured",
    }
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Bring-up of {escape(who)}</title>
<style>{_STYLE}</style></head><body>
<div class="verdict {overall}">{_WORDS[overall]}</div>
<h1>Board bring-up</h1><dl>{listed}</dl>
<table><thead><tr><th>Step</th><th>Result</th><th>Measured</th><th>Remarks</th></tr></thead>
<tbody>
{rows}
</tbody></table>
{_cells(made)}
<div class="sign"><div>Tested by</div><div>Date, signature</div></div>
</body></html>
"""


def _row(step: dict[str, Any]) -> str:
    result = step["result"]
    return (
        f"<tr><td>{escape(step['title'])}</td>"
        f'<td class="result {result}">{_WORDS[result]}</td>'
        f"<td>{escape(measured(step))}</td><td>{escape(step['say'])}</td></tr>"
    )


def _cells(made: dict[str, Any]) -> str:
    data: dict[str, Any] = next((s["data"] for s in made["steps"] if s["step"] == "cells"), {})
    if "mean_mv" not in data:
        return ""
    cells = "".join(
        f"<div>{i}: {mv} mV, {noise / 10:.1f} mV rms</div>"
        for i, (mv, noise) in enumerate(
            zip(data["mean_mv"], data["noise_100uv"], strict=True), start=1
        )
    )
    return f'<h2>Cells, mean and noise of 100 samples</h2><div class="cells">{cells}</div>'
