"""The vendor's way: restart into the bootloader, its menu on RS485-2, YMODEM. Outputs open.

Begins at 9600 baud; a higher rate is agreed on where board and cable both can, and given up
where they cannot. Works on a board whose firmware does not answer any more, as long as its
bootloader waits. When an image is refused, or a person stops, the menu is told to go on with
what ran.
"""

from __future__ import annotations

from collections.abc import Callable

from board_update.image import Bad
from board_update.ymodem import DONE, FAILED, RUNNING
from board_update.ymodem_send import Sender

from ..bluetooth.place import is_bluetooth
from ..board import Board, Declined
from ..link import AnyLine
from ..problems import NoConnection, Problem, Refused
from ..release import reasons
from ..words import say
from .confirm import confirmed
from .plan import Plan
from .progress import (
    AGREE,
    CHECK,
    RESTART,
    SEND,
    UNPACK,
    Cancelled,
    Outcome,
    Pace,
    Progress,
    Rate,
    Told,
)

NO_BLUETOOTH = say(
    "the bootloader speaks RS485-2 only; over Bluetooth the board is updated live, while it works"
)

MENU_BAUD = 9600
RATES = {19_200: b"2", 38_400: b"3", 57_600: b"5", 115_200: b"6"}
BLOCK = 1024
_GREETING = b"board loader"
_PROMPT = b"> "
_PROMPT_S = 4.0
_MENU_S = 15.0
_RATE_S = 1.5
_BACK_S = 2.2  # the board goes back to the old rate by itself after 2 s
_INSTALL_S = 120.0
_LOOK_MS = 20
_MASK = 0x3FFFFFFF


class Vendor:
    """One update through the bootloader's menu."""

    def __init__(
        self, line: AnyLine, made: Plan, told: Told, cancelled: Cancelled, pace: Pace, rate: int
    ) -> None:
        self._line = line
        self._plan = made
        self._told = told
        self._cancelled = cancelled
        self._pace = pace
        self._rate = rate
        self._heard = b""

    def run(self, board: Board | None) -> str:
        """What the board says that it installed."""
        self._told(Progress(RESTART))
        if board is not None:
            self._restart(board)
        self._line.set_baud(MENU_BAUD)
        self._to_menu()
        try:
            if self._rate != MENU_BAUD:
                self._agree()
            if self._plan.older:
                self._key(b"o")
            return self._transfer()
        except Problem:
            self._go_on()
            raise

    def _restart(self, board: Board) -> None:
        try:
            board.command("update_menu", 1)
        except Declined as error:
            raise Refused(
                say(
                    "the board does not restart into its bootloader ({error}): this works over "
                    "RS485-2 only; --live works over both",
                    error=error.said,
                )
            ) from error
        except NoConnection:
            pass  # its answer was lost, or it restarts already

    def _to_menu(self) -> None:
        """A space stops the countdown, as often as it takes."""
        end_s = self._pace.now_s() + _MENU_S
        while self._pace.now_s() < end_s:
            self._stop_if_cancelled()
            self._key(b" ")
            if self._hears(_GREETING, 0.4):
                return
        raise NoConnection(
            say(
                "no bootloader answers on {port} at {baud} Bd. It waits on RS485-2 for 10 s after "
                "this restart, a moment after power-on, and always when no firmware can run",
                port=self._line.port,
                baud=MENU_BAUD,
            )
        )

    def _agree(self) -> None:
        """To a higher rate, and back where nobody is heard at it."""
        self._told(Progress(AGREE))
        self._key(RATES[self._rate])
        if self._hears(b" baud", 1.0):
            self._line.set_baud(self._rate)
            self._pace.wait(0.05)
            self._key(b" ")
            if self._hears(_GREETING, _RATE_S):
                return
            self._pace.wait(_BACK_S)
        self._line.set_baud(MENU_BAUD)
        self._to_menu()

    def _transfer(self) -> str:
        self._quiet()
        self._key(b"1")
        name = self._plan.path.name.encode()[:100] or b"firmware.cwfw"
        sender = Sender(name, self._plan.data, BLOCK)
        sender.start(self._now_ms())
        rate = Rate(self._pace, 0, sender.size)
        out = b""
        while sender.state == RUNNING:
            if out:
                self._line.put(out)
                done = sender.sent
                segments = -(-sender.size // BLOCK)
                segment = min(segments, done // BLOCK + 1)
                step = SEND if done < sender.size else CHECK
                left_s = rate.left_s(done)
                self._told(Progress(step, done, sender.size, segment, segments, left_s))
            if self._cancelled():
                self._line.put(sender.stop())
                raise self._stopped()
            came = self._line.take(_LOOK_MS)
            self._heard += came
            out = sender.feed(came, self._now_ms())
        if out:
            self._line.put(out)
        if sender.state == FAILED and sender.why == "silence":
            raise NoConnection(
                say("the board has fallen silent in the middle; what ran before runs on")
            )
        return self._installed(sender.state == DONE)

    def _installed(self, sent: bool) -> str:
        """The board's last word on it."""
        self._told(Progress(UNPACK, self._plan.size, self._plan.size))
        end_s = self._pace.now_s() + (_INSTALL_S if sent else 5.0)
        while self._pace.now_s() < end_s:
            self._heard += self._line.take(200)
            for line in self._heard.replace(b"\r", b"\n").split(b"\n")[:-1]:
                text = line.decode("ascii", "replace")
                if text.startswith("installed "):
                    return text.removeprefix("installed ").partition(",")[0]
                if text.startswith("refused: "):
                    raise self._refused(text.removeprefix("refused: "))
        raise NoConnection(
            say("the board does not say whether it took the image; ask it: cellwarden read")
        )

    def _refused(self, reason: str) -> Refused:
        return Refused(
            say(
                "the board refused the image: {why}. What ran before runs on",
                why=reasons.told(Bad(reason)),
            )
        )

    def _go_on(self) -> None:
        """Leave the menu: what ran before is started."""
        try:
            self._hears(_PROMPT, _PROMPT_S)  # a block that is on its way ends first
            self._key(b"0")
        except Problem:
            pass

    def _stopped(self) -> Refused:
        return Refused(say("stopped; what ran before runs on"))

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise self._stopped()

    def _key(self, key: bytes) -> None:
        self._heard = b""
        self._line.put(key)

    def _quiet(self) -> None:
        """Wait until the menu has said everything."""
        while self._line.take(100):
            pass

    def _hears(self, what: bytes, within_s: float) -> bool:
        end_s = self._pace.now_s() + within_s
        while self._pace.now_s() < end_s:
            self._heard += self._line.take(_LOOK_MS)
            if what in self._heard:
                self._quiet()
                return True
        return False

    def _now_ms(self) -> int:
        return int(self._pace.now_s() * 1000) & _MASK


def run_vendor(
    line: AnyLine,
    made: Plan,
    told: Told,
    cancelled: Cancelled = lambda: False,
    board: Board | None = None,
    rate: int = 115_200,
    asking: Callable[[], Board] | None = None,
    pace: Pace | None = None,
) -> Outcome:
    """Update through the bootloader. ``board``: the same line's, with an installer's session, or
    None where no firmware answers; then ``asking`` makes one for the version afterwards."""
    if is_bluetooth(line.port):
        raise Refused(NO_BLUETOOTH)
    pace = pace or Pace()
    baud = line.baud
    try:
        Vendor(line, made, told, cancelled, pace, rate).run(board)
    finally:
        line.set_baud(baud)
    board = board or (asking() if asking is not None else Board(line))
    return confirmed(board, made, told, pace, was_away=True)
