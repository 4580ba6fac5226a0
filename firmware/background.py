"""The slow measurements: thermistors, chip status, open wires, in steps between cell samples.

Each step takes at most a few milliseconds and leaves its conversion running until the next.
Nothing here may run while cells are being converted, and the open-wire check turns balancing
off first. What could not be read is marked as missing, never guessed.
"""

from array import array

from cellwarden.readings import MAX_CELLS, TEMP_COUNT, TEMP_MISSING, TEMP_OK
from cellwarden.ticks import MASK, elapsed_ms
from firmware.cell_map import NO_WIRE
from firmware.drivers.ltc6811 import (
    ANALOG_RANGE,
    AUX_INPUTS,
    AUX_VREF2,
    DIAGN,
    DIGITAL_RANGE,
    STATUS_ANALOG,
    STATUS_DIGITAL,
    STATUS_VALUES,
    VREF2_RANGE,
    in_range,
)
from firmware.drivers.open_wire import DONE, FAILED, RUNNING, OpenWireCheck

STEP_MS = 5
OPEN_WIRE_MS = 10_000

_IDLE, _TEMPS, _STATUS, _OPEN_WIRE = range(4)
_TEMPS_CYCLE = 2  # of the ten cycles of a second
_STATUS_CYCLE = 7


class Background:
    """Runs one job a cycle: ``choose()`` after the cells were collected, then ``step()``."""

    def __init__(self, hardware, cell_map, readings, open_wire_runs):
        self._chain = hardware.chain
        self._ntc = hardware.ntc
        self._inputs = hardware.ntc_inputs
        self._map = cell_map
        self._readings = readings
        chips = hardware.chain.chips
        self._aux = array("H", bytearray(2 * AUX_INPUTS * chips))
        self._aux_ok = bytearray(AUX_INPUTS * chips)
        self._status = array("H", bytearray(2 * STATUS_VALUES * chips))
        self._status_ok = bytearray(STATUS_VALUES * chips)
        self._check = OpenWireCheck(hardware.chain, open_wire_runs)
        self._wires = bytearray(MAX_CELLS + 1)
        self._wires_before = bytearray(MAX_CELLS + 1)
        self._wires_due = True
        self._temps_due = False
        self.map_unproven = False  # a map took another's place, and no check has seen it yet
        self._job = _IDLE
        self._step = 0
        self._cycle = 0
        self._flags_known = False
        self.fitted_mask = 0
        self.reference_bad = bytearray(chips)
        self.status_bad = bytearray(chips)

    def map_changed(self):
        """Check the wires anew. What was published stands until then: an empty list would look
        like a check that found every wire whole."""
        self.stop()
        self._wires_due = True
        self.map_unproven = self._readings.open_wire_count > 0
        for i in range(MAX_CELLS + 1):
            self._wires_before[i] = 0

    def fit(self, mask):
        """Take the mask of fitted sensors; what is known fits another one, so measure soon."""
        if mask != self.fitted_mask:
            self.fitted_mask = mask
            self._temps_due = True
            self._readings.temps_valid = False

    def choose(self, now_ms):
        """Take up the job of the cycle that begins."""
        self.stop()
        self._cycle = (self._cycle + 1) % 10
        if self._readings.open_wire_wanted:
            self._wires_due = True
        elif not self._wires_due:
            self._wires_due = elapsed_ms(now_ms, self._readings.open_wire_ms) >= OPEN_WIRE_MS
        self._step = 0
        if self._cycle == _TEMPS_CYCLE or self._temps_due:
            self._temps_due = False
            self._job = _TEMPS
        elif self._cycle == _STATUS_CYCLE:
            self._job = _STATUS
        elif self._wires_due and self._map.count:
            self._job = _OPEN_WIRE

    def stop(self):
        """Drop an unfinished job: the chips are wanted for the cells."""
        if self._job == _OPEN_WIRE:
            self._check.abandon()
        self._job = _IDLE

    def busy(self):
        """True while steps are left in this cycle."""
        return self._job != _IDLE

    def step(self, now_ms):
        """Do the next step; an exchange that fails ends the job as missing."""
        step = self._step
        self._step = step + 1
        try:
            if self._job == _TEMPS:
                self._step_temps(step, now_ms)
            elif self._job == _STATUS:
                self._step_status(step)
            elif self._job == _OPEN_WIRE:
                self._step_open_wire(step, now_ms)
        except OSError:
            if self._job == _TEMPS:
                self._readings.temps_valid = False
            self.stop()

    def _step_temps(self, step, now_ms):
        if step == 0:
            self._chain.start_aux()
            return
        self._job = _IDLE
        chain = self._chain
        readings = self._readings
        for i in range(len(self._aux_ok)):
            self._aux_ok[i] = 0
        chain.read_aux(self._aux, self._aux_ok)
        for chip in range(chain.chips):
            at = chip * AUX_INPUTS + AUX_VREF2
            if self._aux_ok[at]:
                self.reference_bad[chip] = 0 if in_range(self._aux[at], VREF2_RANGE) else 1
        complete = True
        for sensor in range(TEMP_COUNT):
            state = TEMP_MISSING
            if (self.fitted_mask >> sensor) & 1 and sensor < len(self._inputs):
                chip, gpio = self._inputs[sensor]
                at = chip * AUX_INPUTS + gpio - 1
                reference = chip * AUX_INPUTS + AUX_VREF2
                if self._aux_ok[at] and self._aux_ok[reference] and not self.reference_bad[chip]:
                    state = self._ntc.convert(self._aux[at], self._aux[reference])
                    if state == TEMP_OK:
                        readings.temp_dc[sensor] = self._ntc.temp_dc
                else:
                    complete = False
            readings.temp_state[sensor] = state
        if complete:
            readings.temps_done(now_ms)
        else:
            readings.temps_valid = False

    def _step_status(self, step):
        chain = self._chain
        if step == 0:
            chain.read_overheated()
            if not self._flags_known:  # a chip that was just powered shows the flag as well
                self._flags_known = True
                for chip in range(chain.chips):
                    chain.overheated[chip] = 0
            chain.start_status()
        elif step == 1:
            chain.command(DIAGN)
        else:
            self._job = _IDLE
            for i in range(len(self._status_ok)):
                self._status_ok[i] = 0
            if not chain.read_status(self._status, self._status_ok):
                return
            for chip in range(chain.chips):
                at = chip * STATUS_VALUES
                good = (
                    in_range(self._status[at + STATUS_ANALOG], ANALOG_RANGE)
                    and in_range(self._status[at + STATUS_DIGITAL], DIGITAL_RANGE)
                    and not chain.mux_fail[chip]
                )
                self.status_bad[chip] = 0 if good else 1

    def _step_open_wire(self, step, now_ms):
        if step == 0:
            self._chain.write_config(True)
            self._check.start()
            return
        state = self._check.step(self._map.mapped)
        if state == RUNNING:
            return
        self._job = _IDLE
        if state == DONE:
            self._publish_wires(now_ms)
        elif state == FAILED:
            self._wires_due = True

    def _publish_wires(self, now_ms):
        """Report a cut wire when two checks in a row agree, and none as soon as none is seen.

        A load that jumps between the two halves of one check can look like a cut wire. Until a
        second check has agreed nothing is published, so that nobody takes it for a clean one.
        """
        wires = self._wires
        for i in range(len(wires)):
            wires[i] = 0
        open_pin = self._check.open_pin
        for pin in range(len(open_pin)):
            wire = self._map.wire_of_pin[pin]
            if open_pin[pin] and wire != NO_WIRE:
                wires[wire] = 1
        suspected = False  # a wire that only this check has found
        confirmed = False
        before = self._wires_before
        for i in range(len(wires)):
            if wires[i]:
                if before[i]:
                    confirmed = True
                else:
                    suspected = True
        readings = self._readings
        if confirmed or not suspected:
            for i in range(len(wires)):
                readings.open_wire[i] = wires[i] & before[i]
            readings.open_wire_ms = now_ms
            self.map_unproven = False
            readings.open_wire_count = (readings.open_wire_count + 1) & MASK
        self._wires_due = suspected
        for i in range(len(wires)):
            before[i] = wires[i]
