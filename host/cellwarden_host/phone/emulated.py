"""A Chromium page's Web Bluetooth, joined to a GATT central: the phone around the page.

What the page asks of ``navigator.bluetooth`` goes to a central on the simulator's radio, and what
that hears goes back, so the page runs unchanged against the firmware. Chromium's emulation of
peripherals (DevTools domain BluetoothEmulation) is asked through ``devtools``. Like a phone, the
bridge pairs when an attribute refuses it, with the digits that its owner would type (``passkey``),
and encrypts with its keys after that.

Two things the emulation cannot do, and what stands in for them, in a script put into the page
before its own:

- It cannot push a notification. The script reads each characteristic that the page has subscribed
  to, over and over; the bridge answers a read when there is a notification. The event that the
  page hears is the same one.
- It does not tell that a page has given up its link; the script does.

And one for which nothing stands in: it knows one error only, so every refusal looks alike.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..problems import Problem
from .devtools import DevTools, DevToolsError

if TYPE_CHECKING:
    from playwright.sync_api import Page

_T = TypeVar("_T")
SERVICE = "8e2d0001-5f0b-4c8e-9d3a-63656c6c7764"
_CCCD = "00002902-0000-1000-8000-00805f9b34fb"
_ADDRESS = "C0:FF:EE:00:00:01"  # what the page would see; it gets an identifier made of it
_PROPERTIES = {1: "broadcast", 2: "read", 4: "writeWithoutResponse", 8: "write", 16: "notify"}
_NOTIFY = 16
_TIMEOUT_S = 15
_LOOK_S = 0.02
# The only failures that the emulation knows.
_OK, _NO_CONNECTION, _FAILED = 0, 8, 1
_MUST_SECURE = (0x05, 0x0F)  # ATT: insufficient authentication, insufficient encryption
_GONE = "emulatedLinkGone"
_LOST = "link lost"
_PAGE_ENDS = ("Runtime.executionContextsCleared", "Target.detachedFromTarget")
_SCRIPT = """(() => {
  const one = window.BluetoothRemoteGATTCharacteristic?.prototype;
  const server = window.BluetoothRemoteGATTServer?.prototype;
  if (!one || !server) return;
  const {startNotifications} = one, {disconnect} = server;
  one.startNotifications = async function () {
    await startNotifications.call(this);
    (async () => { try { for (;;) await this.readValue(); } catch { /* the link is gone */ } })();
    return this;
  };
  server.disconnect = function () { window.GONE?.(""); disconnect.call(this); };
})()""".replace("GONE", _GONE)


class Central(Protocol):
    """One link as a phone's system sees it; calls block. RadioCentral is one."""

    @property
    def connected(self) -> bool: ...
    def connect(self, wanted: str) -> None: ...
    def pair(self, passkey: int | None) -> None: ...
    def encrypt(self) -> None: ...
    def services(self) -> Mapping[str, Mapping[str, int]]: ...
    def read(self, uuid: str) -> bytes: ...
    def write(self, uuid: str, data: bytes, response: bool = True) -> None: ...
    def subscribe(self, uuid: str, heard: Callable[[bytes], None] | None = None) -> None: ...
    def vanish(self) -> None: ...
    def close(self) -> None: ...


