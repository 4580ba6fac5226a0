"""Data memory of a BQ76952: addresses, sizes and defaults of what its model uses.

From TI's technical reference manual (SLUUBY2, "Data Memory Summary"). What is not listed reads
0. Values are little endian; the gains are IEEE 754 singles.
"""

import struct

FIRST, END = 0x9180, 0x9400

# address: (struct format, default, name)
TABLE = {
    0x91A8: ("<f", 7.4768, "CC Gain"),
    0x91AC: ("<f", 7.4768 * 298261.6178, "Capacity Gain"),
    0x9234: ("<H", 0x2982, "Power Config"),
    0x9236: ("B", 0x00, "REG12 Config"),
    0x9237: ("B", 0x00, "REG0 Config"),
    0x9238: ("B", 0x00, "HWD Regulator Options"),
    0x9239: ("B", 0x00, "Comm Type"),
    0x923A: ("B", 0x00, "I2C Address"),
    0x9248: ("<h", 20, "Sleep Current"),
    0x924A: ("B", 5, "Sleep Voltage Time"),
    0x925F: ("<H", 0x0002, "Protection Configuration"),
    0x9261: ("B", 0x88, "Enabled Protections A"),
    0x9262: ("B", 0x00, "Enabled Protections B"),
    0x9263: ("B", 0x00, "Enabled Protections C"),
    0x9265: ("B", 0x98, "CHG FET Protections A"),
    0x9266: ("B", 0xD5, "CHG FET Protections B"),
    0x9267: ("B", 0x56, "CHG FET Protections C"),
    0x9269: ("B", 0xE4, "DSG FET Protections A"),
    0x926A: ("B", 0xE6, "DSG FET Protections B"),
    0x926B: ("B", 0xE2, "DSG FET Protections C"),
    0x926D: ("<H", 0xF800, "Default Alarm Mask"),
    0x9273: ("<h", 50, "Body Diode Threshold"),
    0x9275: ("B", 50, "CUV Threshold"),
    0x9276: ("<H", 74, "CUV Delay"),
    0x9278: ("B", 86, "COV Threshold"),
    0x9279: ("<H", 74, "COV Delay"),
    0x927B: ("B", 2, "CUV Recovery Hysteresis"),
    0x927C: ("B", 2, "COV Recovery Hysteresis"),
    0x9280: ("B", 2, "OCC Threshold"),
    0x9281: ("B", 4, "OCC Delay"),
    0x9282: ("B", 4, "OCD1 Threshold"),
    0x9283: ("B", 1, "OCD1 Delay"),
    0x9284: ("B", 3, "OCD2 Threshold"),
    0x9285: ("B", 7, "OCD2 Delay"),
    0x9286: ("B", 0, "SCD Threshold"),
    0x9287: ("B", 2, "SCD Delay"),
    0x9288: ("<h", -200, "OCC Recovery Threshold"),
    0x928D: ("<h", 200, "OCD Recovery Threshold"),
    0x9294: ("B", 5, "SCD Recovery Time"),
    0x929A: ("b", 55, "OTC Threshold"),
    0x929C: ("b", 50, "OTC Recovery"),
    0x929D: ("b", 60, "OTD Threshold"),
    0x929F: ("b", 55, "OTD Recovery"),
    0x92A0: ("b", 80, "OTF Threshold"),
    0x92A2: ("b", 65, "OTF Recovery"),
    0x92A3: ("b", 85, "OTINT Threshold"),
    0x92A5: ("b", 80, "OTINT Recovery"),
    0x92A6: ("b", 0, "UTC Threshold"),
    0x92A8: ("b", 5, "UTC Recovery"),
    0x92A9: ("b", 0, "UTD Threshold"),
    0x92AB: ("b", 5, "UTD Recovery"),
    0x92AF: ("B", 3, "Recovery Time"),
    0x92B2: ("<H", 60, "HWD Delay"),
    0x92FA: ("B", 0x00, "CFETOFF Pin Config"),
    0x92FB: ("B", 0x00, "DFETOFF Pin Config"),
    0x92FC: ("B", 0x00, "ALERT Pin Config"),
    0x92FD: ("B", 0x07, "TS1 Config"),
    0x9303: ("B", 0x05, "DA Configuration"),
    0x9304: ("<H", 0x0000, "Vcell Mode"),
    0x9308: ("B", 0x0D, "FET Options"),
    0x9309: ("B", 0x01, "Chg Pump Control"),
    0x9310: ("<h", 100, "Dsg Current Threshold"),
    0x9312: ("<h", 50, "Chg Current Threshold"),
    0x9314: ("B", 5, "Cell Open Wire Check Time"),
    0x9335: ("B", 0x00, "Balancing Configuration"),
    0x9336: ("b", -20, "Min Cell Temp"),
    0x9337: ("b", 60, "Max Cell Temp"),
    0x9338: ("b", 70, "Max Internal Temp"),
    0x9339: ("B", 20, "Cell Balance Interval"),
    0x933A: ("B", 1, "Cell Balance Max Cells"),
    0x9343: ("<H", 0x0040, "Mfg Status Init"),
}
ADDRESS = {name: address for address, (_, _, name) in TABLE.items()}


class DataMemory:
    """RAM behind the transfer buffer. ``held`` (address -> byte) are cells that do not change."""

    def __init__(self):
        self.ram = bytearray(END - FIRST)
        self.held = {}
        self.restore()

    def restore(self):
        """What a full reset leaves: everything as OTP has it."""
        self.ram[:] = bytes(len(self.ram))
        for address, (form, default, _) in TABLE.items():
            struct.pack_into(form, self.ram, address - FIRST, default)

    def write(self, address, data):
        for i, byte in enumerate(data, address):
            if FIRST <= i < END:
                self.ram[i - FIRST] = self.held.get(i, byte)

    def block(self, address):
        """The 32 bytes that a read brings, whatever was asked for."""
        at = address - FIRST
        return bytes(self.ram[at : at + 32]).ljust(32, b"\0")

    def signature(self):
        """15 bits over all settings: a stand-in for the chip's own sum."""
        total = 0x1234
        for byte in self.ram[0x9231 - FIRST :]:
            total = (total * 31 + byte) & 0x7FFF
        return total


class Settings:
    """A frozen copy of the memory, by name: what the firmware of the chip works with."""

    def __init__(self, memory):
        self._ram = bytes(memory.ram)

    def __getitem__(self, name):
        address = ADDRESS[name]
        return struct.unpack_from(TABLE[address][0], self._ram, address - FIRST)[0]

    def pin(self, index):
        """Configuration of CFETOFF (0) to DDSG (8)."""
        return self._ram[0x92FA - FIRST + index]
