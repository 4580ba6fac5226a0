"""The simulated board's ``bluetooth`` module: attributes, events and errors as on a board."""

import pytest
from radio_bench import BATTERY, OPEN, PLAIN_BOARD, REPLY, SECURE, phone_on, radio_board, said
from sim_bench import printed, running

from cellwarden_host.sim.radio_central import CentralError, RadioCentral


def test_a_central_finds_reads_writes_and_is_notified(tmp_path):
    echo = """
def on(event, data):
    if event == 3:
        ble.gatts_notify(data[0], reply, ble.gatts_read(data[1]))
"""
    with radio_board(tmp_path, echo) as board, RadioCentral(board) as phone:
        (seen,) = phone.scan(0.3)
        assert (seen.name, seen.connectable) == ("Bench", True)
        phone.connect(seen.address)
        assert phone.mtu == 247
        assert phone.uuids() == ["2a00", SECURE, REPLY, OPEN, BATTERY]
        assert phone.read("2A00") == b"Bench"
        assert phone.read(BATTERY) == b"\x42"
        phone.subscribe(REPLY)
        phone.write(OPEN, b"hello")
        assert phone.wait(REPLY) == b"hello"
        phone.disconnect()
        board.advance(50)
        address = bytes.fromhex(phone.address.replace(":", "")).hex()
        assert said(board, "event") == [
            f"event 1 1 1 {address}",
            "event 21 1 247",
            "event 3 1 11",
            f"event 2 1 1 {address}",
        ]
        phone.connect("Bench", mtu=23)  # it advertises again
        assert phone.mtu == 23


def test_the_same_run_again_takes_the_same_time(tmp_path):
    stamp = """
def on(event, data):
    print("at", time.ticks_us(), event)
"""
    runs = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with radio_board(tmp_path / name, stamp) as board, phone_on(board) as phone:
            phone.pair(42)
            phone.write(SECURE, b"x")
            board.advance(400)  # the bond goes to flash first
            runs.append(said(board, "at"))
    assert len(runs[0]) > 4
    assert runs[0] == runs[1]


VALUES = """
def start():
    try:
        ble.gatts_read(99)
    except OSError as err:
        print("errno", err.errno)
def on(event, data):
    if event == 3:
        value = ble.gatts_read(plain)
        print("value", show(value))
        if value[:1] == b"S":
            ble.gatts_set_buffer(plain, int(value[1:]), True)
"""


def test_values_are_cut_off_at_their_buffer(tmp_path):
    with radio_board(tmp_path, VALUES) as board, phone_on(board) as phone:
        assert said(board, "errno") == ["errno 22"]
        for data in (bytes(range(25)), b"S8"):
            phone.write(OPEN, data)
        # Eight bytes now, and writes append; reading empties the value.
        for data in (b"12345", b"6789"):
            phone.write(OPEN, data, response=False)
        board.advance(40)
        for data in (b"S300", bytes(244)):
            phone.write(OPEN, data)
        board.advance(40)
        values = [bytes.fromhex(line[6:]) for line in said(board, "value")]
        assert values == [bytes(range(20)), b"S8", b"12345678", b"", b"S300", bytes(244)]


def test_what_an_event_points_to_is_gone_after_the_handler(tmp_path):
    keeper = """
def on(event, data):
    global left
    if event == 1:
        left = data[2]
        asyncio.create_task(look())
async def look():
    print("left", show(left))
"""
    with radio_board(tmp_path, keeper) as board, phone_on(board):
        assert said(board, "left") == ["left " + "ee" * 6]


def test_notifications_queue_up_to_a_limit_and_leave_with_connection_events(tmp_path):
    flood = """
def on(event, data):
    if event == 3:
        sent = 0
        try:
            while True:
                ble.gatts_notify(data[0], reply, bytes((sent,)) * 300)
                sent += 1
        except OSError as err:
            print("full", sent, err.errno)
"""
    with radio_board(tmp_path, flood) as board, phone_on(board, address=None) as phone:
        phone.subscribe(REPLY)
        phone.write(OPEN, b"x", response=False)
        board.advance_until(lambda: said(board, "full"))
        board.advance(15)
        came = phone.take(REPLY)
        assert len(came) == 6
        board.advance(15)
        assert said(board, "full") == ["full 10 12"]
        assert came + phone.take(REPLY) == [bytes((n,)) * 244 for n in range(10)]
        phone.write(OPEN, b"x", response=False)
        board.advance(100)
        assert said(board, "full") == ["full 10 12"] * 2


