"""A curve from a file: every mistake told with its line, and what the settings then hold."""

import pytest

from cellwarden.ocv_curves import PPM, OcvCurve
from cellwarden.tables.ocv import POSITIONS
from cellwarden_host import ocv_files
from cellwarden_host.problems import BadInput, Refused

GOOD = [(0, 3000), (10, 3400), (50, 3700), (90, 4050), (100, 4180)]


@pytest.fixture
def curve_file(tmp_path):
    def write(points=GOOD, header="soc_percent,ocv_mv", separator=","):
        lines = [header, *(separator.join(map(str, point)) for point in points)]
        return text("\n".join(lines) + "\n")

    def text(content):
        path = tmp_path / "curve.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    write.text = text
    return write


def refusal(path):
    with pytest.raises(Refused) as caught:
        ocv_files.load(path)
    return str(caught.value)


def test_a_curve_is_read_and_lands_on_every_position(curve_file):
    changes = ocv_files.changes(ocv_files.load(curve_file()))
    assert len(changes) == len(POSITIONS)
    by_place = {POSITIONS[i]: mv for (_, i), mv in changes.items()}
    assert by_place[0] == 3000 and by_place[100] == 3400 and by_place[1000] == 4180
    assert by_place[300] == 3550  # halfway from 10 to 50 %


@pytest.mark.parametrize(
    "content",
    [
        "ocv_mv,note,soc_percent\n3000,x,0\n4180,y,100\n",  # any order, more columns
        "soc_percent;ocv_mv\r\n0;3000\r\n100;4180,0\r\n",  # a spreadsheet in German
        "SOC [%]\tOCV [V]\n0\t3.000\n100\t4.180\n",
        "# measured at C/50\n\nsoc_percent,ocv_mv\n\n100,4180\n# below\n0,3000\n",  # falling
        "\ufeffsoc_percent,ocv_mv\n0,3000\n100,4180\n",
    ],
)
def test_files_as_people_have_them(curve_file, content):
    assert ocv_files.load(curve_file.text(content)) == [(0, 3000), (100, 4180)]


def test_every_mistake_is_told_with_its_line(curve_file):
    path = curve_file([(0, 3000), ("ten", 3400), (20, 37), (120, 4000), (50, 3700), (100, 4180)])
    told = refusal(path)
    assert "line 3" in told and "'ten,3400'" in told
    assert "line 4" in told and "37 mV is not between 600 and 4800 mV" in told
    assert "line 5" in told and "120 %" in told
    assert "line 6" not in told and "line 2" not in told


def test_a_voltage_that_falls_is_refused_with_both_points(curve_file):
    told = refusal(curve_file([(0, 3000), (30, 3500), (40, 3499), (100, 4180)]))
    assert "line 4" in told and "3500 mV at 30 %" in told and "3499 mV at 40 %" in told


def test_a_charge_that_is_there_twice_is_refused(curve_file):
    told = refusal(curve_file([(0, 3000), (30, 3500), (30, 3600), (100, 4180)]))
    assert "lines 3 and 4" in told and "twice" in told


@pytest.mark.parametrize("points", [GOOD[1:], GOOD[:-1], GOOD[1:3], []])
def test_a_curve_that_does_not_reach_both_ends_is_refused(curve_file, points):
    assert "from 0 to 100 %" in refusal(curve_file(points))


def test_a_curve_that_does_not_rise_is_refused(curve_file):
    assert "must rise" in refusal(curve_file([(0, 3300), (100, 3300.4)]))


@pytest.mark.parametrize("header", ["charge,volts", "soc_percent", "0,3000"])
def test_a_header_that_names_neither_is_refused(curve_file, header):
    assert "line 1" in refusal(curve_file(header=header))


def test_nan_is_no_voltage(curve_file):
    assert "line 3" in refusal(curve_file([(0, 3000), (50, "nan"), (100, 4180)]))


def test_many_mistakes_are_counted(curve_file):
    told = refusal(curve_file([(i, "?") for i in range(25)]))
    assert told.count("line ") == 10 and "more" in told


def test_files_that_are_no_table(curve_file, tmp_path):
    assert "Excel" in refusal(curve_file.text(b"PK\x03\x04"))
    assert "empty" in refusal(curve_file.text(""))
    assert "header" in refusal(curve_file.text("# only a remark\n"))
    with pytest.raises(BadInput):
        ocv_files.load(tmp_path / "missing.csv")


def test_a_saved_curve_reads_back_the_same(curve_file, tmp_path):
    curve = [(0.0, 3000.0), (0.5, 3020.3), (100.0, 4180.0)]
    path = tmp_path / "out.csv"
    ocv_files.save(path, curve)
    assert ocv_files.load(path) == curve
    with pytest.raises(Refused):
        ocv_files.save(tmp_path, curve)


def test_the_core_reads_the_curve_as_the_file_has_it(curve_file):
    """Within the rounding to millivolts, at every charge."""
    file_curve = ocv_files.load(curve_file())
    own_mv = [
        mv for _, mv in sorted((i, mv) for (_, i), mv in ocv_files.changes(file_curve).items())
    ]
    curve = OcvCurve()
    curve.select(1, own_mv)
    for ppm in range(0, PPM + 1, 12_345):
        assert abs(curve.dmv_at(ppm) / 10 - ocv_files.at(file_curve, ppm / 10_000)) <= 0.6
