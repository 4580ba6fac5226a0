"""Everything outside the controller: pins and buses on one side, pack and chips on the other.

``Plant(board, pack_config)`` is what the simulator's host process talks to. Times are integer
microseconds of virtual time; ``advance`` is lazy, so the plant lives only when somebody looks.
It must go on living while the controller resets, and must not know what the controller wants.
"""

import random
from typing import Any

from . import faults
from .ads1015_model import Ads1015
from .bq76952_front import Bq76952Front
from .load import read_profile
from .ltc6811_front import Ltc6811Front
from .pack import Pack
from .pack_config import PackConfig
from .sensors import AdcInput, Noise
from .ssd1306_model import Ssd1306

LAZY_US = 500
OUTPUTS = (
    "charge_gate",
    "discharge_gate",
    "precharge_gate",
    "short_reset",
    "secondary_fire",
    "heater",
    "buzzer",
)


_FRONTS: dict[str, Any] = {"ltc6811": Ltc6811Front, "bq76952": Bq76952Front}


def _afe(board):
    return getattr(board, "AFE", "ltc6811")


def without_model(board):
    """The chip of a board that has no model here; empty when the board can be simulated."""
    return "" if _afe(board) in _FRONTS else "the " + _afe(board).upper()


class Plant:
    """One pack on one board; see docs/architecture.md for the contract."""

    def __init__(self, board, pack_config=None):
        if pack_config is None:
            pack_config = PackConfig()
        elif isinstance(pack_config, dict):
            pack_config = PackConfig(**pack_config)
        self.board = board
        self.config = pack_config
        seed = pack_config.seed
        rng = random.Random(seed + 4)
        noise = Noise(seed + 5)
        self.pack = Pack(board, pack_config)
        self.i2c_stuck = False
        self.front = _FRONTS[_afe(board)](self, noise, rng)
        self.harness = self.front.harness
        self.thermistors = self.front.thermistors
        self.chain = self.front.chain
        self.ina = self.front.ina
        self.pack.on_step = self._after_step

        nodes = {
            "pack": self.pack.pack_mv,
            "bus": lambda: self.pack.bus_mv,
            "charger": lambda: self.pack.charger_mv,
        }
        self.adc = {}
        for kind, node_mv in nodes.items():
            gain = 1 + rng.gauss(0, 1) * 0.002
            divider = getattr(board, kind.upper() + "_DIVIDER", None)
            if divider is not None:
                self.adc[kind + "_adc"] = AdcInput(divider, board.ADC_REF_MV, node_mv, noise, gain)
        self.spi_devices = self.front.spi_devices
        self.i2c_devices: dict[int, Any] = self.front.i2c_devices
        if hasattr(board, "ADS1015_ADDRESS"):
            inputs = [self.adc.get(kind + "_adc") for kind in nodes]
            self.i2c_devices[board.ADS1015_ADDRESS] = Ads1015(self, inputs)
        self.oled = None
        if hasattr(board, "OLED_ADDRESS"):
            self.oled = self.i2c_devices[board.OLED_ADDRESS] = Ssd1306(self)
        self.pins = dict.fromkeys(OUTPUTS, 0)
        self.enabled = False  # the heartbeat's one-shot
        self.held = None  # the gates as the hold one-shot keeps them
        self.secondary_fired = False
        self.secondary_dead = False
        self.feedback_stuck = {}  # "charge" / "discharge" -> level
        self.short_input_stuck = None
        self.alert_stuck = None
        self.enable_stuck = None
        self.injected = []  # (fault, which one, text, what takes it away), oldest first
        if pack_config.profile:
            times, currents = read_profile(pack_config.profile)
            self.pack.load.set_profile(times, currents, repeat=pack_config.profile_repeat)
        if pack_config.charger_mv:
            self.pack.charger.connect(pack_config.charger_mv, pack_config.charger_ma)
            self.pack.changed()

    # --- time -------------------------------------------------------------------------------

    @property
    def now_us(self):
        return self.pack.now_us

    def advance(self, now_us):
        """Live until ``now_us``, give or take half a millisecond: a bus access costs no step."""
        if now_us - self.pack.now_us >= LAZY_US:
            self._pass(now_us)

    def _live(self, now_us):
        """Live until exactly ``now_us``: something is about to change."""
        if now_us > self.pack.now_us:
            self._pass(now_us)

    def _pass(self, now_us):
        """In steps as short as the front end needs to act in time."""
        pack, step_us = self.pack, self.front.step_us
        while step_us and now_us - pack.now_us > step_us:
            pack.advance(pack.now_us + step_us)
        pack.advance(now_us)

    def _after_step(self, now_us):
        self.front.live(now_us)

    # --- pins -------------------------------------------------------------------------------

    def set_output(self, pin_name, level, now_us):
        """The controller drives a pin."""
        self._live(now_us)
        if pin_name not in self.pins:
            return
        level = 1 if level else 0
        was = self.pins[pin_name]
        self.pins[pin_name] = level
        if pin_name == "short_reset" and level and not was:
            self._reset_short()
        elif pin_name == "heater":
            self.pack.heat(level)
        self._apply()

    def gates_enabled(self, enabled, now_us):
        """The heartbeat's one-shot holds the drivers, or lets go."""
        self._live(now_us)
        self.enabled = bool(enabled)
        self._apply()

    def hold_gates(self, held, now_us):
        """The hold one-shot keeps the gates as they are, or lets go of them."""
        self._live(now_us)
        self.held = dict(self.pins) if held else None
        self._apply()

    def hard_reset(self, now_us):
        """The controller resets: its pins float to their pull-downs."""
        self._live(now_us)
        for name in self.pins:
            self.pins[name] = 0
        self.pack.heat(False)
        self._apply()

    def _reset_short(self):
        if self.short_input_stuck != 1:
            self.pack.short_latched = False

    def _apply(self):
        """Pins, one-shot and latch make the drivers' outputs."""
        pack = self.pack
        if self.pins["secondary_fire"] and not self.secondary_dead:
            self.secondary_fired = True
        pack.fuse_blown = self.secondary_fired
        enabled = self.enabled if self.enable_stuck is None else self.enable_stuck
        pins = self.pins
        if self.held is not None:
            enabled, pins = True, self.held
        free = enabled and not pack.short_latched and self.short_input_stuck != 1
        self.front.drive(free, pins)

    def renew_secondary(self):
        """Plug in a new fuse, and a new precharge resistor; the pin may fire it again at once."""
        self.secondary_fired = False
        self.pack.precharge_burnt = False
        self.pack.precharge_j = 0.0
        self.refresh()

    def refresh(self):
        """Something was changed from outside: faults call this."""
        self.pack.changed()
        self._apply()

    def input_level(self, pin_name, now_us):
        """The controller reads a pin."""
        self.advance(now_us)
        if pin_name == "shunt_alert":
            level = self.ina.alert_level(now_us)
            return level if self.alert_stuck is None else self.alert_stuck
        if pin_name == "short_latched":
            stuck = self.short_input_stuck
            return int(self.pack.short_latched) if stuck is None else stuck
        if pin_name == "charge_feedback":
            return self.feedback_stuck.get("charge", self.pack.charge.fed_back())
        if pin_name == "discharge_feedback":
            return self.feedback_stuck.get("discharge", self.pack.discharge.fed_back())
        return self.pins.get(pin_name, 0)

    def adc_u16(self, pin_name, now_us):
        """The controller converts an analog pin."""
        self.advance(now_us)
        return self.adc[pin_name].read_u16() if pin_name in self.adc else 0

    # --- faults and truth -------------------------------------------------------------------

    def inject(self, fault, *args):
        """Bring a fault about; a sentence says what was done."""
        return faults.inject(self, fault, args)

    def clear(self, fault="all"):
        """Take a fault away again, or all of them."""
        return faults.clear(self, fault)

    def truth(self):
        """What really is, whatever the controller believes; JSON values only."""
        pack = self.pack
        cells = pack.cells
        charge, discharge = pack.conducting()
        return {
            "t_ms": pack.now_us // 1000,
            "cell_mv": [round(mv, 1) for mv in pack.all_cell_mv()],
            "soc_permille": [round(cells.soc(i) * 1000, 2) for i in range(cells.count)],
            "temp_dc": [round(c * 10) for c in pack.thermal.temp_c],
            "ambient_dc": round(pack.thermal.ambient_c * 10),
            "current_ma": round(pack.current_ma),
            "peak_ma": round(pack.peak_ma),
            "pack_mv": round(pack.pack_mv()),
            "bus_mv": round(pack.bus_mv),
            "charger_mv": round(pack.charger_mv),
            "charger_ma": round(pack.charger.current_ma),
            "charger_connected": pack.charger.connected,
            "load_connected": pack.load.connected,
            "charge_path": charge,
            "discharge_path": discharge,
            "charge_closed": pack.charge.closed,
            "discharge_closed": pack.discharge.closed,
            "precharge_closed": pack.precharge.closed,
            "charge_commanded": bool(self.pins["charge_gate"]),
            "discharge_commanded": bool(self.pins["discharge_gate"]),
            "precharge_commanded": bool(self.pins["precharge_gate"]),
            "gates_enabled": self.enabled,
            "short_latched": pack.short_latched,
            "secondary_fired": self.secondary_fired,
            "heater": pack.heater_on,
            "buzzer": bool(self.pins["buzzer"]),
            "balancing": [i for i, ma in enumerate(cells.bleed_ma) if ma],
            "precharge_j": round(pack.precharge_j, 1),
            "precharge_burnt": pack.precharge_burnt,
            "in_mah": round(pack.in_mas / 3600, 1),
            "out_mah": round(pack.out_mas / 3600, 1),
            "in_j": round(pack.in_mj / 1000),
            "out_j": round(pack.out_mj / 1000),
            "balance_j": round(pack.balance_mj / 1000, 1),
            "switch_operations": [pack.charge.operations, pack.discharge.operations],
            "open_wires": sorted(self.harness.open),
            "faults": [entry[2] for entry in self.injected],
        }
