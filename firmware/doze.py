"""The board asleep: outputs off, the processor in light sleep, until something happens.

Woken by an edge on a pin (a request on either RS485 port, the shunt monitor's alert), by a
charger's voltage or a current, which are looked at once a piece, or by time. What follows a
sleep is a reset: the core measures anew and proves everything before it switches. It must never
be entered with an output on, and switches nothing.

Pieces are shorter than the watchdog, which goes on: a board that hangs asleep is reset like any
other. The heartbeat rests, so that a supply latch takes a sleeping board off after a minute.
LTC6811 fall asleep by themselves after 2 s without a word.

How long it has slept is kept every hour (flash wears), so that a plug pulled from a sleeping board
takes no more than that out of its time in service.
"""

from firmware import restart

PIECE_MS = 1_000
FOREVER = 0
_CHARGER_MV = 300
_LONGEST_MS = 500_000_000  # six days are as much as ticks can tell apart
_KEEP_MS = 3_600_000
_EDGES = ("rs485_1_rx", "rs485_2_rx", "shunt_alert")


class Doze:
    """Sleeps with ``sleep``; ``slept_ms`` tells for how long, as far as is known."""

    def __init__(self, board, machine, hardware, watchdog):
        self._machine = machine
        self._hardware = hardware
        self._watchdog = watchdog
        self._flow_ma = max(200, board.RATING_MA // 500)
        self._pins = [machine.Pin(board.PINS[name]) for name in _EDGES if name in board.PINS]
        self._edge = False
        self.slept_ms = 0

    def until_woken(self, limit_ms):
        """Until something wakes it, or ``limit_ms`` are over (FOREVER: no limit)."""
        machine = self._machine
        self._edge = False
        self.slept_ms = 0
        if self._hardware.chip is not None:
            self._hardware.chip.allow_sleep(True)
        for pin in self._pins:
            pin.irq(self._woken, machine.Pin.IRQ_FALLING)
        while not self._edge and (limit_ms == FOREVER or self.slept_ms < limit_ms):
            machine.lightsleep(PIECE_MS)
            if (
                not self._edge and self.slept_ms < _LONGEST_MS
            ):  # how much of a piece is over then, nobody knows
                self.slept_ms += PIECE_MS
                if self.slept_ms % _KEEP_MS == 0:
                    restart.mean(restart.ASLEEP, self.slept_ms)
            if self._watchdog is not None:
                self._watchdog.feed()
            if self._charger() or self._current():
                break
        for pin in self._pins:
            pin.irq(None)

    def _woken(self, _pin):
        self._edge = True

    def _charger(self):
        """A charger lifts its terminals above the pack; on a common port those are the bus."""
        pack, charger = self._hardware.pack, self._hardware.charger or self._hardware.bus
        try:
            return (
                pack is not None
                and charger is not None
                and pack.read()
                and charger.read()
                and charger.mv > pack.mv + _CHARGER_MV
            )
        except OSError:
            return False

    def _current(self):
        """With all outputs off none should flow: whatever does is a reason to look."""
        shunt = self._hardware.shunt
        try:
            return shunt.ready and shunt.read_current() and abs(shunt.current_ma) >= self._flow_ma
        except OSError:
            return True  # a meter that was lost must not be slept over
