"""A world with a board's drivers and sampler in it, for tests of these alone."""

from cellwarden.readings import Readings
from cellwarden_host.sim.inprocess import World
from firmware.hardware import Hardware
from firmware.sampling import Sampler


class Rig(World):
    """A world with a board's drivers and sampler in it, for a test of these alone."""

    def __init__(self, plant, board, first_tick_ms=0):
        super().__init__(plant, board, first_tick_ms)
        self.hardware = Hardware(board, self.machine)
        self.readings = Readings()
        self.sampler = Sampler(board, self.readings, self.hardware)
        self.on_tick = None  # called with now_ms after each cycle's readings
        self.ticks = 0

    def run_ms(self, duration_ms):
        """Let the sampler run."""
        self.run(duration_ms, self._step)

    def run_ticks(self, count):
        """Let the sampler run until that many more cycles have just ended."""
        wanted = self.ticks + count
        while self.ticks < wanted:
            self.call(self._step)

    def _step(self, now_ms):
        wait_ms = self.sampler.step(now_ms)
        self.sampler.fast_due = False
        if self.sampler.tick_due:
            self.sampler.tick_due = False
            self.ticks += 1
            if self.on_tick is not None:
                self.on_tick(now_ms)
        return wait_ms
