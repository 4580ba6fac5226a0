"""Virtual time: a microsecond counter that only ever jumps, and the alarms on its way.

Owned by the board's loop; nothing here knows real time.
"""

_NEVER = 1 << 62


class Clock:
    """``now_us`` since power-on; ``alarms`` ring in order, each at its own time."""

    def __init__(self):
        self.now_us = 0
        self.next_us = _NEVER  # when the first alarm is due
        self._alarms = {}

    def set(self, name, due_us, ring):
        """Call ``ring()`` at ``due_us``; an alarm of the same name is replaced."""
        self._alarms[name] = (due_us, ring)
        self._find_next()

    def cancel(self, name):
        if self._alarms.pop(name, None) is not None:
            self._find_next()

    def due(self, name):
        """When ``name`` will ring, or None."""
        alarm = self._alarms.get(name)
        return alarm[0] if alarm else None

    def advance_to(self, target_us):
        """Move on to ``target_us``, ringing every alarm on the way at its time."""
        while self.next_us <= target_us:
            name = min(self._alarms, key=lambda key: self._alarms[key][0])
            due_us, ring = self._alarms.pop(name)
            self._find_next()
            if due_us > self.now_us:
                self.now_us = due_us
            ring()
        if target_us > self.now_us:
            self.now_us = target_us

    def _find_next(self):
        self.next_us = min((alarm[0] for alarm in self._alarms.values()), default=_NEVER)
