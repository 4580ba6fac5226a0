"""The support bundle and the two commands of the workshop, on the real core behind a port."""

import io
import json
import zipfile
from datetime import datetime

from cli_board import PASSWORD, CliBoard

from cellwarden import ids
from cellwarden_host import support_bundle
from cellwarden_host.board import Board
from cellwarden_host.link import Line
from cellwarden_host.production import recipe


def test_a_bundle_holds_the_board_and_no_secret():
    fake = CliBoard()
    fake.map.set_text(ids.T_MACHINE_CODE, "E66058388344")
    fake.desk.open_wires = (3,)
    fake.tick(20)
    assert fake.run("set", "cell_ov1_mv=4190")[0] == 0
    with Line(fake.port, 115200) as line:
        source = support_bundle.from_board(Board(line), datetime(2026, 1, 2, 3, 4, 5))
    assert support_bundle.name_of(source) == "cellwarden-support-E66058388344-20260102-030405.zip"
    with zipfile.ZipFile(io.BytesIO(support_bundle.build(source))) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert json.loads(files["settings.json"])["cell_ov1_mv"]["value"] == 4.19
    assert len(json.loads(files["readings.json"])["cell_mv"]["value"]) == 32
    assert "open_wire" in [rule["rule"] for rule in json.loads(files["rules.json"])]
    assert "cell disconnected" in files["journal.csv"]
    assert json.loads(files["about.json"])["board"]["machine_code"] == "E66058388344"
    everything = "".join(files.values())
    assert PASSWORD not in everything
    assert "session_role" not in everything


def test_the_commands_write_a_bundle_and_produce_a_board(tmp_path, monkeypatch):
    fake = CliBoard(fresh=True)
    fake.map.set_text(ids.T_MACHINE_CODE, "E66058388344")
    out = tmp_path / "b.zip"
    assert fake.run("bundle", "--out", str(out))[0] == 0
    assert zipfile.is_zipfile(out)
    code, said, _ = fake.run("produce", "--example")
    assert (code, said) == (0, recipe.example())
    made = json.loads(said) | {"checks": []}
    batch = tmp_path / "batch.json"
    batch.write_text(json.dumps(made))
    monkeypatch.delenv("CELLWARDEN_FACTORY_PASSWORD", raising=False)
    args = ("produce", str(batch), "--records", str(tmp_path))
    code, said, _ = fake.run(*args)
    assert code == 0, said
    assert "PASS  000001" in said
    assert "has passed" in fake.run(*args)[2]
    code, said, _ = fake.run(*args, "--again", "--json", password="654321")
    assert (code, json.loads(said)["serial_number"]) == (0, "000001")
