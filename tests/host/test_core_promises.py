"""What the core promises, whatever the readings do: judged by an oracle that knows no rules.

The oracle keeps, for every limit, how long it has been broken without a break, and looks only
at the commands that come out. It is written from docs/safety.md, not from the engine.
"""

from types import SimpleNamespace

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import boards.sim as board
from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden_host.desk import Desk
from cellwarden_host.sim.provision import commissioned

TICK_MS = 100
# One tick of grace for the sample, one for the decision.
GRACE_MS = 2 * TICK_MS
CELLS = 4

PACK = commissioned(board, cells=CELLS, changes={"charge_current_ma": 40_000})
LIVE = PACK.live

SEGMENT = st.fixed_dictionaries(
    {
        "ms": st.integers(1, 80).map(lambda n: n * TICK_MS),
        "high": st.sampled_from((3700, 4100, 4199, 4200, 4250, 4300, 4400)),
        "low": st.sampled_from((1900, 2400, 2500, 2700, 2750, 2751, 3100, 3500, 3700)),
        "current": st.sampled_from(
            (-400_000, -170_000, -90_000, -20_000, -600, 0, 600, 20_000, 49_999, 50_000, 60_000)
        ),
        "temp": st.sampled_from((-250, -200, -10, 0, 50, 250, 449, 450, 650, 900)),
        "lost": st.sampled_from(
            ("", "", "", "", "cells", "current", "temps", "pack", "wire", "sensor", "sum")
        ),
    }
)


class Oracle:
    """How long each hazard has stood, and for how long it may."""

    def __init__(self):
        self.broken_ms = {}

    def see(self, hazard, broken):
        self.broken_ms[hazard] = self.broken_ms.get(hazard, 0) + TICK_MS if broken else 0

    def overdue(self, hazard, allowed_ms):
        return self.broken_ms.get(hazard, 0) > allowed_ms + GRACE_MS


