"""A serial port turns its transceiver round on a timer that its controller has."""

from types import SimpleNamespace

import pytest

from firmware.ports import ModbusPort

PINS = {"rs485_1_tx": 17, "rs485_1_rx": 14}


def machine_with(timers):
    def timer(number):
        if number not in timers:
            raise ValueError("this port has no such timer")
        return number

    timer.ONE_SHOT = 0
    return SimpleNamespace(Pin=lambda *_args, **_options: None, Timer=timer)


def test_a_port_takes_the_hardware_timer_it_is_given():
    machine = machine_with({0, 1, 2, 3})
    assert ModbusPort(machine, 1, PINS, "rs485_1", None, 1, 2)._timer == 2
    with pytest.raises(ValueError):
        ModbusPort(machine, 1, PINS, "rs485_1", None, 1)


def test_without_a_number_it_is_one_in_software():
    assert ModbusPort(machine_with({-1}), 1, PINS, "rs485_1", None, 1)._timer == -1
