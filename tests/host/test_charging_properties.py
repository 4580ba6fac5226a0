"""What the limits promise whatever the readings do: bounds, order, zero, and small numbers."""

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

import boards.sim as board
from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden.current_limit import RISE_MS
from cellwarden.limits import STEP_MS, Limits
from cellwarden.ocv_curves import OcvCurve
from cellwarden.readout import ABSENT
from cellwarden.time_left import LONGEST_MIN, TimeLeft
from cellwarden_host.sim.provision import commissioned

SMALLEST, LARGEST = -(1 << 30), (1 << 30) - 1
PACKS = [
    commissioned(board, chemistry, cells=4)
    for chemistry in ("nmc", "lfp", "lto", "na_layered", "na_polyanion")
]


class Small(int):
    """A number that an RP2040 holds without allocating; anything made of it is one, too."""

    def __new__(cls, value=0):
        assert SMALLEST <= value <= LARGEST, value
        return super().__new__(cls, value)


def _small(name):
    def operator(self, *others):
        result = getattr(int, name)(self, *others)
        return result if result is NotImplemented else Small(result)

    return operator


for _name in ("add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "and", "or"):
    setattr(Small, f"__{_name}__", _small(f"__{_name}__"))
    setattr(Small, f"__r{_name}__", _small(f"__r{_name}__"))
for _name in ("neg", "abs"):
    setattr(Small, f"__{_name}__", _small(f"__{_name}__"))


class Bench:
    """Limits on numbers that are simply there."""

    def __init__(self, pack, live=None):
        live = pack.live if live is None else live
        self.settings = SimpleNamespace(live=live, commissioned=True, revision=1)
        self.live = live
        self.value = [0] * schema.QUANTITY_COUNT
        self.valid = bytearray(b"\x01" * schema.QUANTITY_COUNT)
        self.quantities = SimpleNamespace(value=self.value, valid=self.valid, cell_sum_mv=0)
        self.readings = SimpleNamespace(current_ma=SimpleNamespace(value=0, valid=True))
        self.protection = SimpleNamespace(forbids=0)
        self.estimator = SimpleNamespace(
            soc_permille=500, soc_sigma_permille=10, resistance_uohm=0, full=False
        )
        self.limits = Limits()
        self.now_ms = 0

    def tick(self, seen, number=int):
        """One tick with what was seen."""
        value = self.value
        value[ids.Q_CELL_MAX_MV] = number(seen["high"])
        value[ids.Q_CELL_MIN_MV] = number(min(seen["low"], seen["high"]))
        self.quantities.cell_sum_mv = number(4 * value[ids.Q_CELL_MIN_MV])
        for margin in MARGINS:
            value[margin] = number(seen["margin"])
        value[ids.Q_TEMP_MIN_DC] = number(seen["temp"])
        value[ids.Q_CELLS_AGE_MS] = seen["age"]
        self.valid[ids.Q_CELL_MAX_MV] = not seen["lost"]
        self.readings.current_ma.value = number(seen["current"])
        self.protection.forbids = seen["forbids"]
        estimator = self.estimator
        estimator.soc_permille = number(seen["soc"])
        estimator.soc_sigma_permille = number(seen["sigma"])
        estimator.resistance_uohm = number(seen["uohm"])
        estimator.full = seen["full"]
        self.now_ms = (self.now_ms + seen["ms"]) & 0x3FFFFFFF
        self.limits.update(
            self.readings,
            self.quantities,
            self.protection,
            estimator,
            self.settings,
            number(self.now_ms),
        )
        return self.limits


MARGINS = (
    ids.Q_CHARGE_HOT_MARGIN_DC,
    ids.Q_CHARGE_COLD_MARGIN_DC,
    ids.Q_DISCHARGE_HOT_MARGIN_DC,
    ids.Q_DISCHARGE_COLD_MARGIN_DC,
    ids.Q_POWER_MARGIN_DC,
)
SEEN = {
    "high": st.integers(0, 5000) | st.integers(2600, 4300),
    "low": st.integers(0, 5000) | st.integers(1700, 3000),
    "margin": st.integers(-500, 1500) | st.integers(-5, 110),
    "temp": st.integers(-500, 1500),
    "age": st.sampled_from((0, 0, 0, 100, 400, 600, 3_600_000)),
    "lost": st.sampled_from((False, False, False, True)),
    "current": st.integers(-2_000_000, 2_000_000) | st.integers(-90_000, 50_000),
    "forbids": st.sampled_from((0, 0, 0, ids.FORBID_CHARGE, ids.FORBID_DISCHARGE, 255)),
    "soc": st.integers(0, 1000),
    "sigma": st.integers(0, 1000),
    "uohm": st.integers(0, 3000) | st.integers(0, 1_000_000_000),
    "full": st.sampled_from((False, False, True)),
    "ms": st.sampled_from((100, 100, 100, 90, 130, 1000, 60_000)),
}
CALM = {**SEEN, "lost": st.just(False), "age": st.just(0), "forbids": st.just(0)}
PACK = st.sampled_from(PACKS)


@settings(max_examples=150)
@given(PACK, st.lists(st.fixed_dictionaries(SEEN), min_size=1, max_size=30))
def test_limits_stay_in_bounds_and_are_zero_when_they_must(pack, story):
    bench = Bench(pack)
    live = pack.live
    most_c, most_d = live[ids.CHARGE_CURRENT_MA], live[ids.DISCHARGE_CURRENT_MA]
    for seen in story:
        limits = bench.tick(seen)
        assert 0 <= limits.ccl_ma <= most_c
        assert 0 <= limits.dcl_ma <= most_d
        blind = seen["lost"] or seen["age"] * 2 >= board.FTT_CELLS_MS
        high = seen["high"] >= live[ids.CELL_OV_WARN_MV]
        if blind or seen["forbids"] & ids.FORBID_CHARGE or high:
            assert limits.ccl_ma == 0
        low = min(seen["low"], seen["high"]) <= live[ids.CELL_UV1_MV]
        if blind or seen["forbids"] & ids.FORBID_DISCHARGE or low:
            assert limits.dcl_ma == 0


@settings(max_examples=100)
@given(PACK, st.lists(st.fixed_dictionaries(CALM), min_size=1, max_size=30))
def test_limits_never_rise_faster_than_they_may(pack, story):
    bench = Bench(pack)
    most = (pack.live[ids.CHARGE_CURRENT_MA], pack.live[ids.DISCHARGE_CURRENT_MA])
    before = [0, 0]
    for seen in story:
        limits = bench.tick(seen)
        for way, ma in enumerate((limits.ccl_ma, limits.dcl_ma)):
            assert ma - before[way] <= most[way] * STEP_MS // RISE_MS
            before[way] = ma


@settings(max_examples=150)
@given(
    PACK,
    st.lists(st.fixed_dictionaries(CALM), min_size=1, max_size=30),
    st.integers(0, 300),
    st.integers(0, 300),
)
def test_a_higher_cell_or_a_smaller_margin_never_gives_more(pack, story, worse_mv, worse_dc):
    """Two packs with one history; the cells and temperatures of the second are always worse."""
    one, other = Bench(pack), Bench(pack)
    for seen in story:
        better = one.tick({**seen, "low": min(seen["low"], seen["high"])})
        low_mv = max(0, min(seen["low"], seen["high"]) - worse_mv)
        worse = other.tick(
            {
                **seen,
                "high": seen["high"] + worse_mv,
                "low": low_mv,
                "margin": seen["margin"] - worse_dc,
            }
        )
        assert worse.ccl_ma <= better.ccl_ma
        assert worse.dcl_ma <= better.dcl_ma


@settings(max_examples=150)
@given(
    PACK,
    st.lists(st.fixed_dictionaries(SEEN), min_size=1, max_size=12),
    st.sampled_from((1, 1000, 100_000, 2_000_000)),
    st.sampled_from((1000, 40_000, 600_000)),
    st.sampled_from((3, 32)),
)
def test_no_sum_leaves_the_small_numbers(pack, story, capacity_mah, most_ma, cells):
    """Beyond 30 bits a number is allocated, and a tick must not allocate."""
    live = [Small(value) for value in pack.live]
    live[ids.CAPACITY_MAH] = Small(capacity_mah)
    live[ids.CHARGE_CURRENT_MA] = live[ids.DISCHARGE_CURRENT_MA] = Small(most_ma)
    live[ids.CELL_COUNT] = Small(cells)
    bench = Bench(pack, live)
    left = TimeLeft()
    for seen in story:
        bench.tick(seen, Small)
        estimator = bench.estimator
        estimator.known = True
        estimator.full_mah = Small(capacity_mah)
        estimator.remaining_mah = Small(capacity_mah * seen["soc"] // 1000)
        estimator.curve = OcvCurve()
        estimator.curve.select(1 + PACKS.index(pack))
        for seconds in range(60):
            now_ms = Small(bench.now_ms + seconds * 1000 & 0x3FFFFFFF)
            left.update(estimator, bench.readings, bench.settings, now_ms)
            for minutes in (left.to_full_min, left.to_empty_min):
                assert minutes == ABSENT or 0 <= minutes <= LONGEST_MIN
        bench.now_ms = bench.now_ms + 60_000 & 0x3FFFFFFF