def present(desk, segment):
    """Put a segment's readings on the desk's inputs."""
    high = max(segment.high, segment.low)
    desk.cell_mv = [segment.low] + [(high + segment.low) // 2] * (CELLS - 2) + [high]
    desk.current_ma = None if segment.lost == "current" else segment.current
    desk.temp_dc = [segment.temp] * 4 + [300, 300]
    desk.pack_mv = "sum"
    desk.open_wires = (2,) if segment.lost == "wire" else ()
    if segment.lost == "cells":
        desk.cell_mv = None
        desk.pack_mv = CELLS * segment.low
    elif segment.lost == "temps":
        desk.temp_dc = None
    elif segment.lost == "pack":
        desk.pack_mv = None
    elif segment.lost == "sensor":
        desk.temp_dc = [None, segment.temp, segment.temp, segment.temp, 300, 300]
    elif segment.lost == "sum":
        desk.pack_mv = sum(desk.cell_mv) * 103 // 100


def judge(oracle, desk, segment):
    """One tick's verdict: asserts that nothing stays on longer than promised."""
    known = segment.lost != "cells"
    high = max(segment.high, segment.low)
    current = segment.current if segment.lost != "current" else None
    charging = current is not None and current > 0
    out = current is not None and current < 0
    oracle.see("ov1", known and high >= LIVE[ids.CELL_OV1_MV])
    oracle.see("ov2", known and high >= LIVE[ids.CELL_OV2_MV])
    # A fuse does not blow for a cut sense wire, nor for cells that cannot be true together.
    whole = segment.lost not in ("wire", "sum", "pack") and segment.low > LIVE[ids.CELL_UV2_MV]
    oracle.see("ov2_whole", known and whole and high >= LIVE[ids.CELL_OV2_MV])
    oracle.see("uv1", known and segment.low <= LIVE[ids.CELL_UV1_MV])
    oracle.see("uv2", known and segment.low <= LIVE[ids.CELL_UV2_MV])
    oracle.see("charge_oc", current is not None and current >= LIVE[ids.CHARGE_OC_MA])
    oracle.see("discharge_oc", current is not None and -current >= LIVE[ids.DISCHARGE_OC_MA])
    oracle.see("peak", current is not None and -current >= LIVE[ids.DISCHARGE_PEAK_MA])
    temps = segment.lost not in ("temps",)
    oracle.see("hot_charge", temps and segment.temp >= LIVE[ids.CHARGE_OT_DC])
    oracle.see("cold_charge", temps and segment.temp <= LIVE[ids.CHARGE_UT_DC])
    oracle.see("hot", temps and segment.temp >= LIVE[ids.DISCHARGE_OT_DC])
    oracle.see("cold", temps and segment.temp <= LIVE[ids.DISCHARGE_UT_DC])
    oracle.see("cells", segment.lost == "cells")
    oracle.see("current", segment.lost == "current")
    oracle.see("temps", segment.lost == "temps")
    oracle.see("pack", segment.lost == "pack")
    oracle.see("wire", segment.lost == "wire")
    oracle.see("sensor", segment.lost == "sensor")
    oracle.see("sum", segment.lost == "sum")
    temp_ms = LIVE[ids.TEMP_DELAY_MS]
    # A MOSFET on only to relieve its body diode carries current the harmless way.
    charge = desk.charge and not (out and desk.controller.switchgear.charge_bypass)
    discharge = desk.discharge and not (charging and desk.controller.switchgear.discharge_bypass)
    both = (
        ("ov2", LIVE[ids.CELL_OV2_DELAY_MS]),
        ("uv2", LIVE[ids.CELL_UV2_DELAY_MS]),
        ("cells", board.FTT_CELLS_MS),
        ("current", board.FTT_CURRENT_MS),
        ("temps", board.FTT_TEMPS_MS),
        ("pack", board.FTT_CELLS_MS),
        ("wire", 0),
        ("sensor", 2000),
        ("sum", 500),
    )
    for hazard, allowed_ms in both:
        if oracle.overdue(hazard, allowed_ms):
            assert not desk.charge and not desk.discharge, hazard
    for hazard, allowed_ms in (
        ("ov1", LIVE[ids.CELL_OV_DELAY_MS]),
        ("charge_oc", LIVE[ids.CHARGE_OC_DELAY_MS]),
        ("hot_charge", temp_ms),
        ("cold_charge", temp_ms),
    ):
        if oracle.overdue(hazard, allowed_ms):
            assert not charge, hazard
    for hazard, allowed_ms in (
        ("uv1", LIVE[ids.CELL_UV_DELAY_MS]),
        ("hot", temp_ms),
        ("cold", temp_ms),
        ("discharge_oc", LIVE[ids.DISCHARGE_OC_DELAY_MS]),
        ("peak", LIVE[ids.DISCHARGE_PEAK_DELAY_MS]),
    ):
        if oracle.overdue(hazard, allowed_ms):
            assert not discharge, hazard
    if oracle.overdue("ov2_whole", LIVE[ids.CELL_OV2_DELAY_MS]):
        assert desk.controller.commands.fire_secondary


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SEGMENT, min_size=1, max_size=10), st.integers(0, 0x3FFFFFFF))
def test_nothing_stays_on_longer_than_promised(segments, start_ms):
    desk = Desk(board, commissioned_again(), start_ms)
    oracle = Oracle()
    desk.run(8000)
    for segment in (SimpleNamespace(**s) for s in segments):
        note(repr(segment))
        present(desk, segment)
        for _ in range(segment.ms // TICK_MS):
            desk.tick()
            judge(oracle, desk, segment)


def commissioned_again():
    return commissioned(board, cells=CELLS, changes={"charge_current_ma": 40_000})


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SEGMENT, min_size=1, max_size=10))
def test_a_switch_never_closes_while_anything_is_broken_or_unknown(segments):
    desk = Desk(board, commissioned_again())
    desk.run(8000)
    for segment in (SimpleNamespace(**s) for s in segments):
        note(repr(segment))
        present(desk, segment)
        for number in range(segment.ms // TICK_MS):
            before = desk.charge, desk.discharge
            desk.tick()
            if number == 0:
                continue  # the readings of before this segment have decided
            s = desk.controller.switchgear
            high = max(segment.high, segment.low)
            if desk.charge and not before[0] and not s.charge_bypass:
                assert segment.lost == ""
                assert high < LIVE[ids.CELL_OV1_MV]
                assert LIVE[ids.CHARGE_UT_DC] < segment.temp < LIVE[ids.CHARGE_OT_DC]
            if desk.discharge and not before[1] and not s.discharge_bypass:
                assert segment.lost == ""
                assert segment.low > LIVE[ids.CELL_UV1_MV]
                assert LIVE[ids.DISCHARGE_UT_DC] < segment.temp < LIVE[ids.DISCHARGE_OT_DC]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SEGMENT, min_size=1, max_size=10))
def test_every_change_of_a_rule_that_matters_is_in_the_journal(segments):
    desk = Desk(board, commissioned_again())
    seen = bytearray(desk.controller.protection.state)
    journal = desk.controller.journal
    entry = bytearray(64)
    for segment in [None, *(SimpleNamespace(**s) for s in segments)]:
        if segment is not None:
            present(desk, segment)
        for _ in range(80 if segment is None else segment.ms // TICK_MS):
            first = journal.next
            desk.tick()
            written = set()
            for number in range(first, journal.next):
                assert journal.entry_into(number, entry, 0)
                written.add((entry[ids.J_KIND], entry[ids.J_RULE]))
            state = desk.controller.protection.state
            for rule, (was, now) in enumerate(zip(seen, state, strict=True)):
                if not schema.RULE_FORBIDS[rule] and schema.RULE_LOUD[rule] <= ids.LOUD_INFO:
                    continue
                if now >= 2 and was < 2:
                    assert {(k, rule) for k in (1, 3, 5)} & written, rule
                elif was >= 2 and now < 2:
                    assert (ids.KIND_CLEAR, rule) in written, rule
            seen = bytearray(state)
