"""A daisy chain of LTC6811 on one chip select: isoSPI, PEC15, commands, shifting, waking.

From the LTC6811-1/-2 and LTC6820 data sheets (Analog Devices): a command is two bytes and a
15-bit PEC (x^15+x^14+x^10+x^8+x^7+x^4+x^3+1, seed 16, shifted left by one), data come as six
bytes and a PEC for each chip; on a write the first six bytes belong to the far end of the
chain, on a read the nearest chip answers first. After 4.3 ms without traffic the ports idle
and the next selection only wakes them; after 2 s without a valid command the chips sleep and
forget. A dead chip hides all behind it.

This is a model of chips; it must not share code with any driver.
"""

import random

from .ltc6811_chip import MODES, Chip

T_IDLE_US = 4_300  # the data sheet's shortest: the one a driver must cope with
T_READY_US = 10
MUX_TEST_US = 400


def _pec_table():
    table = []
    for byte in range(256):
        remainder = byte << 7
        for _ in range(8):
            remainder <<= 1
            if remainder & 0x8000:
                remainder ^= 0xC599
        table.append(remainder & 0x7FFF)
    return table


_TABLE = _pec_table()


def pec15(data):
    """The two PEC bytes of ``data`` as one number, low bit 0."""
    remainder = 16
    for byte in data:
        remainder = (remainder << 8 & 0x7FFF) ^ _TABLE[(remainder >> 7 ^ byte) & 0xFF]
    return remainder << 1


