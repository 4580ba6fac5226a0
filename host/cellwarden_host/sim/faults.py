"""Faults that can be injected into a simulated plant: one table, used by tests and people.

``FAULTS[name] = (help, argument names, function)``. The function gets the plant and integer
arguments, brings the fault about through physics wherever it can (a wire is cut, a MOSFET
conducts, a chip falls silent) and returns what takes it away again, or None for an event that
is over at once. Cells, chips and sensors count from 1, wires from 0 (pack minus).

docs/faults.md lists this table; a test holds the two together.
"""

from . import fault_actions as act
from .sensors import NTC_OPEN, NTC_SHORT

# Arguments that say which one: the same fault on the same one replaces the earlier one.
WHICH = ("cell", "wire", "sensor", "chip", "adc", "side", "input")
SIDES = ("charge", "discharge")
INPUTS = ("pack", "bus", "charger")
WORDS = {"side": SIDES, "input": INPUTS}


FAULTS = {
    # cells and harness
    "cell": (
        "hold a cell's terminals at a voltage, as a bench supply across it would",
        ("cell", "mv"),
        act.cell,
    ),
    "cell_drift": (
        "a parasitic load drains one cell (a soft internal short)",
        ("cell", "ma"),
        act.cell_drift,
    ),
    "cell_soc": ("put one cell at a state of charge, once", ("cell", "permille"), act.cell_soc),
    "soc": ("put all cells at a state of charge, once", ("permille",), act.soc),
    "open_wire": ("cut a sense wire (0 is pack minus)", ("wire",), act.open_wire),
    "swap_wires": ("exchange a sense wire with the next one up", ("wire",), act.swap_wires),
    # temperature sensors
    "sensor_open": ("cut a temperature sensor's wire", ("sensor",), act.sensor(NTC_OPEN)),
    "sensor_short": ("short a temperature sensor", ("sensor",), act.sensor(NTC_SHORT)),
    "sensor_value": (
        "hold a sensor at a temperature (0.1 degC)",
        ("sensor", "dc"),
        act.sensor_value,
    ),
    "sensor_stuck": ("freeze a sensor at its present value", ("sensor",), act.sensor_stuck),
    "ambient": ("set the ambient temperature (0.1 degC)", ("dc",), act.ambient),
    "temperature": (
        "bring pack, boards and ambient to a temperature at once (0.1 degC)",
        ("dc",),
        act.temperature,
    ),
    # front ends
    "chip_silent": (
        "a front end loses its supply: it and all behind it fall silent",
        ("chip",),
        act.chip_silent,
    ),
    "chip_reset": ("a front end forgets its registers, once", ("chip",), act.chip_reset),
    "chip_drift": ("a front end's reference is off (ppm)", ("chip", "ppm"), act.chip_drift),
    "chip_adc_drift": (
        "one of a front end's two converters is off (ppm); 1 has cells 1-6, 2 has 7-12",
        ("chip", "adc", "ppm"),
        act.chip_adc_drift,
    ),
    "chip_mux_fail": (
        "a front end's multiplexer decoder fails its self-test",
        ("chip",),
        act.chip_attribute("mux_fail"),
    ),
    "chip_bit_stuck": (
        "one bit of a cell's result is stuck (cell 1-12 of the chip)",
        ("chip", "cell", "bit", "level"),
        act.chip_bit_stuck,
    ),
    "cells_frozen": (
        "a front end's cell results never change again",
        ("chip",),
        act.chip_attribute("frozen"),
    ),
    "pec_burst": ("spoil the next frames on isoSPI", ("frames",), act.pec_burst),
    "pec_rate": ("spoil frames on isoSPI at random, out of 1000", ("permille",), act.pec_rate),
    "afe_noise": (
        "one bit is wrong in so many bytes read from a BQ76952",
        ("bytes",),
        act.afe_noise,
    ),
    "spi_stuck_low": ("the SPI data input reads 0", (), act.spi(0x00)),
    "spi_stuck_high": ("the SPI data input reads 1", (), act.spi(0xFF)),
    # current
    "ina_silent": ("the shunt monitor does not acknowledge", (), act.ina("silent")),
    "ina_stuck": ("the shunt monitor's results never change again", (), act.ina("stuck")),
    "ina_offset": ("the shunt monitor is off by a current", ("ma",), act.ina_offset),
    "ina_gain": ("the shunt monitor reads so many parts of 1000", ("permille",), act.ina_gain),
    "alert_stuck": ("the fast over-current pin is stuck at a level", ("level",), act.alert_stuck),
    "i2c_stuck": (
        "the I2C bus is held low: nothing acknowledges",
        (),
        lambda plant: act.set_to(plant, plant, "i2c_stuck", True),
    ),
    # switches
    "charge_mosfet_stuck_on": ("the charge MOSFET cannot open", (), act.switch("charge", "on")),
    "charge_mosfet_stuck_off": ("the charge MOSFET cannot close", (), act.switch("charge", "off")),
    "discharge_mosfet_stuck_on": (
        "the discharge MOSFET cannot open",
        (),
        act.switch("discharge", "on"),
    ),
    "discharge_mosfet_stuck_off": (
        "the discharge MOSFET cannot close",
        (),
        act.switch("discharge", "off"),
    ),
    "precharge_stuck_on": ("the precharge switch cannot open", (), act.switch("precharge", "on")),
    "precharge_stuck_off": (
        "the precharge branch never conducts",
        (),
        act.switch("precharge", "off"),
    ),
    "relay_weld": ("a relay's contacts are welded (charge, discharge)", ("side",), act.relay_weld),
    "relay_chatter": (
        "a relay opens and closes while it is driven (charge, discharge)",
        ("side",),
        act.relay_chatter,
    ),
    "feedback_stuck": (
        "a gate feedback input is stuck at a level (charge, discharge)",
        ("side", "level"),
        act.feedback_stuck,
    ),
    "short_latch_stuck": (
        "the comparator's latch is stuck: 1 never clears, 0 never trips",
        ("level",),
        act.short_latch_stuck,
    ),
    "enable_stuck": (
        "the heartbeat's one-shot is stuck: 1 always enables, 0 never",
        ("level",),
        act.enable_stuck,
    ),
    "secondary_dead": (
        "the secondary disconnect does not fire",
        (),
        lambda plant: act.set_to(plant, plant, "secondary_dead", True),
    ),
    # converters on the controller
    "pack_adc_gain": (
        "the pack voltage divider reads so many parts of 1000",
        ("permille",),
        act.pack_adc_gain,
    ),
    "adc_stuck": (
        "a divider's 12-bit reading is stuck (pack, bus, charger)",
        ("input", "code"),
        act.adc_stuck,
    ),
    # what is connected
    "current": (
        "force the load's current, charging positive (it flows only through closed switches)",
        ("ma",),
        act.current,
    ),
    "load_connect": ("a load drawing a constant current", ("ma",), act.load_connect),
    "load_remove": ("unplug the load, its capacitor included", (), act.load("connected", False)),
    "no_load_capacitor": ("the load has no input capacitor", (), act.load("capacitor_f", 0.0)),
    "load_short": ("the load is a lasting short of 20 milliohm", (), act.load("short_ohm", 0.02)),
    "short_circuit": (
        "a short of 5 milliohm for an instant: the comparator trips if current can flow",
        (),
        act.short_circuit,
    ),
    "charger_connect": (
        "plug in a charger of a voltage and a current",
        ("mv", "ma"),
        act.charger_connect,
    ),
    "charger_remove": ("unplug the charger", (), act.charger_remove),
    "heater_dead": (
        "the heater draws nothing and heats nothing",
        (),
        lambda plant: act.set_to(plant, plant.pack, "heater_dead", True),
    ),
}

