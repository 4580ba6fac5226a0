"""The measuring side of a board with LTC6811 and INA228: harness, chips, sensors.

One of the two kinds of front end that a plant may have; bq76952_front.py is the other, with the
same attributes and methods. The controller's pins drive the gates directly here.
"""

from typing import Any

from .harness import Harness
from .ina228_model import Ina228
from .ltc6811_model import Ltc6811Chain
from .sensors import Thermistor


class Ltc6811Front:
    """``chain`` and ``ina`` are the chips; ``lacks`` names faults that cannot happen here."""

    step_us = 0  # the pack may take steps as long as it likes
    lacks = frozenset(("afe_noise",))

    def __init__(self, plant, noise, rng):
        board, config, pack = plant.board, plant.config, plant.pack
        self._plant = plant
        self.harness = Harness(board, config, pack)
        self.thermistors = [
            Thermistor(board, lambda k=k: pack.thermal.temp_c[k])
            for k in range(len(board.NTC_INPUTS))
        ]
        ratios = [[None] * 5 for _ in range(board.LTC6811_CHIPS)]
        for sensor, (chip, gpio) in zip(self.thermistors, board.NTC_INPUTS, strict=True):
            ratios[chip][gpio - 1] = sensor.ratio
        self.chain = Ltc6811Chain(plant, self.harness, noise, ratios, config.seed)
        part = board.SHUNT_TOLERANCE_PERMILLE / 1000
        self.ina = Ina228(plant, pack, board, noise, 1 + rng.uniform(-part, part) / 2)
        self.spi_devices = {"afe_cs": self.chain}
        self.i2c_devices: dict[int, Any] = {board.INA228_ADDRESS: self.ina}

    def live(self, now_us):
        """The pack has made a step: what the chips do by themselves."""
        self.ina.watch(now_us)
        self.chain.check(now_us)  # a watchdog ends balancing although nobody looks
        if self.harness.open:
            self.harness.drift(now_us)

    def drive(self, free, pins):
        """The gate drivers follow the pins while they are free to."""
        self._plant.pack.drive(
            free and pins["charge_gate"],
            free and pins["discharge_gate"],
            free and pins["precharge_gate"],
        )
