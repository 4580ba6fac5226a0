"""Prints what checking and unpacking a firmware image costs.

The image is ``image.bin``, signed with the key in ``key.bin``, for the board that it names
itself; both lie in a folder that is on sys.path.
"""
# MicroPython's modules, not CPython's:
# mypy: ignore-errors

import gc
import sys

from bench_meters import Subject, elapsed_us, now_us, tell, thousand_additions, time_all

from board_update import checking, image, signature, unpacking

_ROUNDS = 10


class Nowhere:
    """A slot whose flash takes no time: what is measured is the unpacking."""

    def write(self, data):
        pass

    def close(self):
        pass


def _read(name):
    with open(name, "rb") as file:
        return file.read()


class Work:
    """The pieces of an installation, each as a step to be timed."""

    def __init__(self, folder):
        self._folder = folder
        start = _read(folder + "image.bin")[:448]
        self.header = image.Header(start)
        self._key = signature.key(_read(folder + "key.bin"))
        self._signature = start[192:448]
        self._terms = image.Terms(self.header.board, self.header.hardware_min, (self._key,))

    def verify(self):
        if not signature.verify(self._key, self._signature, self.header.sha256):
            raise ValueError

    def check(self):
        with open(self._folder + "image.bin", "rb") as file:
            checking.check(file, self._terms)

    def unpack(self):
        with open(self._folder + "image.bin", "rb") as file:
            unpack = unpacking.Unpack(file, self.header, lambda path: Nowhere())
            while unpack.step():
                pass

    def longest_steps(self):
        """The longest step of a check, of an unpacking, in microseconds."""
        with open(self._folder + "image.bin", "rb") as file:
            check = checking.Check(file, self._terms)
            unpack = unpacking.Unpack(file, self.header, lambda path: Nowhere())
            return _longest(check), _longest(unpack)

    def taken(self):
        """Bytes of heap that a check, and an unpacking, hold on to at their fullest."""
        with open(self._folder + "image.bin", "rb") as file:
            return (
                _held(lambda: checking.Check(file, self._terms)),
                _held(lambda: unpacking.Unpack(file, self.header, lambda path: Nowhere())),
            )


def _longest(stepper):
    longest_us = 0
    more = True
    while more:
        start_us = now_us()
        more = stepper.step()
        longest_us = max(longest_us, elapsed_us(start_us))
    return longest_us


def _held(make):
    gc.collect()
    before = gc.mem_alloc()
    stepper = make()
    most = 0
    step = 0
    while stepper.step():
        step += 1
        if step % 16 == 0:
            gc.collect()
            most = max(most, gc.mem_alloc() - before)
    return most


def main(folder):
    work = Work(folder)
    names = ("verify", "check", "unpack")
    subjects = [Subject("yardstick", thousand_additions)]
    subjects += [Subject(name, getattr(work, name)) for name in names]
    us = time_all(subjects, _ROUNDS)
    steps = [work.longest_steps() for _ in range(_ROUNDS)]
    check_bytes, unpack_bytes = work.taken()
    tell(
        verify_us=us["verify"],
        check_us=us["check"],
        unpack_us=us["unpack"],
        yardstick_us=us["yardstick"],
        check_step_us=min([step[0] for step in steps]),
        unpack_step_us=min([step[1] for step in steps]),
        check_bytes=check_bytes,
        unpack_bytes=unpack_bytes,
    )


def _folder():
    """The folder of the modules, with its slash."""
    for path in sys.path:
        try:
            open(path + "/key.bin", "rb").close()
            return path + "/"
        except OSError:
            pass
    raise OSError("no key.bin beside the modules")


main(_folder())
