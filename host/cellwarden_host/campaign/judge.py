"""One case: a scene, perhaps a fault, a hazard, and what the plant's truth says afterwards.

The fault comes first and gets three seconds, in which the firmware may find it; then the
hazard. A stage that begins at reset has both before power-on. What must not flow then is what
the rule forbids; how long it may is promised by the rule's row: delay, fault-tolerance time,
one tick, one period of the measurement. If it still flows (or still could, because a switch
cannot open), the worst comes next: a charger drives a cell up, or a load a cell down, and the
secondary disconnect must fire within the time of level 2. Nothing here asks the firmware.
"""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden import schema_data as schema
from cellwarden.tables import rules

from . import stages
from .provocations import (
    CHARGE_MA,
    CHARGER_MV,
    DRIVE_DOWN,
    DRIVE_UP,
    LOAD_MA,
    TICK_MS,
    Provocation,
)
from .scene import RULE, Scene

Fault = tuple[str, tuple]

FAULT_MS = 3000
# How long nothing must have flowed for a case to be over: longer than every recovery delay,
# minimum off time and precharge, so that a board that comes back is seen.
QUIET_MS = 4000
# A current that goes on against an open switch fires the disconnect this long after.
# All retries of a rule that tries again are over, one way or the other, within this.
RETRIES_MS = 45_000
UNSTOPPED_MS = 1000 + 100 + 2 * TICK_MS + 300
# Level 2: its delay, then that of current flowing below it, their samples, settling, tolerance.
LEVEL2_MS = 500 + 500 + 100 + 4 * TICK_MS + 1000

KEPT, BEFORE, OPENED, RETRIED = "kept off", "before", "opened", "retried"
SECONDARY, LEVEL2, FAILED = "secondary", "level 2", "FAIL"
WORDS = {
    KEPT: "the board started with fault and hazard, and what the rule forbids never came on",
    BEFORE: "the fault itself had already opened what the rule forbids, and it stayed open",
    OPENED: "opened within the promised time",
    RETRIED: "opened within the promised time, tried again as often as the rule allows, each time"
    " opened in time, then latched",
    SECONDARY: "the switch could not open: the secondary disconnect fired within its time",
    LEVEL2: "the switch cannot open, but no limit without a second one behind it is broken; when"
    " a cell was driven on that way, level 2 fired the disconnect in its time",
    FAILED: "none of these",
}


@dataclass(frozen=True)
class Verdict:
    """``took_ms``: when the last forbidden thing was seen, from the hazard on."""

    verdict: str
    took_ms: int = 0
    note: str = ""


def promised_ms(provocation: Provocation, scene: Scene, tolerance: bool) -> int:
    """From the hazard to nothing forbidden flowing."""
    rule = RULE[provocation.rule]
    live = scene.settings.live
    total = live[schema.RULE_DELAY[rule.number]] + provocation.notice_ms + TICK_MS
    if rule.quantity.endswith("_age_ms"):
        total += live[schema.RULE_TRIP[rule.number]]
    return int(total + (rule.tolerance if tolerance else 0))


def forbidden(rule: rules.Rule) -> list[str]:
    return [kind for kind in rule.forbids if kind != "secondary"]


def bring_about(scene: Scene, provocation: Provocation, fault: Fault | None) -> int:
    """Stage, fault, hazard; the moment from which time counts."""
    if provocation.stage in stages.FROM_RESET:
        if fault:
            scene.plant.inject(fault[0], *fault[1])
        provocation.act(scene)
        stages.CONNECT[provocation.stage](scene)
        scene.watch.begin(scene.now_us)
        begun_us = scene.now_us
        scene.start()
        return begun_us
    stages.prepare(scene, provocation)
    if fault:
        scene.plant.inject(fault[0], *fault[1])
        scene.run(FAULT_MS)
    scene.on_before = scene.watch.on(scene.now_us)
    begun_us = scene.now_us
    provocation.act(scene)
    scene.watch.begin(begun_us)
    return begun_us


