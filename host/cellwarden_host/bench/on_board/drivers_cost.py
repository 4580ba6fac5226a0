"""Prints what 100 ms of the whole firmware cost, drivers included, played from a tape.

What stands in for ``machine`` is built-in functions as far as it goes, as on a controller, and
allocates nothing: else it would take longer than the drivers that are timed.
"""

# MicroPython's modules, not CPython's:
# mypy: ignore-errors
import gc
import io
import json
import sys

from bench_meters import Subject, elapsed_us, now_us, tell, thousand_additions
from bench_pack import commissioned

import board
from cellwarden.access import Access
from firmware import clock


class Tape:
    """Answers in the order in which they were given; all machines play the same one."""

    def __init__(self, entries):
        self._numbers = [e for e in entries if not isinstance(e, str)]
        self._frames = b"".join(bytes.fromhex(e) for e in entries if isinstance(e, str))
        self.next = self.readinto = None

    def rewind(self):
        self.next = iter(self._numbers).__next__
        self.readinto = io.BytesIO(self._frames).readinto


def nothing(address, data, stop=True):
    pass


class Pin:
    """An output takes its level and does nothing; an input answers from the tape."""

    IN, OUT, PULL_UP, PULL_DOWN = 0, 1, 2, 3
    tape = None

    def __init__(self, number, mode=None, pull=None, value=None):
        self.value = abs if mode == Pin.OUT else Pin.tape.next


class Bus:
    """SPI and I2C: takes everything, and answers from the tape."""

    def __init__(self, *_arguments, **_options):
        answer = Pin.tape.readinto

        def read(sent, into):
            answer(into)

        self.write = len
        self.writeto = nothing
        self.write_readinto = self.readfrom_into = read


class ADC:
    def __init__(self, pin):
        self.read_u16 = Pin.tape.next


class Machine:
    Pin, SPI, I2C, ADC = Pin, Bus, Bus, ADC


class Steps:
    """The least time of each measured step, over many plays."""

    def __init__(self, steps):
        self._steps = steps
        self.least_us = []
        self.ends = []  # positions of the steps that ended a tick

    def play(self):
        """Run once from start to end; each step's time lowers its own least one."""
        from firmware.application import Application
        from firmware.drivers import ltc6811_link

        Pin.tape.rewind()
        clock.now_ms = ltc6811_link.now_ms = Pin.tape.next
        app = Application(board, Machine, commissioned(), Access(bytes), self._steps[0])
        app.unlock()
        at = -1
        for now_ms in self._steps:
            if now_ms < 0:
                gc.collect()
                at = 0
                continue
            ticks = app.controller.ticks
            start_us = now_us()
            app.step(now_ms)
            spent_us = elapsed_us(start_us)
            if at >= 0:
                self._note(at, spent_us, app.controller.ticks != ticks)
                at += 1
        if not app.controller.commands.discharge:
            raise ValueError("outputs are off: the tape was not followed")

    def _note(self, at, spent_us, ticked):
        if at < len(self.least_us):
            self.least_us[at] = min(self.least_us[at], spent_us)
            return
        self.least_us.append(spent_us)
        if ticked:
            self.ends.append(at)

    def median_us(self, before):
        """Of the steps that came ``before`` the end of a tick by so many."""
        least_us = sorted(self.least_us[at - before] for at in self.ends if at >= before)
        return least_us[len(least_us) // 2]

    def worst_us(self):
        return max(self.least_us)


def main(file, plays):
    with open(file) as stream:
        recorded = json.load(stream)
    Pin.tape = Tape(recorded["tape"])
    clock.sleep_us = lambda us: None
    yardstick = Subject("yardstick", thousand_additions)
    steps = Steps(recorded["steps"])
    for _ in range(plays):
        for _ in range(3):
            yardstick.spell()
        steps.play()
    tell(name="yardstick", us=yardstick.best_us)
    tell(name="all", us=sum(steps.least_us) / len(steps.ends))
    for before, name in enumerate(("settle", "judge", "current", "collect")):
        tell(name=name, us=steps.median_us(before))
    tell(name="worst", us=steps.worst_us())


main(sys.argv[1], int(sys.argv[2]))
