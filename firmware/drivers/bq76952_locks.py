"""A BQ76952's two FETs, its vetoes, its balancing and its sleep: what can be asked of it.

The chip has a veto, never the initiative. It opens a FET by itself when one of its protections
trips or when this controller falls silent for 2 s; it closes one only while the controller
permits it, and a permission that the chip has overruled is taken back at once and given anew
only after the command went off in between. Nothing is permitted while the chip is not ready.

Facts: TI's technical reference manual SLUUBY2. FET Status (0x7F) begins with CHG, PCHG, DSG,
PDSG; FET Control (0x97) has DSG, PDSG, CHG, PCHG, and a 1 there means off. Deep sleep and
shutdown want their subcommand twice within 4 s.
"""

from cellwarden.ticks import MASK, elapsed_ms
from firmware.clock import now_ms
from firmware.drivers import bq76952_setup as setup_bits
from firmware.drivers.bq76952_link import Bq76952Link

_SAFETY = 0x02  # alert and status of A, B and C by turns
_BATTERY_STATUS = 0x12
POR = 0x0008  # in it: a full reset since the last set-up
_FET_STATUS = 0x7F
CHARGE_ON, DISCHARGE_ON = 0x01, 0x04  # FET Status
_DISCHARGE_OFF, _CHARGE_OFF = 0x01, 0x04  # FET Control
_PRE_OFF = 0x0A  # both precharge drivers stay off
ALL_OFF = 0x0F

FET_CONTROL = 0x0097
BALANCE = 0x0083
_SLEEP_ENABLE, _SLEEP_DISABLE = 0x0099, 0x009A
_DEEPSLEEP, _EXIT_DEEPSLEEP, _SHUTDOWN = 0x000F, 0x000E, 0x0010
_SILENCE_MS = 1_500  # the host watchdog may have opened the FETs from here on
_REFRESH = 40  # commands after which a permission is sent again


