"""The measuring side of a board with a BQ76952, which drives the MOSFETs itself.

Joins the chip's model to the pack: its pins see the cells through the harness, its shunt the
pack's current, LD and PACK the board's terminals. A gate is on only while the chip drives it,
and the controller's pins, behind the heartbeat's one-shot, hold the chip's CFETOFF and DFETOFF.
The comparator for short circuits is the chip's, so the pack's own is set to what the chip was
told. Same attributes and methods as ltc6811_front.py; knows no driver.
"""

from typing import Any

from .bq76952_chip import NORMAL, SHUTDOWN, SLEEP, SLOT_US, SSA, Surroundings
from .bq76952_model import Bq76952
from .bq76952_protections import CHG, DSG, SCD, SCD_MV
from .sensors import NTC_SHORT, Thermistor

PIN_NF = 100.0  # each cell input's filter
BALANCE_SWITCH_OHM = 10
_TOP = 16  # the pin of the stack's top
_INVERTED = 0x80


class Wires:
    """The sense harness: wire 0 is pack minus, the topmost one is on the top pin."""

    def __init__(self, config):
        self.cells = config.cells
        self.channels = config.channels or [*range(config.cells - 1), _TOP - 1]
        fits = sorted(set(self.channels)) == self.channels and self.channels[-1] == _TOP - 1
        if len(self.channels) != config.cells or not fits:
            raise ValueError(f"a BQ76952 measures 3 to 16 cells, not {config.cells} like this")
        self.open = {}  # wire -> True
        self.swapped = {}  # wire -> boundary it really goes to

    def cut(self, wire):
        self.open[wire] = True

    def mend(self, wire):
        self.open.pop(wire, None)

    def open_pins(self):
        """Unused inputs are tied to the wire below them, and lose it with the rest."""
        pins: set[int] = set()
        for wire in self.open:
            first = self.channels[wire - 1] + 1 if wire else 0
            last = self.channels[wire] if wire < self.cells else _TOP
            pins.update(range(first, last + 1))
        return pins

    def seen_mv(self, cell_mv):
        """What stands between neighbouring pins, by channel."""
        at = [0.0]
        for mv in cell_mv:
            at.append(at[-1] + mv)
        if self.swapped:
            at = [at[self.swapped.get(wire, wire)] for wire in range(len(at))]
        seen = [0.0] * _TOP
        for cell, channel in enumerate(self.channels):
            seen[channel] = at[cell + 1] - at[cell]
        return seen


class _Outside(Surroundings):
    def __init__(self, front):
        super().__init__()
        self._front = front

    def advance(self, now_us):
        self._front.look(now_us)


class _Part:
    """The chip as faults see it: it loses its supply, forgets, stands still, has stuck bits."""

    mux_fail = False

    def __init__(self, plant, model):
        self._plant = plant
        self._model = model
        self.stuck_bits = []  # (channel, bit, level)

    @property
    def silent(self):
        return self._model.silent

    @silent.setter
    def silent(self, value):
        self._model.silent = value
        if value:
            self._model.chip.mode = SHUTDOWN  # without a supply no gate is driven

    @property
    def frozen(self):
        return self._model.chip.frozen

    @frozen.setter
    def frozen(self, value):
        self._model.chip.frozen = value

    def power_up(self):
        self._model.reset(self._plant.now_us)
        self._plant.refresh()

    internal_reset = power_up


