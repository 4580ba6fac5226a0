"""Whatever readings and forbids come: the switchgear's promises, judged from outside.

The oracle sees only what goes in and the commands that come out, and keeps its own books on
times and on what has been fired; the bench knows the heat of its resistor.
"""

from types import SimpleNamespace

from hypothesis import given, note, settings
from hypothesis import strategies as st
from switch_bench import BOTH, CHARGE, DISCHARGE, TICK_MS, Bench, Board, closed, relay_board

from cellwarden import ids
from cellwarden.switch_delays import (
    BYPASS_PAUSE_MS,
    MOSFET_MIN_OFF_MS,
    RELAY_MIN_OFF_MS,
    RELAY_WAIT_MS,
)
from cellwarden.ticks import elapsed_ms

BYPASS_MA = 1500  # 0.5 % of the 300 A of the simulated board


def mostly(usual, *others):
    """``usual`` in most segments, so that stories get somewhere; the others now and then."""
    return st.sampled_from((usual,) * (4 + 2 * len(others)) + others)


SEGMENT = st.fixed_dictionaries(
    {
        "ms": st.integers(1, 300).map(lambda n: n * 10),
        "forbids": st.sampled_from(
            (
                0,
                0,
                0,
                0,
                0,
                CHARGE,
                CHARGE,
                DISCHARGE,
                DISCHARGE,
                BOTH,
                BOTH | ids.FORBID_BALANCE | ids.FORBID_HEATER,
            )
        ),
        "urgent": st.booleans(),
        "current": st.sampled_from(
            (-300_000, -40_000, -2300, -1500, -1400, 0, 0, 900, 1500, 2300, 30_000, 200_000)
        ),
        "load_ohm": mostly(None, 0, 10, 500),
        "load_uf": st.sampled_from((0, 100, 2000, 20_000, 200_000)),
        "push_mv": mostly(None, 0, 60_000, 89_000, 93_000),
        "lost": mostly((), ("bus_mv",), ("current_ma",), ("pack_mv",)),
        "ready": mostly(True, False),
        "wanted": mostly(3, 1, 2, 0),
        "lease_over": mostly(False, True),
        "clear": st.booleans(),
        "step_ms": st.sampled_from((10, 10, 30, 100)),
    }
)
STORY = st.lists(SEGMENT, min_size=1, max_size=12)
BOARDS = {
    "mosfet": lambda: Board(),
    "separate": lambda: Board(COMMON_PORT=False),
    "relay": lambda: relay_board(),
    "small resistor": lambda: Board(PRECHARGE_ENERGY_J=60),
}


