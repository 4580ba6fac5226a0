"""One control tick in two halves: readings in, commands out, always in the same order.

    judge:  readings -> quantities -> protection -> switchgear -> commands
    settle: estimator -> limits -> balancer, heater -> commands, journal

``judge`` and ``settle`` run at 10 Hz, in turn, with a turn for the ports between them: what opens
a switch waits for nothing that can wait. ``tick`` is both in one. ``fast`` runs after each
current sample in between. What the register map shows is put together when somebody asks.

Everything is allocated here, once; none of them allocates anything. The controller measures
nothing, drives nothing and reads no clock. It must never return with a switch commanded on that
the switchgear did not decide in this very call.
"""

from . import commands as outputs
from . import ids
from . import schema_data as schema
from .balancing import Balancer
from .calibration import Calibration
from .cell_health import CellHealth
from .charger_link import ChargerLink
from .commands import Commands
from .conditions import Conditions
from .estimator import Estimator
from .heater import Heater
from .journal import Journal
from .lease import Lease
from .limits import Limits
from .protection import EVENT_LATCH, Protection
from .publish import Publisher
from .quantities import Quantities
from .readings import TEMP_BALANCE_BOARD, TEMP_POWER_BOARD, Readings
from .requests import Requests
from .sleep import Sleep
from .switchgear import Switchgear, urgent_forbids
from .ticks import elapsed_ms
from .time_left import TimeLeft
from .wire_proof import WireProof

TICK_MS = 100
# Complete, valid sets of samples in a row before anything may switch on (safety.md 4).
_READY_SAMPLES = 10
# Current that counts as flowing: a hundredth of the rating, at least 200 mA.
_FLOW_PART = 500
_FLOW_MIN_MA = 200
# A load that is gone lets the bus float up; one that is there holds it down. One that switched
# itself off leaves its capacitor at its own cut-off voltage: that is not gone.
_LOAD_GONE_PERCENT = 90
# A charger that is there lifts its terminals above the pack.
_CHARGER_MV = 300
# How long a charge or a load will last is looked at every 8 ticks.
_TIME_LEFT_MASK = 7
# Whether to fall asleep is asked in the same rhythm: it is a matter of minutes.
_SLEEP_MASK = 7
# Neither can be told before the open switch has let the other side go where it wants to.
_PART_MS = 1000
_BOTH = ids.FORBID_CHARGE | ids.FORBID_DISCHARGE
_BUZZER = (
    outputs.BUZZER_SILENT,
    outputs.BUZZER_SILENT,
    outputs.BUZZER_WARNING,
    outputs.BUZZER_PROTECTION,
    outputs.BUZZER_DANGER,
)


