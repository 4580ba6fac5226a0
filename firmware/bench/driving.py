"""Bench steps that switch: everything at rest, discharge, charge, gain under a load, heater.

A step grants a permission for at most MOST_MS and watches what the core makes of it; precharge
comes before, within its own limits. What the protections forbid is refused with their names.
Nothing here writes a pin.
"""

from cellwarden import ids
from cellwarden.ticks import elapsed_ms
from firmware import clock
from firmware.bench.measuring import mean_current
from firmware.bench.results import found, skipped

MOST_MS = 2000
_PULSE_MS = 1000
_LEAST_MS = 200
_READY_MS = 6_000
_COOL_MS = 75_000  # a precharge resistor of unknown heat
_REST_MS = 20_000
_BUS_PERCENT = 90
_FEEDBACK_MS = 150
# A body diode drops more than this, two dividers' noise is less.
_DIODE_MV = 250
_LEAST_LOAD_MA = 2_000
_GAIN_PERMILLE = 50
_SOFT_START_MS = 1_300
_CHARGE = ids.FORBID_CHARGE
_DISCHARGE = ids.FORBID_DISCHARGE

_WHY = {
    ids.RULE_UNCOMMISSIONED: "the pack is not set up",
    ids.RULE_UNCALIBRATED: "the current is not calibrated",
    ids.RULE_SELF_TEST: "a measuring chip failed its self-test",
    ids.RULE_OPEN_WIRE: "a sense wire is cut",
    ids.RULE_SENSOR_FAULT: "a temperature sensor is open or shorted",
    ids.RULE_SUM_MISMATCH: "cells do not add up to the pack",
    ids.RULE_CELLS_LOST: "no cell voltages",
    ids.RULE_CURRENT_LOST: "no current",
    ids.RULE_TEMPS_LOST: "no temperatures",
    ids.RULE_CELL_OV1: "a cell is full",
    ids.RULE_CELL_UV1: "a cell is empty",
    ids.RULE_SHORT_CIRCUIT: "the short-circuit latch is set",
    ids.RULE_SETTINGS_LOST: "the settings are lost",
    ids.RULE_STATE_LOST: "the latches of before are lost",
}


def _refused(session, direction):
    """Why the protections do not allow a direction, as a result; None when they do."""
    session.settle()
    session.until(lambda: not session.forbidding(direction), _READY_MS)
    rules = session.forbidding(direction)
    if rules:
        words = [_WHY[rule] if rule in _WHY else "protection %d" % rule for rule in rules]
        result = skipped("refused by the protections: " + ", ".join(words))
        result["data"]["rules"] = rules
        return result
    if not session.controller.ready:
        return skipped("refused: there are no complete readings")
    return None


def rest(session):
    """Everything off: gates, current, and the output must know it."""
    readings = session.readings
    with session:
        session.settle()
        session.run_ms(300)
        if readings.feedback_valid and (readings.charge_feedback or readings.discharge_feedback):
            side = "charge" if readings.charge_feedback else "discharge"
            return found(False, "the %s gate is on though nothing drives it" % side)
        if readings.short_circuit:
            return found(False, "the short-circuit comparator has latched: look for a short")
        bus, pack = readings.bus_mv, readings.pack_mv
        if not bus.fitted:
            return found(True, "gates are off; the board cannot see its output")

        def down():
            return bus.valid and pack.valid and bus.value * 100 < pack.value * _BUS_PERCENT

        came = session.until(down, _REST_MS)
    if not bus.valid or not pack.valid:
        return found(False, "no voltage of the output: look at its divider")
    share = bus.value * 100 // (pack.value or 1)
    if came:
        return found(True, "gates are off, the output falls", share, "% of pack", _BUS_PERCENT)
    say = (
        "the output stays at pack voltage with everything off: the discharge switch does not "
        "open, or nothing pulls the output down (connect the load, or 10 kOhm, and repeat)"
    )
    return found(False, say, share, "% of pack", _BUS_PERCENT)


