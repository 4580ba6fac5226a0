"""A board's folder, opened for the rules: both files, what holds for it, where to complain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .contract import ALWAYS, DEFINITION, WIRING
from .finding import ERROR, WARNING, Finding
from .modules import MODULES, Module
from .source import Source

DEFINITION_FILE = "__init__.py"
WIRING_FILE = "wiring.py"
_DEFAULTS = {"AFE": "ltc6811", "SHUNT_SIGN": 1, "BLE": False}


class Folder:
    """``name`` comes from the folder; ``get`` finds a name in whichever file it belongs to."""

    def __init__(self, path: Path, shown: Path | None = None) -> None:
        shown = shown or path
        self.path = path
        self.name = path.resolve().name
        self.definition = Source(path / DEFINITION_FILE, shown / DEFINITION_FILE)
        self.wiring = Source(path / WIRING_FILE, shown / WIRING_FILE)
        self._home = {row.name: self.definition for row in DEFINITION}
        self._home |= {row.name: self.wiring for row in WIRING}
        self.findings: list[Finding] = []

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, None (or ``default``) when it is not there."""
        values = self._home[name].values
        return values.get(name, _DEFAULTS.get(name, default))

    def has(self, name: str) -> bool:
        return name in self._home[name].values

    def error(
        self, name: str, text: str, advice: str, key: object = None, severity: str = ERROR
    ) -> None:
        """Complain at the line of ``name`` (or of one entry of it)."""
        source = self._home[name]
        self.findings.append(Finding(source.file, source.line(name, key), severity, text, advice))

    def warn(self, name: str, text: str, advice: str, key: object = None) -> None:
        self.error(name, text, advice, key, WARNING)

    @property
    def pins(self) -> dict[str, Any]:
        pins = self.get("PINS")
        return pins if isinstance(pins, dict) else {}

    @property
    def module(self) -> Module | None:
        return MODULES.get(self.get("MODULE", ""))

    @property
    def chips(self) -> int:
        """Front ends with 12 cell inputs each; 0 on other boards."""
        chips = self.get("LTC6811_CHIPS", 0)
        return chips if self.get("AFE") == "ltc6811" and isinstance(chips, int) else 0

    @property
    def channels(self) -> int:
        channels = self.get("CELL_CHANNELS", 12 * self.chips)
        return channels if isinstance(channels, int) else 0

    @property
    def peak_ma(self) -> int:
        return int(self.get("PEAK_MA") or 3 * (self.get("RATING_MA") or 0))

    def dividers(self) -> tuple[str, ...]:
        """Which voltages are measured behind a divider: pack, bus, charger."""
        kinds = ("pack", "bus", "charger")
        if self.has("ADS1015_ADDRESS"):
            return tuple(kind for kind in kinds if self.has(kind.upper() + "_DIVIDER"))
        return tuple(kind for kind in kinds if kind + "_adc" in self.pins)

    def tags(self) -> set[str]:
        """What holds for this board, so that the contract knows what it needs."""
        afe = self.get("AFE")
        tags = {ALWAYS, str(afe), str(self.get("FAMILY"))}
        if afe == "ltc6811":
            tags.add("ina228")
            if not self.has("ADS1015_ADDRESS"):
                tags.add("mcu_adc")
        if self.get("SWITCH_TYPE") == "relay":
            tags.add("relay")
        if self.get("PRECHARGE_OHM"):
            tags.add("precharge")
        if self.get("SECONDARY_FITTED"):
            tags.add("secondary")
        measured = self.dividers()
        if measured:
            tags.add("divider")
        tags |= {kind + "_divider" for kind in measured}
        if self.get("SHORT_CUT") == "driver":
            tags.add("driver_cut")
        if self.get("SHORT_CUT") in ("driver", "afe"):
            tags.add("electronic_cut")
        for port in ("rs485_1", "rs485_2"):
            if self.get(port.upper() + "_DIRECTION") in ("pin", "pio"):
                tags.add(port + "_turned")
        if self.has("DISPLAY_UART") or self.has("DISPLAY_PIO"):
            tags.add("display")
        if self.get("HOLD_FITTED"):
            tags.add("hold")
        if self.get("POWER_LATCH") == "pin":
            tags.add("latch_pin")
        return tags


def pair(folder: Folder, name: str) -> tuple[int, int] | None:
    """Two whole numbers above 0; complains and is None when they are not that."""
    value = folder.get(name)
    if value is None:
        return None
    whole = isinstance(value, tuple) and all(isinstance(v, int) and v > 0 for v in value)
    if whole and len(value) == 2:
        return value[0], value[1]
    folder.error(name, f"{name} is {value!r}", "it takes two whole numbers above 0")
    return None
