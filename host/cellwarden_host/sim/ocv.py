"""Open-circuit voltage of one cell against its state of charge, for each chemistry.

Only for the simulated pack: the controller has its own tables, and must not be tested against
a copy of them. Nothing here knows current, time or temperature.

Where the points come from:

- nmc: Samsung INR21700-40T, lfp: Lithium Werks APR18650M1B, both pseudo-OCV at C/20..C/32 as
  published with S. Sunil, K. Pattipati, B. Balasingam, "Piecewise Linear Approximation of
  Battery Open-Circuit Voltage Characteristics Using Dynamic Programming", IEEE Trans. Instrum.
  Meas. 2025 (repository soorajsunil/Piecewise-Battery-OCV).
- lto: the layered-oxide cathode's potential less the 1.55 V plateau of Li4Ti5O12, fitted to
  the limits of cell makers' sheets (nominal 2.3 V, 1.5 V to 2.7..2.8 V). A shape, not a
  measurement.
- na_layered: NaNiFeMn-type layered oxide on hard carbon: sloping over the whole range, limits
  of commercial 18650 cells (1.5 V to 4.0..4.1 V, nominal 3.1 V; Hakadi's sheet as quoted in
  MaxMax-embedded/hakadi_soidum_ion_18650). A shape, not a measurement.
- na_polyanion: NFPP on hard carbon: flatter, 1.5 V to 3.45..3.6 V, nominal 2.9..3.0 V. A
  shape, not a measurement.

Each curve goes on beyond 0 % and 100 %, because a simulated cell must be able to be abused.
"""

# (state of charge, mV), rising. Below 0 and above 1 the cell is being damaged.
POINTS = {
    "nmc": (
        (-0.05, 1200), (0.0, 2500), (0.005, 2808), (0.0352, 3117.9), (0.0854, 3318.2),
        (0.1357, 3419.3), (0.2915, 3582.6), (0.4523, 3694.1), (0.8392, 4066.4),
        (0.9548, 4112.1), (1.0, 4200), (1.05, 4420), (1.15, 4800),
    ),
    "lfp": (
        (-0.03, 1000), (0.0, 2010.2), (0.0033, 2417.7), (0.0117, 2740.5), (0.0267, 2929.9),
        (0.0534, 3087.2), (0.0885, 3194.2), (0.2972, 3277.2), (0.9833, 3351.1),
        (0.995, 3418), (1.0, 3598.1), (1.01, 3900), (1.1, 4500),
    ),
    "lto": (
        (-0.05, 900), (0.0, 1700), (0.02, 1950), (0.05, 2080), (0.1, 2150), (0.2, 2200),
        (0.3, 2225), (0.4, 2250), (0.5, 2285), (0.6, 2335), (0.7, 2400), (0.8, 2470),
        (0.9, 2545), (1.0, 2680), (1.04, 2900), (1.15, 3300),
    ),
    "na_layered": (
        (-0.05, 700), (0.0, 1500), (0.05, 2150), (0.1, 2400), (0.2, 2640), (0.3, 2820),
        (0.4, 2950), (0.5, 3080), (0.6, 3200), (0.7, 3330), (0.8, 3470), (0.9, 3650),
        (0.95, 3770), (1.0, 3950), (1.05, 4200), (1.15, 4600),
    ),
    "na_polyanion": (
        (-0.05, 700), (0.0, 1500), (0.05, 2250), (0.1, 2470), (0.2, 2660), (0.3, 2780),
        (0.4, 2860), (0.5, 2930), (0.6, 2990), (0.7, 3050), (0.8, 3110), (0.9, 3190),
        (0.95, 3280), (1.0, 3450), (1.03, 3700), (1.15, 4300),
    ),
}  # fmt: skip

NOMINAL_MV = {"nmc": 3700, "lfp": 3200, "lto": 2300, "na_layered": 3100, "na_polyanion": 2900}
# Fully charged, rested, as makers' sheets have it: a charger's constant voltage per cell.
FULL_MV = {"nmc": 4150, "lfp": 3600, "lto": 2680, "na_layered": 3950, "na_polyanion": 3450}
CUTOFF_MV = {"nmc": 2750, "lfp": 2500, "lto": 1800, "na_layered": 2000, "na_polyanion": 2000}

GRID = 2000  # points per unit of charge: 0.05 %
_LOW = -0.2
_HIGH = 1.2


def ocv_mv(chemistry, soc):
    """Open-circuit voltage at ``soc`` (1.0 is full); the end segments go on outside."""
    points = POINTS[chemistry]
    at = 0
    while at < len(points) - 2 and soc > points[at + 1][0]:
        at += 1
    (x0, y0), (x1, y1) = points[at], points[at + 1]
    return max(0.0, y0 + (soc - x0) * (y1 - y0) / (x1 - x0))


def curve(chemistry):
    """Sampled curve as (lowest soc, millivolts every 1/GRID), for quick lookup in a pack."""
    count = int((_HIGH - _LOW) * GRID) + 2
    return _LOW, [ocv_mv(chemistry, _LOW + i / GRID) for i in range(count)]


def soc_at(chemistry, mv):
    """State of charge whose open-circuit voltage is ``mv`` (the curves rise everywhere)."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if ocv_mv(chemistry, middle) < mv:
            low = middle
        else:
            high = middle
    return (low + high) / 2
