"""The inner loops of a cycle: machine code where it was compiled for this processor, plain
Python everywhere else. ``loops_plain.py`` tells what each of them means."""
# ruff: noqa: F401

try:
    from .loops_viper import (
        cells_into,
        cells_sum,
        elapsed_ms,
        fill,
        group_into,
        next_rule,
        same,
        stray_code,
        sum_of,
        wrong_frames,
    )
except (ImportError, ValueError, SyntaxError):  # no MicroPython, or another processor's code
    from .loops_plain import (
        cells_into,
        cells_sum,
        elapsed_ms,
        fill,
        group_into,
        next_rule,
        same,
        stray_code,
        sum_of,
        wrong_frames,
    )
