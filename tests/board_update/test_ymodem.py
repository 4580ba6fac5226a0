"""YMODEM on the board: whole files come whole, and what is wrong is asked for again."""

from ymodem_bench import Sink, Talk, file_of

from board_update.ymodem import (
    CANCEL,
    DONE,
    FAILED,
    GAP_MS,
    QUIET_MS,
    RUNNING,
    Receiver,
    crc16,
)
from board_update.ymodem_send import Sender, block

ZMODEM = b"rz\r**\x18B00000000000000\r\x8a\x11"


def feed(receiver, data, now_ms=0):
    return receiver.feed(data, len(data), now_ms)


def receiver_at_data(data, sink=None):
    receiver = Receiver(sink or Sink())
    assert receiver.start(0) == b"C"
    assert feed(receiver, block(0, b"f\0" + str(len(data)).encode(), 128)) == b"\x06C"
    return receiver


def test_checksum_is_the_one_of_xmodem():
    assert crc16(b"123456789", 0, 9) == 0x31C3
    assert crc16(b"123456789\x31\xc3", 0, 11) == 0


def test_files_of_any_length_come_whole():
    for length in (128, 1024):
        for size in (1, 127, 128, 129, 1024, 1025, 3000, 40_000):
            talk = Talk(file_of(size), length)
            assert talk.run() == DONE
            assert talk.sender.state == DONE
            assert bytes(talk.sink.data) == file_of(size), (length, size)
            assert talk.sink.size == size and talk.sink.name == b"firmware.cwfw"
            assert talk.sink.begun == talk.sink.ended == 1


def test_block_0_may_be_a_long_one():
    data = file_of(300)
    receiver = Receiver(Sink())
    told = b"firmware.bin\x00300 14524770400 0100000 0"
    assert feed(receiver, block(0, told, 1024)) == b"\x06C"
    assert receiver.size == 300
    assert feed(receiver, block(1, data, 1024)) == b"\x06"
    assert receiver.received == 300


def test_a_size_that_is_not_told_keeps_all():
    sink = Sink()
    receiver = Receiver(sink)
    assert feed(receiver, block(0, b"name", 128)) == b"\x06C"
    assert feed(receiver, block(1, b"abc", 128)) == b"\x06"
    assert sink.size == -1 and len(sink.data) == 128
    assert feed(receiver, b"\x04") == b"\x15"
    assert feed(receiver, b"\x04") == b"\x06C"


def test_every_flipped_byte_of_a_block_is_noticed():
    data = file_of(128)
    right = block(1, data, 128)
    for i in range(len(right)):
        sink = Sink()
        receiver = receiver_at_data(data, sink)
        wrong = bytearray(right)
        wrong[i] ^= 0xFF
        assert feed(receiver, bytes(wrong)) == b""
        assert sink.data == b"", i
        assert receiver.feed(b"", 0, GAP_MS + QUIET_MS) == b"\x15", i
        assert feed(receiver, right, 2000) == b"\x06"
        assert bytes(sink.data) == data


def test_the_line_may_pause_inside_a_block_but_not_for_long():
    data = file_of(128)
    right = block(1, data, 128)
    receiver = receiver_at_data(data)
    now_ms = 0
    for i in range(len(right) - 1):
        now_ms += GAP_MS - 1
        assert receiver.feed(b"", 0, now_ms) == b""
        assert feed(receiver, right[i : i + 1], now_ms) == b""
    assert feed(receiver, right[-1:], now_ms) == b"\x06"
    receiver = receiver_at_data(data)
    assert feed(receiver, right[:100], 10) == b""
    assert receiver.feed(b"", 0, 10 + GAP_MS - 1) == b""
    assert receiver.feed(b"", 0, 10 + GAP_MS) == b"\x15"


