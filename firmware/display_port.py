"""The port of a display: Modbus RTU to read from, and nothing that could be written.

The registers are those of the other ports. There is no session and nobody can log in here. On
an RP2040 the port is a PIO program, elsewhere a hardware UART; it needs no timer, because a
cable from point to point has no direction to turn round.
"""

from firmware.ports import ModbusPort

PORT_DISPLAY = 4  # beyond those that hold sessions
_NOT_HERE = 1  # Modbus: illegal function


class ReadOnly:
    """A register map without its writing half."""

    def __init__(self, register_map):
        self.read = register_map.read
        self.read_record = register_map.read_record
        self.server_id = register_map.server_id
        self.device_object = register_map.device_object

    def write(self, table, address, count, data, offset, port):
        """Refuse."""
        return _NOT_HERE


def display_port(board, machine, register_map):
    """The port of a board that has one."""
    where = getattr(board, "DISPLAY_UART", None)
    uart = None
    if where is None:
        from firmware.drivers.pio_uart import PioUart as uart

        where = board.DISPLAY_PIO
    model = ReadOnly(register_map)
    return ModbusPort(machine, where, board.PINS, "display", model, PORT_DISPLAY, None, uart)
