"""A board for tests of the command line: the real core, register map and Modbus server behind a
pseudo terminal, its readings made up by the test, its clock moved by the test."""

import contextlib
import io
import os
import pty
import select
import threading
import tty

import boards.sim
from cellwarden import ids
from cellwarden.access import PORT_PC
from cellwarden.register_map import RegisterMap
from cellwarden.settings import Settings
from cellwarden_host.cli import main
from cellwarden_host.desk import Desk
from cellwarden_host.sim.provision import commissioned
from cellwarden_host.sim.ptys import retire
from modbus_rtu.server import Server

PASSWORD = "123456"


class CliBoard:
    """``fresh`` has not been set up; ``desk`` is the core; ``run`` calls the command."""

    def __init__(self, fresh=False, port=PORT_PC, definition=boards.sim, **setup):
        settings = Settings(definition) if fresh else commissioned(definition, **setup)
        self.desk = Desk(definition, settings)
        self.map = RegisterMap(self.desk.controller)
        self.map.set_text(ids.T_PRODUCT, "Cellwarden")
        self.server = Server(self.map, 1, port)
        self.noise = b""  # sent in front of every reply
        self.mute = False
        self.spoil = False  # one bit of every reply is wrong
        self.forget_commit = False  # the reply to one commit is lost
        self.lock = threading.Lock()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.tick(20)

    def tick(self, count=1):
        """Pass ``count`` ticks of 100 ms."""
        with self.lock:
            for _ in range(count):
                self.desk.tick()
                self.desk.controller.access.step(self.desk.now_ms, 600_000)

    def cells(self, count, mv=3700):
        """The pack that is really there has so many cells."""
        self.desk.cell_mv = [mv] * count
        self.tick(20)

    def bus_ms(self):
        """The time by which silence on the line ends a frame."""
        return self.desk.now_ms

    def setting(self, name):
        return self.desk.controller.settings.value[getattr(ids, name.upper())]

    def _serve(self):
        while True:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            data = os.read(self._master, 256)
            with self.lock:
                length = self.server.feed(data, len(data), self.bus_ms())
                reply = bytearray(self.server.tx[:length])
                self.server.address = self.setting("device_address")  # as firmware/tasks.py
            self._reply(data, reply)

    def _reply(self, request, reply):
        if not reply or self.mute:
            return
        if self.forget_commit and request[1:6] == b"\x06\x20\x01\x00\x01":
            self.forget_commit = False
            return
        if self.spoil:
            reply[-3] ^= 0x10
        os.write(self._master, self.noise + bytes(reply))

    def unplug(self):
        """The device goes, as when a USB cable is pulled."""
        os.write(self._wake_write, b"x")
        self._thread.join()
        os.close(self._master)
        retire(self._slave)

    def run(self, *args, password=PASSWORD):
        """(exit code, standard output, standard error) of ``cellwarden *args``."""
        return run(*args, "--port", self.port, password=password)


def run(*args, password=PASSWORD):
    """(exit code, standard output, standard error) of the command."""
    out, err = io.StringIO(), io.StringIO()
    old = {k: os.environ.pop(k, None) for k in ("CELLWARDEN_PASSWORD", "CELLWARDEN_PORT")}
    if password is not None:
        os.environ["CELLWARDEN_PASSWORD"] = password
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(list(args))
            except SystemExit as ended:  # argparse's own way
                code = ended.code
    finally:
        os.environ.pop("CELLWARDEN_PASSWORD", None)
        os.environ.update({k: v for k, v in old.items() if v is not None})
    return code, out.getvalue(), err.getvalue()
