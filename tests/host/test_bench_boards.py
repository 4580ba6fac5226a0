"""The counts on a board's buses: what is a transaction, what is a byte, what it takes."""

from types import SimpleNamespace

import boards.esp32_16s as bq_board
import boards.pico_24s as pico
from cellwarden_host.bench import replay_rows
from cellwarden_host.bench.board_rows import BusMeter, cells_of
from cellwarden_host.replay.reading import Log
from cellwarden_host.replay.textfile import opened
from cellwarden_host.sim.layout import ops


class Chip:
    def __init__(self):
        self.heard = []

    def select(self, now_us):
        self.heard.append("select")

    def transfer(self, data, now_us):
        self.heard.append(data)
        return data

    def deselect(self, now_us):
        self.heard.append("deselect")


def wired(chip):
    """A board of which only the buses are there."""
    handlers = {
        ops.SPI: lambda a, b, argument, data: len(chip.transfer(data, 0)),
        ops.I2C_WRITE: lambda a, b, argument, data: 1,
        ops.I2C_READ: lambda a, b, argument, data: 0,
    }
    return SimpleNamespace(
        plant=SimpleNamespace(spi_devices={"afe_cs": chip}),
        peripherals=SimpleNamespace(handlers=handlers),
    )


def test_a_selection_is_one_transaction_however_many_transfers_it_has():
    chip = Chip()
    sim = wired(chip)
    meter = BusMeter(pico, sim)
    device = sim.plant.spi_devices["afe_cs"]
    device.select(0)
    assert sim.peripherals.handlers[ops.SPI](0, 0, 0, bytes(4)) == 4
    assert sim.peripherals.handlers[ops.SPI](0, 1, 0, bytes(8)) == 8
    device.deselect(0)
    meter.end_window()
    assert meter.windows == [(1, 12, 12 * 8.0)]
    assert chip.heard == ["select", bytes(4), bytes(8), "deselect"]


def test_an_i2c_message_has_its_address_on_the_bus_too_answered_or_not():
    sim = wired(Chip())
    meter = BusMeter(pico, sim)
    assert sim.peripherals.handlers[ops.I2C_WRITE](0, 0x40, 0, b"\x07") == 1
    assert sim.peripherals.handlers[ops.I2C_READ](0, 0x40, 3, b"") == 0
    meter.end_window()
    meter.end_window()
    assert meter.windows == [(2, 6, 6 * 22.5), (0, 0, 0.0)]


def test_a_board_is_measured_with_as_many_cells_as_it_takes():
    assert cells_of(pico) == 24
    assert cells_of(bq_board) == 16


def test_the_log_for_replay_is_one_that_replay_reads_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(replay_rows, "LOG_ROWS", 30)
    log = tmp_path / "log.csv"
    replay_rows.make_log(log)
    with opened(log) as text:
        reading = Log(text, None, False, {})
        rows = list(reading.rows())
    assert len(rows) == 30 and reading.cells == 24
    assert rows[-1].t_s == 29 and min(rows[-1].cell_mv) > 3000
    assert any(row.current_ma for row in rows)
