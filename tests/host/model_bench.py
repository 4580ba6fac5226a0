"""Bench for the simulator's models: a plant, and hands on its buses. No assertions here."""

import boards.sim as board
from cellwarden_host.sim.ltc6811_model import pec15
from cellwarden_host.sim.plant import Plant

ADCV = 0x360  # normal mode, all cells, discharge not permitted
ADCV_DCP = 0x370
ADOW_UP, ADOW_DOWN = 0x368, 0x328
ADAX = 0x560
ADSTAT = 0x568
WRCFGA, RDCFGA = 0x001, 0x002
RDCV = (0x004, 0x006, 0x008, 0x00A)
RDAUX = (0x00C, 0x00E)
RDSTATA, RDSTATB = 0x010, 0x012
REF_ON = bytes([0xFC, 0, 0, 0, 0, 0])


def framed(data):
    return bytes(data) + pec15(data).to_bytes(2, "big")


class Bench:
    """Time runs only by what is called here; chips start awake with the reference up."""

    def __init__(self, **config):
        self.plant = Plant(board, config)
        self.pack = self.plant.pack
        self.chain = self.plant.chain
        self.ina = self.plant.ina
        self.t = 1000
        self.wake()
        self.write_config(REF_ON, REF_ON)
        self.wait(5000)  # until the references are up

    def wait(self, us):
        self.t += us
        self.plant.advance(self.t)

    def wake(self):
        """A wake-up selection, then long enough for two chips."""
        self.chain.select(self.t)
        self.chain.deselect(self.t + 1)
        self.wait(1000)

    def raw(self, mosi):
        """One selection with these bytes; what came back."""
        self.chain.select(self.t)
        out = self.chain.transfer(bytes(mosi), self.t)
        self.t += 8 * len(mosi)
        self.chain.deselect(self.t)
        self.t += 5
        return out

    def command(self, code, data=b"", read=0):
        """A command as it should be sent, waking the port first when it has idled."""
        self.chain.select(self.t)
        self.chain.deselect(self.t)
        self.t += 30
        head = framed([code >> 8, code & 0xFF])
        return self.raw(head + data + b"\xff" * read)[4:]

    def write_config(self, near, far):
        self.command(WRCFGA, framed(far) + framed(near))

    def groups(self, code):
        """[(six bytes, checksum good) for each chip, nearest first]."""
        out = self.command(code, read=16)
        return [(out[i : i + 6], out[i : i + 8] == framed(out[i : i + 6])) for i in (0, 8)]

    def words(self, codes):
        """Registers of both chips as one list of numbers; None where the checksum is bad."""
        rows = [[], []]
        for code in codes:
            for row, (data, good) in zip(rows, self.groups(code), strict=True):
                for i in (0, 2, 4):
                    row.append(int.from_bytes(data[i : i + 2], "little") if good else None)
        return rows[0] + rows[1]

    def cells(self, code=ADCV, runs=1):
        """Run a conversion and read all 24 codes (100 uV)."""
        for _ in range(runs):
            self.command(code)
            self.wait(10_000)
        return self.words(RDCV)

    def close(self):
        """Heartbeat, precharge, both switches: the pack is on."""
        plant = self.plant
        plant.gates_enabled(True, self.t)
        plant.set_output("precharge_gate", 1, self.t)
        self.wait(600_000)
        plant.set_output("charge_gate", 1, self.t)
        plant.set_output("discharge_gate", 1, self.t)
        plant.set_output("precharge_gate", 0, self.t)

    def register(self, address, length=2):
        assert self.ina.write(bytes([address]), self.t)
        return int.from_bytes(self.ina.read(length, self.t), "big")

    def set_register(self, address, value):
        assert self.ina.write(bytes([address, value >> 8, value & 0xFF]), self.t)

    @property
    def truth(self):
        return self.plant.truth()


def open_wires(bench, runs=2):
    """The data sheet's open-wire test over both chips: the wires it finds."""
    for _ in range(runs):
        bench.command(ADOW_UP)
        bench.wait(10_000)
    up = bench.words(RDCV)
    for _ in range(runs):
        bench.command(ADOW_DOWN)
        bench.wait(10_000)
    down = bench.words(RDCV)
    found = set()
    for chip in (0, 12):
        if up[chip] == 0:
            found.add(chip)
        if down[chip + 11] == 0:
            found.add(chip + 12)
        for n in range(1, 12):
            if up[chip + n] - down[chip + n] < -4000:
                found.add(chip + n)
    return found
