"""What a cell model did under a profile: the true values, before any sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """``c_rate`` is the mean since the row before (charging positive), ``soc`` 0 to 1 in the
    sense of the OCV table: its ends are 0 and 1, the charge between is the capacity."""

    t_s: Sequence[float]
    c_rate: Sequence[float]
    cell_mv: Sequence[float]
    temp_dc: Sequence[float]
    soc: Sequence[float]
    ocv_percent: Sequence[float]
    ocv_mv: Sequence[float]