class Controller:
    """The core of one pack. ``board`` is a board definition (see boards/)."""

    def __init__(self, board, settings, access, start_ms):
        self.board = board
        self.settings = settings
        self.access = access
        self.readings = Readings()
        self.commands = Commands()
        self.requests = Requests()
        self.conditions = Conditions()
        self.quantities = Quantities(start_ms)
        self.protection = Protection(self.quantities, settings.live)
        self.estimator = Estimator()
        self.limits = Limits()
        self.time_left = TimeLeft()
        self.balancer = Balancer(board)
        self.cells = CellHealth(board)
        self.switchgear = Switchgear(board)
        self.heater = Heater()
        self.lease = Lease()
        self.charger_link = ChargerLink()
        self.journal = Journal()
        self.calibration = Calibration(board)
        self.sleep = Sleep(start_ms)
        self.wire_proof = WireProof()
        self.publisher = Publisher(self)
        self.updater = None  # who carries a live update out, while there is one
        self.bluetooth = None  # who keeps its passkey and paired phones, on boards with a radio
        self._revision = -1
        self.uptime_s = 0  # in service, over all restarts
        self.start_uptime_s = 0
        self.tick_late_worst_ms = 0
        self.ticks = 0
        self.ready = False
        self._heater_ma = getattr(board, "HEATER_MA", 0)
        self._flow_ma = max(_FLOW_MIN_MA, board.RATING_MA // _FLOW_PART)
        self._fired = False
        self._good_samples = 0
        self._whole = False  # the newest set of samples is complete
        self._seen_cells = 0
        self._seen_current = 0
        self._second_ms = start_ms
        self._last_ms = start_ms
        self._current_ms = start_ms

    def fast(self, now_ms):
        """After each current sample: the rules on current, the body diode, the charge count."""
        r = self.readings
        live = self.settings.live
        self._count_charge(now_ms)
        self._foresee()
        protection = self.protection
        gear = self.switchgear
        self.quantities.update_current(r, live, protection.state, gear, now_ms)
        self._flow(r.current_ma)
        protection.judge(now_ms, True)
        gear.urgent = urgent_forbids(protection) if protection.forbids else 0
        gear.hold |= protection.pending
        gear.fast(now_ms, r, self._forbids(), self.settings, self.commands)
        self._guard()
        if protection.events:
            self._write_journal(now_ms)  # now: at the next tick the current has stopped

    def tick(self, now_ms):
        """The whole chain, once every TICK_MS, for who has nothing to do in between."""
        self.judge(now_ms)
        self.settle(now_ms)

    def judge(self, now_ms):
        """The half that may open a switch: what was measured, the rules on it, the switches."""
        r = self.readings
        settings = self.settings
        live = settings.live
        c = self.conditions
        late = elapsed_ms(now_ms, self._last_ms) - TICK_MS
        self._last_ms = now_ms
        c.tick_late_ms = late if late > 0 and self.ticks else 0
        if c.tick_late_ms > self.tick_late_worst_ms:
            self.tick_late_worst_ms = c.tick_late_ms
        self._uptime(now_ms)
        self._conditions(now_ms)
        self._count_charge(now_ms)
        protection = self.protection
        if settings.revision != self._revision:
            self._revision = settings.revision
            self._forget_unfitted(live[ids.TEMPS_FITTED])
        self._foresee()
        e = self.estimator
        gear = self.switchgear
        soc_permille = e.soc_permille if e.known else -1
        self.quantities.update(r, live, protection.state, gear, soc_permille, c, now_ms)
        self._context(now_ms)
        protection.judge(now_ms, False)
        self.wire_proof.update(r, self.quantities, protection, settings)
        gear.urgent = urgent_forbids(protection) if protection.forbids else 0
        self._samples()
        gear.hold = protection.pending | (0 if self._whole else _BOTH)
        gear.tick(now_ms, r, self._forbids(), self.ready, settings, c.lease_over, self.commands)
        self._guard()

    def settle(self, now_ms):
        """The half that no switch waits for; with it the tick is complete."""
        self.ticks = (self.ticks + 1) & 0x3FFFFFFF
        r = self.readings
        settings = self.settings
        q = self.quantities
        protection = self.protection
        e = self.estimator
        gear = self.switchgear
        commands = self.commands
        e.update(r, q, settings, now_ms)
        self.limits.stop_requested = gear.stop_requested
        self.limits.charger_lost = self.charger_link.lost
        self.limits.update(r, q, protection, e, settings, now_ms)
        if not self.ticks & _TIME_LEFT_MASK:
            self.time_left.update(e, r, settings, now_ms)
        self.balancer.update(r, q, protection, e, settings, now_ms, commands)
        self.heater.update(r, q, protection, e, settings, gear.discharge_on, now_ms, commands)
        self._guard()
        cells = self.cells
        if self.ticks == 1:
            cells.begin(self.publisher.restart_cause)
            if self.lease.begin(self.settings, self.publisher.restart_cause):
                self.requests.save_state = True
        cells.update(r, q, settings, e, commands.balance, commands.heater, self.uptime_s, now_ms)
        if not self.ticks & _SLEEP_MASK:
            self._sleep(now_ms)
        self._sound()
        self._write_journal(now_ms)

    @property
    def readout(self):
        """All readings as of the newest tick, for whoever asks (see publish.py)."""
        publisher = self.publisher
        publisher.publish(self.ticks, self._last_ms)
        return publisher.readout

    def take_over(self, charge, discharge, now_ms):
        """Switches that hardware held on through a restart that was meant: what was proven
        before it still is, and they were never open. Rules and ages judge from the first tick."""
        self.ready = self.settings.commissioned
        if self.ready:
            self.switchgear.take_over(charge, discharge, now_ms, self.commands)

    def clear_latches(self, now_ms):
        """A person has looked at the pack: let latched rules clear, the comparator too."""
        self.protection.clear_latches(now_ms)
        self.conditions.state_lost = 0
        self.switchgear.clear()
        self.heater.clear()
        self.commands.reset_short = True

    def ask_for_sleep(self):
        """A person wants the board to sleep; False while current flows or a charger is there."""
        unknown = not self.readings.current_ma.valid
        return self.sleep.ask(unknown or self._flows() or self._charger_seen())

    def _count_charge(self, now_ms):
        current = self.readings.current_ma
        if current.count != self._seen_current:
            gone_ms = elapsed_ms(current.sampled_ms, self._current_ms)
            if self._seen_current and gone_ms <= 1000:
                self.estimator.add_current(current.value, gone_ms)
            self._seen_current = current.count
            self._current_ms = current.sampled_ms

    def _forbids(self):
        protection = self.protection
        forbids = protection.forbids
        if forbids & ids.FORBID_SECONDARY:
            if not self.wire_proof.releases(self.readings, self.quantities, protection):
                forbids &= ~ids.FORBID_SECONDARY
        if not self.ready:
            forbids |= ids.FORBID_CHARGE | ids.FORBID_DISCHARGE
        return forbids

    def _guard(self):
        """Outputs rest while the core is not ready; nothing above may forget it."""
        if not self.ready:
            self.commands.charge = self.commands.discharge = False
            self.commands.precharge = self.commands.heater = False

    def _samples(self):
        """Count complete, valid sets of samples in a row; one bad set does not open a switch
        (that is the work of the rules on age), but before the first switching it starts anew."""
        r = self.readings
        whole = r.cells_valid and r.current_ma.valid and r.pack_mv.valid and r.temps_valid
        self._whole = whole
        if self.ready:
            self.ready = self.settings.commissioned
            return
        if not whole or not self.settings.commissioned:
            self._good_samples = 0
        elif r.cells_count != self._seen_cells:
            self._good_samples += 1
        self._seen_cells = r.cells_count
        wires_known = r.open_wire_count > 0
        self.ready = wires_known and self._good_samples >= _READY_SAMPLES

    def _forget_unfitted(self, fitted):
        """Rules on a sensor that is not there any more could neither trip nor clear."""
        if not fitted >> TEMP_POWER_BOARD & 1:
            self.protection.forget(ids.RULE_POWER_OT)
            self.protection.forget(ids.RULE_POWER_OT_WARN)
        if not fitted >> TEMP_BALANCE_BOARD & 1:
            self.protection.forget(ids.RULE_BALANCE_OT)

    def _foresee(self):
        """What the switches must be holding back by now, for the quantities to compare."""
        self.quantities.backup = self.protection.backup
        self.quantities.heater_ma = self._heater_ma if self.heater.on else 0

    def _flow(self, current):
        context = self.protection.context
        context.charging = current.valid and current.value >= self._flow_ma
        context.discharging = current.valid and current.value <= -self._flow_ma

    def _context(self, now_ms):
        r = self.readings
        self._flow(r.current_ma)
        context = self.protection.context
        pack = r.pack_mv
        bus = r.bus_mv
        gear = self.switchgear
        known = not gear.discharge_on and pack.valid and bus.fitted and bus.valid
        known = known and elapsed_ms(now_ms, gear.discharge_since_ms) >= _PART_MS
        context.load_removed = known and bus.value * 100 >= pack.value * _LOAD_GONE_PERCENT
        charger = r.charger_mv
        known = not gear.charge_on and pack.valid and charger.fitted and charger.valid
        known = known and elapsed_ms(now_ms, gear.charge_since_ms) >= _PART_MS
        context.charger_removed = known and charger.value <= pack.value + _CHARGER_MV

    def _uptime(self, now_ms):
        while elapsed_ms(now_ms, self._second_ms) >= 1000:
            self._second_ms = (self._second_ms + 1000) & 0x3FFFFFFF
            self.uptime_s += 1

    def _conditions(self, now_ms):
        c = self.conditions
        settings = self.settings
        c.settings_lost = int(settings.lost)
        c.uncommissioned = int(not settings.commissioned)
        window = self.calibration.window_open(now_ms)
        if window and not self.access.role(self.calibration.window_port):
            self.calibration.close_window()
            window = False
        c.uncalibrated = int(not settings.live[ids.CURRENT_CALIBRATED] and not window)
        self.access.step(now_ms, settings.live[ids.SESSION_MINUTES] * 60_000)
        c.factory_password = int(self.access.factory_password)
        c.no_secondary = int(not self.readings.secondary_fitted)
        gear = self.switchgear
        off = not (gear.charge_on or gear.discharge_on or gear.precharge_on)
        self.calibration.sample(self.readings, off)
        e = self.estimator
        self.lease.update(settings, self.uptime_s, e.discharged_mah, e.cycles_tenths)
        c.lease_over = int(self.lease.over)
        self.charger_link.update(now_ms)
        c.charger_silent = int(self.charger_link.silent(now_ms, settings))
        c.heater_fault = int(self.heater.fault)

    def _flows(self):
        context = self.protection.context
        return context.charging or context.discharging

    def _charger_seen(self):
        r = self.readings
        charger = r.charger_mv
        if self.protection.context.charging or self.charger_link.talking:
            return True
        known = charger.fitted and charger.valid and r.pack_mv.valid
        return known and charger.value > r.pack_mv.value + _CHARGER_MV

    def _sleep(self, now_ms):
        s = self.switchgear
        on = s.discharge_on or s.precharge_on
        seen = self._charger_seen()
        self.sleep.update(self.protection, seen, on, self.access.anyone(), self._flows(), now_ms)

    def _sound(self):
        loud = self.protection.loudest
        allowed = self.settings.live[ids.BUZZER] or loud == ids.LOUD_DANGER
        self.commands.buzzer = _BUZZER[loud] if allowed else outputs.BUZZER_SILENT

    def _write_journal(self, now_ms):
        p = self.protection
        for i in range(p.events):
            rule = p.event_rule[i]
            # What is only told, and switches nothing, would fill the journal at every start.
            if schema.RULE_FORBIDS[rule] or schema.RULE_LOUD[rule] > ids.LOUD_INFO:
                self.journal.record(p.event_kind[i], rule, now_ms, self)
            if p.event_kind[i] == EVENT_LATCH:
                self.requests.save_state_now = True
        if p.events:
            self.requests.save_state = True
        if self.commands.fire_secondary and not self._fired:
            self._fired = True
            self.requests.save_state_now = True
        p.events = 0