class Ltc6811Chain:
    """SpiDevice; ``chips[0]`` is next to the controller."""

    def __init__(self, plant, wires, noise, aux_ratios, seed):
        rng = random.Random(seed + 2)
        self._plant = plant
        self._rng = random.Random(seed + 3)
        self.chips = [Chip(i, wires, noise, rng, aux_ratios[i]) for i in range(len(aux_ratios))]
        self._active_us = -(1 << 60)  # last traffic
        self._ready_us = 0
        self._deaf = True  # this selection only wakes
        self._selected = False
        self._in = bytearray()
        self._reply = None
        self._polls = False
        self._command = None
        self.pec_burst = 0  # next frames to spoil
        self.pec_permille = 0
        self.miso_stuck = None  # 0x00 or 0xFF

    # --- SpiDevice --------------------------------------------------------------------------

    def select(self, now_us):
        self._plant.advance(now_us)
        self._deaf = now_us - self._active_us > T_IDLE_US
        if self._deaf:
            self._ready_us = now_us + T_READY_US * len(self.chips)
        elif now_us < self._ready_us:
            self._deaf = True
        self._wake(now_us)
        self._active_us = now_us
        self._selected = True
        self._in = bytearray()
        self._reply = None
        self._polls = False
        self._command = None

    def transfer(self, mosi, now_us):
        """Full duplex; ``now_us`` is when the last byte is through."""
        out = bytearray(b"\xff" * len(mosi))
        if not self._selected:
            return bytes(out)
        self._plant.advance(now_us)
        self._active_us = now_us
        start = len(self._in)
        self._in += mosi
        if not self._deaf:
            if self._command is None and len(self._in) >= 4:
                self._begin(now_us)
            reply = self._reply
            if reply is not None:
                first = max(start, 4)
                part = reply[first - 4 : start + len(mosi) - 4]
                out[first - start : first - start + len(part)] = part
            elif self._polls:
                if not self._all_done(now_us):
                    polled = min(len(mosi), start + len(mosi) - 4)
                    out[len(mosi) - polled :] = bytes(polled)
        if self.miso_stuck is not None:
            return bytes([self.miso_stuck]) * len(mosi)
        return bytes(out)

    def deselect(self, now_us):
        self._plant.advance(now_us)
        if self._selected and self._command == 0x001:
            self._write(now_us)
        self._selected = False
        self._active_us = now_us

    # --- the chain --------------------------------------------------------------------------

    def check(self, now_us):
        """Let watchdogs and conversions of all chips catch up."""
        for chip in self.chips:
            chip.check(now_us)

    def _wake(self, now_us):
        """A pulse on the line: a sleeping chip wakes, and only then wakes the next one."""
        ready_us = now_us
        for chip in self.chips:
            if not chip.alive():
                return
            chip.check(now_us)
            if chip.awake_us is None:
                chip.wake(ready_us)
            ready_us = max(ready_us, chip.awake_us)

    def _reach(self, now_us):
        """Chips that a command gets to: all before the first dead or sleeping one."""
        reached = []
        for chip in self.chips:
            if not chip.alive():
                break
            chip.check(now_us)
            if chip.awake_us is None or now_us < chip.awake_us:
                break
            reached.append(chip)
        return reached

    def _spoilt(self):
        if self.pec_burst > 0:
            self.pec_burst -= 1
            return True
        return self.pec_permille > 0 and self._rng.random() * 1000 < self.pec_permille

    def _begin(self, now_us):
        """Four bytes are in: obey the command."""
        head = bytes(self._in[:4])
        if pec15(head[:2]) != int.from_bytes(head[2:4], "big"):
            self._command = -1
            return
        command = self._command = (head[0] << 8 | head[1]) & 0x7FF
        chips = self._reach(now_us)
        if command == 0x714 or command & 0x600:
            self._polls = True
        if 0x002 <= command <= 0x012:
            self._reply = self._read(command, chips, now_us)
            return
        if command == 0x001:
            return  # data follow; taken at deselect
        for chip in chips:
            chip.fed(now_us)
            self._obey(chip, command, now_us)

    def _read(self, command, chips, now_us):
        out = bytearray()
        for chip in self.chips:
            data = chip.group(command) if chip in chips else None
            if data is None:
                out += b"\xff" * 8
                continue
            chip.fed(now_us)
            frame = bytearray(data + pec15(data).to_bytes(2, "big"))
            if self._spoilt():
                frame[self._rng.randrange(8)] ^= 1 << self._rng.randrange(1, 8)
            out += frame
        return out

    def _write(self, now_us):
        """WRCFGA: whole frames only; the first one is the far chip's."""
        chips = self._reach(now_us)
        data = bytes(self._in[4:])
        for i, chip in enumerate(chips):
            # The register keeps what was shifted in last: chip i holds frame -(i + 1).
            end = len(data) - 8 * i
            frame = data[end - 8 : end] if end >= 8 else b""
            chip.fed(now_us)
            if len(frame) == 8 and not self._spoilt():
                if pec15(frame[:6]) == int.from_bytes(frame[6:], "big"):
                    chip.write_config(frame[:6], now_us)

    def _all_done(self, now_us):
        return not any(chip.busy(now_us) for chip in self.chips)

    def _obey(self, chip, command, now_us):
        """Everything that needs no data."""
        if command in (0x711, 0x712, 0x713):
            chip.clear("cas"[command - 0x711], now_us)
        elif command == 0x715:
            chip.start(now_us, MUX_TEST_US, lambda: [("m", 0, 0)])
        elif command & 0x600 in (0x200, 0x400):
            self._convert(chip, command, now_us)

    def _convert(self, chip, command, now_us):
        """The ADC commands; bits 8:7 are MD, the rest tells them apart."""
        mode = (command >> 7 & 3, chip.config[0] & 1)
        row = MODES[mode]
        base = command & ~0x180
        low = base & 7
        if base & 0x668 == 0x260 and low < 7:  # ADCV: 0x260 | DCP << 4 | CH
            went = row[0] if low == 0 else row[1]
            permitted = bool(base & 0x10)
            chip.start(now_us, went, lambda: chip.cell_results(mode, low, permitted))
        elif base & 0x628 == 0x228 and low < 7:  # ADOW: 0x228 | PUP << 6 | DCP << 4 | CH
            went = row[0] if low == 0 else row[1]
            pull = 1 if base & 0x40 else -1
            permitted = bool(base & 0x10)
            chip.start(now_us, went, lambda: chip.cell_results(mode, low, permitted, pull))
        elif base & 0x66F == 0x46F:  # ADCVAX: cells, GPIO 1 and 2
            permitted = bool(base & 0x10)
            chip.start(
                now_us,
                row[0] + 2 * row[3],
                lambda: (
                    chip.cell_results(mode, 0, permitted)
                    + chip.aux_results(mode, 1)
                    + chip.aux_results(mode, 2)
                ),
            )
        elif base & 0x66F == 0x467:  # ADCVSC: cells and their sum
            permitted = bool(base & 0x10)
            chip.start(
                now_us,
                row[0] + row[1],
                lambda: chip.cell_results(mode, 0, permitted) + chip.status_results(mode, 1),
            )
        elif base & 0x66F == 0x201:  # ADOL: cell 7 with both converters
            permitted = bool(base & 0x10)
            chip.start(now_us, row[1], lambda: chip.overlap_results(mode, permitted))
        elif base & 0x61F == 0x207:  # CVST
            self._self_test(chip, mode, "c", base, now_us, row[0])
        elif base & 0x61F == 0x407:  # AXST
            self._self_test(chip, mode, "a", base, now_us, row[2])
        elif base & 0x61F == 0x40F:  # STATST
            self._self_test(chip, mode, "s", base, now_us, row[4])
        elif base in range(0x460, 0x467) or base in range(0x400, 0x407):  # ADAX, ADAXD
            went = row[2] if low == 0 else row[3]
            chip.start(now_us, went, lambda: chip.aux_results(mode, low))
        elif base in range(0x468, 0x46D) or base in range(0x408, 0x40D):  # ADSTAT, ADSTATD
            low = base & 7
            went = row[4] if low == 0 else row[3]
            chip.start(now_us, went, lambda: chip.status_results(mode, low))

    def _self_test(self, chip, mode, kind, base, now_us, went):
        test = base >> 5 & 3
        if test in (1, 2):
            chip.start(now_us, went, lambda: chip.self_test_results(mode, kind, test))
