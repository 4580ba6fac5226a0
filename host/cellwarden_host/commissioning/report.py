"""The report of a commissioning: JSON for programs, one HTML page to print and sign.

Both say what was found, what was left out and why, and which protections this could not prove.
No report is ever overwritten, and none holds a password.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from importlib import metadata
from pathlib import Path
from typing import Any

from cellwarden.tables import rows

from .. import catalog, kept, units
from ..data_folder import folder
from ..words import CHINESE, ENGLISH, Said, known, say, tell
from ..words import schema as schema_words
from .plausible import Look
from .progress import FAIL, OPEN, PASS, REPORT, SKIPPED, STEPS, TITLES, Progress, Result
from .tightening import PROOF, not_provable

INCOMPLETE = "incomplete"
WORDS = {
    PASS: say("PASS"),
    FAIL: say("FAIL"),
    INCOMPLETE: say("INCOMPLETE"),
    SKIPPED: say("left out"),
    OPEN: say("not done yet"),
}
_STYLE = """
body { font: 14px/1.45 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
  max-width: 60em; margin: 2em auto; color: #1b1f24; background: #fff; padding: 0 1em }
h1 { font-size: 1.4em; margin: 0 0 .3em } h2 { font-size: 1.05em; margin: 1.6em 0 .4em }
.verdict { font-size: 2.2em; font-weight: 700; border: 3px solid; border-radius: 8px;
  padding: .1em .6em; float: right }
.pass { color: #11703a } .fail { color: #b3161b }
.skipped, .incomplete, .open { color: #8a6100 }
table { border-collapse: collapse; width: 100%; clear: both }
th, td { text-align: left; padding: .35em .6em; border-bottom: 1px solid #d5d9de;
  vertical-align: top }
td.said { white-space: pre-line } td.result { font-weight: 700; white-space: nowrap }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15em 1.2em; margin: .5em 0 }
dt { color: #57606a } dd { margin: 0 }
.cells { columns: 4; font-variant-numeric: tabular-nums } .cells div { break-inside: avoid }
.small { color: #57606a; font-size: .9em }
.sign { margin-top: 3em; display: grid; grid-template-columns: 1fr 1fr; gap: 3em }
.sign div { border-top: 1px solid #1b1f24; padding-top: .3em; color: #57606a }
@media print { body { margin: 0; max-width: none } tr { break-inside: avoid } }
"""


def verdict(progress: Progress) -> str:
    results = [
        *(result for step, result in progress.steps.items() if step != REPORT),
        *progress.proofs.values(),
    ]
    if any(result.state == FAIL for result in results):
        return FAIL
    return PASS if all(result.state == PASS for result in results) else INCOMPLETE


def record(progress: Progress, seen: Look, texts: dict[str, str], at: datetime) -> dict[str, Any]:
    """Everything that is known of it; its sentences can still be told in any language."""
    values, settings = seen.values, seen.settings
    return {
        "format": "cellwarden commissioning report",
        "verdict": verdict(progress),
        "date": at.isoformat(timespec="seconds"),
        "begun": progress.begun,
        "machine_code": progress.machine_code,
        "texts": {name: texts.get(name, "") for name in _TEXTS},
        "software": metadata.version("cellwarden"),
        "schema_version": values.one("schema_version"),
        "pack_10mv": values.one("pack_10mv"),
        "steps": [
            _line(step, TITLES[step], progress.steps[step]) for step in STEPS if step != REPORT
        ],
        "proofs": [
            _line(rule, PROOF[rule].title, result) for rule, result in progress.proofs.items()
        ],
        "not_proved": [
            {
                "rule": rule.name,
                "title": kept.freeze(schema_words.rule(rule)),
                "why": kept.freeze(why),
            }
            for rule, why in not_provable()
        ],
        "settings": {
            row.name: [units.plain(row, count) for count in settings.all(row.name)]
            if row.count > 1
            else units.plain(row, settings.one(row.name))
            for row in catalog.SETTINGS
        },
        "cell_mv": values.all("cell_mv")[: values.known("cells_in_series")],
    }


_TEXTS = (
    "product",
    "board_name",
    "serial_number",
    "factory_date",
    "device_name",
    "firmware_version",
)


def _line(name: str, title: Said, result: Result) -> dict[str, Any]:
    return {
        "name": name,
        "title": kept.freeze(title),
        "result": result.state,
        "said": kept.freeze(result.said),
        "at": result.at,
    }


def write(made: dict[str, Any], language: str = ENGLISH) -> tuple[Path, Path]:
    """Both files; their paths."""
    where = folder() / "commissioning" / "reports"
    who = made["texts"]["serial_number"] or made["machine_code"]
    stamp = "".join(digit for digit in made["date"] if digit.isdigit())
    stem = f"commissioning-{kept.file_name(who)}-{stamp}"
    number = 0
    while True:
        name = f"{stem}-{number}" if number else stem
        files = where / f"{name}.json", where / f"{name}.html"
        if not any(file.exists() for file in files):
            break
        number += 1
    kept.write_json(files[0], made)
    kept.write_text(files[1], page(made, language))
    return files


def page(made: dict[str, Any], language: str) -> str:
    """One page that needs nothing else."""

    def tr(text: str) -> str:
        return escape(tell(text, language))

    def table(lines: list[dict[str, Any]]) -> str:
        return "\n".join(
            f"<tr><td>{tr(kept.thaw(line['title']))}</td>"
            f'<td class="result {line["result"]}">{tr(WORDS[line["result"]])}</td>'
            f'<td class="said">{tr(kept.thaw(line["said"]))}</td>'
            f"<td>{escape(line['at'].replace('T', ' '))}</td></tr>"
            for line in lines
        )

    def head(first: Said) -> str:
        titles = (first, say("Result"), say("Remarks"), say("Time"))
        return "".join(f"<th>{tr(title)}</th>" for title in titles)

    facts = "".join(
        f"<dt>{tr(name)}</dt><dd>{tr(value) or '–'}</dd>" for name, value in _facts(made).items()
    )
    why = "".join(
        f"<li>{tr(kept.thaw(one['title']))}: {tr(kept.thaw(one['why']))}</li>"
        for one in made["not_proved"]
    )
    cells = "".join(
        f"<div>{i}: {mv if mv is not None else '–'} mV</div>"
        for i, mv in enumerate(made["cell_mv"], start=1)
    )
    title = say("Commissioning report")
    return f"""<!doctype html>
<html lang="{"zh-CN" if language == CHINESE else "en"}"><head><meta charset="utf-8">
<title>{tr(title)} {escape(made["machine_code"])}</title><style>{_STYLE}</style></head><body>
<div class="verdict {made["verdict"]}">{tr(WORDS[made["verdict"]])}</div>
<h1>{tr(title)}</h1><dl>{facts}</dl>
<table><thead><tr>{head(say("Step"))}</tr></thead><tbody>
{table(made["steps"])}
</tbody></table>
<h2>{tr(say("Protections proved by tightening their limits"))}</h2>
<table><thead><tr>{head(say("Protection"))}</tr></thead><tbody>
{table(made["proofs"])}
</tbody></table>
<h2>{tr(say("Cells"))}</h2><div class="cells">{cells}</div>
<h2>{tr(say("Not proved here"))}</h2><ul class="small">{why}</ul>
<div class="sign"><div>{tr(say("Commissioned by"))}</div>
<div>{tr(say("Date, signature"))}</div></div>
</body></html>
"""


def _facts(made: dict[str, Any]) -> dict[Said, str]:
    settings, texts = made["settings"], made["texts"]
    chemistry = str(settings["chemistry"])
    pack = units.text(catalog.READING["pack_10mv"], made["pack_10mv"])
    facts: dict[Said, str] = {
        say("Serial number"): texts["serial_number"],
        say("Machine code"): made["machine_code"],
        say("Bluetooth name"): texts["device_name"],
        say("Factory date"): texts["factory_date"],
        say("Board"): texts["board_name"],
        say("Firmware"): texts["firmware_version"],
        say("Software"): made["software"],
        say("Chemistry"): schema_words.chemistry(chemistry)
        if chemistry in rows.CHEMISTRIES
        else chemistry,
        say("Cells in series"): str(settings["cell_count"]),
        say("Rated capacity"): known(f"{settings['capacity_mah']:g} Ah"),
        say("Pack voltage"): pack,
        say("Date"): made["date"].replace("T", " "),
    }
    return facts
