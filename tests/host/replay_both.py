"""A log made of integers alone, played on either runtime; test_replay_both_runtimes compares.

Runs on CPython and MicroPython: no fixtures, nothing but the player and the core.
"""

from cellwarden.access import Access
from cellwarden.settings import Settings
from cellwarden_host.replay import player as play

CAPACITY_MAH = 20_000
CELLS = 4
_running = []


def begin(payload, rating_ma, soc0_permille, empty_mv, full_mv):
    """Set up a player with stored settings; the log begins with the next ``go``."""
    board = play.LogBoard(rating_ma)
    settings = Settings(board)
    assert settings.load(payload, len(payload)) and settings.commissioned
    player = play.Player(board, settings, Access(lambda n: bytes(n)), CELLS)
    _running[:] = [player, Recorded(empty_mv, full_mv), soc0_permille]
    return True


def go(rows):
    """Play so many rows more: [charge, its error, switches and limits] after each, and events."""
    player, log, soc0_permille = _running
    out = []
    for _ in range(rows):
        gone_ms, current_ma, cell_mv, temp_dc = log.row()
        if not player.begun:
            player.begin(current_ma, cell_mv, temp_dc)
            if soc0_permille is not None:
                player.believe(soc0_permille, 118)
        elif gone_ms > 600_000:
            player.restart(gone_ms, current_ma, cell_mv, temp_dc)
        else:
            player.row(gone_ms, current_ma, cell_mv, temp_dc)
        c = player.controller
        e = c.estimator
        out.append(
            [
                play.soc_ppm(e),
                play.sigma_ppm(e),
                e.soc_permille,
                e.remaining_mah,
                c.limits.ccl_ma,
                c.limits.dcl_ma,
                c.switchgear.charge_on,
                c.switchgear.discharge_on,
            ]
        )
    events = player.events
    player.events = []
    return [out, [list(event) for event in events]]


class Recorded:
    """A drive with pauses, a charge, a hot hour, an overload, and two hours with nobody there."""

    def __init__(self, empty_mv, full_mv):
        self._empty_mv = empty_mv
        self._full_mv = full_mv
        self._random = 7
        self._number = 0
        self._charge_mas = 600 * CAPACITY_MAH * 36 // 10  # 60 %, in mA * s
        self._slow_mv = 0

    def row(self):
        self._number += 1
        n = self._number
        gone_ms = 1000 if self._draw(20) else (250, 3500, 12_000)[self._draw(3)]
        if n == 5000:
            gone_ms = 7_200_000
        current_ma = self._current(n)
        if gone_ms < 600_000:
            self._charge_mas += current_ma * gone_ms // 1000
        share = self._charge_mas // (CAPACITY_MAH * 36 // 10)  # 1/1000
        self._slow_mv += (current_ma // 1000 * 3 - self._slow_mv) // 16
        mv = self._empty_mv + share * (self._full_mv - self._empty_mv) // 1000
        mv += current_ma * 2 // 1000 + self._slow_mv
        cells = [mv + 4 * i + self._draw(5) for i in range(CELLS)]
        dc = 470 if 6000 < n < 6400 else 200 + n // 100
        return gone_ms, current_ma, cells, [dc]

    def _current(self, n):
        if n % 900 < 120:
            return 0
        if n in (4000, 4001, 4002, 4003, 4004):
            return -150_000
        if n % 3600 < 1800:
            return -self._draw(30_000)
        return 12_000 + self._draw(2000)

    def _draw(self, below):
        self._random = (self._random * 1103515245 + 12345) % 0x80000000
        return (self._random >> 8) % below