def test_a_duplicate_is_acknowledged_and_not_kept():
    data = file_of(256)
    sink = Sink()
    receiver = receiver_at_data(data, sink)
    first = block(1, data[:128], 128)
    assert feed(receiver, first) == b"\x06"
    assert feed(receiver, first) == b"\x06"
    assert feed(receiver, block(2, data[128:], 128)) == b"\x06"
    assert bytes(sink.data) == data


def test_a_repeated_name_is_acknowledged_and_asked_on():
    sink = Sink()
    receiver = receiver_at_data(file_of(128), sink)
    assert feed(receiver, block(0, b"f\x00128", 128)) == b"\x06C"
    assert sink.begun == 1


def test_a_block_out_of_turn_is_refused():
    sink = Sink()
    receiver = receiver_at_data(file_of(512), sink)
    assert feed(receiver, block(3, file_of(128), 128)) == b"\x15"
    assert sink.data == b""


def test_greetings_of_other_protocols_are_ignored():
    receiver = Receiver(Sink())
    receiver.start(0)
    assert feed(receiver, ZMODEM) == b""
    assert feed(receiver, ZMODEM + block(0, b"f\x005", 128)) == b"\x06C"
    assert receiver.state == RUNNING


def test_noise_before_a_block_does_not_cost_it():
    data = file_of(128)
    receiver = receiver_at_data(data)
    noise = b"\x00\xff\x01\x02\x01\x01\x41"  # with bytes in it that look like heads
    assert feed(receiver, noise + block(1, data, 128)) == b"\x06"
    assert receiver.received == 128


def test_two_cans_cancel_and_one_does_not():
    receiver = receiver_at_data(file_of(5))
    assert feed(receiver, b"\x18") == b""
    assert receiver.state == RUNNING
    assert feed(receiver, b"\x18") == b""
    assert receiver.state == FAILED and receiver.why == "cancelled"


def test_cans_that_end_a_broken_block_cancel():
    receiver = receiver_at_data(file_of(5))
    feed(receiver, block(1, file_of(5), 128)[:50] + b"\x18" * 8 + b"\x08" * 8)
    assert receiver.feed(b"", 0, GAP_MS) == CANCEL
    assert receiver.why == "cancelled"


def test_the_end_is_asked_for_twice():
    data = file_of(5)
    sink = Sink()
    receiver = receiver_at_data(data, sink)
    assert feed(receiver, block(1, data, 128)) == b"\x06"
    assert feed(receiver, b"\x04") == b"\x15"
    assert receiver.state == RUNNING
    assert feed(receiver, b"\x04") == b"\x06C"
    assert sink.ended == 1
    assert feed(receiver, b"\x04") == b"\x06C"  # the answer was lost
    assert sink.ended == 1
    assert feed(receiver, block(0, b"", 128)) == b"\x06"
    assert receiver.state == DONE


def test_an_end_that_was_noise_ends_nothing():
    data = file_of(256)
    sink = Sink()
    receiver = receiver_at_data(data, sink)
    assert feed(receiver, block(1, data[:128], 128)) == b"\x06"
    assert feed(receiver, b"\x04") == b"\x15"
    assert feed(receiver, block(2, data[128:], 128)) == b"\x06"
    assert feed(receiver, b"\x04") == b"\x15"
    assert feed(receiver, b"\x04") == b"\x06C"
    assert bytes(sink.data) == data


def test_an_end_before_the_whole_file_is_refused():
    sink = Sink()
    receiver = receiver_at_data(file_of(256), sink)
    assert feed(receiver, block(1, file_of(128), 128)) == b"\x06"
    assert feed(receiver, b"\x04") == b"\x15"
    assert feed(receiver, b"\x04") == CANCEL
    assert receiver.why == "short" and not sink.ended


def test_a_file_that_is_refused_or_bad_is_told_to_the_sender():
    talk = Talk(file_of(300), sink=Sink(takes=False))
    assert talk.run() == FAILED and talk.receiver.why == "refused"
    assert talk.sender.state == FAILED and talk.sender.why == "refused"
    talk = Talk(file_of(300), sink=Sink(good=False))
    assert talk.run() == FAILED and talk.receiver.why == "bad"
    assert talk.sender.state == FAILED and talk.sender.why == "refused"


