"""Open-circuit voltage of a rested cell at 0, 5, ... 100 % of its charge, per chemistry.

Typical curves, not this pack's: ``ERROR_MV`` says how far a maker's cell, its history and its
temperature may lie from them, so that nobody believes a flat stretch. Where the points come
from is in docs/chemistries.md. Nothing here knows current or time.
"""

from array import array

POINTS = 21
_STEP = 50  # 1/1000 between points

# In the order of the setting "chemistry", without "none".
_MV = array("H", (
    # nmc
    2506, 3163, 3331, 3420, 3475, 3529, 3580, 3619, 3657, 3696, 3743,
    3791, 3839, 3887, 3935, 3983, 4031, 4069, 4085, 4101, 4193,
    # lfp
    2422, 3100, 3188, 3204, 3226, 3242, 3259, 3267, 3275, 3279, 3282,
    3286, 3290, 3295, 3302, 3311, 3318, 3322, 3326, 3331, 3495,
    # lto
    1750, 2042, 2067, 2091, 2115, 2140, 2164, 2189, 2214, 2242, 2274,
    2317, 2365, 2409, 2446, 2483, 2524, 2571, 2615, 2636, 2700,
    # na_layered
    1500, 2280, 2430, 2535, 2608, 2658, 2708, 2757, 2807, 2883, 2976,
    3068, 3160, 3250, 3336, 3422, 3508, 3598, 3715, 3833, 3950,
    # na_polyanion
    1500, 2250, 2450, 2570, 2660, 2730, 2790, 2830, 2870, 2900, 2930,
    2960, 2990, 3020, 3050, 3080, 3110, 3150, 3200, 3280, 3450,
))  # fmt: skip

ERROR_MV = bytes((15, 25, 40, 60, 60))


def _mv(chemistry, point):
    return _MV[(chemistry - 1) * POINTS + point]


def error_mv(chemistry):
    """How far a rested cell may lie from its curve; 0 chemistry is none."""
    return ERROR_MV[chemistry - 1] if chemistry else 0


def permille_at(chemistry, mv):
    """Charge in 1/1000 at which a rested cell has ``mv``; 0 and 1000 beyond the ends."""
    if chemistry == 0 or mv <= _mv(chemistry, 0):
        return 0
    if mv >= _mv(chemistry, POINTS - 1):
        return 1000
    low = 0
    high = POINTS - 1
    while high - low > 1:
        middle = (low + high) // 2
        if _mv(chemistry, middle) <= mv:
            low = middle
        else:
            high = middle
    below = _mv(chemistry, low)
    return low * _STEP + (mv - below) * _STEP // (_mv(chemistry, high) - below)


def mv_at(chemistry, permille):
    """Voltage of a rested cell with this charge."""
    if chemistry == 0:
        return 0
    if permille >= 1000:
        return _mv(chemistry, POINTS - 1)
    if permille < 0:
        permille = 0
    low = permille // _STEP
    below = _mv(chemistry, low)
    return below + (_mv(chemistry, low + 1) - below) * (permille % _STEP) // _STEP