def _length_ms(ms):
    return min(max(int(ms), _LEAST_MS), MOST_MS)


def _close(session, ms):
    """Permit discharging and wait until the switch is on; why it is not, or None.

    Permission lasts ``ms`` beyond the time precharge may take.
    """
    controller = session.controller
    gear = controller.switchgear
    precharge = gear.precharge
    limit_ms = session.live[ids.PRECHARGE_TIMEOUT_MS]
    begun = [False]
    session.permit(0, 1, limit_ms + ms)

    def over():
        begun[0] = begun[0] or precharge.on
        return gear.discharge_on or (begun[0] and not precharge.on)

    session.until(over, _COOL_MS if precharge.needed else _READY_MS)
    if gear.discharge_on:
        return None
    rules = session.forbidding(_DISCHARGE)
    session.rest()
    if rules:
        return "a protection acted: %s" % (_WHY[rules[0]] if rules[0] in _WHY else rules[0])
    if begun[0]:
        return "precharge did not lift the output: its resistor or switch, a short, or a load"
    return "the core does not close it: precharge resistor hot, or the output above the pack"


def _gate(session, side):
    """Whether the sensed gate of a side is on; None when the board cannot sense it."""
    readings = session.readings
    if not readings.feedback_valid:
        return None
    return bool(readings.charge_feedback if side == "charge" else readings.discharge_feedback)


def discharge(session, ms=_PULSE_MS):
    """Precharge, the discharge switch for a moment, and off again."""
    ms = _length_ms(ms)
    readings = session.readings
    with session:
        refused = _refused(session, _DISCHARGE)
        if refused:
            return refused
        start_ms = clock.now_ms()
        wrong = _close(session, ms)
        closed_ms = clock.now_ms()
        if wrong:
            return found(False, wrong, 0, "ms", ms)
        session.until(lambda: not session.app.switched_on(), ms)
        gate_on = _gate(session, "discharge")
        on_ms = elapsed_ms(clock.now_ms(), closed_ms)
        if not session.app.switched_on():
            rules = session.forbidding(_DISCHARGE)
            return found(False, "a protection opened it early", on_ms, "ms", ms, {"rules": rules})
        bus_mv, pack_mv = readings.bus_mv.value, readings.pack_mv.value
        fitted = readings.bus_mv.fitted
        session.rest()
        session.run_ms(_FEEDBACK_MS)
        gate_off = _gate(session, "discharge")
    data = {
        "bus_mv": bus_mv,
        "pack_mv": pack_mv,
        "closed_after_ms": elapsed_ms(closed_ms, start_ms),
    }
    if gate_on is False:
        return found(False, "the gate driver did not switch on", on_ms, "ms", ms, data)
    if gate_off:
        return found(False, "the gate driver did not switch off", on_ms, "ms", ms, data)
    if fitted and bus_mv * 100 < pack_mv * _BUS_PERCENT:
        say = "the gate is on, but the output fell: the discharge switch does not conduct"
        return found(False, say, bus_mv, "mV", pack_mv, data)
    return found(True, "on for a moment, and off", on_ms, "ms", ms, data)