def test_permissions_hold_until_the_connection_is_authenticated(tmp_path):
    with radio_board(tmp_path) as board, phone_on(board) as phone:
        for refused in (
            lambda: phone.write(SECURE, b"x"),
            lambda: phone.read(SECURE),
            lambda: phone.write(BATTERY, b"x"),
        ):
            with pytest.raises(CentralError):
                refused()
        phone.write(SECURE, b"x", response=False)  # dropped without a word
        phone.pair(None)  # just works: encrypted, and anybody could have done it
        assert phone.encrypted
        with pytest.raises(CentralError, match="INSUFFICIENT_AUTHENTICATION"):
            phone.write(SECURE, b"x")
        assert said(board, "event 3 ") == []
        assert said(board, "event 28") == ["event 28 1 1 0 1 16"]
        phone.pair(42)
        phone.write(SECURE, b"x")
        board.advance(400)
        assert said(board, "event 3 ") == ["event 3 1 6"]


def test_calls_that_cannot_be_have_the_errors_of_a_board(tmp_path):
    asks = """
def ask(what, *arguments, **named):
    try:
        print("got", what(*arguments, **named))
    except OSError as err:
        print("got errno", err.errno)
    except ValueError:
        print("got ValueError")
def start():
    ask(ble.gatts_notify, 7, reply, b"x")
    ask(ble.gap_disconnect, 7)
    ask(ble.gap_passkey, 7, 3, 1)
    ask(ble.gap_advertise, 100_000, bytes(32))
    ask(ble.gatts_register_services, ())
    ask(ble.config, colour=1)
    ask(ble.config, "mac")
    ask(ble.config, "gap_name")
    ask(ble.config, "mtu")
    ask(ble.active, False)
    ask(ble.gatts_read, reply)
    ask(ble.gap_advertise, 100_000)
    print("same", bluetooth.BLE() is ble, UUID(0x180F), our(1), bytes(UUID(0x180F)))
"""
    with radio_board(tmp_path, asks) as board:
        assert said(board, "got") == [
            "got errno 128",
            "got False",
            "got errno 128",
            "got errno 22",
            "got errno 16",
            "got ValueError",
            "got (0, b'\\x02\\xce\\x83&_(')",
            "got b'Bench'",
            "got 247",
            "got False",
            "got errno 19",
            "got errno 19",
        ]
        assert said(board, "same") == [
            "same True UUID(0x180f) UUID('8e2d0001-5f0b-4c8e-9d3a-63656c6c7764') b'\\x0f\\x18'"
        ]


def test_events_wait_while_the_heap_is_locked(tmp_path):
    locked = """
import micropython
def start():
    for _ in range(20):
        micropython.heap_lock()
        for _ in range(20):
            time.sleep_ms(5)
            if noisy:
                micropython.heap_unlock()
                print("too early")
        micropython.heap_unlock()
        time.sleep_ms(1)
noisy = False
def on(event, data):
    try:
        bytearray(100)
    except MemoryError:
        print("no heap")
"""
    with radio_board(tmp_path, locked) as board, phone_on(board):
        assert said(board, "no heap") == []
        assert said(board, "event 1 ") != []


def test_a_handler_that_raises_does_not_stop_the_events(tmp_path):
    with radio_board(tmp_path, "def on(event, data):\n    1 / 0\n") as board:
        with phone_on(board) as phone:
            for _ in range(3):  # all in one connection event
                phone.write(OPEN, b"x", response=False)
            board.advance(50)
            assert len(said(board, "event 3 ")) == 3
            assert len(said(board, "ZeroDivisionError")) == 5


def test_at_the_prompt_events_are_delivered_as_well(tmp_path):
    with radio_board(tmp_path, "def start():\n    raise KeyboardInterrupt\n") as board:
        with phone_on(board) as phone:
            phone.write(OPEN, b"x")
            board.advance(100)
            assert said(board, "event 3 ") == ["event 3 1 11"]


def test_a_board_without_radio_has_no_such_module(tmp_path):
    ask = "try:\n    import bluetooth\nexcept ImportError:\n    print('none')\n"
    with running(tmp_path, ask, definition=PLAIN_BOARD) as board:
        board.advance(300)
        assert printed(board).startswith("none\n")
        with pytest.raises(CentralError, match="no radio"):
            RadioCentral(board)
