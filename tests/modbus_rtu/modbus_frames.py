"""Requests to us, and what else is heard on a bus: frames that several tests send."""

from modbus_model import frame

READ = frame(1, "03 00 04 00 02")
READ_REPLY = frame(1, "03 04 00 00 00 00")
WRITE = frame(1, "10 00 04 00 02 04 11 22 33 44")
WRITE_REPLY = frame(1, "10 00 04 00 02")
REQUESTS = [
    frame(1, text)
    for text in (
        "01 00 00 00 09",
        "02 00 00 00 09",
        "03 00 04 00 02",
        "04 00 04 00 02",
        "05 00 04 FF 00",
        "06 00 04 00 02",
        "0F 00 13 00 0A 02 CD 01",
        "10 00 04 00 02 04 11 22 33 44",
        "11",
        "14 07 06 00 01 00 00 00 02",
        "16 00 04 00 F2 00 25",
        "17 00 03 00 06 00 0E 00 03 06 00 FF 00 FF 00 FF",
        "2B 0E 01 00",
    )
]
# A whole request to unit 1 as the data of something sent to, or by, unit 2.
HIDDEN = frame(1, "06 00 07 00 63")
OTHERS = [
    frame(2, "01 00 00 00 0A"),
    frame(2, b"\x01\x02\x11\x22"),
    frame(2, "03 00 00 00 0A"),
    frame(2, b"\x03\x14" + bytes(range(20))),
    frame(2, b"\x03\x08" + HIDDEN),
    frame(2, b"\x04\x10" + HIDDEN + HIDDEN),
    frame(2, "05 00 01 FF 00"),
    frame(2, "07"),
    frame(2, "07 6D"),
    frame(2, "08 00 00 A5 37"),
    frame(2, "0B"),
    frame(2, "0B FF FF 01 08"),
    frame(2, b"\x0f\x00\x00\x00\x40\x08" + HIDDEN),
    frame(2, "0F 00 00 00 40"),
    frame(2, b"\x10\x00\x00\x00\x04\x08" + HIDDEN),
    frame(2, "10 00 00 00 04"),
    frame(2, "11"),
    frame(2, b"\x11\x0a\x01" + HIDDEN + b"\xff"),
    frame(2, "14 07 06 00 01 00 00 00 02"),
    frame(2, b"\x14\x0a\x09\x06" + HIDDEN),
    frame(2, "16 00 04 00 F2 00 25"),
    frame(2, b"\x17\x00\x00\x00\x01\x00\x00\x00\x04\x08" + HIDDEN),
    frame(2, "18 04 DE"),
    frame(2, b"\x18\x00\x0a\x00\x04" + HIDDEN),
    frame(2, "2B 0E 01 00"),
    frame(2, b"\x2b\x0e\x01\x01\x00\x00\x01\x00\x08" + HIDDEN),
    frame(2, b"\x41" + HIDDEN + b"\x07"),
    frame(2, "83 02"),
    frame(247, "AB 01"),
]
