"""A board whose clock runs by itself, and which can be exchanged for another on the same cable."""

import threading
import time

from cli_board import CliBoard

import boards.sim
from cellwarden import ids
from cellwarden.access import PORT_PC
from cellwarden.register_map import RegisterMap
from cellwarden.settings import Settings
from cellwarden.ticks import MASK
from cellwarden_host.desk import Desk
from modbus_rtu.server import Server

# Ten times as fast as real time: delays of seconds pass while a page looks twice.
_EVERY_S = 0.01


class LivingBoard(CliBoard):
    """``follow``, if set, is called with the desk before each tick: what the pack does."""

    def __init__(self, code, **how):
        super().__init__(**how)
        self.follow = None
        self.map.set_text(ids.T_MACHINE_CODE, code)
        self._stop = threading.Event()
        self._clock = threading.Thread(target=self._live, daemon=True)
        self._clock.start()

    def _live(self):
        while not self._stop.wait(_EVERY_S):
            if self.follow is not None:
                self.follow(self.desk)
            self.tick()

    def bus_ms(self):
        """Real time: ten times faster, a busy machine would tear frames apart."""
        return int(time.monotonic() * 1000) & MASK

    def replace(self, code, cells, mv=3700):
        """Unplug this board, plug in another, fresh one; the cable stays in the PC."""
        self.mute = True
        self._stop.wait(2.5)
        with self.lock:
            self.desk = Desk(boards.sim, Settings(boards.sim))
            self.desk.cell_mv = [mv] * cells
            self.map = RegisterMap(self.desk.controller)
            self.map.set_text(ids.T_PRODUCT, "Cellwarden")
            self.map.set_text(ids.T_MACHINE_CODE, code)
            self.server = Server(self.map, 1, PORT_PC)
        self.mute = False

    def unplug(self):
        self._stop.set()
        self._clock.join()
        super().unplug()
