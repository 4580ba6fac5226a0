"""Whatever is in a file: reading it ends in rows in order, or in a reason, never in a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden_host.problems import Problem
from cellwarden_host.replay.reading import CELL_MV, Log
from cellwarden_host.replay.textfile import opened

HEADERS = st.sampled_from(
    (
        "t_s,current_ma,cell_mv,temp_dc",
        "time;I [A];U [V]",
        "timestamp,current,cell_1,cell_2,cell_3",
        "Total Time\tCurrent(mA)\tVoltage(V)\tT1(℃)",
        '"t","i","v"',
        "t_s,current_ma,pack_mv,true_soc_percent",
        "t_s,current_ma",
        "t_s,t_s,current_ma,cell_mv,cell0_mv,cell1_mv,cell1_mv",
    )
)
WORDS = (
    "",
    "0",
    "1",
    "2.5",
    "-1e3",
    "1e400",
    "nan",
    "-inf",
    "3700",
    "3,7",
    "65535",
    "0x10",
    "1_0",
    '"',
    '"3700"',
    "00:01:02",
    "2024-02-30",
    "2024-01-01T00:00:00Z",
    "99999-01-01",
    "1709290800000",
    "\ufeff",
    "\x00",
    "٣",
    " 12 ",
)
FIELDS = st.one_of(st.sampled_from(WORDS), st.integers(0, 9).map(str), st.text(max_size=4))
ROWS = st.tuples(st.lists(FIELDS, max_size=6), st.sampled_from(",;\t"))
LINES = st.lists(ROWS.map(lambda row: row[1].join(row[0])), max_size=12)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("any") / "log.csv"


def read(path, content, cells=None):
    """Rows of a file of this content; None when it was refused."""
    path.write_bytes(content)
    rows = []
    try:
        with opened(path) as text:
            log = Log(text, cells)
            rows.extend(log.rows())
    except Problem as problem:
        assert str(problem)
        return None
    assert log.good == len(rows) >= log.bad
    assert len(log.complaints) <= log.bad
    return rows


def plausible(rows):
    for before, row in zip(rows, rows[1:], strict=False):
        assert before.t_s < row.t_s
    for row in rows:
        assert all(CELL_MV[0] <= mv <= CELL_MV[1] for mv in row.cell_mv)
        assert isinstance(row.current_ma, int)


@given(header=HEADERS, lines=LINES, cells=st.sampled_from((None, 1, 3, 16)))
def test_rows_of_anything(path, header, lines, cells):
    content = "\n".join([header, *lines]).encode("utf-8", "replace")
    plausible(read(path, content, cells) or [])


@given(st.binary(max_size=300))
def test_any_bytes(path, content):
    plausible(read(path, content) or [])


@given(st.binary(max_size=60), st.integers(0, 200))
def test_a_good_log_with_bytes_thrown_in(path, noise, at):
    lines = ["t_s,current_ma,cell_mv", *(f"{t},-1000,3700" for t in range(30))]
    good = "\n".join(lines).encode()
    plausible(read(path, good[:at] + noise + good[at:]) or [])
