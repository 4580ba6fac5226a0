"""What a child that asks nothing is doing: still computing, hung, or waiting at its prompt.

Judged by processor time, not by the wall clock, so that a busy machine does not turn a slow
child into a hung one.
"""

_HUNG_CPU_NS = 250_000_000
_STILL_HUNG_CPU_NS = 20_000_000  # when all it did was to serve an interrupt
_PROMPT_LOOKS = 2  # asleep, at this many looks in a row without processor time in between


class Silence:
    PROMPT = 1
    HUNG = 2

    def __init__(self):
        self.last = 0  # what it was at the newest look
        self.interrupting = False  # the child's interrupt thread is at work
        self.poked = False  # an interrupt went to a hung child
        self.patience_s = 0.02
        self._patience_ns = _HUNG_CPU_NS
        self._looks = 0
        self._cpu_ns = 0
        self._marked = False

    def heard(self):
        """It has asked something."""
        self._patience_ns = _STILL_HUNG_CPU_NS if self.poked else _HUNG_CPU_NS
        self.poked = False
        self.last = 0
        self._looks = 0
        self._marked = False
        self.interrupting = False
        self.patience_s = 0.02

    def state(self, child):
        """0 while it may still be computing, else PROMPT or HUNG."""
        if not child.greeted:
            return 0
        cpu_ns = child.cpu_ns()
        if not self._marked:
            self._marked = True
            child.mark_cpu()
        if child.sleeping():
            self._looks = self._looks + 1 if cpu_ns == self._cpu_ns else 1
        else:
            self._looks = 0
        self._cpu_ns = cpu_ns
        if self._looks >= _PROMPT_LOOKS:
            self.last = self.PROMPT
        elif child.cpu_since_mark_ns() >= self._patience_ns:
            self.last = self.HUNG
        else:
            self.last = 0
        self.patience_s = 0.0 if self.last else 0.01
        return self.last