class Oracle:
    """Own books on one bench."""

    def __init__(self, bench):
        self.bench = bench
        self.mosfet = bench.board.SWITCH_TYPE == "mosfet"
        self.diode = self.mosfet and bench.board.COMMON_PORT
        self.forbidden_ms = {CHARGE: 0, DISCHARGE: 0}
        self.opened_ms = {}
        c = bench.commands
        self.was = {CHARGE: c.charge, DISCHARGE: c.discharge, "precharge": c.precharge}
        self.fired = False

    def see(self, dt_ms):
        bench = self.bench
        c = bench.commands
        on = {CHARGE: c.charge, DISCHARGE: c.discharge, "precharge": c.precharge}
        self._fires(c)
        self._forbidden(on, dt_ms)
        self._minimum_times(on)
        self._closing(on)
        assert self.bench.heat_j <= self.bench.board.PRECHARGE_ENERGY_J
        self.was = on

    def _fires(self, c):
        if bool(self.bench.forbids & ids.FORBID_SECONDARY):
            self.fired = True
        assert c.fire_secondary == self.fired
        if self.fired:
            assert not c.charge and not c.discharge and not c.precharge

    def _current(self):
        scalar = self.bench.readings.current_ma
        return scalar.value if scalar.valid else None

    def _relieves(self, direction):
        """The documented exception: current of the other direction through the body diode."""
        current = self._current()
        if not self.diode or current is None or self.bench.forbids & BOTH == BOTH:
            return False
        return -current >= BYPASS_MA if direction == CHARGE else current >= BYPASS_MA

    def _forbidden(self, on, dt_ms):
        for direction in (CHARGE, DISCHARGE):
            forbidden = self.bench.forbids & direction
            stays = on[direction] and forbidden and not self._relieves(direction)
            self.forbidden_ms[direction] = self.forbidden_ms[direction] + dt_ms if stays else 0
            if self.mosfet:
                assert not stays
            else:
                current = self._current()
                may_wait = (
                    current is not None
                    and abs(current) > self.bench.board.RELAY_BREAK_MA
                    and not self.bench.gear.urgent & direction
                )
                assert not stays or may_wait
                assert self.forbidden_ms[direction] <= RELAY_WAIT_MS + TICK_MS
        if self.bench.forbids & DISCHARGE:
            assert not on["precharge"]

    def _minimum_times(self, on):
        now_ms = self.bench.now_ms
        for direction in (CHARGE, DISCHARGE):
            if self.was[direction] and not on[direction]:
                self.opened_ms[direction] = now_ms
            if on[direction] and not self.was[direction] and direction in self.opened_ms:
                least = MOSFET_MIN_OFF_MS if self.mosfet else RELAY_MIN_OFF_MS
                if self._relieves(direction):
                    least = BYPASS_PAUSE_MS
                assert elapsed_ms(now_ms, self.opened_ms[direction]) >= least

    def _closing(self, on):
        """Nothing comes on without permission, readiness and, for discharge, the bus."""
        bench = self.bench
        wanted = {
            CHARGE: bench.live[ids.CHARGE_WANTED],
            DISCHARGE: bench.live[ids.DISCHARGE_WANTED],
        }
        for direction in (CHARGE, DISCHARGE):
            if on[direction] and not self.was[direction] and not self._relieves(direction):
                assert bench.told_ready and wanted[direction]
                assert not bench.forbids & direction
        if on["precharge"] and not self.was["precharge"]:
            assert bench.told_ready and wanted[DISCHARGE] and not bench.told_lease_over
            assert bench.readings.bus_mv.valid and bench.readings.pack_mv.valid
        if on[DISCHARGE] and not self.was[DISCHARGE]:
            r = bench.readings
            if r.bus_mv.valid and r.pack_mv.valid:
                assert r.bus_mv.value * 100 >= r.pack_mv.value * 95
            else:
                assert self._relieves(DISCHARGE)
            if not self._relieves(DISCHARGE):
                assert self.was["precharge"] and not bench.told_lease_over


def tell(bench, segment):
    bench.forbids = segment.forbids
    bench.gear.urgent = segment.forbids & BOTH if segment.urgent else 0
    bench.current_ma = segment.current
    bench.load_ohm = segment.load_ohm
    bench.load_uf = segment.load_uf
    bench.lost = segment.lost
    bench.ready = segment.ready
    bench.live[ids.CHARGE_WANTED] = segment.wanted & 1
    bench.live[ids.DISCHARGE_WANTED] = segment.wanted >> 1
    bench.lease_over = segment.lease_over
    if segment.clear:
        bench.gear.clear()
    if segment.push_mv is not None and not bench.commands.discharge:
        bench.bus_mv = float(segment.push_mv)


def live_through(bench, oracle, segment):
    """Each call is seen; ticks come every 100 ms, current samples as the segment says."""
    gone_ms = 0
    while gone_ms < segment.ms:
        bench.pass_time(segment.step_ms)
        gone_ms += segment.step_ms
        oracle.see(segment.step_ms)


@settings(max_examples=300, deadline=None)
@given(
    STORY,
    st.sampled_from(sorted(BOARDS)),
    st.sampled_from((0, 0x3FFFFFFF - 6000)),
    st.booleans(),
)
def test_the_switchgear_keeps_its_promises(story, board, start_ms, running):
    bench = Bench(BOARDS[board](), start_ms)
    if running:
        closed(bench)
    oracle = Oracle(bench)
    for segment in (SimpleNamespace(**s) for s in story):
        note(repr(segment))
        tell(bench, segment)
        live_through(bench, oracle, segment)


@settings(max_examples=30, deadline=None)
@given(STORY, st.integers(0, 11))
def test_a_fired_disconnect_is_never_taken_back(story, when):
    bench = Bench()
    oracle = Oracle(bench)
    for number, segment in enumerate(SimpleNamespace(**s) for s in story):
        tell(bench, segment)
        if number == when:
            bench.forbids |= BOTH | ids.FORBID_SECONDARY
        live_through(bench, oracle, segment)


def test_the_oracle_would_notice_a_switch_that_stays_on():
    """The judge is judged: a gate that ignores the forbid must fail."""
    bench = Bench()
    oracle = Oracle(bench)
    bench.run(3000)
    oracle.was = {CHARGE: True, DISCHARGE: True, "precharge": False}
    bench.forbids = CHARGE
    bench.commands.charge = True
    try:
        oracle.see(10)
    except AssertionError:
        return
    raise AssertionError("the oracle saw nothing")
