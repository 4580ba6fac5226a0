"""A live update through the register map: who may bring an image, and what is handed on."""

from map_bench import PC, open_bench

DONE, NOT_ALLOWED, NO_ADDRESS, BAD_VALUE, BUSY = 0, 1, 2, 3, 6
BEGIN, CANCEL, SWITCH, MENU, WINDOW = 0x2070, 0x2074, 0x2075, 0x2076, 0x3000
CHARGER = 1


class Updater:
    """Remembers what it was told."""

    def __init__(self):
        self.taken = []
        self.cancelled = 0
        self.switched = []

    def take(self, at, data, offset, n):
        self.taken.append((at, bytes(data[offset : offset + n])))
        return DONE

    def cancel(self):
        self.cancelled += 1

    def switch(self, may_open):
        self.switched.append(may_open)
        return DONE


def with_updater():
    b = open_bench()
    b.controller.updater = Updater()
    return b, b.controller.updater


def test_an_update_begins_with_size_mark_and_permission():
    b = open_bench()
    requests = b.controller.requests
    assert b.write(BEGIN, 0, 0, 1, 0) == BAD_VALUE
    assert b.write(BEGIN, 16, 0, 1, 0) == BAD_VALUE  # over a megabyte
    assert b.write(BEGIN, 1) == BAD_VALUE and requests.update == 0
    assert b.write(BEGIN, 1, 0x86A0, 0xBEEF, 1) == DONE
    assert (requests.update, requests.update_id) == (100_000, 0xBEEF)
    assert requests.update_older
    assert b.write(BEGIN, 1, 0x86A0, 0xBEEF, 0) == BUSY


def test_a_piece_of_the_image_is_handed_on_with_its_place():
    b, updater = with_updater()
    assert b.write(WINDOW, 1, 0x0203, 0x4142, 0x4344) == DONE
    assert updater.taken == [(0x10203, b"ABCD")]


def test_pieces_must_be_whole_and_in_their_window():
    b, updater = with_updater()
    assert b.write(WINDOW, 0, 0) == NO_ADDRESS
    assert b.write(WINDOW + 1, 0, 0, 1) == NO_ADDRESS
    assert b.write(WINDOW, 0x0100, 0, 1) == BAD_VALUE
    assert updater.taken == []


def test_nobody_without_a_session_brings_an_image():
    b, updater = with_updater()
    b.controller.access.logout(PC)
    assert b.write(WINDOW, 0, 0, 1) == NOT_ALLOWED
    assert b.write(BEGIN, 0, 5000, 0, 0) == NOT_ALLOWED
    assert b.write(SWITCH, 1) == NOT_ALLOWED
    assert b.write(MENU, 1) == NOT_ALLOWED
    assert updater.taken == [] and updater.switched == []
    assert not b.controller.requests.restart


def test_without_an_update_there_is_nothing_to_write_or_switch_to():
    b = open_bench()
    assert b.write(WINDOW, 0, 0, 1) == NOT_ALLOWED
    assert b.write(SWITCH, 1) == NOT_ALLOWED
    assert b.write(CANCEL, 1) == DONE


def test_cancelling_and_switching_reach_the_updater():
    b, updater = with_updater()
    assert b.write(CANCEL, 1) == DONE and updater.cancelled == 1
    assert b.write(SWITCH, 3) == BAD_VALUE
    assert b.write(SWITCH, 1) == DONE
    assert b.write(SWITCH, 2) == DONE
    assert updater.switched == [False, True]


def test_the_menu_is_asked_for_with_a_restart_and_only_over_the_pc_port():
    b = open_bench()
    assert b.write(MENU, 1) == DONE
    assert b.controller.requests.menu and b.controller.requests.restart
