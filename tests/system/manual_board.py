"""A pack for the manual's way to a board that shows the truth: its meter and its setup are wrong.

The core, its register map and the Modbus server are the real ones; load and charger are those
of a person who follows the manual. Time passes in steps, a hundred times faster than on the
simulated board, so that a pack can be emptied and filled at the currents of daily work.
"""

from charging_bench import ChargingPack

from cellwarden import ids
from cellwarden.access import PORT_PC
from cellwarden.register_map import RegisterMap
from cellwarden_host import calibration, catalog, session
from cellwarden_host.board import Board
from modbus_rtu.server import Server

PASSWORD = "123456"
INSTALLER = 1
UNITY_PPM = 1_000_000


class Wire:
    """A client's line straight to the server."""

    port, baud = "in process", 115200

    def __init__(self, server, now_ms):
        self._server = server
        self._now_ms = now_ms
        self._reply = b""

    def write(self, data):
        length = self._server.feed(data, len(data), self._now_ms())
        self._reply += bytes(self._server.tx[:length])

    def read(self, max_bytes, timeout_ms):
        data, self._reply = self._reply[:max_bytes], self._reply[max_bytes:]
        return data

    def discard(self):
        self._reply = b""


class ManualPack(ChargingPack):
    """``gain`` and ``offset_ma`` are the meter's mistake, ``told_mah`` is a person's."""

    def __init__(self, chemistry, gain, offset_ma, told_mah, true_mah, soc):
        self._gain = gain
        self._offset_ma = offset_ma
        super().__init__(
            chemistry,
            cells=16,
            soc=soc,
            spread_mv=10,
            capacity_mah=true_mah,
            noise_mv=1.0,
            changes={"capacity_mah": told_mah, "current_calibrated": 0},
        )
        server = Server(RegisterMap(self.core), 1, PORT_PC)
        self.pc = Board(Wire(server, lambda: self.desk.now_ms))

    def _measure(self, ms):
        """As the shunt's driver would have it: less the zero, times the gain."""
        pack, desk, live = self.pack, self.desk, self.live
        noise = self._random.gauss
        mv = pack.all_cell_mv()
        desk.set_cells([round(v + noise(0, self.noise_mv)) for v in mv])
        raw = pack.current_ma * self._gain + self._offset_ma + noise(0, 25)
        raw -= live[ids.CURRENT_OFFSET_MA]
        desk.current_ma = round(raw * live[ids.CURRENT_GAIN_PPM] / UNITY_PPM)
        desk.pack_mv = round(pack.pack_mv())
        desk.bus_mv = round(pack.bus_mv)
        desk.charger_mv = round(pack.charger_mv)
        desk.step(ms)

    def discharge_to_protection(self, load_ma, limit_s=20_000):
        """A load that knows no limits draws until under-voltage stops it."""
        self.load.step = lambda _limit_ma, _dt_s: load_ma
        self.load_ma = load_ma
        self._until(lambda: not self.core.commands.discharge, limit_s)
        self.load_ma = 0

    def charge_to_protection(self, charge_ma, limit_s=40_000):
        """A charger that knows no limits gives until over-voltage stops it."""
        self.charger.step = lambda _limit_ma, _dt_s: charge_ma
        self.obeys_cvl = False
        self.plug_in()
        self._until(lambda: not self.core.commands.charge, limit_s)
        self.pack.charger.remove()

    def _until(self, condition, limit_s):
        for _ in range(limit_s):
            if condition():
                return
            self.step(1)
        raise AssertionError("not in time")

    def patient(self, monkeypatch):
        """Whoever waits lets time pass."""
        monkeypatch.setattr(calibration, "sleep", lambda s: self.run(max(s, 0.1), 0.1))
        return self

    def calibrate(self, load_ma):
        """Step 3: zero, look and clear, window, known load, true current."""
        with self.installer():
            calibration.take_zero(self.pc)
            self.pc.command_value("clear_latches", 1)
            calibration.open_window(self.pc)
            self.load_ma = load_ma
            self.run(10, 0.1)
            calibration.take_gain(self.pc, round(self.pack.current_ma))

    def installer(self):
        return session.logged_in(self.pc, lambda: PASSWORD, INSTALLER)

    def command(self, name, value):
        with self.installer():
            self.pc.command_value(name, value)

    def read(self, name):
        return self.pc.read([catalog.NAMED[name]]).one(name)

    def true_capacity_mah(self):
        cells = self.pack.cells
        return sum(cells.capacity_mas) / cells.count / 3600

    def true_soc_percent(self):
        cells = self.pack.cells
        return sum(cells.soc(i) for i in range(cells.count)) / cells.count * 100