class Bq76952Locks:
    """``fet_status`` and the safety bits are those of the newest ``read_status``."""

    def __init__(self, i2c, setup, address):
        self.link = Bq76952Link(i2c, address, setup.crc)
        self.setup = setup
        self.setup_due = True  # what ``setup`` holds is not what the chip holds
        self.ready = False  # holds its set-up, as far as anybody knows
        self.busy = False  # it is being set up: leave its transfer buffer alone
        self.safety_a = self.safety_b = self.safety_c = 0
        self.fet_status = 0
        self.charge_vetoed = False  # the chip has opened what was permitted
        self.discharge_vetoed = False
        self.vetoes = 0
        self.trip = 0  # Safety Status A, B and C (lowest first) when the newest veto was seen
        self.short_seen = False  # until a person has looked
        self._sent = ALL_OFF  # newest FET Control
        self._sent_known = False
        self._age = 0
        self.balanced = 0  # channels wanted, as a bit map
        self.sleep_allowed = False
        self.resets_seen = 0

    def lost(self):
        """The chip was reset, sent to sleep or has failed: whatever was known is void."""
        if self.ready:
            self.resets_seen = (self.resets_seen + 1) & MASK
        self.void()

    def void(self):
        """Nothing is known of the chip, and nothing is permitted."""
        self.ready = False
        self._sent_known = False
        self._sent = ALL_OFF
        self.balanced = 0

    def read_status(self):
        """Fetch safety and FET status, and take permissions back that the chip overruled."""
        link = self.link
        self.after_silence()
        if not link.read(_SAFETY, 6):
            self._look_for_reset()
            return False
        data = link.data
        self.safety_a = data[1]
        self.safety_b = data[3]
        self.safety_c = data[5]
        if not link.read(_FET_STATUS, 1):
            return False
        self.fet_status = data[0]
        bits = setup_bits
        if self.ready and self.safety_a & bits.SCD:
            self.short_seen = True
        if (
            self.safety_a & bits.CHARGE_A
            or self.safety_b & bits.CHARGE_B
            or self.safety_c & bits.CHARGE_C
        ):
            self._veto(_CHARGE_OFF)
        if (
            self.safety_a & bits.DISCHARGE_A
            or self.safety_b & bits.DISCHARGE_B
            or self.safety_c & bits.DISCHARGE_C
        ):
            self._veto(_DISCHARGE_OFF)
        return True

    def after_silence(self):
        """The first word after a silence ends a host watchdog's fault, and with it the chip's
        veto: so that word takes all permissions back."""
        if elapsed_ms(now_ms(), self.link.spoken_ms) >= _SILENCE_MS and self.permits():
            self.charge_vetoed = self.discharge_vetoed = True
            self.control(ALL_OFF)

    def _look_for_reset(self):
        """A chip that was reset may speak without checks: then it can be read like that."""
        link = self.link
        if not link.crc:
            return
        link.crc = False
        resets = 0
        for _ in range(2):
            if link.read(_BATTERY_STATUS, 2, 1) and link.data[0] & POR:
                resets += 1
        link.crc = True
        if resets == 2:
            self.lost()

    def _veto(self, off):
        if off == _CHARGE_OFF:
            known = self.charge_vetoed
            self.charge_vetoed = True
        else:
            known = self.discharge_vetoed
            self.discharge_vetoed = True
        if not known:
            self.vetoes = (self.vetoes + 1) & MASK
            self.trip = self.safety_a | (self.safety_b << 8) | (self.safety_c << 16)
        if not self._sent & off:
            self.control(self._sent | off)

    def release_short(self):
        """A person has looked: forget a short circuit that the chip no longer reports."""
        if not self.safety_a & setup_bits.SCD:
            self.short_seen = False

    def permit(self, charge, discharge):
        """Let the chip close these FETs, and no other; False when it was not told.

        A direction that the chip has vetoed is permitted anew only after the command has been
        off while the chip's protection had let go.
        """
        self.after_silence()
        if not charge and not self._tripped(_CHARGE_OFF):
            self.charge_vetoed = False
        if not discharge and not self._tripped(_DISCHARGE_OFF):
            self.discharge_vetoed = False
        if self.busy:
            return False
        off = _PRE_OFF
        if not (charge is True and self.ready and not self.charge_vetoed):
            off |= _CHARGE_OFF
        if not (discharge is True and self.ready and not self.discharge_vetoed):
            off |= _DISCHARGE_OFF
        self._age += 1
        if off == self._sent and self._sent_known and self._age < _REFRESH:
            return True
        return self.control(off)

    def _tripped(self, off):
        bits = setup_bits
        if off == _CHARGE_OFF:
            masks = self.safety_a & bits.CHARGE_A or self.safety_b & bits.CHARGE_B
            return masks or self.safety_c & bits.CHARGE_C
        masks = self.safety_a & bits.DISCHARGE_A or self.safety_b & bits.DISCHARGE_B
        return masks or self.safety_c & bits.DISCHARGE_C

    def control(self, off):
        """Force off the FETs whose bits are set in ``off``, and let the others be on.

        A chip that was reset may not speak with checks any more, and would take them for data:
        it is told nothing before it has been heard. Its FETs are off.
        """
        self._sent_known = False
        self._sent = off
        if not (self.ready or self.link.sure):
            return False
        self.link.out[2] = off
        if not self.link.send(FET_CONTROL, 1):
            return False
        self._sent_known = True
        self._age = 0
        return True

    def permits(self):
        """True when a FET may be on, or nobody knows."""
        return not self._sent_known or self._sent != ALL_OFF

    # -- balancing, sleep ----------------------------------------------------------------

    def balance(self, mask):
        """Bleed these channels for the next BALANCE_S seconds; 0 ends it. False: not told."""
        self.balanced = mask
        self.link.out[2] = mask & 0xFF
        self.link.out[3] = mask >> 8
        return self.link.send(BALANCE, 2)

    def collect_balanced(self):
        """The channels that really bleed, after ``ask(BALANCE)``; -1 when unknown."""
        if self.link.fetch(BALANCE) < 2:
            return -1
        return self.link.data[0] | (self.link.data[1] << 8)

    def allow_sleep(self, allowed):
        """Let the chip sleep while no current flows; its results are old then."""
        self.sleep_allowed = allowed
        return self.link.command(_SLEEP_ENABLE if allowed else _SLEEP_DISABLE)

    def deep_sleep(self):
        """All FETs off, nothing measured, regulators on; refused while a FET is permitted."""
        if self.permits():
            return False
        self.void()
        return self.link.command(_DEEPSLEEP) and self.link.command(_DEEPSLEEP)

    def wake(self):
        """End deep sleep; a set-up is due."""
        return self.link.command(_EXIT_DEEPSLEEP)

    def shut_down(self):
        """Everything off, settings lost; refused while a FET is permitted."""
        if self.permits():
            return False
        self.void()
        return self.link.command(_SHUTDOWN) and self.link.command(_SHUTDOWN)
