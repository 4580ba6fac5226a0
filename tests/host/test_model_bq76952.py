"""The BQ76952 model behaves as its data sheet and reference manual say (TI SLUSE13, SLUUBY2)."""

import struct

import pytest

from cellwarden_host.sim.bq76952_chip import Surroundings
from cellwarden_host.sim.bq76952_memory import ADDRESS, TABLE
from cellwarden_host.sim.bq76952_model import Bq76952, crc8

SECOND_US = 1_000_000


class Hands:
    """Raw hands on the bus, and nothing that a driver would do by itself."""

    def __init__(self, **outside):
        self.outside = Surroundings(**outside)
        self.chip = Bq76952(self.outside)
        self.t = 1000

    def wait(self, us):
        self.t += us
        self.chip.chip.catch_up(self.t)

    def write(self, register, *data):
        out = bytearray((register,))
        covered = bytes((0x10, register))
        for byte in data:
            out.append(byte)
            if self.chip.crc:
                out.append(crc8(covered + bytes((byte,))))
                covered = b""
        self.t += 25 * (len(out) + 1)
        return self.chip.write(bytes(out), self.t)

    def read(self, register, count):
        step = 2 if self.chip.crc else 1
        self.t += 50
        assert self.chip.write(bytes((register,)), self.t)
        self.t += 25 * (step * count + 1)
        return self.chip.read(step * count, self.t)[::step]

    def word(self, register):
        return struct.unpack("<h", self.read(register, 2))[0]

    def ask(self, code):
        self.write(0x3E, code & 0xFF, code >> 8)
        self.wait(10_000)
        check, length = self.read(0x60, 2)
        data = self.read(0x40, length - 4)
        assert ~(sum(data) + (code & 0xFF) + (code >> 8)) & 0xFF == check
        return data

    def send(self, code, data):
        self.write(0x3E, code & 0xFF, code >> 8, *data)
        check = ~(sum(data) + (code & 0xFF) + (code >> 8)) & 0xFF
        self.write(0x60, check, len(data) + 4)
        self.wait(1_000)

    def settings(self, **values):
        """Write data memory by name, in CONFIG_UPDATE mode."""
        self.ask(0x0090)
        for name, value in values.items():
            address = ADDRESS[name.replace("_", " ")]
            self.send(address, struct.pack(TABLE[address][0], value))
        self.ask(0x0092)

    def fets_on(self):
        self.ask(0x0022)
        self.send(0x0097, bytes(1))
        self.wait(5_000)
        assert self.fets() == (1, 1)

    def fets(self):
        status = self.read(0x7F, 1)[0]
        return status & 1, status >> 2 & 1


def test_power_on_state():
    hands = Hands()
    assert hands.ask(0x0001) == b"\x95\x76"
    status = hands.word(0x12)
    assert status & 0x0008 and not status & 0x0001  # POR, no CONFIG_UPDATE
    assert hands.word(0x66) & 0xFFFF == 0xF800
    assert hands.fets() == (0, 0)
    assert hands.ask(0x9261)[0] == 0x88


def test_check_of_a_transfer_covers_address_and_data():
    hands = Hands()
    hands.ask(0x0090)
    hands.write(0x3E, 0x80, 0x91, 0x7A, 0x30)
    hands.write(0x60, 0x44, 0x06)  # the manual's example: 0x307A to 0x9180
    assert hands.ask(0x9180)[:2] == b"\x7a\x30"
    hands.write(0x3E, 0x80, 0x91, 0x00, 0x00)
    hands.write(0x60, 0x44, 0x06)
    assert hands.ask(0x9180)[:2] == b"\x7a\x30"  # a wrong check changes nothing


def test_data_memory_changes_only_in_config_update():
    hands = Hands()
    hands.send(0x9261, b"\xfc")
    assert hands.ask(0x9261)[0] == 0x88
    hands.settings(Enabled_Protections_A=0xFC)
    assert hands.ask(0x9261)[0] == 0xFC
    assert not hands.word(0x12) & 0x0008  # POR goes with the end of CONFIG_UPDATE


def test_a_subcommand_takes_its_time():
    hands = Hands()
    hands.write(0x3E, 0x76, 0x00)
    assert hands.read(0x3E, 2) == b"\xff\xff"
    hands.wait(700)
    assert hands.read(0x3E, 2) == b"\x76\x00"