def charge(session, ms=_PULSE_MS):
    """The charge switch for a moment. On a common port its body diode tells whether it moves."""
    ms = _length_ms(ms)
    readings = session.readings
    board = session.board
    bus = readings.bus_mv
    compare = board.COMMON_PORT and board.SWITCH_TYPE == "mosfet" and bus.fitted
    before_mv = after_mv = 0
    with session:
        refused = _refused(session, _CHARGE | (_DISCHARGE if compare else 0))
        if refused:
            return refused
        if compare:
            wrong = _close(session, MOST_MS)
            if wrong:
                return found(False, wrong, 0, "mV", _DIODE_MV)
            session.run_ms((MOST_MS - ms) * 3 // 4)
            before_mv = bus.value
            compare = not session.controller.commands.charge  # else its diode carries a load
            session.live[ids.CHARGE_WANTED] = 1
        else:
            session.permit(1, 0, ms)
        start_ms = clock.now_ms()
        session.run_ms(ms * 3 // 4)
        gate_on = _gate(session, "charge")
        closed = session.app.hardware.outputs.charge_on
        after_mv = bus.value
        on_ms = elapsed_ms(clock.now_ms(), start_ms)
        rules = session.forbidding(_CHARGE)
        session.rest()
        session.run_ms(_FEEDBACK_MS)
        gate_off = _gate(session, "charge")
    data = {"before_mv": before_mv, "after_mv": after_mv, "rules": rules}
    if not closed:
        return found(False, "the core did not close it, or opened it", on_ms, "ms", ms, data)
    if gate_on is False:
        return found(False, "the gate driver did not switch on", on_ms, "ms", ms, data)
    if gate_off:
        return found(False, "the gate driver did not switch off", on_ms, "ms", ms, data)
    if not compare:
        return found(True, "on for a moment, and off", on_ms, "ms", ms, data)
    rise = after_mv - before_mv
    good = rise >= _DIODE_MV
    say = "its body diode is bridged when it is on"
    if not good:
        say = "the output does not see it switch: the charge switch does not open or not close"
    return found(good, say, rise, "mV", _DIODE_MV, data)


def gain(session, load_ma=0):
    """The measured current of a known load (mA), drawn for at most two seconds."""
    load_ma = int(load_ma)
    if load_ma < _LEAST_LOAD_MA:
        return skipped("no load is known: connect 2 A or more and say how much")
    if load_ma > session.board.RATING_MA:
        return skipped("that load is beyond the board's rating")
    with session:
        refused = _refused(session, _CHARGE | _DISCHARGE)
        if refused:
            return refused
        wrong = _close(session, MOST_MS)
        if wrong:
            return found(False, wrong, 0, "mA", load_ma)
        session.live[ids.CHARGE_WANTED] = 1
        session.run_ms(_SOFT_START_MS)
        taken, mean, _noise = mean_current(session, 16, 450)
        session.rest()
    if not taken:
        return found(False, "no current was measured", None, "mA", load_ma)
    error = (-mean - load_ma) * 1000 // load_ma
    data = {"mean_ma": mean, "load_ma": load_ma, "error_permille": error}
    say = "the load draws %d mA, %d are measured" % (load_ma, -mean)
    good = abs(error) <= _GAIN_PERMILLE
    if not good:
        if mean > load_ma // 2:
            say += ": the shunt is connected the wrong way round"
        elif abs(mean) * 10 < load_ma:
            say += ": no path (a switch that does not conduct, no load), or a broken shunt"
        else:
            say += ": shunt value, its sense leads, or calibrate the gain"
    return found(good, say, error, "0.1 %", _GAIN_PERMILLE, data)


def heater(session):
    """The heater for a moment, as far as the core allows."""
    rated_ma = getattr(session.board, "HEATER_MA", 0)
    if "heater" not in session.board.PINS or not rated_ma:
        return skipped("the board has no heater output")
    controller = session.controller
    with session:
        session.settle()
        before = mean_current(session, 16, 1000)[1]
        coldest_dc = controller.quantities.value[ids.Q_TEMP_MIN_DC]
        session.permit_heater(coldest_dc + 10, MOST_MS)
        if not session.until(lambda: controller.commands.heater, 500):
            return skipped("refused by the core: temperature, charge or a protection")
        session.run_ms(300)
        during = mean_current(session, 16, 1000)[1]
        session.rest()
    drawn = before - during
    if drawn * 20 < rated_ma:
        return skipped("it draws nothing: no heater is connected, or its switch is dead")
    good = drawn <= rated_ma
    return found(good, "the heater draws %d mA" % drawn, drawn, "mA", rated_ma)