def judge(provocation: Provocation, fault: Fault | None = None, tolerance: bool = True) -> Verdict:
    """Run one case."""
    scene = stages.build(provocation)
    begun_us = bring_about(scene, provocation, fault)
    was_on = any(kind in scene.on_before for kind in forbidden(RULE[provocation.rule]))
    fired_before = scene.watch.fired_us is not None
    deadline_us = begun_us + promised_ms(provocation, scene, tolerance) * 1000
    kinds = forbidden(RULE[provocation.rule])
    _run_until_quiet(scene, kinds, begun_us, deadline_us)
    last_us = _last_us(scene, kinds)
    if last_us is None:
        if provocation.stage in stages.FROM_RESET:
            return Verdict(KEPT)
        return Verdict(OPENED if was_on else BEFORE)
    if last_us <= deadline_us:
        fired = scene.watch.fired_us is not None and not fired_before
        took_ms = max(0, last_us - begun_us) // 1000
        return Verdict(SECONDARY if fired and _stuck(fault) else OPENED, took_ms)
    rule = RULE[provocation.rule]
    late = [kind for kind in kinds if (scene.watch.bad_us[kind] or 0) > deadline_us]
    again = [kind for kind in late if scene.watch.opened[kind]]
    if rule.retries and again and _retried(scene, again, begun_us, deadline_us):
        late = [kind for kind in late if kind not in again]
        if not late:
            return Verdict(RETRIED, max(scene.watch.longest_us[k] for k in again) // 1000)
    return _not_opened(scene, rule, late, begun_us, deadline_us)


def _retried(scene: Scene, kinds: list[str], begun_us: int, deadline_us: int) -> bool:
    """It came back, but never for longer than promised, and has stopped coming back."""
    watch = scene.watch
    allowed_us = deadline_us - begun_us

    def in_time() -> bool:
        return all(watch.longest_us[kind] <= allowed_us for kind in kinds)

    end_us = begun_us + RETRIES_MS * 1000
    while in_time() and scene.now_us < end_us:
        scene.run(500)
        if scene.now_us - (_last_us(scene, kinds) or 0) >= QUIET_MS * 1000:
            return in_time()
    return False


def _stuck(fault: Fault | None) -> bool:
    return fault is not None and fault[0].endswith("mosfet_stuck_on")


def _run_until_quiet(scene: Scene, kinds: list[str], begun_us: int, deadline_us: int) -> None:
    """Until nothing forbidden has been seen for a while, or it is too late."""
    end_us = deadline_us + UNSTOPPED_MS * 1000
    while scene.now_us < end_us:
        scene.run(100)
        last_us = _last_us(scene, kinds) or begun_us
        if scene.now_us - last_us >= QUIET_MS * 1000:
            return


def _last_us(scene: Scene, kinds: list[str]) -> int | None:
    seen = [us for us in (scene.watch.bad_us[kind] for kind in kinds) if us is not None]
    return max(seen) if seen else None


def _not_opened(
    scene: Scene, rule: rules.Rule, late: list[str], begun_us: int, deadline_us: int
) -> Verdict:
    """Something forbidden flows, or could: is the disconnect there when it gets worse?"""
    watch = scene.watch
    took_ms = (max(watch.bad_us[k] or 0 for k in late) - begun_us) // 1000
    fired_us = watch.fired_us
    if fired_us is not None:
        if fired_us <= deadline_us + UNSTOPPED_MS * 1000 and not _going_on(scene, late):
            return Verdict(SECONDARY, (fired_us - begun_us) // 1000)
        return Verdict(FAILED, took_ms, "goes on after the disconnect: " + ", ".join(late))
    if not _going_on(scene, late):
        return Verdict(FAILED, took_ms, "late: " + ", ".join(late))
    for kind in late:
        if kind not in ("charge", "discharge"):
            return Verdict(FAILED, took_ms, kind + " goes on")
    flows = [k for k in late if (watch.flow_us[k] or 0) > deadline_us]
    words = ", ".join(f"{k} {'flows' if k in flows else 'cannot open'}" for k in late)
    if flows and rule.backup:  # no second limit: what flows is the hazard itself
        return Verdict(FAILED, took_ms, words)
    for kind in late:
        _make_worse(scene, kind)
        if watch.fired_us is None:
            return Verdict(FAILED, took_ms, words + "; no disconnect at level 2")
    return Verdict(LEVEL2, took_ms, words)


def _going_on(scene: Scene, kinds: list[str]) -> bool:
    now_us = scene.now_us
    return any(now_us - (scene.watch.bad_us[k] or 0) < 200_000 for k in kinds)


def _make_worse(scene: Scene, kind: str) -> None:
    """What level 2 is for: the cell moves on in the direction that cannot be stopped."""
    plant = scene.plant
    plant.clear("cell")
    if kind == "charge":
        plant.inject("load_connect", 0)
        plant.inject("charger_connect", CHARGER_MV, CHARGE_MA)
        plant.inject("cell", 7, DRIVE_UP)
    else:
        plant.inject("charger_remove")
        plant.inject("load_connect", LOAD_MA)
        scene.run(1500)
        plant.inject("cell", 5, DRIVE_DOWN)
    scene.run(LEVEL2_MS)


def alone(fault: Fault, stage: str = "charging", duration_ms: int = 15_000) -> str:
    """What a fault does to a healthy pack at work: nothing, opens, fires."""
    provocation = Provocation("", stage, "", lambda scene: None)
    scene = stages.build(provocation)
    bring_about(scene, provocation, fault)
    scene.run(duration_ms)
    if scene.watch.fired_us is not None:
        return "FIRES"
    charge, discharge = scene.plant.pack.conducting()
    if charge and discharge:
        return "goes on"
    return "opens " + " and ".join(
        name for name, on in (("charge", charge), ("discharge", discharge)) if not on
    )
