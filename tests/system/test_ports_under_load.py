"""Both ports busy all the time: nobody is dropped, nothing leaks, and protection comes first.

CELLWARDEN_MINUTES says for how many virtual minutes the memory is watched.
"""

import os

from station import CHARGER_MV, REACTION_MS

from cellwarden_host.bench.poller import Poller, read_request

OV_DELAY_MS = 4000
TEN_REGISTERS = read_request(0, 10)
MANY_REGISTERS = read_request(0x0200, 32)
SMALL_HEAP = 334 * 1024  # of a 64-bit unix process; stands for what a Pico has
MINUTES = int(os.environ.get("CELLWARDEN_MINUTES", "2"))
ROUNDS = 10


def _polled(pack):
    """Two masters that know no pause but the silence the standard wants."""
    return (
        Poller(pack.board, "rs485_1", 9600, TEN_REGISTERS),
        Poller(pack.board, "rs485_2", 115200, MANY_REGISTERS),
    )


def test_no_request_is_dropped_at_back_to_back_polling_on_both_ports(station, capsys):
    pack = station().start()
    masters = _polled(pack)
    pack.advance(20_000)
    for master in masters:
        master.stop()
        assert master.lost == 0 and master.refused == 0
        assert master.answered >= master.asked - 1
    worst_ms = [max(master.turnaround_us) / 1000 for master in masters]
    with capsys.disabled():
        asked = [master.asked for master in masters]
        print(f"\nworst turnaround {worst_ms} ms of {asked} requests on RS485-1 and RS485-2")


def test_protection_is_as_quick_with_both_ports_saturated(station):
    pack = station({"charger_mv": CHARGER_MV, "charger_ma": 20_000}).start()
    masters = _polled(pack)
    pack.advance(2000)
    for round_ in range(3):
        pack.advance(37 * round_)
        broken_ms = pack.inject("cell", 7, 4250)
        pack.until(lambda: not pack.charge_closed, 6000, 100)
        took_ms = pack.moved_ms("charge", False, broken_ms) - broken_ms
        assert OV_DELAY_MS <= took_ms <= OV_DELAY_MS + REACTION_MS
        pack.clear("cell")
        pack.inject("charger_remove")
        pack.until(lambda: pack.charge_closed, 6000, 100)
        pack.inject("charger_connect", CHARGER_MV, 20_000)
        pack.advance(1000)
    assert all(master.answered > 100 for master in masters)


def test_memory_does_not_grow_in_minutes_of_polling(station):
    """Free memory after each collection, as the board itself tells it."""
    pack = station(heap=SMALL_HEAP).start()
    pack.inject("load_connect", 10_000)
    free = []
    for _ in range(ROUNDS):
        for _ in range(MINUTES * 60 // ROUNDS):
            for name in ("cell_max_mv", "board_state"):
                pack.read(name)
                pack.read(name, pack.on_charger_port)
            pack.advance(900)
        free.append(pack.read("free_bytes"))
    assert free[0] > 20_000
    assert min(free[5:]) >= min(free[1:5]), free
    assert pack.read("tick_late_worst_ms") <= 150
