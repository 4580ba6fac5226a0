"""Open-circuit voltage of a rested cell against its charge, typical of each chemistry.

0 and 1000 are the ends of a curve, and so define empty and full. Every curve is a mean of
published ones, or a shape where there are none; which, and how their errors were found, is in
docs/chemistries.md. In short:

- nmc: nickel-rich cells of four makers (Molicel P42A, Samsung 40T, Sony/Murata VTC6, LG M50),
  which agree within 5 to 15 mV above 40 %; the error is that of nine NMC and NCA cells.
- lfp: A123/Lithium Werks APR18650M1B, Sony US26650, Haidi 18650 (C/100) and About:Energy's
  18650; charge and discharge averaged, so half of the hysteresis is part of the error.
- lto: a 13 Ah cell in two publications from Aalborg, and an NMC 532 cathode against the 1.55 V
  of the titanate; cathodes differ, and so the error is large.
- na_layered: one cell on sale (Hakadi 18650); its knee below 20 % is a shape of ours.
- na_polyanion: a shape of ours: NFPP's redox potentials less hard carbon as measured by
  K. Chayambuka et al. 2022.
"""

# Where a curve has its points, in 1/1000 of the charge: close at the ends, where it bends.
POSITIONS = (
    0, 5, 10, 20, 30, 40, 60, 80, *range(100, 901, 25),
    925, 950, 960, 970, 980, 990, 1000,
)  # fmt: skip

# Chemistry: 0.1 mV at each position.
CURVES = {
    "nmc": (
        25000, 26562, 27464, 28856, 29819, 30571, 31505, 32228, 32814, 33416, 33922, 34282,
        34593, 34883, 35192, 35447, 35676, 35884, 36124, 36353, 36563, 36766, 36968, 37196,
        37435, 37671, 37903, 38128, 38344, 38561, 38792, 39043, 39306, 39566, 39826, 40084,
        40334, 40563, 40716, 40806, 40885, 40976, 41110, 41237, 41396, 41566, 41755, 42000,
    ),
    "lfp": (
        22000, 25999, 27924, 29197, 30042, 30613, 31399, 31777, 31975, 32053, 32131, 32254,
        32386, 32503, 32607, 32690, 32757, 32799, 32832, 32858, 32880, 32899, 32914, 32928,
        32941, 32956, 32972, 32992, 33016, 33052, 33117, 33160, 33187, 33215, 33242, 33275,
        33310, 33332, 33346, 33359, 33371, 33383, 33397, 33403, 33410, 33422, 33605, 36000,
    ),
    "lto": (
        18000, 18868, 19500, 20200, 20564, 20788, 20992, 21116, 21216, 21313, 21393, 21458,
        21517, 21573, 21629, 21686, 21745, 21805, 21867, 21932, 21999, 22068, 22140, 22216,
        22297, 22384, 22479, 22584, 22699, 22828, 22970, 23125, 23293, 23473, 23662, 23859,
        24064, 24272, 24484, 24704, 24941, 25211, 25543, 25703, 25913, 26249, 26611, 27000,
    ),
    "na_layered": (
        15000, 16638, 18000, 20000, 21250, 22150, 23241, 23981, 24300, 24872, 25350, 25748,
        26080, 26342, 26580, 26831, 27080, 27325, 27570, 27806, 28070, 28421, 28830, 29284,
        29760, 30221, 30680, 31141, 31600, 32054, 32500, 32932, 33360, 33790, 34220, 34648,
        35080, 35513, 35980, 36545, 37150, 37740, 38330, 38565, 38799, 39033, 39267, 39500,
    ),
    "na_polyanion": (
        15000, 15237, 15480, 15985, 16588, 17330, 18817, 20220, 21440, 22563, 23481, 24250,
        24910, 25481, 26047, 26548, 26986, 27419, 27849, 28219, 28474, 28732, 28993, 29216,
        29372, 29530, 29690, 29838, 29978, 30121, 30268, 30415, 30555, 30699, 30847, 31000,
        31150, 31303, 31470, 31661, 31888, 32177, 32570, 32718, 32924, 33222, 33771, 34500,
    ),
}  # fmt: skip

# Standard deviation of a stranger's cell from the curve: (1/1000 of the charge, mV), straight
# in between. Large where curves are steep, and there it costs little charge.
ERROR_MV = {
    "nmc": (
        (0, 250), (20, 240), (40, 215), (60, 190), (100, 145), (200, 82), (300, 62), (400, 45),
        (500, 40), (600, 50), (700, 60), (800, 60), (850, 50), (900, 25), (1000, 23),
    ),
    "lfp": (
        (0, 255), (10, 230), (30, 170), (60, 125), (100, 90), (150, 45), (200, 34), (300, 34),
        (400, 22), (550, 22), (700, 27), (800, 20), (970, 19), (990, 30), (1000, 95),
    ),
    "lto": (
        (0, 210), (5, 130), (20, 60), (60, 45), (200, 45), (300, 60), (500, 65), (700, 78),
        (900, 87), (950, 72), (980, 45), (1000, 25),
    ),
    "na_layered": (
        (0, 250), (50, 160), (100, 110), (200, 80), (1000, 80),
    ),
    "na_polyanion": (
        (0, 250), (100, 250), (200, 150), (300, 80), (400, 60), (950, 60), (1000, 80),
    ),
}  # fmt: skip

# What is left when the curve is the user's own: whole millivolts, how well it was taken, and
# the hysteresis, which is largest in LFP and in hard carbon.
OWN_ERROR_MV = {"nmc": 5, "lfp": 10, "lto": 5, "na_layered": 15, "na_polyanion": 15}


def error_mv(chemistry: str, permille: int) -> int:
    """Standard deviation at one position, between the points given."""
    knots = ERROR_MV[chemistry]
    for (x0, y0), (x1, y1) in zip(knots, knots[1:], strict=False):
        if permille <= x1:
            return round(y0 + (y1 - y0) * (permille - x0) / (x1 - x0))
    raise ValueError("beyond the curve: %d" % permille)
