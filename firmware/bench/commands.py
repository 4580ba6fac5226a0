"""What a technician types after ``import bench``: single commands, ``run()`` and ``report()``.

Each command prints one line and keeps its result for the report; ``step`` prints the result as
one line of JSON, for a program. The board is taken over at the first command.
"""

import gc
import json
import sys

import machine

import board
from firmware.bench import driving, measuring, parts
from firmware.bench.results import FAIL, PASS, SKIPPED, made, skipped
from firmware.bench.session import Dropped, Session
from loader import safe_state

# name, what must not have failed before it, function, what it does
_STEPS = (
    ("info", (), parts.info, "who this is: board, firmware, machine code"),
    ("scan", (), parts.scan, "which chips answer on the buses"),
    ("chips", ("scan",), parts.chips, "identity and self-test of every chip"),
    ("wires", ("chips",), measuring.wires, "a check of every sense wire"),
    ("cells", ("wires",), measuring.cells, "every cell: mean and noise of 100 samples"),
    ("sums", ("wires",), measuring.sums, "the cells' sum against the pack's voltage"),
    ("temps", ("chips",), measuring.temps, "every temperature sensor"),
    ("zero", ("chips",), measuring.zero, "the current's zero and noise, nothing on"),
    ("rest", ("zero", "wires"), driving.rest, "all gates off, and the output falls"),
    (
        "discharge",
        ("rest", "cells", "sums", "temps"),
        driving.discharge,
        "precharge and the discharge switch, 1000 ms; discharge(500)",
    ),
    ("charge", ("discharge",), driving.charge, "the charge switch, 1000 ms; charge(500)"),
    ("gain", ("charge",), driving.gain, "a known load's current, at most 2 s; gain(5000) for 5 A"),
    ("heater", ("rest", "temps"), driving.heater, "the heater for two seconds"),
    ("warm", ("temps",), measuring.warm, "warm a sensor with a finger; warm(1)"),
    ("buzzer", (), parts.buzzer, "two tones; listen"),
    ("rs485", (), parts.rs485, "loop-back: RS485-1 joined to RS485-2; rs485(True) if it is"),
    ("storage", (), parts.storage, "flash: write, read back, remove, with times"),
    ("sleep", (), parts.sleep, "how to measure the sleep current"),
    ("watchdog", (), parts.watchdog, "stops feeding it: THE BOARD RESETS"),
)
# Without these the board is not proven.
_NEEDED = (
    "scan",
    "chips",
    "wires",
    "cells",
    "sums",
    "temps",
    "zero",
    "rest",
    "discharge",
    "charge",
    "storage",
)
_ASKED = ("gain", "warm", "rs485", "buzzer")
_NOT_RUN = ("watchdog",)
_QUESTIONS = {
    "gain": "Connect a known load of 2 A or more; its current in mA (Enter: skip): ",
    "warm": "A finger on which sensor, 1-6? (Enter: skip): ",
    "rs485": "Join RS485-1 and RS485-2 (A to A, B to B); joined, y? (Enter: skip): ",
    "buzzer": "Did it sound? y or n (Enter: skip): ",
}

_session = None
_results = {}
_holding = False


def taken():
    global _session
    if _session is None:
        safe_state.lock_off()
        gc.collect()
        _session = Session(board, machine, safe_state)
        _session.hold = _holding
    return _session


def _row(name):
    for row in _STEPS:
        if row[0] == name:
            return row
    raise ValueError("no step %r; bench.help() lists them" % name)


def _do(name, *arguments):
    """Run one step, whatever came before, and keep its result."""
    function = _row(name)[2]
    try:
        result = function(taken(), *arguments)
    except Dropped as error:
        result = made(FAIL, "stopped: %s" % error, None, "", None, None)
    _results[name] = result
    return result


def _blocked(name):
    """The result that forbids this step, as a reason; None when nothing does."""
    for need in _row(name)[1]:
        if need in _results and _results[need]["result"] != PASS:
            return skipped("not tested, because %s did not pass" % need)
    return None


def _show(name, *arguments):
    result = _do(name, *arguments)
    _line(name, result)


