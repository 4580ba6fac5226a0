"""A simulated board with a tiny firmware and a plant that only writes down what happens."""

import contextlib
import time
from pathlib import Path

import boards.sim
from cellwarden_host.sim.board import SimBoard
from cellwarden_host.sim.image import write_image


class Inverter:
    """An SPI device that answers each byte inverted, while selected."""

    def __init__(self):
        self.frames = []

    def select(self, now_us):
        self.frames.append([])

    def transfer(self, mosi, now_us):
        self.frames[-1].append((now_us, bytes(mosi)))
        return bytes(byte ^ 0xFF for byte in mosi)

    def deselect(self, now_us):
        self.frames[-1].append("end")


class Memory:
    """An I2C device that gives back what was written to it last."""

    def __init__(self):
        self.data = b"\0"

    def write(self, data, now_us):
        self.data = bytes(data) or self.data
        return True

    def read(self, length, now_us):
        return (self.data * length)[:length]


class FakePlant:
    """``log`` holds (virtual time in us, what, level) of everything the controller did."""

    def __init__(self):
        self.spi_devices = {"afe_cs": Inverter()}
        self.i2c_devices = {0x40: Memory()}
        self.inputs = {}
        self.log = []

    def advance(self, now_us):
        pass

    def set_output(self, pin_name, level, now_us):
        self.log.append((now_us, pin_name, level))

    def input_level(self, pin_name, now_us):
        return self.inputs.get(pin_name, 0)

    def adc_u16(self, pin_name, now_us):
        return {"pack_adc": 1234, "bus_adc": 4321}.get(pin_name, 0)

    def gates_enabled(self, enabled, now_us):
        self.log.append((now_us, "gates", enabled))

    def hard_reset(self, now_us):
        self.log.append((now_us, "reset", 0))

    def truth(self):
        return {"events": len(self.log)}

    def inject(self, fault, *args):
        self.inputs[fault] = int(args[0])
        return f"{fault} is {args[0]}"

    def clear(self, fault="all"):
        self.inputs.clear()
        return "all clear"

    def events(self, what):
        """(time in us, level) of one kind, oldest first."""
        return [(when, level) for when, name, level in self.log if name == what]

    def level(self, what):
        """The newest level of one kind."""
        return self.events(what)[-1][1]


@contextlib.contextmanager
def running(folder, main="", boot="", files=None, power=True, definition=boards.sim, **options):
    """A board whose flash holds ``main`` as main.py and ``boot`` as boot.py, powered on."""
    image = Path(folder) / "flash.img"
    if not image.exists():
        contents = {"/boot.py": boot.encode(), "/main.py": main.encode(), **(files or {})}
        write_image(image, contents)
    with SimBoard(FakePlant(), definition, image, **options) as board:
        if power:
            board.power_on()
        yield board


def wait_until(condition, tries=1500):
    """Wait for another process, in real time; False when it does not come."""
    for _ in range(tries):
        if condition():
            return True
        time.sleep(0.02)
    return False


def printed(board):
    """What the firmware has printed so far, lines ending with \\n."""
    return bytes(board.console.log).decode().replace("\r\n", "\n")
