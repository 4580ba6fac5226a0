"""The output pins: gates, precharge, heater, secondary disconnect, heartbeat.

Everything is off when this is constructed, and stays off while ``locked`` (until the self-test
has passed and whenever the controller is not in charge). Switching off never fails because of
another pin, never allocates and never raises. The secondary disconnect fires even while locked
(it only ever cuts) and stays fired: ``all_off`` does not take it back.
"""

# Off first, in this order: what carries the pack's current, then the rest.
_SWITCHED = ("charge_gate", "discharge_gate", "precharge_gate", "heater", "short_reset")


class Outputs:
    """Drives the pins named in ``pins`` (board pin name -> Pin). Missing ones are not fitted."""

    def __init__(self, pins):
        self._pins = tuple(pins[name] if name in pins else None for name in _SWITCHED)
        self._charge, self._discharge, self._precharge, self._heater, self._reset = self._pins
        self._secondary = pins["secondary_fire"] if "secondary_fire" in pins else None
        self._heartbeat = pins["heartbeat"]
        self._charge_sense = pins["charge_feedback"] if "charge_feedback" in pins else None
        self._discharge_sense = (
            pins["discharge_feedback"] if "discharge_feedback" in pins else None
        )
        self._beat = 0
        self.locked = True
        self.fired = False
        self.faults = 0  # writes to pins that failed
        self.charge_on = False
        self.discharge_on = False
        self.charge_feedback = 0
        self.discharge_feedback = 0
        self.all_off()

    def apply(self, commands):
        """Set the pins as the core commands: all that go off first, then those that go on.

        Only ``True`` itself switches on; anything else is not understood and is off.
        """
        if commands.fire_secondary is True:
            self._fire()
        if self.locked:
            self.all_off()
            return
        charge = commands.charge is True
        discharge = commands.discharge is True
        if not charge:
            self._set(self._charge, 0)
        if not discharge:
            self._set(self._discharge, 0)
        self._set(self._precharge, 1 if commands.precharge is True else 0)
        self._set(self._heater, 1 if commands.heater is True else 0)
        self._set(self._reset, 1 if commands.reset_short is True else 0)
        if charge:
            self._set(self._charge, 1)
        if discharge:
            self._set(self._discharge, 1)
        self.charge_on = charge
        self.discharge_on = discharge
        self._precharge_on = commands.precharge
        self._heater_on = commands.heater

    def differ(self, commands):
        """True when ``apply`` would change a pin, as far as is known: a tick refreshes all."""
        return (
            commands.charge is not self.charge_on
            or commands.discharge is not self.discharge_on
            or commands.precharge is not self._precharge_on
            or commands.heater is not self._heater_on
            or commands.fire_secondary is not self.fired
        )

    def all_off(self):
        """Everything to its rest state, each pin by itself, whatever happens on the others."""
        for pin in self._pins:
            self._set(pin, 0)
        self.charge_on = self.discharge_on = False
        self._precharge_on = self._heater_on = False

    def heartbeat(self):
        """One edge that keeps the gates enabled; only a tick that completed may call this."""
        self._beat ^= 1
        self._set(self._heartbeat, self._beat)

    def read_feedback(self):
        """Sense the gates; False when this board cannot or the pins did not answer."""
        if self._charge_sense is None or self._discharge_sense is None:
            return False
        try:
            self.charge_feedback = self._charge_sense.value()
            self.discharge_feedback = self._discharge_sense.value()
        except Exception:
            return False
        return True

    def _fire(self):
        self.fired = True
        self._set(self._secondary, 1)

    def _set(self, pin, level):
        if pin is None:
            return
        try:
            pin.value(level)
        except Exception:  # a dead pin must not keep the others from being switched off
            self.faults += 1
