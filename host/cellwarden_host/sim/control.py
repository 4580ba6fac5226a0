"""The simulator's control port: JSON lines over TCP, on this machine only. docs/simulator.md.

Each request is an object with ``cmd``; each answer says ``ok``. Commands run on the board's own
thread, between two moments of virtual time, so what they see belongs together.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Any

from .board import SimBoard
from .faults import FAULTS
from .flash import TYPICAL_US, WORST_US
from .layout import SimError

_LINE_MAX = 1 << 20
_CONSOLE_TAIL = 2000


class ControlServer:
    """Serves until ``close``. ``quit`` calls ``on_quit``; ``port`` is where it listens."""

    def __init__(self, board: SimBoard, on_quit: Callable[[], None] = lambda: None) -> None:
        self._board = board
        self.quit_asked = False
        self._commands: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "help": self._help,
            "status": self._status,
            "truth": self._truth,
            "faults": self._faults,
            "inject": self._inject,
            "clear": self._clear,
            "advance": self._advance,
            "speed": self._speed,
            "unplug": self._unplug,
            "plug": self._plug,
            "reset": self._reset,
            "cut_flash": self._cut_flash,
            "flash_timing": self._flash_timing,
            "uart_send": self._uart_send,
            "uart_take": self._uart_take,
            "set": self._set,
            "quit": self._quit,
        }
        control = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline(_LINE_MAX):
                    answer = control.answer(line)
                    try:
                        self.wfile.write(json.dumps(answer).encode() + b"\n")
                    except OSError:
                        return
                    finally:
                        # Only now: whoever asked to quit shall still get the answer.
                        if control.quit_asked:
                            on_quit()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, line: bytes) -> dict[str, Any]:
        """One request's answer; a request that is wrong says why and changes nothing."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("a request is a JSON object")
            name = request.get("cmd")
            command = self._commands.get(str(name))
            if command is None:
                raise ValueError(f"no command {name!r}; there are: {', '.join(self._commands)}")
            run = command
            return {"ok": True, **self._board.call(lambda: run(request))}
        except (ValueError, TypeError, KeyError, IndexError, SimError) as error:
            text = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            return {"ok": False, "error": text}

    # --- looking

    def _help(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"commands": list(self._commands)}

    def _status(self, _request: dict[str, Any]) -> dict[str, Any]:
        board = self._board
        pins = board.peripherals.pins
        return {
            "t_ms": board.clock.now_us // 1000,
            "speed": board.speed,
            "powered": board.powered,
            "gates_enabled": board.gates_enabled,
            "heartbeat_edges": pins.heartbeat_edges,
            "outputs": {name: pins.output(name) for name in pins.names.values()},
            "pwm": pins.pwm,
            "resets": [[t_us // 1000, cause] for t_us, cause in board.resets[-20:]],
            "flash_writes": board.flash.writes,
            "uarts": {
                label: {"baud": line.baud, "lost_bytes": line.lost_bytes}
                for label, line in board.peripherals.line_of.items()
            },
            "radio": None if board.radio is None else board.radio.status(),
            "console": bytes(board.console.log[-_CONSOLE_TAIL:]).decode(errors="replace"),
        }

    def _truth(self, _request: dict[str, Any]) -> dict[str, Any]:
        self._board.plant.advance(self._board.clock.now_us)
        return {"truth": self._board.plant.truth()}

    # --- faults

    def _faults(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {
            "faults": {
                name: {"args": list(arguments), "help": text}
                for name, (text, arguments, _) in FAULTS.items()
            }
        }

    def _inject(self, request: dict[str, Any]) -> dict[str, Any]:
        self._board.plant.advance(self._board.clock.now_us)
        arguments = request.get("args", [])
        return {"text": self._board.plant.inject(str(request["fault"]), *arguments)}

    def _clear(self, request: dict[str, Any]) -> dict[str, Any]:
        self._board.plant.advance(self._board.clock.now_us)
        done = self._board.plant.clear(str(request.get("fault", "all")))
        return {"text": str(done or "cleared")}

    def _set(self, request: dict[str, Any]) -> dict[str, Any]:
        """A parameter of the plant by its dotted name, for what no fault is named for."""
        *path, last = str(request["name"]).split(".")
        value = request["value"]
        if not isinstance(value, int | float | bool | str):
            raise ValueError("value must be a number, a text or a truth value")
        holder: Any = self._board.plant
        for part in path:
            holder = getattr(holder, part, None) if not part.startswith("_") else None
        old = getattr(holder, last, None) if not last.startswith("_") else None
        if not isinstance(old, int | float | str):
            raise ValueError(f"the plant has no parameter {request['name']!r}")
        self._board.plant.advance(self._board.clock.now_us)
        setattr(holder, last, value)
        if hasattr(self._board.plant, "refresh"):
            self._board.plant.refresh()
        return {"was": old, "value": value}

    # --- time and power

    def _advance(self, request: dict[str, Any]) -> dict[str, Any]:
        time_ms = float(request["ms"])
        if not 0 <= time_ms <= 86_400_000:
            raise ValueError("ms must be 0 to a day")
        self._board.advance(time_ms)
        return {"t_ms": self._board.clock.now_us // 1000}

    def _speed(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request["speed"]
        if wanted == "stepped":
            self._board.set_speed(None, stepped=True)
        else:
            times = float(wanted)
            if times < 0:
                raise ValueError("speed must be 0 (as fast as it goes), positive or 'stepped'")
            self._board.set_speed(times or None)
        return {"speed": self._board.speed}

    def _unplug(self, _request: dict[str, Any]) -> dict[str, Any]:
        self._board.unplug()
        return {}

    def _plug(self, _request: dict[str, Any]) -> dict[str, Any]:
        self._board.power_on()
        return {}

    def _reset(self, _request: dict[str, Any]) -> dict[str, Any]:
        self._board.hard_reset()
        return {}

    def _cut_flash(self, request: dict[str, Any]) -> dict[str, Any]:
        after = int(request["after"])
        if after < 0:
            self._board.flash.cancel_cut()
        else:
            self._board.flash.cut_after_writes(after, bool(request.get("torn", True)))
        return {"flash_writes": self._board.flash.writes}

    def _flash_timing(self, request: dict[str, Any]) -> dict[str, Any]:
        choices = {"typical": TYPICAL_US, "worst": WORST_US}
        if request["timing"] not in choices:
            raise ValueError("timing must be typical or worst")
        flash = self._board.flash
        flash.erase_us, flash.program_us = choices[request["timing"]]
        return {}

    # --- serial lines

    def _line(self, request: dict[str, Any]) -> str:
        label = str(request["port"])
        if label not in self._board.peripherals.line_of:
            raise ValueError(f"no port {label!r}")
        return label

    def _uart_send(self, request: dict[str, Any]) -> dict[str, Any]:
        self._board.uart_send(self._line(request), bytes.fromhex(request["hex"]))
        return {}

    def _uart_take(self, request: dict[str, Any]) -> dict[str, Any]:
        taken = self._board.uart_take(self._line(request))
        return {"sent": [{"t_us": t_us, "hex": data.hex()} for t_us, data in taken]}

    def _quit(self, _request: dict[str, Any]) -> dict[str, Any]:
        self.quit_asked = True
        return {}


class ControlClient:
    """``ControlClient(port)("inject", fault="cell", args=[7, 4250])`` -> the answer's fields."""

    def __init__(self, port: int, timeout_s: float = 60) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self._file = self._socket.makefile("rwb")

    def __call__(self, cmd: str, **fields: Any) -> dict[str, Any]:
        self._file.write(json.dumps({"cmd": cmd, **fields}).encode() + b"\n")
        self._file.flush()
        line = self._file.readline()
        if not line:
            raise SimError("the simulator has gone")
        answer: dict[str, Any] = json.loads(line)
        if not answer.pop("ok"):
            raise SimError(answer["error"])
        return answer

    def close(self) -> None:
        self._file.close()
        self._socket.close()