def test_crc_mode_and_a_wrong_check():
    hands = Hands()
    hands.settings(Comm_Type=0x12)
    hands.ask(0x29BC)
    assert hands.chip.crc
    good = bytes((0x3E, 0x22, 0x63, 0x00, 0x00))  # FET_ENABLE of TI's guide
    assert hands.chip.write(good, hands.t)
    assert hands.ask(0x0057)[0] & 0x10
    assert not hands.chip.write(bytes((0x3E, 0x22, 0x62, 0x00, 0x00)), hands.t)
    assert hands.chip.write(b"\x14", hands.t)
    first, check, second, check2 = hands.chip.read(4, hands.t)
    assert crc8(bytes((0x10, 0x14, 0x11, first))) == check
    assert crc8(bytes((second,))) == check2


def test_scan_of_cells_pins_and_current():
    hands = Hands(cell_mv=3_300.0, shunt_mohm=7.4768)  # what the default gain is made for
    hands.outside.ld_pin_mv = 40_000.0
    hands.outside.current_ma = -1_234.0
    hands.wait(SECOND_US)
    assert all(abs(hands.word(0x14 + 2 * i) - 3_300) < 6 for i in range(16))
    assert abs(hands.word(0x34) - 5_280) < 3 and abs(hands.word(0x38) - 4_000) < 3
    assert hands.word(0x3A) == pytest.approx(-1_234 * 7.4768 / 7.5684 * 7.4768, rel=0.01)


def test_adscan_is_latched_until_cleared():
    hands = Hands()
    hands.write(0x66, 0x82, 0xF0)
    hands.wait(70_000)
    assert hands.word(0x62) & 0x0002
    hands.write(0x62, 0x02, 0x00)
    assert not hands.word(0x62) & 0x0002
    hands.wait(70_000)
    assert hands.word(0x62) & 0x0002


def test_current_ends_at_200_mv():
    hands = Hands(shunt_mohm=1.0)
    hands.outside.current_ma = 300_000.0
    hands.settings(CC_Gain=7.5684, DA_Configuration=0x06)
    hands.wait(20_000)
    assert hands.word(0x3A) == pytest.approx(20_000, abs=3)


def test_fets_need_control_permission_and_pins():
    hands = Hands()
    hands.settings(FET_Options=0x2D, CFETOFF_Pin_Config=0x02)
    assert hands.fets() == (0, 0)
    hands.ask(0x0022)
    assert hands.fets() == (0, 0)  # FET_INIT_OFF
    hands.send(0x0097, bytes((0x01,)))  # DSG off
    assert hands.fets() == (1, 0)
    hands.send(0x0097, bytes((0x04,)))  # CHG off
    assert hands.fets() == (0, 1)
    hands.send(0x0097, bytes(1))
    hands.outside.cfetoff = 1
    hands.wait(5_000)
    assert hands.fets() == (0, 1)


def test_config_update_opens_the_fets():
    hands = Hands()
    hands.fets_on()
    hands.ask(0x0090)
    assert hands.fets() == (0, 0)


def test_over_voltage_trips_after_its_delay_and_recovers_by_itself():
    hands = Hands(cell_mv=3_600.0)
    hands.settings(COV_Threshold=74, COV_Delay=301, Recovery_Time=3, Enabled_Protections_A=0x08)
    hands.fets_on()
    hands.outside.cell_mv[4] = 3_760.0
    hands.wait(950_000)
    assert hands.fets() == (1, 1) and hands.read(0x02, 1)[0] & 0x08
    hands.wait(100_000)
    assert hands.fets() == (0, 1) and hands.read(0x03, 1)[0] & 0x08
    hands.outside.cell_mv[4] = 3_600.0
    hands.wait(2 * SECOND_US)
    assert hands.fets() == (0, 1)
    hands.wait(2 * SECOND_US)
    assert hands.fets() == (1, 1)


def test_short_circuit_opens_both_at_once():
    hands = Hands(shunt_mohm=0.25)
    hands.settings(SCD_Threshold=7, SCD_Delay=28, Enabled_Protections_A=0x80)
    hands.fets_on()
    hands.outside.current_ma = -590_000.0
    hands.wait(100_000)
    assert hands.fets() == (1, 1)
    hands.outside.current_ma = -610_000.0
    hands.wait(3_000)
    assert hands.fets() == (0, 0)


def test_over_current_delays():
    hands = Hands(shunt_mohm=0.25)
    hands.settings(OCD1_Threshold=38, OCD1_Delay=5, Enabled_Protections_A=0x20)
    hands.fets_on()
    hands.outside.current_ma = -310_000.0
    hands.wait(15_000)
    assert hands.fets() == (1, 1)
    hands.wait(15_000)
    assert hands.fets() == (1, 0)


