"""Two meters for a step: how long it takes at best, and how many bytes it takes from the heap."""
# MicroPython's modules, not CPython's:
# mypy: ignore-errors

import gc
import json
import time

try:
    import micropython
except ImportError:
    micropython = None

_TRIALS = 20
_PART_STEPS = 16
_SPELL_US = 2_000  # short, so that most spells run undisturbed


def now_us():
    """Microseconds of the runtime's own clock."""
    if micropython is None:
        return time.perf_counter_ns() / 1000
    return time.ticks_us()


def elapsed_us(start_us):
    if micropython is None:
        return now_us() - start_us
    return time.ticks_diff(time.ticks_us(), start_us)


class Subject:
    """A step to be timed, called ``step()`` over and over."""

    def __init__(self, name, step):
        self.name = name
        self.best_us = None
        self._step = step
        self._repeats = 8
        for _ in range(_TRIALS):
            self.spell()
        # From here on all spells are about equally long: none is warmer than another.
        self._repeats = max(1, int(_SPELL_US / max(self.best_us, 0.1)))
        self.best_us = None

    def spell(self):
        """Time a run of steps; keep the least time a step has taken so far."""
        gc.collect()
        spent_us = self._run(self._repeats) / self._repeats
        if self.best_us is None or spent_us < self.best_us:
            self.best_us = spent_us

    def _run(self, repeats):
        step = self._step
        start_us = now_us()
        for _ in range(repeats):
            step()
        return elapsed_us(start_us)


class Part(Subject):
    """One method's share of a step: it is timed where it is called, in its own surroundings."""

    def __init__(self, name, step, thing, method):
        self._thing = thing
        self._method = method
        self._spent_us = 0
        Subject.__init__(self, name, step)
        self._repeats = _PART_STEPS

    def _run(self, repeats):
        own = getattr(self._thing, self._method)

        def timed(*arguments):
            start_us = now_us()
            result = own(*arguments)
            self._spent_us += elapsed_us(start_us)
            return result

        self._spent_us = 0
        setattr(self._thing, self._method, timed)
        step = self._step
        for _ in range(repeats):
            step()
        setattr(self._thing, self._method, own)
        return self._spent_us


def time_all(subjects, rounds):
    """Microseconds a step by name: the least of many short spells, as others only add.

    All take turns, so that a machine that is slower for a while is so for all of them.
    """
    for _ in range(rounds):
        for subject in subjects:
            subject.spell()
    return {subject.name: subject.best_us for subject in subjects}


def thousand_additions():
    """The yardstick: 1000 times ``x += i`` in a loop, whose time on an RP2040 is known."""
    x = 0
    for i in range(1000):
        x += i
    return x


def bytes_taken(step, repeats=20):
    """Bytes that the most wasteful of ``repeats`` steps takes; 0 is proven with a locked heap.

    The locked heap is what counts: a step that frees what it took would look clean to a
    comparison. Where it refuses, the bytes are measured with a free heap.
    """
    for _ in range(3):
        step()
    gc.collect()
    refused = False
    micropython.heap_lock()
    try:
        i = 0
        while i < repeats:
            step()
            i += 1
    except MemoryError:
        refused = True
    finally:
        micropython.heap_unlock()
    if not refused:
        return 0
    gc.collect()
    gc.disable()
    worst = 1
    for _ in range(repeats):
        before = gc.mem_alloc()
        step()
        worst = max(worst, gc.mem_alloc() - before)
    gc.enable()
    return worst


def tell(**values):
    """Hand one result to the host."""
    print(json.dumps(values))
