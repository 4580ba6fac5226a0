"""Programs that are not ours read the whole map, unlock the board and change a setting."""

import contextlib

import pytest
from foreign_client import (
    INSTALLER,
    LOGIN_RESPONSE,
    LOGIN_ROLE,
    LOGOUT,
    MBPOLL,
    NONCE,
    REGISTERS,
    SESSION_ROLE,
    Declined,
    Mbpoll,
    MinimalModbus,
    Pymodbus,
    blocks,
    login_response,
    setting,
    unlock,
)
from station import Station

OV1 = setting("cell_ov1_mv")["address"]
CLIENTS = [
    MinimalModbus,
    Pymodbus,
    pytest.param(
        Mbpoll, marks=pytest.mark.skipif(MBPOLL is None, reason="mbpoll is not installed")
    ),
]


@pytest.fixture(scope="module")
def pack(images):
    """One board for the whole module, living on a thread of its own."""
    station = Station(images.copy(), {"soc_permille": 600}, ptys=True)
    try:
        station.start()
        with station.paced(3.0):
            yield station
    finally:
        station.close()


@pytest.fixture(params=CLIENTS, ids=lambda client: client.__name__.lower())
def client(request, pack):
    opened = request.param(pack.board.ptys["rs485_2"].path, 115200)
    yield opened
    with contextlib.suppress(Declined):
        opened.write(LOGOUT, [1])
    opened.close()


@pytest.fixture
def on_charger_port(pack):
    opened = MinimalModbus(pack.board.ptys["rs485_1"].path, 9600)
    yield opened
    opened.close()


def _refused(code, call, *arguments):
    with pytest.raises(Declined) as caught:
        call(*arguments)
    assert caught.value.code == code


def test_the_whole_published_map_can_be_read(client):
    total = 0
    for address, count in blocks():
        registers = client.read(address, count)
        assert len(registers) == count
        total += count
    assert total > 400
    version, state = client.read(0, 2)
    assert version == REGISTERS["schema_version"]
    assert REGISTERS["readings"][1]["choices"][state] in ("ready", "charging", "discharging")
    assert len(client.coils(0, len(REGISTERS["coils"]))) == len(REGISTERS["coils"])
    active = client.inputs(0, len(REGISTERS["rules"]))
    names = [row["name"] for row, bit in zip(REGISTERS["rules"], active, strict=True) if bit]
    assert names == ["factory_password"]


def test_what_is_read_is_what_is_there(client, pack):
    truth = pack.board.call(pack.plant.truth)
    cells = client.read(0x0200, 32)
    for told, real in zip(cells[:24], truth["cell_mv"], strict=True):
        assert abs(told - real) < 10
    assert cells[24:] == [0x7FFF] * 8, "cells that are not there are absent"
    assert abs(client.read(2)[0] * 10 - truth["pack_mv"]) < 500


def test_a_setting_changes_only_after_unlocking_by_challenge_and_response(client, pack):
    before = client.read(OV1)[0]
    changed = 4195 if before != 4195 else 4190
    _refused(1, client.write, OV1, [changed])
    assert client.read(OV1)[0] == before
    unlock(client)
    assert client.read(SESSION_ROLE)[0] == INSTALLER
    client.write(OV1, [changed])
    assert client.read(OV1)[0] == changed
    client.write(LOGOUT, [1])
    _refused(1, client.write, OV1, [before])


def test_a_wrong_password_is_refused_and_a_nonce_is_good_for_one_answer(client):
    client.write(LOGIN_ROLE, [INSTALLER])
    nonce = client.read(NONCE, 8)
    _refused(3, client.write, LOGIN_RESPONSE, login_response(nonce, b"000000"))
    _refused(1, client.write, LOGIN_RESPONSE, login_response(nonce))
    assert client.read(SESSION_ROLE)[0] == 0
    unlock(client)  # a right answer forgives the wrong one
    assert client.read(SESSION_ROLE)[0] == INSTALLER


def test_what_cannot_be_gets_the_exact_exception_and_changes_nothing(client):
    _refused(2, client.read, 0x0100, 1)
    _refused(2, client.read, 0x006F - 4, 10)
    _refused(2, client.write, 0x0002, [1])
    unlock(client)
    before = client.read(OV1, 3)
    _refused(3, client.write, OV1, [4600])
    _refused(3, client.write, OV1 + 2, [before[0] + 50])  # recovery above the trip
    _refused(3, client.write, OV1, [before[0] - 10, 5000])  # all or nothing
    _refused(2, client.write, 0x0FFF, [0, 1])
    assert client.read(OV1, 3) == before


def test_the_charger_port_reads_and_cannot_change_anything(on_charger_port, pack):
    client = on_charger_port
    assert client.read(0)[0] == REGISTERS["schema_version"]
    before = client.read(OV1)
    _refused(1, client.write, OV1, [4180])
    _refused(1, client.write, LOGIN_ROLE, [INSTALLER])
    _refused(1, client.write, 0x2004, [1])
    assert client.read(OV1) == before
    client.write(0x2030, [1, 9960, 100])  # a charger may say hello


def test_a_session_on_the_pc_port_does_not_open_the_charger_port(on_charger_port, pack):
    master = MinimalModbus(pack.board.ptys["rs485_2"].path, 115200)
    try:
        unlock(master)
        _refused(1, on_charger_port.write, OV1, [4180])
        master.write(LOGOUT, [1])
    finally:
        master.close()
