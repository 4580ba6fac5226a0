"""What was published stays true: addresses, the generated documents, the login example."""

import hashlib
import hmac
import json
from pathlib import Path

from cellwarden_host import docs_registers, registers_json

HERE = Path(__file__).parent
PUBLISHED = HERE / "published_registers.json"
ACCESS = HERE.parents[1] / "docs" / "access.md"


def published():
    return json.loads(PUBLISHED.read_text(encoding="utf-8"))


def test_nothing_published_has_changed_its_meaning():
    now = registers_json.frozen()
    changed = {
        place: (was, now.get(place)) for place, was in published().items() if now.get(place) != was
    }
    assert not changed, "published addresses keep their meaning for ever"


def test_everything_there_is_has_been_published():
    # A new row is published by publish_registers.py; nothing is ever taken out of the file.
    missing = {
        place: told for place, told in registers_json.frozen().items() if place not in published()
    }
    assert not missing, "run: python tests/host/publish_registers.py"


def test_no_two_rows_share_a_register():
    data = registers_json.document()
    taken = {}
    for row in (*data["readings"], data["rule_states"], *data["settings"]):
        size = row["count"] * (2 if row["type"].endswith("32") else 1)
        for address in range(row["address"], row["address"] + size):
            assert taken.setdefault(address, row["name"]) == row["name"], hex(address)
    for row in (*data["texts"], *data["commands"]):
        for address in range(row["address"], row["address"] + row["registers"]):
            assert taken.setdefault(address, row["name"]) == row["name"], hex(address)
    assert all(0 <= address <= 0xFFFF for address in taken)


def test_the_documents_are_what_the_schema_says():
    assert docs_registers.stale() == [], "run: cellwarden docs"


def test_the_documents_name_every_row_once_in_its_table():
    text = docs_registers.markdown()
    data = registers_json.document()
    for row in (*data["settings"], *data["readings"], *data["texts"], *data["commands"]):
        assert text.count(f"| 0x{row['address']:04X}") == 1, row["name"]
    for rule in data["rules"]:
        assert f"| {rule['number']} | `{rule['name']}` |" in text


def test_the_login_example_in_the_documents_is_right():
    text = ACCESS.read_text(encoding="utf-8")

    def value(name):
        return next(
            line.split()[-1] for line in text.splitlines() if line.startswith(f"    {name}  ")
        )

    key = hashlib.sha256(b"123456".ljust(16, b"\0") + b"installer").digest()
    assert value("key") == key.hex()
    nonce = bytes.fromhex(value("nonce"))
    assert value("response") == hmac.new(key, nonce + bytes((2, 1)), "sha256").hexdigest()
