"""Writes day.csv: one day of current at a 24-cell, 100 Ah, NMC pack (about 9 kWh).

    python host/cellwarden_host/data/make_day.py

A light electric car (900 kg) drives 20 minutes through a town, pauses, is charged for eight
minutes at 60 A, and drives 20 minutes back; in the garage the pack serves a house with a
photovoltaic roof through a midday and an evening; overnight it is charged at 30 A until full
(the load model tapers at its voltage limit; the file says only what is offered). The seed is
fixed: running this again writes the same file. Ride: 1 s rows; house and night: 10 s rows.
"""

import math
import random
from pathlib import Path

SEED = 24100
PACK_V = 89.0
MASS_KG = 900.0
LIMIT_MA = 240_000  # what the drive may draw; it gives back at most half of that
TITLE = "# made by make_day.py (seed 24100): light car, house with solar roof, night charge"


def speeds(rng, seconds):
    """Speed in m/s for every second: accelerate, cruise, brake, wait."""
    speed, out = 0.0, [0.0] * 8
    while len(out) < seconds - 40:
        target = rng.choice((8.3, 11.1, 13.9, 13.9, 16.7, 22.2))
        pull = rng.uniform(1.1, 2.0)
        while speed < target:
            speed = min(target, speed + pull)
            out.append(speed)
        for _ in range(rng.randrange(12, 70)):
            speed = max(5.0, speed + rng.gauss(0, 0.25))
            out.append(speed)
        brake = rng.uniform(1.0, 2.2)
        stop = rng.random() < 0.7
        floor = 0.0 if stop else target * 0.5
        while speed > floor:
            speed = max(floor, speed - brake)
            out.append(speed)
        if stop:
            out += [0.0] * rng.randrange(4, 30)
    return (out + [0.0] * seconds)[:seconds]


def ride(rng, seconds):
    """Current in mA for every second of a ride, charging positive."""
    out, before = [], 0.0
    for v in speeds(rng, seconds):
        force = MASS_KG * (v - before) + MASS_KG * 9.81 * 0.011 * (v > 0) + 0.42 * v * v
        watts = force * (v + before) / 2
        before = v
        watts = watts / 0.88 if watts > 0 else watts * 0.62
        ma = -(watts + 180) / PACK_V * 1000
        out.append(round(max(-LIMIT_MA, min(LIMIT_MA / 2, ma)) / 10) * 10)
    return out


def house(rng, seconds, sun):
    """Every 10 s: fridge, kettle, cooking; with ``sun`` a roof's surplus behind clouds."""
    out, kettle, cloud = [], 0, 1.0
    for i in range(seconds // 10):
        watts = 220 + (140 if i % 240 < 90 else 0) + rng.gauss(0, 12)
        if kettle == 0 and rng.random() < 0.004:
            kettle = rng.randrange(8, 45)
        if kettle:
            kettle -= 1
            watts += 2000
        if sun:
            cloud += (rng.choice((1.0, 1.0, 0.75, 0.3)) - cloud) * 0.06
            watts -= 1800 * math.sin(math.pi * i * 10 / seconds) * cloud
        out.append(round(-watts / PACK_V * 1000, -1))
    return out


def day():
    """All rows as (t_s, mA)."""
    rng = random.Random(SEED)
    rows, t = [], 0

    def add(values, step):
        nonlocal t
        for ma in values:
            rows.append((t, int(ma)))
            t += step

    add(ride(rng, 1200), 1)
    add([-2000] * 24, 10)  # parked
    add([60_000] * 48, 10)  # eight minutes at a charging post
    add([-2000] * 6, 10)
    add(ride(rng, 1200), 1)
    add([-500] * 120, 10)
    add(house(rng, 5 * 3600, sun=True), 10)
    add(house(rng, 3 * 3600, sun=False), 10)
    add([-500] * 30, 10)
    add([30_000] * 360 * 5, 10)  # overnight, tapering when full
    rows.append((t, 0))
    return rows


def main():
    lines = [TITLE, "t_s,current_ma"] + [f"{t},{ma}" for t, ma in day()]
    Path(__file__).with_name("day.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