def test_host_watchdog_opens_and_a_word_closes_again():
    hands = Hands()
    hands.settings(HWD_Delay=2, Enabled_Protections_C=0x02, Enabled_Protections_A=0)
    hands.fets_on()
    hands.wait(1_900_000)
    assert hands.chip.chip.protections.charge_on
    hands.wait(200_000)
    assert not hands.chip.chip.protections.charge_on
    hands.read(0x12, 2)
    hands.wait(10_000)
    assert hands.fets() == (1, 1)


def test_body_diode_is_relieved_in_series_only():
    for options, relieved in ((0x2D, 1), (0x2C, 0)):
        hands = Hands(shunt_mohm=0.25)
        hands.settings(FET_Options=options, Body_Diode_Threshold=2_000, Enabled_Protections_A=0)
        hands.ask(0x0022)
        hands.send(0x0097, bytes((0x04,)))
        hands.outside.current_ma = -5_000.0
        hands.wait(10_000)
        assert hands.fets() == (relieved, 1)


def test_balancing_ends_by_itself_and_when_hot():
    hands = Hands()
    hands.settings(Cell_Balance_Interval=3)
    hands.send(0x0083, b"\x05\x00")
    hands.wait(2 * SECOND_US)
    assert hands.ask(0x0083)[:2] == b"\x05\x00"
    hands.wait(SECOND_US)
    assert hands.ask(0x0083)[:2] == b"\0\0"
    hands.send(0x0083, b"\x05\x00")
    hands.outside.die_c = 71.0
    hands.wait(10_000)
    assert hands.ask(0x0083)[:2] == b"\0\0"


def test_a_cut_wire_sinks_with_each_pulse():
    hands = Hands(cell_mv=3_300.0)
    hands.settings(Cell_Open_Wire_Check_Time=1, Power_Config=0x2882)
    hands.wait(500_000)
    hands.outside.open_pins.add(5)
    hands.wait(2_200_000)
    low, high = hands.word(0x14 + 8), hands.word(0x14 + 10)
    assert low + high == pytest.approx(6_600, abs=8)
    assert 3_300 - low == pytest.approx(2 * 165 / 440 * 1000, abs=6)
    hands.wait(20 * SECOND_US)
    assert hands.word(0x14 + 8) < -200 and hands.word(0x14 + 10) > 6_000


def test_charge_counter():
    hands = Hands(shunt_mohm=1.0)
    hands.settings(CC_Gain=7.5684, Capacity_Gain=7.5684 * 298261.6178, DA_Configuration=0x06)
    hands.outside.current_ma = -100_000.0
    hands.wait(36 * SECOND_US)
    whole, part, seconds = struct.unpack("<iII", hands.ask(0x0076)[:12])
    assert (whole + part / 2**32) * 10 == pytest.approx(-1_000, rel=0.01)  # 10 mAh units
    assert seconds == 36


def test_reset_loses_settings_and_says_so():
    hands = Hands()
    hands.settings(Enabled_Protections_A=0xFC)
    hands.fets_on()
    hands.ask(0x0012)
    assert hands.word(0x12) & 0x0008
    assert hands.ask(0x9261)[0] == 0x88 and hands.fets() == (0, 0)


def test_signature_follows_the_settings():
    hands = Hands()
    before = hands.ask(0x0005)
    hands.settings(COV_Threshold=80)
    assert hands.ask(0x0005) != before


def test_deep_sleep_and_shutdown_want_to_be_asked_twice():
    hands = Hands()
    hands.fets_on()
    hands.ask(0x000F)
    assert hands.fets() == (1, 1)
    hands.ask(0x000F)
    assert hands.fets() == (0, 0) and hands.word(0x00) & 0x04
    hands.ask(0x000E)
    assert not hands.word(0x00) & 0x04
    hands.ask(0x0010)
    hands.write(0x3E, 0x10, 0x00)
    assert not hands.write(0x14)


def test_it_sleeps_when_allowed_and_idle():
    hands = Hands()
    hands.wait(11 * SECOND_US)
    assert hands.word(0x12) & 0x8000
    before = hands.word(0x14)
    hands.outside.cell_mv[0] += 100
    hands.wait(SECOND_US)
    assert hands.word(0x14) == before
    hands.ask(0x009A)
    hands.wait(100_000)
    assert not hands.word(0x12) & 0x8000 and hands.word(0x14) > before + 50


def test_thermistors():
    hands = Hands()
    hands.outside.temp_c[3] = -12.5
    hands.wait(300_000)
    assert hands.word(0x70) == 2_606 or hands.word(0x70) == 2_607
    hands.outside.temp_c[3] = None
    hands.wait(300_000)
    assert hands.word(0x70) < 2_231