def _line(name, result):
    value = ""
    if result["value"] is not None:
        value = "%s %s" % (result["value"], result["unit"])
        if result["limit"] is not None:
            value += " (limit %s)" % result["limit"]
    print("%-10s %-8s %s%s" % (name, result["result"], result["say"], value and ": " + value))
    data = result["data"]
    if "mean_mv" in data:
        for i in range(len(data["mean_mv"])):
            noise = data["noise_100uv"][i]
            print(
                "  cell %2d  %d mV  %d.%d mV rms"
                % (i + 1, data["mean_mv"][i], noise // 10, noise % 10)
            )
    if "temp_dc" in data:
        print("  0.1 degC: ", data["temp_dc"])


def info():
    """Who this is."""
    _show("info")


def scan():
    """Which chips answer."""
    _show("scan")


def chips():
    """Identity and self-test of every chip."""
    _show("chips")


def wires():
    """Check every sense wire."""
    _show("wires")


def cells(samples=100):
    """Every cell: mean and noise."""
    _show("cells", samples)


def sums():
    """The cells' sum against the pack."""
    _show("sums")


def temps():
    """Every temperature sensor."""
    _show("temps")


def zero():
    """The current's zero."""
    _show("zero")


def rest():
    """Everything off, and the output falls."""
    _show("rest")


def discharge(ms=1000):
    """The discharge switch for a moment."""
    _show("discharge", ms)


def charge(ms=1000):
    """The charge switch for a moment."""
    _show("charge", ms)


def gain(load_ma=0):
    """The measured current of a known load."""
    _show("gain", load_ma)


def heater():
    """The heater for a moment."""
    _show("heater")


def warm(sensor=1):
    """A person warms a sensor."""
    _show("warm", sensor)


def buzzer():
    """Two tones."""
    _show("buzzer")


def rs485(connected=False):
    """Loop-back between the two ports."""
    _show("rs485", connected)


def storage():
    """Flash: write, read back, remove."""
    _show("storage")


def sleep():
    """How to measure the sleep current."""
    _show("sleep")


def watchdog():
    """Stop feeding the watchdog: the board resets."""
    _show("watchdog")


def off():
    """Everything off now (it is, between commands)."""
    if _session is not None:
        _session.park()
    safe_state.outputs_off()
    print("everything is off")


def clear():
    """A person has looked: let latched protections clear."""
    taken().clear_latches()
    print("latched protections may clear; repeat the step")


def hold(wanted=True):
    """While an output is on, print ENQ and wait for a byte: for a program, not a person."""
    global _holding
    _holding = bool(wanted)
    if _session is not None:
        _session.hold = _holding


def step(name, *arguments):
    """For a program: one step, unless one that it needs did not pass; one line of JSON."""
    result = _blocked(name)
    if result is None:
        result = _do(name, *arguments)
    else:
        _results[name] = result
    line = {"step": name}
    line.update(result)
    print("\n" + json.dumps(line))


def run(ask=True):
    """The whole checklist, with questions where a person is needed; ``run(False)``: none."""
    _results.clear()
    for row in _STEPS:
        name = row[0]
        if name in _NOT_RUN:
            continue
        result = _blocked(name)
        if result is not None:
            _results[name] = result
            _line(name, result)
        elif name in _ASKED and name != "buzzer":
            answer = input(_QUESTIONS[name]).strip() if ask else ""
            if answer:
                _show(name, name == "rs485" or answer)
            elif name == "rs485":
                _show(name)
            else:
                _results[name] = skipped("nobody was there")
                _line(name, _results[name])
        else:
            _show(name)
        if name == "buzzer" and ask:
            _heard(input(_QUESTIONS[name]).strip())
    print("\n%s; bench.report() prints it for the file" % verdict().upper())


def _heard(answer):
    if answer:
        good = answer in "yY"
        say = "heard" if good else "not heard: its wiring, or the part"
        _results["buzzer"] = made(PASS if good else FAIL, say, None, "", None, None)


def verdict():
    """ "pass", "fail", or "incomplete" while a step that is needed did not pass."""
    if any(result["result"] == FAIL for result in _results.values()):
        return FAIL
    for name in _NEEDED:
        if name not in _results or _results[name]["result"] == SKIPPED:
            return "incomplete"
    return PASS


def report():
    """All results as one line of JSON."""
    steps = []
    for row in _STEPS:
        if row[0] in _results:
            line = {"step": row[0]}
            line.update(_results[row[0]])
            steps.append(line)
    print(json.dumps({"verdict": verdict(), "steps": steps}))


def close():
    """Let go of everything, and of the memory the bench takes."""
    global _session
    off()
    _session = None
    _results.clear()
    for name in list(sys.modules):
        if name == "bench" or name.startswith("firmware.bench"):
            del sys.modules[name]
    gc.collect()
    print("%d bytes are free" % gc.mem_free())


def help():
    """Every command with a line on what it does."""
    print("bench: everything is off between commands; Ctrl-C opens everything")
    for row in _STEPS:
        print("  bench.%-12s %s" % (row[0] + "()", row[3]))
    print("  bench.run()        all of them but watchdog, with questions; run(False): none")
    print("  bench.report()     the results as one line of JSON")
    print("  bench.clear()      let latched protections clear: a person has looked at the cause")
    print("  bench.off()        everything off, now")
    print("  bench.close()      give the memory back")