# Single failures of hardware, each with the arguments a campaign uses.
HARDWARE_FAULTS = (
    ("open_wire", (0,)),
    ("open_wire", (7,)),
    ("open_wire", (12,)),
    ("open_wire", (24,)),
    ("sensor_open", (1,)),
    ("sensor_short", (1,)),
    ("sensor_stuck", (1,)),
    ("chip_silent", (1,)),
    ("chip_silent", (2,)),
    ("chip_reset", (1,)),
    ("chip_mux_fail", (1,)),
    ("chip_drift", (1, 30_000)),
    ("chip_adc_drift", (1, 1, 30_000)),
    ("cells_frozen", (1,)),
    ("pec_rate", (500,)),
    ("spi_stuck_low", ()),
    ("spi_stuck_high", ()),
    ("ina_silent", ()),
    ("ina_stuck", ()),
    ("ina_gain", (700,)),
    ("alert_stuck", (1,)),
    ("i2c_stuck", ()),
    ("charge_mosfet_stuck_on", ()),
    ("charge_mosfet_stuck_off", ()),
    ("discharge_mosfet_stuck_on", ()),
    ("discharge_mosfet_stuck_off", ()),
    ("precharge_stuck_on", ()),
    ("precharge_stuck_off", ()),
    ("feedback_stuck", ("charge", 0)),
    ("feedback_stuck", ("charge", 1)),
    ("feedback_stuck", ("discharge", 0)),
    ("feedback_stuck", ("discharge", 1)),
    ("short_latch_stuck", (0,)),
    ("short_latch_stuck", (1,)),
    ("enable_stuck", (1,)),
    ("secondary_dead", ()),
    ("pack_adc_gain", (900,)),
    ("adc_stuck", ("pack", 0)),
    ("adc_stuck", ("bus", 0)),
    ("heater_dead", ()),
)


