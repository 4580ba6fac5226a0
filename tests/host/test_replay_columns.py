"""Logs as others write them are understood, and what is assumed is said."""

import gzip

import pytest
from replay_bench import Bench

from cellwarden_host.replay import columns


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


# Two rows of 36 A out of 3.7 V, 25 degC, in many hands.
EXPORTS = {
    "ours": ("t_s,current_ma,cell_mv,temp_dc", "0,-36000,3700,250", "10,-36000,3700,250"),
    "arbin": (
        "Data_Point,Test_Time(s),Date_Time,Step_Time(s),Current(A),Voltage(V),"
        "Charge_Capacity(Ah),Aux_Temperature_1(C)",
        "1,30.0,2024-01-02 10:00:00,30.0,-36.0,3.7000,0.0,25.0",
        "2,40.0,2024-01-02 10:00:10,40.0,-36.0,3.7000,0.0,25.0",
    ),
    "biologic": (
        "Ns\ttime/s\tEwe/V\tI/mA\tTemperature/°C",
        "0\t0.0\t3.7\t-36000\t25.0",
        "0\t10.0\t3.7\t-36000\t25.0",
    ),
    "biologic average current": ("time/s;<I>/mA;Ecell/V", "0;-36000;3.7", "10;-36000;3.7"),
    "maccor": (
        "Rec#,Test Time (sec),Current,Voltage,Temp 1",
        "1,0,-36,3.7,25",
        "2,10,-36,3.7,25",
    ),
    "neware": (
        "DataPoint,Total Time,Current(mA),Voltage(V),T1(℃)",
        "1,00:00:00,-36000,3.7,25",
        "2,00:00:10,-36000,3.7,25",
    ),
    "nasa": (
        "Voltage_measured,Current_measured,Temperature_measured,Time",
        "3.7,-36,25,0",
        "3.7,-36,25,10",
    ),
    "a logger's dates": (
        "timestamp,current_a,voltage_v,temperature",
        "2024-03-01T12:00:00+01:00,-36,3.7,25",
        "2024-03-01T12:00:10+01:00,-36,3.7,25",
    ),
    "dates as in Germany": (
        "Zeile;Timestamp;I [A];U [V];Temp [°C]",
        "1;31.12.2023 23:59:55;-36,0;3,700;25,0",
        "2;01.01.2024 00:00:05;-36,0;3,700;25,0",
    ),
    "milliseconds since 1970": (
        "timestamp,current_ma,cell_mv",
        "1709290800000,-36000,3700",
        "1709290810000,-36000,3700",
    ),
    "quoted, with spaces": (
        '"Time [s]", "Current [A]", "Voltage [V]"',
        '"0", "-36", "3.7"',
        '"10", "-36", "3.7"',
    ),
    "a title and remarks before the header": (
        "Recorded by Somebody, 2024",
        "# cell 7, batch B",
        "",
        "time_min,i_ma,u_mv",
        "0,-36000,3700",
        "0.16666667,-36000,3700",
    ),
}


@pytest.mark.parametrize("lines", EXPORTS.values(), ids=EXPORTS)
def test_an_export_is_understood(bench, lines):
    told = bench.log(*lines).json()
    assert told["rows"] == 2 and told["skipped"] == 0
    assert told["duration_s"] == pytest.approx(10, abs=0.001)
    assert told["range"]["current_ma"] == {"min": -36000, "max": -36000}
    assert told["range"]["cell_mv"] == {"min": 3700, "max": 3700}
    assert told["throughput"]["discharged_mah"] == pytest.approx(100)
    if "temp_dc" in told["range"]:
        assert told["range"]["temp_dc"] == {"min": 250, "max": 250}


@pytest.mark.parametrize("name", ["arbin", "biologic", "maccor", "neware", "nasa"])
def test_the_temperature_of_a_tester_is_found(bench, name):
    assert "temp_dc" in bench.log(*EXPORTS[name]).json()["columns"]


def test_dates_are_counted_from_the_first_row(bench):
    told = bench.log(*EXPORTS["a logger's dates"]).json()
    assert told["begins"] == "2024-03-01T11:00:00+00:00"
    assert [row["t_s"] for row in bench.rows] == ["0", "10"]


