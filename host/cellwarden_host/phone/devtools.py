"""A browser's DevTools, asked directly: commands, and the events that come of them.

Beside Playwright, not through it: answers to the emulated radio have to go out while a test is
busy with the page. For tests and screenshots; no page and no command of the product loads it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp

Event = tuple[str, dict[str, Any], str]  # name, parameters, session


class DevToolsError(RuntimeError):
    """The browser refused a command."""


class DevTools:
    """``await open(port)`` first. ``events`` gets what comes without being asked for."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self, port: int) -> None:
        """Reach the browser that was started with ``--remote-debugging-port``."""
        self._http = aiohttp.ClientSession()
        async with self._http.get(f"http://127.0.0.1:{port}/json/version") as answer:
            address = (await answer.json())["webSocketDebuggerUrl"]
        self._socket = await self._http.ws_connect(address, max_msg_size=0)
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.close()

    async def attach(self, target: str) -> str:
        """The session for commands to one page."""
        found = await self.ask("Target.attachToTarget", targetId=target, flatten=True)
        return str(found["sessionId"])

    async def ask(self, command: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        assert self._socket is not None
        self._number += 1
        message = {"id": self._number, "method": command, "params": parameters}
        if session:
            message["sessionId"] = session
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = answer
        await self._socket.send_json(message)
        return await answer

    async def _read(self) -> None:
        assert self._socket is not None
        async for message in self._socket:
            found = json.loads(message.data)
            if "id" not in found:
                session = found.get("sessionId", "")
                self.events.put_nowait((found["method"], found.get("params", {}), session))
                continue
            answer = self._waiting.pop(found["id"])
            if answer.cancelled():
                continue
            if "error" in found:
                answer.set_exception(DevToolsError(found["error"].get("message", "refused")))
            else:
                answer.set_result(found["result"])
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(DevToolsError("the browser has gone"))
