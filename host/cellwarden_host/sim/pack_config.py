"""What one may choose about a simulated pack. Values only; nothing here computes physics."""

from dataclasses import dataclass, field

from . import ocv


@dataclass
class PackConfig:
    """Everything one may choose about a pack; the defaults are a 24S 100 Ah NMC pack."""

    cells: int = 24
    chemistry: str = "nmc"
    capacity_mah: int = 100_000
    soc_permille: int = 600
    seed: int = 1
    soc_spread_permille: float = 4
    capacity_spread_permille: float = 10
    r_spread_permille: float = 60
    leak_ua: float = 200
    ambient_dc: int = 250
    channels: list[int] = field(default_factory=list)  # of each cell; empty: spread evenly
    wire_mohm: float = 80
    pin_nf: float = 10
    load_cap_uf: float = 2000
    load_bleed_ohm: float = 20_000
    load_start_mv: float = 0  # 0 here and below: from chemistry and board
    source_limit_mv: float = 0
    supply_ua: float = 2500
    supply_tap_cells: int = 0
    short_trip_ma: float = 0
    heater_mw: float = 150_000
    profile: str | None = None  # a t_s,current_ma file, or "day"
    profile_repeat: bool = False
    charger_mv: int = 0
    charger_ma: int = 0

    def __post_init__(self) -> None:
        if self.chemistry not in ocv.POINTS:
            raise ValueError(f"chemistry {self.chemistry!r} is none of {sorted(ocv.POINTS)}")
        if not 3 <= self.cells <= 32:
            raise ValueError("cells must be 3 to 32")
        if not self.load_start_mv:
            self.load_start_mv = self.cells * ocv.CUTOFF_MV[self.chemistry] * 0.8
        if not self.source_limit_mv:
            self.source_limit_mv = self.cells * ocv.FULL_MV[self.chemistry]
        if not self.supply_tap_cells:
            # The converter hangs on the whole pack up to 30 V, on a tap of about 30 V above.
            nominal = ocv.NOMINAL_MV[self.chemistry]
            self.supply_tap_cells = min(self.cells, max(1, 30_000 // nominal))

    def r0_ohm(self) -> float:
        """Ohmic resistance of a cell: 0.06 ohm at 1 Ah, so 0.6 milliohm at 100 Ah."""
        return 60.0 / self.capacity_mah
