"""Bench steps that measure with everything off: cells, wires, sum, temperatures, current zero.

Each works on the application's own readings, so that what passes here is what protects later.
"""

from array import array

from cellwarden import ids
from cellwarden.readings import TEMP_COUNT, TEMP_OK, TEMP_OPEN, TEMP_SHORTED
from firmware.bench.results import found, numbered, skipped

_SAMPLES = 100
_SAMPLES_MS = 25_000
# Noise of a cell, 0.1 mV rms: the converter's own is 2 or less with the filter fitted.
NOISE_LIMIT = 20
# Between these a cell is plausible before anybody has said what it is.
_CELL_MV = (500, 5000)
_SUM_PERMILLE = 20
_WIRES_MS = 30_000
_TEMPS_MS = 3_000
_TEMP_DC = (-400, 900)
_ZERO_SAMPLES = 80
_ZERO_PART = 1000  # 0.1 % of the rating
_NOISE_PART = 200
_WARMER_DC = 10
_WARM_MS = 60_000
_NOT_SET_UP = "the pack is not set up (chemistry, cells, capacity): cellwarden preset, then repeat"


def root(square):
    """The whole square root."""
    if square < 2:
        return square
    guess = square
    better = (guess + 1) >> 1
    while better < guess:
        guess = better
        better = (guess + square // guess) >> 1
    return guess


def cells(session, samples=_SAMPLES):
    """Every cell's mean and noise."""
    count = session.live[ids.CELL_COUNT]
    if not count:
        return skipped(_NOT_SET_UP)
    readings = session.readings
    first = array("i", [0] * count)
    total = array("i", [0] * count)
    squares = array("i", [0] * count)
    taken = 0
    with session:
        session.settle()
        seen = readings.cells_count
        passed = session.controller.ticks
        while taken < samples and session.controller.ticks - passed < 2 * samples:
            session.step()
            if readings.cells_count == seen:
                continue
            seen = readings.cells_count
            for i in range(count):
                mv = readings.cell_mv[i]
                if not taken:
                    first[i] = mv
                off = min(max(mv - first[i], -2000), 2000)
                total[i] += off
                squares[i] += off * off
            taken += 1
    if taken < samples:
        missing = [i + 1 for i in range(count) if not readings.cell_valid[i]]
        say = "cells do not come in completely"
        if missing:
            say += ": cell " + numbered(missing)
        return found(False, say, taken, "samples", samples)
    means = [first[i] + total[i] // taken for i in range(count)]
    noises = [
        root(100 * (taken * squares[i] - total[i] * total[i])) // taken for i in range(count)
    ]
    low, high = _CELL_MV
    if session.live[ids.CONFIRMED]:
        low, high = session.live[ids.CELL_UV2_MV], session.live[ids.CELL_OV2_MV]
    data = {"mean_mv": means, "noise_100uv": noises}
    noisy = [i + 1 for i in range(count) if noises[i] > NOISE_LIMIT]
    if noisy:
        say = "cell " + numbered(noisy) + " is noisy: look for a loose sense wire or a bad filter"
        return found(False, say, max(noises), "0.1 mV rms", NOISE_LIMIT, data)
    outside = [i + 1 for i in range(count) if not low < means[i] < high]
    if outside:
        say = "cell " + numbered(outside) + " is outside %d to %d mV: chemistry or wiring is wrong"
        worst = min(means) if min(means) <= low else max(means)
        return found(False, say % (low, high), worst, "mV", [low, high], data)
    say = "%d cells, %d to %d mV" % (count, min(means), max(means))
    return found(True, say, max(noises), "0.1 mV rms", NOISE_LIMIT, data)


def sums(session):
    """The cells' sum against the pack's own measurement."""
    count = session.live[ids.CELL_COUNT]
    if not count:
        return skipped(_NOT_SET_UP)
    readings = session.readings
    with session:
        session.settle()
        cells_mv = pack_mv = taken = 0
        for _ in range(10):
            session.run_ms(100)
            if readings.cells_valid and readings.pack_mv.valid:
                cells_mv += sum(readings.cell_mv[:count])
                pack_mv += readings.pack_mv.value
                taken += 1
    if not taken:
        return found(False, "no pack voltage, or no cells: look at the divider", 0, "mV")
    cells_mv //= taken
    pack_mv //= taken
    error = abs(pack_mv - cells_mv) * 1000 // (cells_mv or 1)
    say = "cells add up to %d mV, the pack's divider says %d mV" % (cells_mv, pack_mv)
    good = error <= _SUM_PERMILLE
    if not good:
        say += ": divider, cell count or a swapped wire"
    data = {"cells_mv": cells_mv, "pack_mv": pack_mv, "stray_mv": readings.stray_mv}
    return found(good, say, error, "0.1 %", _SUM_PERMILLE, data)


def wires(session):
    """A fresh check of every sense wire."""
    count = session.live[ids.CELL_COUNT]
    if not count:
        return skipped(_NOT_SET_UP)
    readings = session.readings
    with session:
        session.run_ms(200)
        wanted = readings.open_wire_count + 2

        def checked():
            readings.open_wire_wanted = True
            return readings.open_wire_count >= wanted

        came = session.until(checked, _WIRES_MS)
        readings.open_wire_wanted = False
    if not came:
        return found(False, "no check of the sense wires came to an end", None, "", None)
    cut = [i for i in range(count + 1) if readings.open_wire[i]]
    if not cut:
        return found(True, "all %d sense wires are whole" % (count + 1), 0, "cut", 0)
    say = "sense wire " + numbered(cut) + " is cut or loose (0 is pack minus, n the top of cell n)"
    return found(False, say, len(cut), "cut", 0, {"cut": cut})


def temps(session):
    """Every fitted sensor, and whether those on the battery agree."""
    readings = session.readings
    fitted = session.live[ids.TEMPS_FITTED]
    with session:
        session.run_ms(200)
        seen = readings.temps_count
        came = session.until(lambda: readings.temps_count > seen, _TEMPS_MS)
    if not came:
        return found(False, "the temperatures do not come in: front end or its reference")
    bad = []
    values = []
    for sensor in range(TEMP_COUNT):
        state = readings.temp_state[sensor]
        dc = readings.temp_dc[sensor] if state == TEMP_OK else None
        values.append(dc)
        if not fitted >> sensor & 1:
            continue
        if state == TEMP_OPEN:
            bad.append("sensor %d reads like a cut wire" % (sensor + 1))
        elif state == TEMP_SHORTED:
            bad.append("sensor %d reads like a short" % (sensor + 1))
        elif dc is None or not _TEMP_DC[0] < dc < _TEMP_DC[1]:
            bad.append("sensor %d gives no plausible value" % (sensor + 1))
    battery = [dc for dc in values[:4] if dc is not None]
    spread = max(battery) - min(battery) if battery else 0
    limit = session.live[ids.TEMPS_PART_DC]
    if bad:
        say = "; ".join(bad) + " (1-4 battery, 5 power board, 6 balancing board)"
    else:
        say = "%d sensors" % len([dc for dc in values if dc is not None])
        if spread > limit:
            bad.append("")
            say = "the battery's sensors disagree: one has come off, or is of another kind"
    return found(not bad, say, spread, "0.1 degC", limit, {"temp_dc": values})


def warm(session, sensor=1):
    """A person warms one sensor: it alone must rise."""
    readings = session.readings
    index = int(sensor) - 1
    if not 0 <= index < TEMP_COUNT or not session.live[ids.TEMPS_FITTED] >> index & 1:
        return skipped("there is no sensor %s" % sensor)
    with session:
        session.run_ms(2500)
        start = list(readings.temp_dc)

        def rose():
            return readings.temp_dc[index] - start[index] >= _WARMER_DC

        came = session.until(rose, _WARM_MS)
    rises = [readings.temp_dc[i] - start[i] for i in range(TEMP_COUNT)]
    most = rises.index(max(rises))
    if came and most == index:
        return found(True, "sensor %s follows" % sensor, rises[index], "0.1 degC", _WARMER_DC)
    say = "sensor %s did not follow" % sensor
    if rises[most] >= _WARMER_DC:
        say += ", but sensor %d did: plugs exchanged?" % (most + 1)
    return found(False, say, rises[index], "0.1 degC", _WARMER_DC)


def mean_current(session, samples, most_ms):
    """(samples taken, mean mA, peak to peak mA) of the current from now on."""
    current = session.readings.current_ma
    seen = current.count
    taken = total = first = 0
    low = high = 0
    passed_ms = 0
    while taken < samples and passed_ms < most_ms:
        session.run_ms(5)
        passed_ms += 5
        if current.count == seen or not current.valid:
            continue
        seen = current.count
        ma = current.value
        if not taken:
            first = low = high = ma
        low = min(low, ma)
        high = max(high, ma)
        total += ma - first
        taken += 1
    return taken, first + (total // taken if taken else 0), high - low


def zero(session):
    """What the current measurement shows while nothing can flow."""
    rating = session.board.RATING_MA
    with session:
        session.run_ms(200)
        taken, mean, noise = mean_current(session, _ZERO_SAMPLES, 60 * _ZERO_SAMPLES)
    limit = rating // _ZERO_PART
    if taken < _ZERO_SAMPLES:
        say = "the current monitor gives no living result: shunt leads, or the chip is stuck"
        return found(False, say, taken, "samples", _ZERO_SAMPLES)
    data = {"mean_ma": mean, "noise_ma": noise}
    if noise > rating // _NOISE_PART:
        say = "the current is noisy: look at the shunt's sense leads and their filter"
        return found(False, say, noise, "mA", rating // _NOISE_PART, data)
    good = abs(mean) <= limit
    say = "0 A reads %d mA" % mean
    if not good:
        say += ": shunt sense leads, a current that flows, or the zero has to be calibrated"
    return found(good, say, mean, "mA", limit, data)
