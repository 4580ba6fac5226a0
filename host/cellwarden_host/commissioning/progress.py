"""How far a board's commissioning has got: kept on disk by machine code, so it can be resumed.

A result belongs to the pack it was taken on: when chemistry, cells, capacity or the harness map
on the board are not what they were, everything that followed from them is open again. Skipping
is possible where safety does not hang on it, and never without a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import kept
from ..data_folder import folder
from ..problems import Refused
from ..words import Said, say
from .set_up import Pack
from .tightening import PROOFS

OPEN, PASS, FAIL, SKIPPED = "open", "pass", "fail", "skipped"
_FORMAT = "cellwarden commissioning"

PACK, HARNESS, SENSORS, ZERO, LIMITS, GAIN, PASSWORD, PROVE, REPORT = (
    "pack",
    "harness",
    "sensors",
    "zero",
    "limits",
    "gain",
    "password",
    "proofs",
    "report",
)
# Each step and its title. The limits come before the gain: nothing is switched on without them.
TITLES = {
    PACK: say("Chemistry, cells, capacity"),
    HARNESS: say("Harness"),
    SENSORS: say("Temperature sensors"),
    ZERO: say("Current zero"),
    LIMITS: say("Limits and confirmation"),
    GAIN: say("Current gain"),
    PASSWORD: say("Password"),
    PROVE: say("Prove the protections"),
    REPORT: say("Report"),
}
STEPS = tuple(TITLES)
SKIPPABLE = (SENSORS, GAIN, PASSWORD, PROVE)
# What must have passed (or, where it may, been skipped) before a step can begin.
_NEEDS = {
    PACK: (),
    HARNESS: (PACK,),
    SENSORS: (HARNESS,),
    ZERO: (HARNESS,),
    LIMITS: (HARNESS, SENSORS, ZERO),
    GAIN: (LIMITS,),
    PASSWORD: (PACK,),
    PROVE: (LIMITS, GAIN),
    REPORT: (PACK,),
}


@dataclass(frozen=True)
class Result:
    """What became of a step or a proof, when, in words."""

    state: str = OPEN
    said: str = ""
    at: str = ""

    def frozen(self) -> dict[str, Any]:
        return {"state": self.state, "said": kept.freeze(self.said), "at": self.at}

    @staticmethod
    def thawed(frozen: Any) -> Result:
        if not isinstance(frozen, dict):
            return Result()
        return Result(
            str(frozen.get("state", OPEN)), kept.thaw(frozen.get("said", "")), frozen.get("at", "")
        )


class Progress:
    """``steps`` and ``proofs`` by name; saved with each change."""

    def __init__(self, machine_code: str) -> None:
        if not machine_code:
            raise Refused(say("The board tells no machine code: its set-up cannot be resumed"))
        self.machine_code = machine_code
        self._path = _path(machine_code)
        self.begun = ""
        self.pack: Pack | None = None
        self.steps = dict.fromkeys(STEPS, Result())
        self.proofs = {proof.rule.name: Result() for proof in PROOFS}
        self.sensors: list[int] = []  # found by warming, from 0
        self._load()

    # --- where it stands

    @property
    def at(self) -> str:
        """The first step that is neither passed nor skipped."""
        for step in STEPS:
            if self.steps[step].state not in (PASS, SKIPPED):
                return step
        return REPORT

    def blocked_by(self, step: str) -> str | None:
        """The step that has to be done first."""
        for needed in _NEEDS[step]:
            if self.steps[needed].state not in (PASS, SKIPPED):
                return needed
        return None

    @property
    def passed(self) -> bool:
        """Nothing failed, nothing is open, and whatever was skipped says why."""
        done = [self.steps[step] for step in STEPS if step != REPORT]
        return all(result.state in (PASS, SKIPPED) for result in (*done, *self.proofs.values()))

    @property
    def skipped(self) -> bool:
        results = (*self.steps.values(), *self.proofs.values())
        return any(result.state == SKIPPED for result in results)

    # --- what happens

    def record(self, step: str, good: bool, said: str, now: datetime) -> None:
        self._put(self.steps, step, PASS if good else FAIL, said, now)

    def record_proof(self, rule: str, good: bool, said: str, now: datetime) -> None:
        self._put(self.proofs, rule, PASS if good else FAIL, said, now)

    def skip(self, step: str, why: str, now: datetime) -> None:
        if step not in SKIPPABLE:
            raise Refused(say("This step cannot be left out"))
        self._put(self.steps, step, SKIPPED, _reason(why), now)

    def skip_proof(self, rule: str, why: str, now: datetime) -> None:
        self._put(self.proofs, rule, SKIPPED, _reason(why), now)

    def skip_open_proofs(self, why: str, now: datetime) -> None:
        """Every proof that has not been made."""
        for rule, result in self.proofs.items():
            if result.state == OPEN:
                self.skip_proof(rule, why, now)

    def close_proofs(self, now: datetime) -> bool:
        """The step of the proofs, from its parts; False while one is open."""
        states = [result.state for result in self.proofs.values()]
        if OPEN in states:
            return False
        proved, failed = states.count(PASS), states.count(FAIL)
        if not proved and not failed:
            self.skip(PROVE, say("No protection has been proved"), now)
            return True
        said = say(
            "{proved} proved, {skipped} skipped, {failed} failed",
            proved=proved,
            skipped=states.count(SKIPPED),
            failed=failed,
        )
        self.record(PROVE, not failed, said, now)
        return True

    def set_pack(self, pack: Pack, said: str, now: datetime) -> None:
        """The pack has been written; another pack than before opens all other steps."""
        if pack != self.pack:
            self._forget()
        self.pack = pack
        self.begun = self.begun or now.isoformat(timespec="seconds")
        self.record(PACK, True, said, now)

    def found_sensor(self, sensor: int) -> None:
        self.sensors = sorted({*self.sensors, sensor})
        self._save()

    def hold_against(self, pack: Pack, confirmed: bool) -> None:
        """Open again what was found on another pack than the one the board is set to."""
        if self.pack is not None and pack != self.pack:
            self._forget()
            self.pack = None
            self._save()
        if self.steps[LIMITS].state == PASS and not confirmed:
            self.steps[LIMITS] = Result()
            self._save()

    def restart(self) -> None:
        """Begin from the first step."""
        self._forget()
        self.pack, self.begun = None, ""
        self._save()

    # --- the file

    def _put(
        self, results: dict[str, Result], key: str, state: str, said: str, now: datetime
    ) -> None:
        results[key] = Result(state, said, now.isoformat(timespec="seconds"))
        self._save()

    def _forget(self) -> None:
        self.steps = dict.fromkeys(STEPS, Result())
        self.proofs = dict.fromkeys(self.proofs, Result())
        self.sensors = []

    def _save(self) -> None:
        pack = self.pack
        kept.write_json(
            self._path,
            {
                "format": _FORMAT,
                "machine_code": self.machine_code,
                "begun": self.begun,
                "pack": None
                if pack is None
                else [pack.chemistry, pack.cells, pack.capacity_mah, list(pack.channels)],
                "sensors": self.sensors,
                "steps": {key: result.frozen() for key, result in self.steps.items()},
                "proofs": {key: result.frozen() for key, result in self.proofs.items()},
            },
        )

    def _load(self) -> None:
        document = kept.read_json(self._path)
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            return
        if document["machine_code"] != self.machine_code:
            return
        self.begun = str(document["begun"])
        if document["pack"] is not None:
            chemistry, cells, capacity_mah, channels = document["pack"]
            self.pack = Pack(chemistry, cells, capacity_mah, tuple(channels))
        self.sensors = list(document["sensors"])
        for results, key in ((self.steps, "steps"), (self.proofs, "proofs")):
            for name in results:
                results[name] = Result.thawed(document[key].get(name))


def _path(machine_code: str) -> Path:
    return folder() / "commissioning" / f"{kept.file_name(machine_code)}.json"


def _reason(why: str) -> str:
    """What a person typed, or a sentence of ours; never nothing."""
    if not why.strip():
        raise Refused(say("Say why it is left out: the report tells it"))
    return why if isinstance(why, Said) else why.strip()


def begun(machine_code: str) -> bool:
    """This PC has begun to commission this board."""
    return bool(machine_code) and _path(machine_code).exists()
