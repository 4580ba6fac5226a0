"""The trials: which cell goes through what, with which sensors; to tune on, or to check on.

Estimators (ours and the yardsticks) are tuned on ``TUNE`` only. ``CHECK`` has other cells,
other profiles and other seeds, and is what gets reported. Nothing here runs a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .profiles import Charge, Discharge, Flow, Rest, Segment, drive, pulses, solar_days
from .sensors import Sensors

# This sodium cell charges to 4.1 V, far above those that the preset is for.
_SODIUM = {
    "charge_cell_mv": 4100,
    "cell_ov1_mv": 4200,
    "cell_ov2_mv": 4300,
    "cell_ov_recover_mv": 4100,
    "cell_ov_warn_mv": 4180,
    "balance_start_mv": 4000,
}
_HOUR = 3600.0


@dataclass(frozen=True)
class Trial:
    """``soc0`` is where the cell begins, ``told`` how far off one is told it is (points);
    ``capacity_error`` the same for the capacity, in parts. Ambient is a mean and a daily
    swing about it, in degC."""

    name: str
    chemistry: str
    cell: str
    segments: tuple[Segment, ...]
    soc0: float
    told: float
    sensors: Sensors
    ambient_c: float = 25.0
    swing_c: float = 0.0
    row_s: float = 1.0
    capacity_mah: int = 100_000
    capacity_error: float = 0.0
    settings: Mapping[str, int] = field(default_factory=dict)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _day(
    seed: int,
    mean_c: float,
    highway: float,
    end_mv: int,
    charge_c: float = 0.33,
    minutes: tuple[int, int] = (45, 50),
) -> tuple[Segment, ...]:
    """Out, hours of rest, back, and a charge in the evening."""
    first, second = (
        drive(_rng(seed + i), minute * 60, mean_c, highway) for i, minute in enumerate(minutes)
    )
    return (
        Rest(600), first, Rest(3 * _HOUR), second, Rest(0.5 * _HOUR),
        Charge(charge_c, end_mv), Rest(0.75 * _HOUR),
    )  # fmt: skip


def _cycle(
    discharge_c: float, empty_mv: int, charge_c: float, end_mv: int, again_c: float, hours: float
) -> tuple[Segment, ...]:
    """Down to empty, up to full, and down again for some hours."""
    again = Flow(np.full(int(hours * 3600), -again_c))
    return (
        Rest(600), Discharge(discharge_c, empty_mv), Rest(_HOUR), Charge(charge_c, end_mv),
        Rest(_HOUR), again, Rest(_HOUR),
    )  # fmt: skip


def _steady(c_rate: float, hours: float) -> Flow:
    return Flow(np.full(int(hours * 60) + 1, c_rate), 60.0)


def _s(gain: float, offset: float, temp: float, seed: int) -> Sensors:
    return Sensors(gain, offset, temp, seed)


TUNE = (
    Trial("tune_nmc_drive_day", "nmc", "nmc_chen", _day(11, 0.4, 0.5, 4150),
          0.85, -20, _s(1, 1, 1, 1), 22),
    Trial("tune_nmc_5c", "nmc", "nmc_mohtat",
          (drive(_rng(41), 5400, 0.3, 0.4), Rest(_HOUR), pulses(_rng(42), 5400, -0.05, -0.5),
           Charge(0.25, 4150), Rest(_HOUR)),
          0.90, -20, _s(-1, -1, 1, 4), 5),
    Trial("tune_nmc_solar", "nmc", "nmc_chen", (solar_days(_rng(51), 2, 0.4),),
          0.45, 20, _s(1, -1, 0, 5), 22, 6, row_s=10),
    Trial("tune_nmc_cycle", "nmc", "nmc_mohtat", _cycle(0.5, 3000, 0.5, 4150, 0.3, 2),
          0.60, 20, _s(-1, 1, -1, 6), 30),
    Trial("tune_nmc_capacity", "nmc", "nmc_chen", _day(61, 0.45, 0.3, 4150) * 2,
          0.80, -20, _s(1, -1, 1, 7), 25, capacity_error=0.05),
    Trial("tune_lfp_solar", "lfp", "lfp_prada", (solar_days(_rng(21), 4, 0.55),),
          0.55, 20, _s(-1, 1, -1, 2), 24, 6, row_s=10),
    Trial("tune_lfp_full_solar", "lfp", "lfp_prada",
          (Charge(0.2, 3500), Rest(_HOUR), _steady(-0.1, 4), solar_days(_rng(71), 2, 0.4)),
          0.70, -20, _s(1, -1, 1, 8), 20, 5, row_s=10),
    Trial("tune_lfp_drive_day", "lfp", "lfp_prada",
          (*_day(81, 0.4, 0.5, 3500, 0.4), drive(_rng(83), 3000, 0.4, 0.3), Rest(2 * _HOUR)),
          0.85, -20, _s(-1, -1, 1, 9), 25),
    Trial("tune_lfp_cycle", "lfp", "lfp_prada", _cycle(0.4, 2700, 0.3, 3500, 0.25, 2),
          0.60, -20, _s(1, 1, 0, 10), 15),
    Trial("tune_lfp_capacity", "lfp", "lfp_prada",
          (_steady(-0.15, 2), Charge(0.3, 3500), _steady(-0.2, 2), Rest(2 * _HOUR)) * 2,
          0.75, 20, _s(1, 1, 1, 11), 25, row_s=10, capacity_error=-0.05),
    Trial("tune_na_pulsed", "na_polyanion", "na_new",
          (Rest(300), pulses(_rng(31), 9000, -0.1, -0.6), Rest(_HOUR), Charge(0.4, 4100),
           Rest(0.5 * _HOUR), pulses(_rng(32), 6000, -0.1, -0.7)),
          0.80, -20, _s(1, -1, 0, 3), settings=_SODIUM),
    Trial("tune_na_solar", "na_polyanion", "na_new", (solar_days(_rng(91), 2, 0.5),),
          0.40, 20, _s(-1, 1, 1, 12), 18, 8, row_s=10, settings=_SODIUM),
    Trial("tune_lto_drive", "lto", "lto_kim", _day(101, 0.6, 0.4, 2700, 0.8, (40, 30)),
          0.85, -20, _s(1, 1, -1, 13), 15),
    Trial("tune_lto_solar", "lto", "lto_ramadass", (solar_days(_rng(111), 2, 0.6),),
          0.50, 20, _s(-1, -1, 1, 14), 15, 8, row_s=10),
)  # fmt: skip

CHECK = (
    Trial("nmc_commute", "nmc", "nmc_okane", _day(1001, 0.45, 0.35, 4150, 0.4, (50, 55)),
          0.92, -20, _s(-1, 1, -1, 101), 30),
    Trial("nmc_highway_40c", "nmc", "nmc_ecker",
          (drive(_rng(1011), 4500, 0.45, 0.9, 2.0), Rest(1800), Charge(0.5, 4150), Rest(_HOUR),
           drive(_rng(1012), 3600, 0.55, 0.9, 2.0), Rest(2 * _HOUR)),
          0.80, 20, _s(1, -1, 1, 102), 40, capacity_mah=60_000),
    Trial("nmc_cold_5c", "nmc", "nmc_oregan",
          (Rest(300), drive(_rng(1021), 5000, 0.3, 0.5, 2.0), Rest(2 * _HOUR), Charge(0.2, 4150),
           Rest(_HOUR), drive(_rng(1022), 2400, 0.3, 0.2, 2.0)),
          0.85, -20, _s(1, 1, -1, 103), 5),
    Trial("nmc_full_cycle", "nmc", "lco_ai", _cycle(0.4, 3200, 0.5, 4150, 0.6, 1),
          0.70, -20, _s(-1, -1, 1, 104), 20, capacity_mah=40_000),
    Trial("nmc_inverter", "nmc", "nmc_ecker",
          (pulses(_rng(1031), 9000, -0.05, -0.5, 60), _steady(0.2, 2), Rest(1800),
           pulses(_rng(1032), 9000, -0.08, -0.4, 200), Rest(_HOUR)),
          0.75, 20, _s(1, 1, 0, 105), 15),
    Trial("nmc_solar_days", "nmc", "nmc_okane", (solar_days(_rng(1041), 3, 0.45),),
          0.55, -20, _s(-1, 1, 1, 106), 20, 8, row_s=10),
    Trial("nmc_capacity_+5%", "nmc", "lco_ai", _day(1051, 0.4, 0.5, 4150) * 2,
          0.90, -20, _s(1, 1, -1, 107), 25, capacity_error=0.05),
    Trial("nmc_capacity_-5%", "nmc", "nmc_oregan", _day(1061, 0.35, 0.5, 4150) * 2,
          0.75, 20, _s(-1, -1, 1, 108), 25, capacity_error=-0.05),
    Trial("lfp_solar_after_full", "lfp", "lfp_safari",
          (Charge(0.25, 3500), Rest(1800), _steady(-0.12, 2.5), solar_days(_rng(1101), 3, 0.4)),
          0.75, -20, _s(1, 1, 1, 111), 22, 8, row_s=10, capacity_mah=280_000),
    Trial("lfp_solar_plateau", "lfp", "lfp_mohtat", (solar_days(_rng(1111), 5, 0.35),),
          0.60, 20, _s(-1, 1, -1, 112), 20, 6, row_s=10, capacity_mah=280_000),
    Trial("lfp_commute", "lfp", "lfp_mohtat",
          (*_day(1121, 0.4, 0.4, 3500, 0.3, (55, 40)), drive(_rng(1123), 3600, 0.4, 0.6),
           Rest(3 * _HOUR), pulses(_rng(1124), 3600, -0.05, -0.3)),
          0.90, -20, _s(1, -1, 0, 113), 30),
    Trial("lfp_inverter_cold", "lfp", "lfp_safari",
          (pulses(_rng(1131), 10_800, -0.05, -0.4, 120), Rest(_HOUR), _steady(-0.2, 0.25),
           Rest(1800), Charge(0.2, 3500), pulses(_rng(1132), 7200, -0.05, -0.5, 60)),
          0.65, 20, _s(-1, -1, 1, 114), 8),
    Trial("lfp_full_cycle", "lfp", "lfp_safari", _cycle(0.3, 2700, 0.4, 3500, 0.3, 1.5),
          0.70, -20, _s(-1, 1, -1, 115), 35),
    Trial("lfp_capacity_+5%", "lfp", "lfp_mohtat",
          (_steady(-0.12, 2.5), Charge(0.25, 3500), Rest(_HOUR), _steady(-0.2, 2.5),
           Rest(3 * _HOUR)) * 2,
          0.80, -20, _s(1, -1, -1, 116), 25, row_s=10, capacity_error=0.05),
    Trial("na_inverter", "na_polyanion", "na_better",
          (pulses(_rng(1201), 9000, -0.08, -0.45, 70), Rest(5400), Charge(0.3, 4100), Rest(_HOUR),
           pulses(_rng(1202), 9000, -0.05, -0.6, 150)),
          0.85, -20, _s(-1, 1, 1, 121), 15, settings=_SODIUM),
    Trial("na_commute", "na_polyanion", "na_better", _day(1211, 0.35, 0.4, 4100, 0.3, (40, 50)),
          0.90, -20, _s(1, -1, 0, 122), 25, settings=_SODIUM),
    Trial("na_solar_days", "na_polyanion", "na_published", (solar_days(_rng(1221), 3, 0.4),),
          0.45, 20, _s(1, 1, -1, 123), 18, 6, row_s=10, settings=_SODIUM),
    Trial("na_capacity_-5%", "na_polyanion", "na_better",
          _day(1231, 0.35, 0.6, 4100, 0.3, (45, 40)) * 2,
          0.85, -20, _s(-1, 1, 1, 124), 25, capacity_error=-0.05, settings=_SODIUM),
    Trial("lto_commute_fast", "lto", "lto_ecker", _day(1301, 0.7, 0.5, 2700, 1.5, (25, 30)),
          0.90, -20, _s(-1, -1, 1, 131), 35),
    Trial("lto_inverter_cold", "lto", "lto_mohtat",
          (pulses(_rng(1311), 7200, -0.1, -0.35, 90), Rest(5400), _steady(0.25, 1.5),
           pulses(_rng(1312), 5400, -0.1, -0.5, 60), Rest(_HOUR)),
          0.70, 20, _s(1, 1, -1, 132), 5),
    Trial("lto_solar_days", "lto", "lto_mohtat", (solar_days(_rng(1321), 3, 0.5),),
          0.50, -20, _s(1, -1, 1, 133), 12, 10, row_s=10),
    Trial("lto_full_cycle", "lto", "lto_ecker", _cycle(0.8, 1900, 1.0, 2700, 0.7, 0.7),
          0.60, 20, _s(-1, 1, 0, 134), 25, capacity_mah=40_000),
)  # fmt: skip
