"""How each fault is brought about in a simulated plant, and taken away again.

Every function gets the plant and checked arguments (cells, chips and sensors from 1) and
returns what undoes it, or None for an event that is over at once. Functions without a plant
make one for the table in faults.py. Nothing here parses or lists faults.
"""


def set_to(plant, thing, name, value):
    """Set an attribute now; returned function puts the old value back."""
    old = getattr(thing, name)
    setattr(thing, name, value)
    plant.refresh()

    def undo():
        setattr(thing, name, old)
        plant.refresh()

    return undo


def put_in(plant, mapping, key, value):
    """Set a key now; returned function takes it out again."""
    mapping[key] = value
    plant.refresh()

    def undo():
        mapping.pop(key, None)
        plant.refresh()

    return undo


def chip_at(plant, chip):
    return plant.chain.chips[chip - 1]


def cell(plant, cell, mv):
    return put_in(plant, plant.pack.cells.clamp_mv, cell - 1, mv)


def cell_drift(plant, cell, ma):
    cells = plant.pack.cells
    cells.set_drain(cell - 1, cells.drain_ma[cell - 1] + ma)

    def undo():
        cells.set_drain(cell - 1, cells.drain_ma[cell - 1] - ma)

    return undo


def cell_soc(plant, cell, permille):
    plant.pack.refresh()
    plant.pack.cells.set_soc(cell - 1, permille / 1000)
    plant.pack.refresh()
    plant.refresh()


def soc(plant, permille):
    for cell in range(plant.pack.cells.count):
        plant.pack.cells.set_soc(cell, permille / 1000)
    plant.pack.refresh()
    plant.refresh()


def open_wire(plant, wire):
    plant.harness.cut(wire)
    return lambda: plant.harness.mend(wire)


def swap_wires(plant, wire):
    if wire >= plant.harness.cells:
        raise ValueError(f"wire {wire} has no wire above it")
    swapped = plant.harness.swapped
    swapped[wire], swapped[wire + 1] = wire + 1, wire

    def undo():
        swapped.pop(wire, None)
        swapped.pop(wire + 1, None)

    return undo


def sensor(value):
    def apply(plant, sensor):
        return set_to(plant, plant.thermistors[sensor - 1], "fault", value)

    return apply


def sensor_value(plant, sensor, dc):
    return set_to(plant, plant.thermistors[sensor - 1], "fault", dc / 10)


def sensor_stuck(plant, sensor):
    place = plant.thermistors[sensor - 1]
    return set_to(plant, place, "fault", place.temp_c())


def chip_attribute(name, value=True):
    def apply(plant, chip):
        return set_to(plant, chip_at(plant, chip), name, value)

    return apply


def chip_silent(plant, chip):
    chip_at(plant, chip).power_up()  # without a supply nothing is held, balancing neither
    undo = set_to(plant, chip_at(plant, chip), "silent", True)

    def back():
        chip_at(plant, chip).power_up()
        undo()

    return back


def chip_reset(plant, chip):
    chip_at(plant, chip).internal_reset()


def chip_drift(plant, chip, ppm):
    return set_to(plant, chip_at(plant, chip), "drift_ppm", ppm)


def chip_adc_drift(plant, chip, adc, ppm):
    drift = chip_at(plant, chip).adc_drift_ppm
    drift[adc - 1] = ppm

    def undo():
        drift[adc - 1] = 0

    return undo


def chip_bit_stuck(plant, chip, cell, bit, level):
    bits = chip_at(plant, chip).stuck_bits
    entry = (cell - 1, bit, level)
    bits.append(entry)
    return lambda: bits.remove(entry)


def pec_burst(plant, frames):
    return set_to(plant, plant.chain, "pec_burst", frames)


def pec_rate(plant, permille):
    return set_to(plant, plant.chain, "pec_permille", permille)


def afe_noise(plant, every):
    return set_to(plant, plant.front.model, "noise_every", every)


def spi(level):
    return lambda plant: set_to(plant, plant.chain, "miso_stuck", level)


def ina(name, value=True):
    return lambda plant: set_to(plant, plant.ina, name, value)


def ina_offset(plant, ma):
    return set_to(plant, plant.ina, "offset_ma", ma)


def ina_gain(plant, permille):
    return set_to(plant, plant.ina, "gain", permille / 1000)


def alert_stuck(plant, level):
    return set_to(plant, plant, "alert_stuck", level)


def switch(name, position):
    def apply(plant):
        switch = getattr(plant.pack, name)
        switch.stuck = position
        switch.refresh(plant.now_us)
        plant.refresh()

        def undo():
            switch.stuck = None
            switch.refresh(plant.now_us)
            plant.refresh()

        return undo

    return apply


def relay_weld(plant, side):
    return switch(side, "on")(plant)


def relay_chatter(plant, side):
    switch = getattr(plant.pack, side)
    switch.chatter = True
    switch.refresh(plant.now_us)

    def undo():
        switch.chatter = False
        switch.refresh(plant.now_us)
        plant.refresh()

    return undo


def feedback_stuck(plant, side, level):
    return put_in(plant, plant.feedback_stuck, side, level)


def short_latch_stuck(plant, level):
    undo_dead = set_to(plant, plant.pack, "short_dead", level == 0)
    undo_input = set_to(plant, plant, "short_input_stuck", level)

    def undo():
        undo_input()
        undo_dead()

    return undo


def enable_stuck(plant, level):
    return set_to(plant, plant, "enable_stuck", level)


def pack_adc_gain(plant, permille):
    return set_to(plant, plant.adc["pack_adc"], "gain", permille / 1000)


def adc_stuck(plant, input, code):
    if input + "_adc" not in plant.adc:
        raise ValueError(f"this board does not measure the {input} by a divider")
    return set_to(plant, plant.adc[input + "_adc"], "stuck_code", code)


def load(name, value):
    return lambda plant: set_to(plant, plant.pack.load, name, value)


def current(plant, ma):
    return set_to(plant, plant.pack.load, "forced_ma", ma)


def load_connect(plant, ma):
    undo_current = set_to(plant, plant.pack.load, "current_ma", ma)
    undo_there = set_to(plant, plant.pack.load, "connected", True)

    def undo():
        undo_there()
        undo_current()

    return undo


def short_circuit(plant):
    plant.pack.load.short_ohm = 0.005
    plant.refresh()
    plant.pack.load.short_ohm = 0
    plant.refresh()


def charger_state(plant):
    charger = plant.pack.charger
    was = (charger.connected, charger.set_mv, charger.set_ma)

    def undo():
        charger.connected, charger.set_mv, charger.set_ma = was
        plant.refresh()

    return undo


def charger_connect(plant, mv, ma):
    undo = charger_state(plant)
    plant.pack.charger.connect(mv, ma)
    plant.refresh()
    return undo


def charger_remove(plant):
    undo = charger_state(plant)
    plant.pack.charger.remove()
    plant.refresh()
    return undo


def ambient(plant, dc):
    return set_to(plant, plant.pack.thermal, "ambient_c", dc / 10)


def temperature(plant, dc):
    plant.pack.thermal.ambient_c = dc / 10
    plant.pack.thermal.temp_c[:] = [dc / 10] * 6
    plant.pack.refresh()
    plant.refresh()
