"""The examples of the standard, byte for byte.

Source: MODBUS Application Protocol Specification V1.1b3, the example tables of chapter 6, and
MODBUS over Serial Line V1.02 for the frame around them. Addresses are those in the frames.
"""

from modbus_model import Line, crc16, frame, pdu

from modbus_rtu import crc


def line_with(table, address, values):
    line = Line()
    for i, value in enumerate(values):
        line.model.tables[table][address + i] = value
    return line


def bits(text):
    """Packed bytes to single bits, lowest first."""
    return [byte >> i & 1 for byte in pdu(text) for i in range(8)]


def test_checksum_of_known_frames():
    # "123456789" is the check string of CRC-16/MODBUS; the frame stands in MODBUS over Serial
    # Line V1.02, 6.2.2 (its checksum is 0x1241).
    assert crc.update(crc.START, b"123456789", 0, 9) == 0x4B37
    assert crc.update(crc.START, b"\x02\x07", 0, 2) == 0x1241
    assert crc.update(crc.START, b"\x02\x07\x41\x12", 0, 4) == 0


def test_checksum_agrees_with_the_bitwise_one_on_every_byte():
    data = bytearray(range(256))
    for length in range(0, 257, 5):
        assert crc.update(crc.START, data, 0, length) == crc16(data[:length])
    part = crc.update(crc.START, data, 0, 100)
    assert crc.update(part, data, 100, 256) == crc16(data)


def test_checksum_goes_behind_the_frame_low_byte_first():
    data = bytearray(b"\x02\x07\0\0")
    assert crc.append(data, 2) == 4
    assert bytes(data) == b"\x02\x07\x41\x12"


def test_01_read_coils():
    line = line_with(1, 0x13, bits("CD 6B 05"))
    assert line.ask("01 00 13 00 13") == pdu("01 03 CD 6B 05")


def test_02_read_discrete_inputs():
    line = line_with(2, 0xC4, bits("AC DB 35"))
    assert line.ask("02 00 C4 00 16") == pdu("02 03 AC DB 35")


def test_03_read_holding_registers():
    line = line_with(3, 0x6B, [0x022B, 0, 0x64])
    assert line.ask("03 00 6B 00 03") == pdu("03 06 02 2B 00 00 00 64")


def test_04_read_input_registers():
    line = line_with(4, 8, [10])
    assert line.ask("04 00 08 00 01") == pdu("04 02 00 0A")


def test_05_write_single_coil():
    line = Line()
    assert line.ask("05 00 AC FF 00") == pdu("05 00 AC FF 00")
    assert line.model.writes == [(1, 0xAC, [1])]
    assert line.ask("05 00 AC 00 00") == pdu("05 00 AC 00 00")
    assert line.model.writes[1:] == [(1, 0xAC, [0])]


def test_06_write_single_register():
    line = Line()
    assert line.ask("06 00 01 00 03") == pdu("06 00 01 00 03")
    assert line.model.writes == [(3, 1, [3])]


def test_15_write_multiple_coils():
    line = Line()
    assert line.ask("0F 00 13 00 0A 02 CD 01") == pdu("0F 00 13 00 0A")
    assert line.model.writes == [(1, 0x13, bits("CD 01")[:10])]


def test_16_write_multiple_registers():
    line = Line()
    assert line.ask("10 00 01 00 02 04 00 0A 01 02") == pdu("10 00 01 00 02")
    assert line.model.writes == [(3, 1, [0x000A, 0x0102])]


def test_20_read_file_record():
    class Files:
        def read_record(self, file, record, length, out, offset, port):
            data = {(4, 1): "0D FE 00 20", (3, 9): "33 CD 00 40"}[(file, record)]
            assert length == 2 and port == "p"
            for i, byte in enumerate(pdu(data)):
                out[offset + i] = byte
            return 0

    line = Line(Files())
    request = "14 0E 06 00 04 00 01 00 02 06 00 03 00 09 00 02"
    assert line.ask(request) == pdu("14 0C 05 06 0D FE 00 20 05 06 33 CD 00 40")


def test_22_mask_write_register():
    line = line_with(3, 4, [0x12])
    assert line.ask("16 00 04 00 F2 00 25") == pdu("16 00 04 00 F2 00 25")
    assert line.model.writes == [(3, 4, [0x17])]


def test_23_read_write_multiple_registers():
    line = line_with(3, 3, [0x00FE, 0x0ACD, 1, 3, 0x000D, 0x00FF])
    request = "17 00 03 00 06 00 0E 00 03 06 00 FF 00 FF 00 FF"
    assert line.ask(request) == pdu("17 0C 00 FE 0A CD 00 01 00 03 00 0D 00 FF")
    assert line.model.writes == [(3, 14, [0xFF, 0xFF, 0xFF])]


def test_43_14_read_device_identification():
    line = Line()
    # The names of the example; it prints a length of 13 for the 15 letters of the second.
    line.model.objects = {0: b"Company identification", 1: b"Product code XX", 2: b"V2.11"}
    objects = b"\x00\x16Company identification\x01\x0fProduct code XX\x02\x05V2.11"
    assert line.ask("2B 0E 01 00") == pdu("2B 0E 01 81 00 00 03") + objects


def test_an_exception_is_the_function_with_its_highest_bit_set_and_a_code():
    # The example of chapter 7: coil 1245 does not exist on a small device.
    line = Line()
    line.model.refuse = 2
    assert line.ask("01 04 A1 00 01") == pdu("81 02")


def test_17_report_server_id():
    assert Line().ask("11") == pdu("11 03 43 57 FF")


def test_the_reply_carries_the_unit_it_was_asked_as():
    line = Line(address=247)
    assert line.send(frame(247, "04 00 08 00 01")) == frame(247, "04 02 00 00")
