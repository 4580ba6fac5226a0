"""A replay's outcome for people: the charge first, then what the core would have done."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from .. import show
from .outcome import seconds
from .reading import Log
from .summary import Tally

_MOST = 20


def tell(tally: Tally, log: Log, out: Path | None, picture: Path | None) -> None:
    """Print it."""
    found = tally.json(log)
    console = show.console()
    console.print(_facts(found))
    for title, events, lay_out in (
        ("protections that would have tripped", found["trips"], _each),
        ("warnings", found["warnings"], _by_rule),
    ):
        if events:
            console.print(f"\n[bold]{title}[/bold]")
            console.print(lay_out(events))
    if len(found["trips"]) > _MOST:
        console.print(f"... and {len(found['trips']) - _MOST} more: see --out or --json")
    if not found["trips"]:
        console.print("\nno protection would have tripped")
    for note in found["notes"]:
        console.print(f"note: {note}", markup=False)
    if log.bad:
        console.print(f"{log.bad} rows were skipped:", markup=False)
        for complaint in log.complaints:
            console.print(f"  {complaint}", markup=False)
        if log.bad > len(log.complaints):
            console.print(f"  ... and {log.bad - len(log.complaints)} more")
    for path in (out, picture):
        if path:
            console.print(f"written: {path}", markup=False)


def _facts(found: dict[str, Any]) -> Any:
    made = show.table("", "")
    made.show_header = False
    final, moved, ranges = found["final"], found["throughput"], found["range"]
    believed = f"{final['soc_percent']:.1f} % ± {2 * final['soc_sigma_percent']:.1f}"
    made.add_row("state of charge", f"{believed} (2 sigma) at the end")
    low, high = ranges["soc_percent"]["min"], ranges["soc_percent"]["max"]
    made.add_row("", f"between {low:.1f} and {high:.1f} %")
    made.add_row("capacity", f"{final['capacity_mah'] / 1000:.3f} Ah believed at the end")
    made.add_row(
        "charge moved",
        f"{moved['charged_mah'] / 1000:.3f} Ah in, {moved['discharged_mah'] / 1000:.3f} Ah out",
    )
    since = f" from {found['begins']}" if found["begins"] else ""
    made.add_row("log", f"{found['rows']} rows, {_duration(found['duration_s'])}{since}")
    made.add_row("current", _span(ranges["current_ma"], 1000, "A"))
    made.add_row("cells", _span(ranges["cell_mv"], 1000, "V"))
    if "temp_dc" in ranges:
        made.add_row("temperature", _span(ranges["temp_dc"], 10, "°C"))
    for name, title in (("truth", "against the truth"), ("truth_after_2_h", "after two hours")):
        if name in found:
            truth = found[name]
            made.add_row(
                title,
                f"RMS {truth['rms_percent']:.2f}, worst {truth['worst_percent']:+.2f} points, "
                f"within 2 sigma {100 * truth['within_two_sigma']:.1f} % of the time",
            )
    for name, off_s in found["off_s"].items():
        if off_s:
            made.add_row(f"{name} off", f"for {_duration(off_s)} of it")
    return made


def _each(events: list[dict[str, Any]]) -> Any:
    made = show.table("at, s", "rule", "meaning", "cleared at, s")
    for event in events[:_MOST]:
        cleared = event["cleared_t_s"]
        ends = "-" if cleared is None else seconds(cleared)
        made.add_row(seconds(event["t_s"]), event["rule"], event["title"], ends)
    return made


def _by_rule(events: list[dict[str, Any]]) -> Any:
    made = show.table("first at, s", "rule", "meaning", "times")
    counts = Counter(event["rule"] for event in events)
    first = {event["rule"]: event for event in reversed(events)}
    for event in sorted(first.values(), key=lambda event: event["t_s"]):
        times = str(counts[event["rule"]])
        made.add_row(seconds(event["t_s"]), event["rule"], event["title"], times)
    return made


def _span(span: dict[str, float], size: int, unit: str) -> str:
    return f"{span['min'] / size:g} to {span['max'] / size:g} {unit}"


def _duration(total_s: float) -> str:
    days, rest = divmod(round(total_s), 86_400)
    hours, rest = divmod(rest, 3_600)
    clock = f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{days} d {clock}" if days else f"{clock} h"