class EmulatedBluetooth:
    """The radio of a Chromium that was started with ``debug_port``; its pages see ``name``.

    ``central`` makes the phone's side of each connection anew. ``join(page)`` before its first
    address. ``chooses = False``: the person closes the list of boards without choosing.
    """

    def __init__(
        self, debug_port: int, name: str, central: Callable[[], Central], passkey: int | None
    ) -> None:
        self.name = name
        self.passkey = passkey
        self.chooses = True
        self.in_reach = True  # of new connections
        # Given a write that it fits, the link breaks before that, once.
        self.breaks_at: Callable[[bytes], bool] | None = None
        self.problems: list[str] = []  # what went wrong on the phone's side, for a test to see
        self._make = central
        self._bonded = False
        self._central: Central | None = None
        self._discovered = False
        self._uuids: dict[str, str] = {}  # the emulation's identifier: characteristic
        self._heard: dict[str, deque[bytes]] = {}
        self._reading: set[str] = set()  # identifiers whose read waits for a notification
        self._prompts: set[str] = set()
        self._devtools = DevTools()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="emulated", daemon=True
        )
        self._thread.start()
        self._tasks: list[asyncio.Task[None]] = []
        self._run(self._open(debug_port))

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_TIMEOUT_S)

    async def _open(self, port: int) -> None:
        await self._devtools.open(port)
        await self._enable()
        self._tasks = [asyncio.create_task(one) for one in (self._serve(), self._watch())]

    async def _enable(self) -> None:
        await self._do("enable", state="powered-on", leSupported=True)
        await self._in_sight()

    async def _in_sight(self) -> None:
        await self._do(
            "simulatePreconnectedPeripheral",
            address=_ADDRESS,
            name=self.name,
            manufacturerData=[],
            knownServiceUuids=[SERVICE],
        )

    def join(self, page: Page) -> None:
        """Give ``page`` the radio, from its next address on."""
        session = page.context.new_cdp_session(page)
        target = session.send("Target.getTargetInfo")["targetInfo"]["targetId"]
        session.detach()
        self._run(self._join(target))

    async def _join(self, target: str) -> None:
        session = await self._devtools.attach(target)
        ask = self._devtools.ask
        for domain in ("Page", "Runtime", "DeviceAccess"):
            await ask(domain + ".enable", session)
        await ask("Runtime.addBinding", session, name=_GONE)
        await ask("Page.addScriptToEvaluateOnNewDocument", session, source=_SCRIPT)

    def lose(self) -> None:
        """Out of range: neither side has said a word."""
        if self._central is not None:
            self._central.vanish()

    def close(self) -> None:
        """Before the browser ends, and before the simulator. Harmless when repeated."""
        if self._loop.is_closed():
            return
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        with suppress(DevToolsError):  # a page has ended just before
            await self._hang_up()
        await self._devtools.close()

    # --- what the browser tells

    def _do(self, command: str, **parameters: Any) -> Coroutine[Any, Any, dict[str, Any]]:
        return self._devtools.ask("BluetoothEmulation." + command, **parameters)

    async def _serve(self) -> None:
        handlers = {
            "DeviceAccess.deviceRequestPrompted": self._prompted,
            "BluetoothEmulation.gattOperationReceived": self._gatt,
            "BluetoothEmulation.characteristicOperationReceived": self._characteristic,
        }
        while True:
            event, parameters, session = await self._devtools.events.get()
            try:
                if event in _PAGE_ENDS:
                    await self._hang_up(page_ended=True)
                elif event == _LOST or parameters.get("name") == _GONE:
                    await self._hang_up()
                elif event in handlers:
                    await handlers[event](parameters, session)
            except DevToolsError as error:
                # The page has gone, or given up, while it was being answered.
                self.problems.append(str(error))

    async def _prompted(self, asked: dict[str, Any], session: str) -> None:
        request = asked["id"]
        if request in self._prompts or not asked["devices"]:
            return  # told again whenever the list changes
        self._prompts.add(request)
        if self.chooses:
            device = asked["devices"][0]["id"]
            await self._devtools.ask(
                "DeviceAccess.selectPrompt", session, id=request, deviceId=device
            )
        else:
            await self._devtools.ask("DeviceAccess.cancelPrompt", session, id=request)

    async def _gatt(self, asked: dict[str, Any], _session: str) -> None:
        code = _OK
        if asked["type"] == "connection":
            code = _OK if await self._connect() else _NO_CONNECTION
        else:
            await self._discover()
        await self._do(
            "simulateGATTOperationResponse", address=_ADDRESS, type=asked["type"], code=code
        )

    async def _characteristic(self, asked: dict[str, Any], _session: str) -> None:
        identifier, kind = asked["characteristicId"], asked["type"]
        uuid = self._uuids.get(identifier, "")
        if kind == "read" and uuid in self._heard:
            self._reading.add(identifier)
            await self._tell(identifier)
            return
        value: bytes | None = None
        try:
            if kind == "read":
                value = await self._secured(lambda phone: phone.read(uuid))
            elif kind == "write":
                data = base64.b64decode(asked.get("data", ""))
                answered = asked.get("writeType") != "write-without-response"
                if self.breaks_at is not None and self.breaks_at(data):
                    self.breaks_at = None
                    await asyncio.to_thread(self.lose)
                await self._secured(lambda phone: phone.write(uuid, data, answered))
                if not answered:
                    return
            elif kind == "subscribe-to-notifications":
                await self._secured(lambda phone: phone.subscribe(uuid, self._ear(uuid)))
                self._heard[uuid] = deque()
            elif uuid in self._heard:
                del self._heard[uuid]
                if identifier in self._reading:
                    self._reading.remove(identifier)
                    await self._answer(identifier, "read", _FAILED, None)
            code = _OK
        except Problem as problem:
            self.problems.append(str(problem))
            code = _FAILED
        await self._answer(identifier, kind, code, value)

    async def _answer(self, identifier: str, kind: str, code: int, value: bytes | None) -> None:
        more = {} if value is None else {"data": base64.b64encode(value).decode()}
        await self._do(
            "simulateCharacteristicOperationResponse",
            characteristicId=identifier,
            type=kind,
            code=code,
            **more,
        )

    # --- the central

    async def _connect(self) -> bool:
        await self._hang_up()
        if not self.in_reach:
            return False
        try:
            phone = await asyncio.to_thread(self._make)
            self._central = phone
            await asyncio.to_thread(phone.connect, self.name)
        except Problem as problem:
            self.problems.append(str(problem))
            await self._hang_up()
            return False
        return True

    async def _discover(self) -> None:
        if self._discovered or self._central is None:
            return
        self._discovered = True
        for service, characteristics in self._central.services().items():
            made = await self._do("addService", address=_ADDRESS, serviceUuid=_full(service))
            for uuid, bits in characteristics.items():
                properties = {name: bool(bits & bit) for bit, name in _PROPERTIES.items()}
                # For the script's reads; the page is to know by itself what it may read.
                properties["read"] |= bool(bits & _NOTIFY)
                found = await self._do(
                    "addCharacteristic",
                    serviceId=made["serviceId"],
                    characteristicUuid=_full(uuid),
                    properties=properties,
                )
                identifier = found["characteristicId"]
                self._uuids[identifier] = uuid
                if bits & _NOTIFY:
                    await self._do(
                        "addDescriptor", characteristicId=identifier, descriptorUuid=_CCCD
                    )

    async def _secured(self, work: Callable[[Central], _T]) -> _T:
        """What ``work`` comes to; pairs or encrypts when the board wants that first."""
        phone = self._central
        if phone is None:
            raise Problem("the link is gone")
        try:
            return await asyncio.to_thread(work, phone)
        except Problem as problem:
            if getattr(problem, "code", None) not in _MUST_SECURE or self.passkey is None:
                raise
        if self._bonded:
            await asyncio.to_thread(phone.encrypt)
        else:
            await asyncio.to_thread(phone.pair, self.passkey)
            self._bonded = True
        return await asyncio.to_thread(work, phone)

    def _ear(self, uuid: str) -> Callable[[bytes], None]:
        """Called on the central's own thread."""

        def heard(value: bytes) -> None:
            self._loop.call_soon_threadsafe(self._notified, uuid, value)

        return heard

    def _notified(self, uuid: str, value: bytes) -> None:
        if uuid not in self._heard:
            return
        self._heard[uuid].append(value)
        for identifier in [one for one in self._reading if self._uuids.get(one) == uuid]:
            self._tasks = [task for task in self._tasks if not task.done()]
            self._tasks.append(self._loop.create_task(self._tell(identifier)))

    async def _tell(self, identifier: str) -> None:
        """Answer a waiting read with the oldest notification, if there is one."""
        heard = self._heard.get(self._uuids.get(identifier, ""))
        if heard and identifier in self._reading:
            self._reading.remove(identifier)
            with suppress(DevToolsError):  # the page has gone meanwhile
                await self._answer(identifier, "read", _OK, heard.popleft())

    async def _watch(self) -> None:
        """A link that breaks is told to the page as its system would."""
        while True:
            await asyncio.sleep(_LOOK_S)
            phone = self._central
            if self._discovered and phone is not None and not phone.connected:
                self._discovered = False
                # In its turn: an operation left open would take the whole emulation along.
                self._devtools.events.put_nowait((_LOST, {}, ""))

    async def _hang_up(self, page_ended: bool = False) -> None:
        """The link has ended on one side or the other: what is known of it goes."""
        phone, self._central = self._central, None
        reading, self._reading = self._reading, set()
        self._discovered = False
        self._uuids.clear()
        self._heard.clear()
        if phone is not None:
            await asyncio.to_thread(phone.close)
        if page_ended:
            # What it leaves open takes Chromium's whole emulation along.
            await self._do("disable")
            await self._enable()
        if page_ended or phone is None:
            return
        for identifier in reading:
            await self._answer(identifier, "read", _FAILED, None)
        # Takes the services along, and the board from the lists to choose from.
        await self._do("simulateGATTDisconnection", address=_ADDRESS)
        await self._in_sight()


def _full(uuid: str) -> str:
    """A UUID in the long form, which is the only one that the emulation knows."""
    return uuid if len(uuid) > 8 else f"{uuid:0>8}-0000-1000-8000-00805f9b34fb"
