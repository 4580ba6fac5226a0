"""One board on a line: reads named rows in as few requests as possible, and sends commands.

Every failure leaves as a ``Problem``: silence and noise as ``NoConnection`` with what to try,
a refusal as ``Declined`` with the standard's exception code. It never retries a command: what
happened once must not happen twice because a reply was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from cellwarden.access import PORT_BLUETOOTH, PORT_PC
from cellwarden.tables import SCHEMA_VERSION
from modbus_rtu.client import (
    EXCEPTION_TEXT,
    Client,
    ModbusError,
    ModbusException,
    ModbusTimeout,
)

from . import catalog
from .problems import BadInput, NoConnection, Refused
from .words import Said, known, say, terminal

TIMEOUT_MS = 500
RETRIES = 2
# A commit is answered after the settings have been stored.
COMMAND_TIMEOUT_MS = 3000
_ILLEGAL_ADDRESS = 2

_FACTORY_BAUDS = ", ".join(
    f"{name.split('_baud')[0].upper().replace('_', '-')} {catalog.SETTING[name].default * 100}"
    for name in ("rs485_1_baud", "rs485_2_baud")
)
_OTHERWISE = terminal(
    f"Another rate (factory: {_FACTORY_BAUDS}): --baud; another address (1 to 247): --unit",
    say(
        "Or the board has another line rate (factory: {rates}) or another address (1 to 247)",
        rates=_FACTORY_BAUDS,
    ),
)


class Transport(Protocol):
    """What ``modbus_rtu.client`` needs of a line."""

    port: str
    baud: int

    def write(self, data: bytes) -> None: ...
    def read(self, max_bytes: int, timeout_ms: int) -> bytes: ...
    def discard(self) -> None: ...
    def set_baud(self, baud: int) -> None: ...


class Declined(Refused):
    """The board answered a request with an exception."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Values:
    """Counts by name, as read at one moment; ``one`` for a single value, ``all`` for an array."""

    def __init__(self) -> None:
        self._values: dict[str, list[int | None]] = {}
        self.texts: dict[str, str] = {}

    def put(self, row: Any, words: Sequence[int]) -> None:
        if row.kind == "text":
            self.texts[row.name] = catalog.decode_text(words)
        else:
            self._values[row.name] = catalog.decode(row, words)

    def set(self, row: Any, counts: Sequence[int | None]) -> None:
        """Counts that did not come from registers."""
        self._values[row.name] = list(counts)

    def take(self, others: Values) -> None:
        """Add what ``others`` hold."""
        self._values.update(others._values)
        self.texts.update(others.texts)

    def one(self, name: str) -> int | None:
        return self._values[name][0]

    def known(self, name: str, otherwise: int = 0) -> int:
        value = self._values[name][0]
        return otherwise if value is None else value

    def all(self, name: str) -> list[int | None]:
        return self._values[name]

    def word(self, name: str) -> str:
        """The word of an enumeration; its number when this schema has no word for it."""
        value = self.one(name)
        choices = catalog.NAMED[name].choices
        if value is None:
            return "unknown"
        return str(choices[value]) if value < len(choices) else str(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values


class Board:
    """The board ``unit`` on a line."""

    def __init__(self, line: Transport, unit: int = 1, timeout_ms: int = TIMEOUT_MS) -> None:
        timeout_ms = max(timeout_ms, getattr(line, "reply_ms", 0))
        if not 1 <= unit <= 247:
            option = terminal(f"--unit {unit}: ")
            raise BadInput(say("{option}a Modbus address is 1 to 247", option=option))
        self._line = line
        self._retries = getattr(line, "retries", RETRIES)
        self._client = Client(line, unit, timeout_ms, self._retries)
        self._timeout_ms = timeout_ms

    @property
    def unit(self) -> int:
        return int(self._client.unit)

    @property
    def modbus_port(self) -> int:
        """The board's number for where we come in."""
        return int(getattr(self._line, "modbus_port", PORT_PC))

    def reopen(self) -> None:
        """Build up a lost link again, where the line cannot by itself: the board restarted."""
        reopen = getattr(self._line, "reopen", None)
        if reopen is not None:
            reopen()

    def follow(self, unit: int | None = None, baud: int | None = None) -> None:
        """Talk on under another address or at another rate: the board has just taken it."""
        if unit is not None:
            self._client.unit = unit
        if baud is not None and baud != self._line.baud and self.modbus_port == PORT_PC:
            self._line.set_baud(baud)

    def read(self, wanted: Iterable[Any]) -> Values:
        """The values of these rows (settings, readings and texts may be mixed)."""
        values = Values()
        for block in catalog.plan(wanted):
            with self._talking():
                words = self._client.read_holding(block.address, block.registers)
            for row in block.rows:
                at = row.address - block.address
                values.put(row, words[at : at + catalog.size(row)])
        return values

    def read_known(self, wanted: Iterable[Any]) -> Values:
        """Like ``read``; a number that this board's firmware does not have reads None."""
        values = Values()
        for block in catalog.plan(wanted):
            try:
                values.take(self.read(block.rows))
            except Declined as error:
                if error.code != _ILLEGAL_ADDRESS:
                    raise
                for row in block.rows:
                    values.take(self._read_one(row))
        return values

    def _read_one(self, row: Any) -> Values:
        try:
            return self.read([row])
        except Declined as error:
            if error.code != _ILLEGAL_ADDRESS:
                raise
            values = Values()
            values.set(row, [None] * row.count)
            return values

    def words(self, row: Any) -> list[int]:
        """The bare registers of a row."""
        with self._talking():
            return list(self._client.read_holding(row.address, catalog.size(row)))

    def write(self, address: int, words: Sequence[int]) -> None:
        """Write holding registers; repeated after silence, so only for what may repeat."""
        with self._talking():
            self._client.write_registers(address, list(words))

    def command(self, name: str, *words: int) -> None:
        """Carry out a command of the schema, at most once."""
        row = catalog.COMMANDS[name]
        client = self._client
        client.retries, client.timeout_ms = 0, max(self._timeout_ms, COMMAND_TIMEOUT_MS)
        try:
            with self._talking():
                if row.registers == 1:
                    client.write_register(row.address, words[0])
                else:
                    client.write_registers(row.address, list(words))
        finally:
            client.retries, client.timeout_ms = self._retries, self._timeout_ms

    def command_value(self, name: str, value: int) -> None:
        """A command whose one value takes all of its registers, high word first."""
        words = catalog.COMMANDS[name].registers
        self.command(name, *(value >> 16 * i & 0xFFFF for i in reversed(range(words))))

    def records(self, wanted: Sequence[tuple[int, int, int]]) -> list[list[int]]:
        """Function 20: a list of registers for each (file, record, length)."""
        with self._talking():
            return [list(record) for record in self._client.read_records(wanted)]

    def check_schema(self) -> None:
        """Refuse a board whose register map is of another generation than ours."""
        version = self.read([catalog.READING["schema_version"]]).one("schema_version")
        if version is None or version > SCHEMA_VERSION:
            raise Refused(
                say(
                    "the board speaks schema {version}, this program {ours}; update the program",
                    version=version,
                    ours=SCHEMA_VERSION,
                )
            )

    @contextmanager
    def _talking(self) -> Iterator[None]:
        line, unit = self._line, self._client.unit
        try:
            yield
        except ModbusException as error:
            raise Declined(_exception(error.code), error.code) from error
        except ModbusTimeout as error:
            self._distrust()
            if self.modbus_port == PORT_BLUETOOTH:
                raise NoConnection(_silent_by_bluetooth(unit, line.port)) from error
            raise NoConnection(
                say(
                    "no answer from unit {unit} on {port} at {baud} Bd. Is the board awake, "
                    "A and B not swapped? {advice}",
                    unit=unit,
                    port=line.port,
                    baud=line.baud,
                    advice=_OTHERWISE,
                )
            ) from error
        except ModbusError as error:
            self._distrust()
            raise NoConnection(
                say(
                    "what comes in on {port} at {baud} Bd is no Modbus reply{error}. Check "
                    "{rate}, the wiring, and that no other master talks on this line",
                    port=line.port,
                    baud=line.baud,
                    error=terminal(f" ({error})"),
                    rate=terminal("--baud", say("the line rate")),
                )
            ) from error

    def _distrust(self) -> None:
        """Modbus replies do not say what was asked. A link that loses nothing, but may hold
        replies up, ends here: the late one would be taken for the next one's."""
        distrust = getattr(self._line, "distrust", None)
        if distrust is not None:
            distrust()


def _silent_by_bluetooth(unit: int, port: str) -> Said:
    option = terminal(" (--unit)")
    return say(
        "no answer from unit {unit} on {port}. The board is connected over Bluetooth: has it "
        "another address (1 to 247){option}?",
        unit=unit,
        port=port,
        option=option,
    )


def _exception(code: int) -> Said:
    """As ``ModbusException`` says it."""
    meaning = known(EXCEPTION_TEXT.get(code, "not in the standard"))
    return say("exception {code}: {meaning}", code=code, meaning=meaning)