def test_a_missing_farewell_is_not_missed():
    data = file_of(5)
    receiver = receiver_at_data(data)
    feed(receiver, block(1, data, 128))
    feed(receiver, b"\x04")
    assert feed(receiver, b"\x04") == b"\x06C"
    now_ms = 0
    for _ in range(600):
        now_ms += 100
        receiver.feed(b"", 0, now_ms)
    assert receiver.state == DONE


def test_silence_ends_a_session():
    receiver = Receiver(Sink())
    receiver.start(0)
    asked = 0
    for now_ms in range(0, 120_000, 100):
        out = receiver.feed(b"", 0, now_ms)
        asked += out == b"C"
        if receiver.state != RUNNING:
            break
    assert asked == 30 and receiver.why == "silence" and out == CANCEL
    receiver = receiver_at_data(file_of(300))
    feed(receiver, block(1, file_of(128), 128))
    asked = 0
    for now_ms in range(0, 120_000, 100):
        asked += receiver.feed(b"", 0, now_ms) == b"\x15"
        if receiver.state != RUNNING:
            break
    assert asked == 10 and receiver.why == "silence"


def test_lost_answers_and_spoilt_blocks_cost_time_only():
    def spoil(number, out):
        if number % 5 == 2:
            return out[: len(out) // 2]
        if number % 5 == 4:
            return out[:10] + b"\x55" + out[11:]
        return out

    def lose(number, answer):
        return b"" if number % 7 == 3 else answer

    talk = Talk(file_of(9000), spoil=spoil, answers=lose)
    assert talk.run() == DONE
    assert bytes(talk.sink.data) == file_of(9000)
    assert talk.sender.state == DONE and talk.sender.repeats > 2


def test_a_sender_can_be_stopped_and_waits_only_so_long():
    sender = Sender(b"f", file_of(10))
    sender.start(0)
    assert sender.stop() == CANCEL and sender.state == FAILED
    sender = Sender(b"f", file_of(10))
    sender.start(0)
    assert sender.feed(b"", 59_999) == b"" and sender.state == RUNNING
    assert sender.feed(b"", 60_000) == CANCEL and sender.why == "silence"


def test_a_sender_skips_what_a_menu_says():
    sender = Sender(b"f", file_of(10))
    sender.start(0)
    assert sender.feed(b"board loader 1\r\n1 update\r\n", 1) == b""
    assert sender.feed(b"C", 2)[0] == 1


def test_a_recorded_session_of_sb_is_understood():
    """What ``sb -k`` of lrzsz 0.12.21 sent for a file of 130 bytes, all of it: a rest of less
    than 1024 bytes goes in short blocks."""
    data = file_of(130)
    told = b"demo.bin\x00130 14524770400 100644 0 1 130"
    name = b"\x01\x00\xff" + told + b"\0" * (127 - len(told)) + b"\x02z\xbd"
    first = b"\x01\x01\xfe" + data[:128] + b".\xe4"
    second = b"\x01\x02\xfd" + data[128:] + b"\x1a" * 126 + b"\x08d"
    sink = Sink()
    receiver = Receiver(sink)
    assert receiver.start(0) == b"C"
    assert feed(receiver, name) == b"\x06C"
    assert feed(receiver, first) == b"\x06"
    assert feed(receiver, second) == b"\x06"
    assert feed(receiver, b"\x04") == b"\x15"
    assert feed(receiver, b"\x04") == b"\x06C"
    assert feed(receiver, b"\x01\x00\xff" + b"\0" * 127 + b"\x02 B") == b"\x06"
    assert receiver.state == DONE and bytes(sink.data) == data and sink.name == b"demo.bin"
