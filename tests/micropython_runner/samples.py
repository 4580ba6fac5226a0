"""Functions that behave differently on the two runtimes: the replay must notice them."""

import os
from array import array


def store_out_of_range(value):
    """CPython raises, MicroPython wraps silently."""
    stored = array("H", [0])
    stored[0] = value
    return stored


def echo(value):
    """The argument, unchanged."""
    return value


def divide(numerator, denominator):
    """Raises the same type on both when the denominator is 0."""
    return numerator // denominator


def end_the_process():
    """Die in the middle of an answer."""
    os.system("kill -9 $PPID")


def never_end():
    """Hang."""
    while True:
        pass