def test_times_that_count_already_stay_as_they_are(bench):
    told = bench.log("t_s,current_ma,cell_mv", "5000,0,3700", "5001,0,3700").json()
    assert told["begins"] is None
    assert [row["t_s"] for row in bench.rows] == ["5000", "5001"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_text_of_any_system_is_read(bench, encoding, ending):
    bench.log(*EXPORTS["biologic"], ending=ending, encoding=encoding)
    assert bench.json()["rows"] == 2


def test_a_compressed_log_is_read(bench):
    bench.log(*EXPORTS["ours"])
    bench.log_path.write_bytes(gzip.compress(bench.log_path.read_bytes()))
    assert bench.json()["rows"] == 2


def test_cells_come_in_the_order_of_their_numbers(bench):
    header = "t_s,current_ma," + ",".join(f"cell{n}_mv" for n in (10, 2, 1, *range(3, 10)))
    mv = ",".join(str(3700 + n) for n in (10, 2, 1, *range(3, 10)))
    told = bench.log(header, f"0,0,{mv}", f"1,0,{mv}").json()
    assert told["cells"] == 10
    assert list(told["columns"])[2:5] == ["cell1_mv", "cell2_mv", "cell3_mv"]
    assert told["range"]["cell_mv"] == {"min": 3701, "max": 3710}


@pytest.mark.parametrize(
    "header", ["cell_{} [V]", "Cell {} (V)", "cell_voltage_{}", "VCell{}", "u_cell_0{}"]
)
def test_cells_by_other_names(header):
    names = ["time", "current", *(header.format(n) for n in range(4))]
    found = columns.find(names, {})
    assert [column.at for column in found.cells] == [2, 3, 4, 5]


def test_a_missing_cell_column_is_not_passed_over(bench):
    bench.log("t_s,current_ma,cell1_mv,cell2_mv,cell4_mv", "0,0,3700,3700,3700")
    assert bench.run() == 1
    assert "none for cell 3" in bench.error


def test_a_whole_packs_voltage_is_shared_out(bench):
    told = bench.log("t_s,current_ma,pack_v", "0,0,59.2", "1,0,59.2").json("--cells", "16")
    assert told["cells"] == 16 and told["range"]["cell_mv"]["max"] == 3700


def test_a_voltage_of_many_cells_is_no_cells(bench):
    assert bench.log("time,current,voltage", "0,0,59.2", "1,0,59.2").run() == 2
    assert "59.2 V" in bench.error and "--cells" in bench.error


def test_discharge_may_be_positive(bench):
    told = bench.log("t_s,current_ma,cell_mv", "0,36000,3700", "10,0,3700").json(
        "--discharge-positive"
    )
    assert told["throughput"] == pytest.approx(
        {"charged_mah": 0, "discharged_mah": 100, "charged_wh": 0, "discharged_wh": 0.37}
    )


def test_a_log_that_counts_the_other_way_round_is_suspected(bench):
    rows = [f"{t},{20_000 * (t % 3)},{3700 - 10 * (t % 3)}" for t in range(50)]
    bench.log("t_s,current_ma,cell_mv", *rows)
    assert any("--discharge-positive" in note for note in bench.json()["notes"])
    assert not any("--discharge" in n for n in bench.json("--discharge-positive")["notes"])


def test_a_unit_that_is_assumed_is_told(bench):
    notes = bench.log("time,current,voltage", "0,-36,3.7", "10,-36,3.7").json()["notes"]
    assert any("'current' names no unit: taken as A" in note for note in notes)
    assert any("'voltage' names no unit: taken as V" in note for note in notes)


def test_a_column_of_any_name_can_be_named(bench):
    bench.log("zeit,strom,spannung,ort", "0,-36,3.7,hier", "10,-36,3.7,hier")
    assert bench.run() == 1
    assert "--column" in bench.error
    told = bench.json(
        "--column", "t_s=zeit", "--column", "current_a=strom", "--column", "cell_v=spannung"
    )
    assert told["throughput"]["discharged_mah"] == pytest.approx(100)
    assert bench.run("--column", "t_s=zeit", "--column", "current_a=amperes") == 1


def test_energy_and_capacity_are_no_currents_or_voltages():
    assert columns.find(["time", "Current(Ah)", "Voltage(V)"], {}) is None
    assert columns.find(["time", "Current(A)", "Voltage(Wh)"], {}) is None
    assert columns.find(["t(C)", "Current(A)", "Voltage(V)"], {}) is None


def test_several_battery_sensors_are_told_apart(bench):
    bench.log("t_s,current_ma,cell_mv,temp1_c,temp2_c", "0,0,3700,20,31", "1,0,3700,20,31")
    assert bench.json()["range"]["temp_dc"] == {"min": 200, "max": 310}
