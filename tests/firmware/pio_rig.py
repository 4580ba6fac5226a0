"""An ``rp2`` for tests: assembles our PIO programs and carries them out, a cycle at a time.

From the RP2040 datasheet's PIO chapter, as far as the programs go: one cycle an instruction and
its delay, shifting to the right, a FIFO of eight words when both are joined. DMA moves bytes
between a FIFO and memory whenever there is one to move.
"""

import sys
from collections import deque
from types import ModuleType, SimpleNamespace

FIFO = 8
_NAMES = ("pins", "pin", "x", "x_dec", "null", "noblock")


class _Word(list):
    """One instruction; ``[n]`` behind it is its delay."""

    delay = 0

    def __getitem__(self, key):
        self.delay = key
        return self

    def parts(self):
        return tuple(self)


class Program:
    def __init__(self, function, options):
        self.options = options
        self.code = []
        self.labels = {}

        def recorder(name):
            def record(*arguments):
                word = _Word((name, *arguments))
                self.code.append(word)
                return word

            return record

        names = {name: name for name in _NAMES}
        for name in ("pull", "set", "out", "jmp", "wait", "in_", "push"):
            names[name] = recorder(name)
        names["label"] = lambda label: self.labels.setdefault(label, len(self.code))
        exec(function.__code__, names)


class StateMachine:
    """``line`` is what the pin reads; ``pin`` what it drives."""

    def __init__(self, number, program, freq, **pins):
        self.number, self.program, self.freq, self.pins = number, program, freq, pins
        self.on = False
        self.line = self.pin = 1
        self.fifo = deque()
        self._at = self._x = self._shift = self._wait = 0

    def active(self, on):
        self.on = bool(on)

    def tx_fifo(self):
        return len(self.fifo)

    def cycle(self):
        if not self.on:
            return
        if self._wait:
            self._wait -= 1
            return
        word = self.program.code[self._at]
        to = self._run(*word.parts())
        if to is not None:
            self._wait = word.delay
            self._at = to % len(self.program.code)

    def _run(self, name, *given):
        """Where to go on; None: it waits at this instruction."""
        following = self._at + 1
        if name == "pull":
            if not self.fifo:
                return None
            self._shift = self.fifo.popleft()
        elif name == "wait":
            return following if self.line == given[0] else None
        elif name == "set" and given[0] == "x":
            self._x = given[1]
        elif name == "set":
            self.pin = given[1]
        elif name == "out":
            self.pin = self._shift & 1
            self._shift >>= 1
        elif name == "in_":
            bits = given[1]
            new = self.line if given[0] == "pins" else 0
            self._shift = (self._shift >> bits | new << (32 - bits)) & 0xFFFFFFFF
        elif name == "push":
            if len(self.fifo) < FIFO:
                self.fifo.append(self._shift)
            self._shift = 0
        elif name == "jmp":
            taken = True
            if len(given) == 2:
                taken = self._x > 0 if given[0] == "x_dec" else bool(self.line)
                if given[0] == "x_dec":
                    self._x -= 1
            return self.program.labels[given[-1]] if taken else following
        return following


class Dma:
    """Moves bytes when ``move`` is called; memory is found by the address uctypes told."""

    def __init__(self, memories):
        self._memories = memories
        self.count = 0
        self._done = 0

    def pack_ctrl(self, **fields):
        return fields

    def config(self, read, write, count, ctrl, trigger):
        self._read, self._write, self.count, self.ctrl = read, write, count, ctrl
        self._done = 0

    def active(self, on=None):
        if on == 0:
            self.count = 0
        return self.count > 0

    def move(self):
        while self.count:
            if isinstance(self._write, StateMachine):
                if len(self._write.fifo) >= FIFO:
                    return
                byte = self._read[self._done]
                self._write.fifo.append(byte * 0x01010101)  # a byte stands in all four lanes
            else:
                if not self._read.fifo:
                    return
                memory, base = self._memories[self._write >> 16]
                at = self._write - base + self._done % (1 << self.ctrl["ring_size"])
                memory[at] = self._read.fifo.popleft() & 0xFF
            self._done += 1
            self.count -= 1


class Chip:
    """``rp2`` and ``uctypes``; ``run`` lets bits pass, TX and RX cut apart or joined."""

    def __init__(self):
        self.machines = []
        self.channels = []
        self._memories = {}

    def install(self, monkeypatch):
        rp2, uctypes = ModuleType("rp2"), ModuleType("uctypes")
        rp2.PIO = SimpleNamespace(OUT_HIGH=3, SHIFT_RIGHT=1, JOIN_TX=1, JOIN_RX=2)
        rp2.asm_pio = lambda **options: lambda function: Program(function, options)
        rp2.StateMachine = self._machine
        rp2.DMA = self._channel
        uctypes.addressof = self._address
        for name in ("firmware.drivers.pio_programs", "firmware.drivers.pio_uart"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setitem(sys.modules, "rp2", rp2)
        monkeypatch.setitem(sys.modules, "uctypes", uctypes)

    def _machine(self, *arguments, **options):
        self.machines.append(StateMachine(*arguments, **options))
        return self.machines[-1]

    def _channel(self):
        self.channels.append(Dma(self._memories))
        return self.channels[-1]

    def _address(self, memory):
        """Never a multiple of a ring's size by luck."""
        for known, base in self._memories.values():
            if known is memory:
                return base
        number = len(self._memories) + 1
        self._memories[number] = (memory, (number << 16) + 16)
        return self._memories[number][1]

    def cycle(self, line=None):
        """One cycle of both machines; ``line`` None joins what is sent to what is received."""
        sender, receiver = self.machines
        receiver.line = sender.pin if line is None else line
        for channel in self.channels:
            channel.move()
        sender.cycle()
        receiver.cycle()
        for channel in self.channels:
            channel.move()


class Pin:
    OUT, IN, PULL_UP = 1, 0, 1

    def init(self, *_modes, **_options):
        pass