def markdown():
    """The table as docs/faults.md shows it."""
    single = {name for name, _ in HARDWARE_FAULTS}
    rows = ["| fault | arguments | what happens | single hardware failure |", "|---|---|---|---|"]
    for name, (help_text, names, _) in FAULTS.items():
        rows.append(
            f"| `{name}` | {' '.join(names)} | {help_text} | {'yes' if name in single else ''} |"
        )
    return "\n".join(rows) + "\n"


def _argument(plant, name, text):
    """One argument, checked: words for sides and inputs, whole numbers otherwise."""
    if name in WORDS:
        if text not in WORDS[name]:
            raise ValueError(f"{name} must be one of {', '.join(WORDS[name])}, not {text!r}")
        return text
    try:
        value = int(text)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a whole number, not {text!r}") from None
    ranges = {
        "cell": (1, plant.pack.cells.count),
        "wire": (0, plant.pack.cells.count),
        "sensor": (1, len(plant.thermistors)),
        "chip": (1, len(plant.chain.chips)),
        "adc": (1, 2),
        "level": (0, 1),
        "bytes": (2, 100_000),
        "bit": (0, 15),
        "code": (0, 4095),
        "mv": (0, 200_000),
    }
    low, high = ranges.get(name, (-(1 << 31), 1 << 31))
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value}")
    return value


def inject(plant, fault, args):
    """Bring a fault about; returns a sentence. ValueError says what was wrong with the call."""
    if fault not in FAULTS:
        raise ValueError(f"no fault {fault!r}; there are: {', '.join(sorted(FAULTS))}")
    if fault in plant.front.lacks:
        raise ValueError(f"{fault}: this board has no such part")
    help_text, names, function = FAULTS[fault]
    if len(args) != len(names):
        raise ValueError(f"{fault} takes {' '.join(names) or 'no argument'}")
    values = [_argument(plant, name, text) for name, text in zip(names, args, strict=True)]
    which = tuple(v for name, v in zip(names, values, strict=True) if name in WHICH)
    for entry in list(plant.injected):
        if entry[0] == fault and entry[1] == which:
            _take_away(plant, entry)
    undo = function(plant, *values)
    text = " ".join([fault, *map(str, values)])
    if undo is not None:
        plant.injected.append((fault, which, text, undo))
    return f"{text}: {help_text}"


def _take_away(plant, entry):
    plant.injected.remove(entry)
    entry[3]()


def clear(plant, fault="all"):
    """Take away one fault (``open_wire``, or ``open_wire 3``), or all; a blown fuse is renewed
    by ``all`` and by ``secondary``."""
    known = fault.split()[0] if fault.split() else ""
    if fault not in ("all", "secondary") and known not in FAULTS:
        raise ValueError(f"no fault {fault!r}")
    done = []
    for entry in reversed(list(plant.injected)):
        if fault in ("all", entry[0], entry[2]) or entry[2].startswith(fault + " "):
            _take_away(plant, entry)
            done.append(entry[2])
    if fault in ("all", "secondary") and plant.secondary_fired:
        plant.renew_secondary()
        done.append("secondary renewed")
    return "cleared " + (", ".join(done) or "nothing")
