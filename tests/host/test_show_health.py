"""What is known of each cell, as ``cellwarden read`` shows it."""

from rich.console import Console

from cellwarden_host import catalog, show
from cellwarden_host.board import Values

CELLS = 3


def values(**known):
    made = Values()
    made.set(catalog.READING["cells_in_series"], [CELLS])
    for name in ("cell_resistance", "cell_charge_diff", "cell_leak"):
        counts = known.get(name, [])
        made.set(catalog.READING[name], counts + [None] * (32 - len(counts)))
    return made


def lines(table):
    console = Console(width=100)
    with console.capture() as captured:
        console.print(table)
    return [line.split() for line in captured.get().splitlines()]


def test_nothing_known_shows_nothing():
    assert show.health_table(values()) is None


def test_each_cell_has_a_line_and_what_is_not_known_a_dash():
    told = values(cell_resistance=[61, 158, 62], cell_leak=[-1, 0, 27])
    rows = lines(show.health_table(told))[1:]
    assert rows == [
        ["1", "0.61", "mΩ", "-", "-0.01", "%/d"],
        ["2", "1.58", "mΩ", "-", "0.00", "%/d"],
        ["3", "0.62", "mΩ", "-", "0.27", "%/d"],
    ]
