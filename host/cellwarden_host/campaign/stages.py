"""The states a pack stands in when a hazard comes: each healthy, with current flowing.

``prepare`` gives a scene whose pack is well and does what the stage says; ``connect`` is what
hangs on it, also for a board that starts with the hazard already there.
"""

from __future__ import annotations

from collections.abc import Callable

from .provocations import CHARGE_MA, CHARGER_MV, LOAD_MA, Provocation
from .scene import Scene

_SETTLE_MS = 1500  # a load starts softly


def build(provocation: Provocation) -> Scene:
    """A scene at power-on, nothing has run yet."""
    p = provocation
    pack = {**_PACK.get(p.stage, {}), **p.pack}
    settings = {**_SETTINGS.get(p.stage, {}), **p.settings}
    return Scene(pack, settings, p.calibrated)


def prepare(scene: Scene, provocation: Provocation) -> None:
    """From power-on to the stage; one that begins with the hazard stays at power-on."""
    stage = provocation.stage
    if stage in FROM_RESET:
        return
    if stage == "special charging":
        _let_charger_speak(scene)
    scene.warm_up()
    CONNECT[stage](scene)
    scene.run(_SETTLE_MS)


def _charger(scene: Scene) -> None:
    scene.plant.inject("charger_connect", CHARGER_MV, CHARGE_MA)


def _load(scene: Scene) -> None:
    scene.plant.inject("load_connect", LOAD_MA)


def _nothing(scene: Scene) -> None:
    pass


def _let_charger_speak(scene: Scene) -> None:
    """A special charger writes its registers once a second."""
    link = scene.controller.charger_link

    def speak() -> None:
        link.hello(scene.world.now_ms, 0, CHARGER_MV // 10, 0)

    scene.each_second = speak
    speak()


CONNECT: dict[str, Callable[[Scene], None]] = {
    "charging": _charger,
    "special charging": _charger,
    "discharging": _load,
    "resting": _nothing,
    "balancing": _nothing,
    "start": _charger,
    "cold start": _load,
}
FROM_RESET = ("start", "cold start")  # the hazard is there before the board is
# Cells near full and apart, so that some are balanced.
_PACK = {"balancing": {"soc_permille": 960, "soc_spread_permille": 15}}
_SETTINGS: dict[str, dict[str, int]] = {"balancing": {"balance_start_mv": 3900}}
