"""A constant-current, constant-voltage charger with its own output diode.

It pushes up to ``set_ma`` until its terminals reach ``set_mv``. Told limits (``ccl_ma``,
``cvl_mv``) are obeyed when ``obeys`` is true: whoever plays the bus between board and charger
writes them. It cannot draw current.
"""


class Charger:
    """Absent until connected."""

    def __init__(self):
        self.connected = False
        self.set_mv = 0
        self.set_ma = 0
        self.obeys = False
        self.ccl_ma = None
        self.cvl_mv = None
        self.current_ma = 0.0

    def connect(self, set_mv, set_ma):
        self.connected = True
        self.set_mv = set_mv
        self.set_ma = set_ma

    def remove(self):
        self.connected = False
        self.current_ma = 0.0

    def limits(self):
        """(mV, mA) it works to now; (0, 0) when it is not there."""
        if not self.connected:
            return 0, 0
        mv, ma = self.set_mv, self.set_ma
        if self.obeys:
            if self.cvl_mv is not None and self.cvl_mv < mv:
                mv = self.cvl_mv
            if self.ccl_ma is not None and self.ccl_ma < ma:
                ma = self.ccl_ma
        return mv, ma
