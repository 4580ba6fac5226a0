"""The one owner of the port: what it knows, when it no longer knows, and whose turn it is."""

import asyncio
import threading

import pytest
from cli_board import PASSWORD, CliBoard

import cellwarden.ids as ids
from cellwarden.tables import rows
from cellwarden_host import catalog, session, transaction
from cellwarden_host.problems import NoConnection
from cellwarden_host.web.station import LOST, UP, Station, Where
from modbus_rtu.codec import ILLEGAL_ADDRESS

_LONG_S = 20


@pytest.fixture
def board():
    board = CliBoard()
    yield board
    if board.port:
        board.unplug()


@pytest.fixture
def station():
    station = Station(every_s=0.01)
    station.moved = threading.Event()
    station.listeners.append(lambda _: station.moved.set())
    yield station
    station.close()


def until(station, condition):
    """Wait for what the station's thread brings about."""
    pause = threading.Event()
    for _ in range(_LONG_S * 100):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError(f"it did not come to that; link: {station.link}, {station.trouble}")


def connected(station, board):
    station.connect(Where(board.port, 115_200, 1))
    until(station, lambda: station.fresh)
    return station.snapshot


def test_a_look_holds_readings_settings_texts_and_who_it_is(station, board):
    seen = connected(station, board)
    assert seen.get("pack_10mv") == 24 * 3700 // 10
    assert seen.setting("cell_ov1_mv") == board.setting("cell_ov1_mv")
    assert seen.texts["product"] == "Cellwarden"
    assert seen.all("cell_mv")[0] == 3700


def test_a_lost_line_leaves_the_snapshot_and_says_that_it_is_old(station, board):
    seen = connected(station, board)
    board.unplug()
    board.port = ""
    until(station, lambda: station.link == LOST)
    assert not station.fresh
    assert station.snapshot.number >= seen.number
    assert "gone" in str(station.trouble) or "no port" in str(station.trouble)


def test_work_meets_a_pulled_cable_as_a_problem_and_nothing_hangs(station, board):
    connected(station, board)

    def pull(_board):
        board.unplug()
        board.port = ""
        transaction.write(_board, {("cell_ov1_mv", 0): 4190})

    with pytest.raises(NoConnection):
        asyncio.run(station.do(pull))
    with pytest.raises(NoConnection):
        asyncio.run(station.do(lambda board: board.read([catalog.READING["ticks"]])))


def test_a_board_that_lacks_rows_shows_them_as_unknown_and_the_rest_as_ever(station, board):
    read = board.map.read

    def older(table, address, count, out, offset, port):
        ends = address + count
        if address < 0x0096 and ends > 0x0070 or address < 0x1130 and ends > 0x10F0:
            return ILLEGAL_ADDRESS
        return read(table, address, count, out, offset, port)

    board.map.read = older
    seen = connected(station, board)
    assert seen.get("soh_permille") is None
    assert seen.setting("cell_leak_warn") is None
    assert seen.get("pack_10mv") is not None
    assert seen.setting("cell_ov1_mv") == board.setting("cell_ov1_mv")
    first = station.snapshot.number
    until(station, lambda: station.snapshot.number > first + 3)
    assert station.link == UP


def test_what_two_pages_ask_never_mixes(station, board):
    connected(station, board)
    order = []

    def slowly(name):
        def work(on):
            order.append(name)
            on.read(catalog.SETTINGS)
            order.append(name)

        return work

    async def both():
        await asyncio.gather(*(station.do(slowly(name)) for name in "abcd"))

    asyncio.run(both())
    assert order[::2] == order[1::2]


def test_the_journal_comes_whole_a_few_entries_a_look(station, board):
    for number in range(30):
        board.desk.controller.journal.note(ids.KIND_SETTINGS, board.desk.controller, number)
    connected(station, board)
    held = board.desk.controller.journal
    until(station, lambda: len(station.journal) == held.next - held.first)
    numbers = [entry.number for entry in station.journal]
    assert numbers == list(range(held.first, held.next))


def test_a_new_address_is_followed(station, board):
    connected(station, board)

    def work(on):
        session.log_in(on, PASSWORD, rows.INSTALLER)
        transaction.write(on, {("device_address", 0): 7})

    asyncio.run(station.do(work))
    assert station.where.unit == 7
    first = station.snapshot.number
    until(station, lambda: station.snapshot.number > first)


def swap(board, code):
    """Another board is on the cable from one request to the next."""
    with board.lock:
        board.map.set_text(ids.T_MACHINE_CODE, code)


def test_a_board_swapped_between_two_looks_is_another_connection(station, board):
    swap(board, "one")
    first = connected(station, board)
    swap(board, "two")
    until(station, lambda: station.snapshot.machine_code == "two")
    assert station.snapshot.connection > first.connection


def test_what_was_meant_for_one_board_is_never_done_to_another(station, board):
    swap(board, "one")
    connected(station, board)
    done = []

    def swapped(_board):
        swap(board, "two")

    async def both():
        await station.do(swapped)
        await station.do(done.append, of="one")

    with pytest.raises(NoConnection, match="another board"):
        asyncio.run(both())
    assert not done


def test_an_answer_that_makes_no_sense_is_told_and_the_station_goes_on(station, board):
    read = board.map.read

    def nonsense(table, address, count, out, offset, port):
        code = read(table, address, count, out, offset, port)
        if address <= 0x0050 < address + count:
            at = offset + 2 * (0x0050 - address)
            out[at : at + 8] = bytes((0x3B, 0x00, 0, 0, 0x3B, 0x00, 0, 5))
        return code

    board.map.read = nonsense
    station.connect(Where(board.port, 115_200, 1))
    until(station, lambda: station.trouble is not None)
    board.map.read = read
    until(station, lambda: station.fresh)


def test_a_listener_that_fails_stops_nobody(station, board):
    def broken(_):
        raise RuntimeError("disk")

    station.listeners.insert(0, broken)
    connected(station, board)
    station.moved.clear()
    assert station.moved.wait(_LONG_S)