class Bq76952Front:
    """``model`` is the chip on its bus; ``chain.chips`` names it for the faults' table."""

    step_us = SLOT_US
    ina = None
    lacks = frozenset(
        (
            *("chip_drift", "chip_adc_drift", "chip_mux_fail", "pec_burst", "pec_rate"),
            *("spi_stuck_low", "spi_stuck_high", "ina_silent", "ina_stuck", "ina_offset"),
            *("ina_gain", "alert_stuck", "feedback_stuck", "short_latch_stuck"),
            *("pack_adc_gain", "adc_stuck"),
        )
    )

    def __init__(self, plant, _noise, rng):
        board, pack = plant.board, plant.pack
        self._plant = plant
        self._inverted = [bool(pin & _INVERTED) for pin in board.BQ76952_PINS[:2]]
        self._places = board.BQ76952_TEMPS
        self.harness = Wires(plant.config)
        self.thermistors = [
            Thermistor(board, lambda k=k: pack.thermal.temp_c[k]) for k in range(len(self._places))
        ]
        part = board.SHUNT_TOLERANCE_PERMILLE / 1000
        self._shunt_mohm = board.SHUNT_UOHM / 1000 * (1 + rng.uniform(-part, part) / 2)
        self._sign = getattr(board, "SHUNT_SIGN", 1)
        self._ohm = board.BALANCE_OHM + BALANCE_SWITCH_OHM
        self._bleeding = 0
        self._driven = None  # what the pack's switches were last told
        self._free = False
        self._pins = {"precharge_gate": 0}
        self.outside = _Outside(self)
        self.outside.pin_nf = PIN_NF
        self.outside.shunt_mohm = self._shunt_mohm
        self._seen = None
        self.model = Bq76952(self.outside, plant.config.seed)
        self.chips = [_Part(plant, self.model)]
        self.chain = self
        self.spi_devices = {}
        self.i2c_devices = {board.BQ76952_ADDRESS: self}
        self._look()

    # --- what the chip sees -----------------------------------------------------------------

    def look(self, now_us):
        """The chip lives until ``now_us``: the pack first."""
        self._plant.advance(now_us)
        self._look()

    def _look(self):
        pack, outside = self._plant.pack, self.outside
        key = (pack.now_us, pack.current_ma)
        if key == self._seen:
            return
        self._seen = key
        outside.cell_mv = self.harness.seen_mv(pack.all_cell_mv())
        outside.open_pins = self.harness.open_pins()
        outside.current_ma = pack.current_ma * self._sign
        outside.pack_pin_mv = outside.ld_pin_mv = pack.bus_mv
        places: list[Any] = outside.temp_c
        for place, sensor in zip(self._places, self.thermistors, strict=True):
            if place:
                celsius = sensor.temp_c()
                shorted = celsius is None and sensor.fault == NTC_SHORT
                places[place - 1] = "short" if shorted else celsius
            else:
                outside.die_c = pack.thermal.temp_c[-1]
        stuck: dict[int, tuple[int, int]] = {}
        for channel, bit, level in self.chips[0].stuck_bits:
            ones, zeros = stuck.get(channel, (0, 0))
            stuck[channel] = (ones | level << bit, zeros | (1 - level) << bit)
        self.model.chip.stuck = stuck

    # --- what it does -----------------------------------------------------------------------

    def live(self, now_us):
        """The pack has made a step: conversions, protections, gates, balancing."""
        self._take_short()
        self.model.chip.catch_up(now_us)
        self._follow()

    def drive(self, free, pins):
        """The controller's pins and the one-shot have their say over CFETOFF and DFETOFF."""
        self._free = free
        self._pins = pins
        outside = self.outside
        outside.cfetoff = (not (free and pins["charge_gate"])) != self._inverted[0]
        outside.dfetoff = (not (free and pins["discharge_gate"])) != self._inverted[1]
        self._seen = None  # a fault may have changed what the chip sees
        self._look()
        self._take_short()
        self.model.chip.switch_now()
        self._driven = None
        self._follow()

    def _follow(self):
        """Gates and balancing switches as the chip has them now."""
        chip, pack = self.model.chip, self._plant.pack
        self._arm()
        status = chip.fet_status()
        precharge = bool(self._free and self._pins["precharge_gate"])
        wanted = (bool(status & CHG), bool(status & DSG), precharge)
        if wanted != self._driven:
            self._driven = wanted
            pack.drive(*wanted)
            self._take_short()
        mask = chip.balancing if chip.mode in (NORMAL, SLEEP) else 0
        if mask != self._bleeding:
            cells = pack.cells
            for cell, channel in enumerate(self.harness.channels):
                on = mask >> channel & 1
                if on != self._bleeding >> channel & 1:
                    mv = cells.cell_mv(cell, pack.current_ma)
                    cells.set_bleed(cell, mv / self._ohm if on else 0)
            self._bleeding = mask

    def _arm(self):
        """The pack's comparator stands where the chip was told to have it, or is not there."""
        chip, pack = self.model.chip, self._plant.pack
        settings = chip.settings
        armed = settings["Enabled Protections A"] & SCD and chip.mode in (NORMAL, SLEEP)
        pack.short_dead = not armed
        if armed:
            pack.short_trip_ma = SCD_MV[settings["SCD Threshold"] & 15] * 1000 / self._shunt_mohm

    def _take_short(self):
        """The comparator has opened the gates: it is the chip that remembers."""
        pack, chip = self._plant.pack, self.model.chip
        if pack.short_latched:
            pack.short_latched = False
            chip.protections.trip_short()
            chip.raise_alarm(SSA)
            chip.switch_now()
            self._driven = None

    # --- I2cDevice --------------------------------------------------------------------------

    def write(self, data, now_us):
        if self._plant.i2c_stuck:
            return False
        taken = self.model.write(data, now_us)
        self._follow()
        return taken

    def read(self, length, now_us):
        if self._plant.i2c_stuck:
            return None
        data = self.model.read(length, now_us)
        self._follow()
        return data
