"""Builds the drivers of one board from its definition and a ``machine`` module.

The outputs come first and are off before anything else is touched. Everything here is built
once; a chip that does not answer is found by the self-test, not here. Only the drivers of the
board's own chips are loaded: on most boards the others are not even there.
"""

from firmware.drivers.buzzer import Buzzer
from firmware.outputs import Outputs

_OUTPUTS = (
    "charge_gate",
    "discharge_gate",
    "precharge_gate",
    "heater",
    "secondary_fire",
    "short_reset",
    "heartbeat",
)
_INPUTS = ("charge_feedback", "discharge_feedback", "short_latched", "shunt_alert")

# The meter must see beyond the peak trip, which may be three times the rating.
_FULL_SCALE_FACTOR = 3


class Hardware:
    """Every driver of the board, by name; what the board lacks is None."""

    def __init__(self, board, machine):
        pin = machine.Pin
        numbers = board.PINS
        pins = {}
        for name in _OUTPUTS:
            if name in numbers:
                pins[name] = pin(numbers[name], pin.OUT, value=0)
        for name in _INPUTS:
            if name in numbers:
                pins[name] = pin(numbers[name], pin.IN)
        self.short_pin = pins.get("short_latched")
        self.alert_pin = pins.get("shunt_alert")
        self.buzzer = Buzzer(pin(numbers["buzzer"], pin.OUT, value=0))
        i2c = machine.I2C(
            board.I2C_ID,
            scl=pin(numbers["i2c_scl"]),
            sda=pin(numbers["i2c_sda"]),
            freq=board.I2C_BAUD,
        )
        self.i2c = i2c
        self.chain = self.chip = self.ntc = self.pack = self.bus = self.charger = None
        full_scale_ma = board.RATING_MA * _FULL_SCALE_FACTOR
        # -1: charging makes the shunt voltage negative
        sign = getattr(board, "SHUNT_SIGN", 1)
        if getattr(board, "AFE", "ltc6811") == "bq76952":
            self._bq76952(board, i2c, pins, full_scale_ma, sign)
        else:
            self.outputs = Outputs(pins)
            self._ltc6811(board, machine, i2c, full_scale_ma, sign)

    def _bq76952(self, board, i2c, pins, full_scale_ma, sign):
        """One chip measures everything, and has a lock of its own on the outputs."""
        from firmware.drivers.bq76952 import Bq76952
        from firmware.drivers.bq76952_outputs import Bq76952Outputs
        from firmware.drivers.bq76952_setup import Setup

        setup = Setup(board.SHUNT_UOHM, full_scale_ma, board.BQ76952_PINS, board.BQ76952_CRC)
        setup.short_ma = board.AFE_SHORT_MA
        setup.short_us = board.AFE_SHORT_US
        self.chip = self.shunt = Bq76952(i2c, setup, board.BQ76952_ADDRESS, sign)
        self.outputs = Bq76952Outputs(pins, self.chip)

    def _ltc6811(self, board, machine, i2c, full_scale_ma, sign):
        from firmware.drivers.ina228 import Ina228
        from firmware.drivers.ltc6811 import Ltc6811Chain
        from firmware.drivers.ntc import Ntc

        pin = machine.Pin
        numbers = board.PINS
        spi = machine.SPI(
            board.SPI_ID,
            baudrate=board.SPI_BAUD,
            polarity=1,
            phase=1,
            sck=pin(numbers["spi_sck"]),
            mosi=pin(numbers["spi_mosi"]),
            miso=pin(numbers["spi_miso"]),
        )
        chip_select = pin(numbers["afe_cs"], pin.OUT, value=1)
        self.chain = Ltc6811Chain(spi, chip_select, board.LTC6811_CHIPS)
        self.shunt = Ina228(i2c, board.INA228_ADDRESS, board.SHUNT_UOHM, full_scale_ma, sign)
        self.ntc = Ntc(board.NTC_R25_OHM, board.NTC_BETA_K, board.NTC_PULLUP_OHM)
        self.ntc_inputs = board.NTC_INPUTS
        self.pack = self._divider(machine, i2c, board, 0, "pack")
        self.bus = self._divider(machine, i2c, board, 1, "bus")
        self.charger = self._divider(machine, i2c, board, 2, "charger")

    @staticmethod
    def _divider(machine, i2c, board, channel, kind):
        ratio = getattr(board, kind.upper() + "_DIVIDER", None)
        if ratio is None:
            return None
        if hasattr(board, "ADS1015_ADDRESS"):
            from firmware.drivers.ads1015 import Ads1015Divider

            return Ads1015Divider(i2c, board.ADS1015_ADDRESS, channel, *ratio)
        from firmware.drivers.divider import Divider

        adc = machine.ADC(machine.Pin(board.PINS[kind + "_adc"]))
        return Divider(adc, board.ADC_REF_MV, *ratio)

    def sampler(self, board, readings):
        """What measures with the board's front end."""
        if self.chip is not None:
            from firmware.drivers.bq76952_sampler import Bq76952Sampler

            return Bq76952Sampler(board, readings, self)
        from firmware.sampling import Sampler

        return Sampler(board, readings, self)
