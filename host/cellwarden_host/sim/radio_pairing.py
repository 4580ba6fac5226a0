"""Pairing on the simulated board: the firmware answers for passkeys and keeps the bonds.

Stated as MicroPython on NimBLE does: a passkey is asked for by ``_IRQ_PASSKEY_ACTION``, the end
of pairing is ``_IRQ_ENCRYPTION_UPDATE`` (all zero when it failed), keys go out by
``_IRQ_SET_SECRET`` after it and are asked for by ``_IRQ_GET_SECRET`` when a peer comes back.
Like NimBLE's, ``le_secure`` and ``mitm`` are wishes: a phone that cannot do either still pairs,
and is not authenticated. What it may do then is for attributes' permissions to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bumble import device, hci, keys, pairing, smp

from . import radio_secrets

ENCRYPTION_UPDATE, GET_SECRET, SET_SECRET, PASSKEY_ACTION = 28, 29, 30, 31
_ACTION_INPUT, _ACTION_DISPLAY, _ACTION_COMPARE = 2, 3, 4
TIMEOUT_S = 30.0  # of pairing, by the Core Specification (volume 3, part H, 3.4)
_PUBLIC = pairing.PairingConfig.AddressType.PUBLIC


@dataclass
class Settings:
    """What ``BLE.config`` sets; the defaults are NimBLE's as MicroPython sets it up."""

    mtu: int = 256
    bond: int = 0
    mitm: int = 0
    io: int = 3  # neither input nor output
    le_secure: int = 0
    gap_name: bytes = b"MPY NIMBLE"


@dataclass
class Link:
    """One connection, as the firmware knows it."""

    connection: device.Connection
    encrypted: bool = False
    authenticated: bool = False
    bonded: bool = False
    stored: keys.PairingKeys | None = None  # the bond that was found for it
    passkey: asyncio.Future[int] | None = None
    indicating: bool = False

    @property
    def number(self) -> int:
        return int(self.connection.handle)

    def status(self) -> dict[str, Any]:
        """What a person asks about it."""
        return {
            "address": str(self.connection.peer_address),
            "mtu": self.connection.att_mtu,
            "encrypted": self.encrypted,
            "authenticated": self.authenticated,
            "bonded": self.bonded,
        }


class Passkey(int):
    """A passkey that counts as one even when it is 000000, which bumble takes for none."""

    def __bool__(self) -> bool:
        return True


class _Delegate(pairing.PairingDelegate):
    """Asks the firmware for a passkey, as its I/O capability allows."""

    def __init__(self, security: Security, link: Link) -> None:
        super().__init__(pairing.PairingDelegate.IoCapability(security.settings.io))
        self._security = security
        self._link = link

    async def accept(self) -> bool:
        self._security.limit(self._link)
        await self._security.forget(self._link)
        return True

    async def _ask(self, action: int, number: int = 0) -> int:
        self._link.passkey = asyncio.get_running_loop().create_future()
        self._security.tell(PASSKEY_ACTION, (self._link.number, action, number))
        return await self._link.passkey

    async def generate_passkey(self) -> int:
        return Passkey(await self._ask(_ACTION_DISPLAY))

    async def get_number(self) -> int | None:
        return Passkey(await self._ask(_ACTION_INPUT))

    async def compare_numbers(self, number: int, digits: int) -> bool:
        return (await self._ask(_ACTION_COMPARE, number)) != 0


class _Bonds(keys.KeyStore):
    """Hands every key to the firmware, and asks it for them."""

    def __init__(self, security: Security) -> None:
        self._security = security

    async def update(self, name: str, found: keys.PairingKeys) -> None:
        await self._security.paired(hci.Address(name), found)

    async def get(self, name: str) -> keys.PairingKeys | None:
        return await self._security.stored_bond(name)


class Security:
    """All links' pairing; ``tell`` and ``ask`` reach the firmware's event handler."""

    def __init__(
        self,
        radio: device.Device,
        settings: Settings,
        links: dict[int, Link],
        tell: Callable[..., None],
        ask: Callable[..., Awaitable[bytes | None]],
    ) -> None:
        self.settings = settings
        self.tell = tell
        self._ask = ask
        self._device = radio
        self._links = links
        radio.pairing_config_factory = self._config

    async def switch_on(self) -> None:
        self._device.keystore = keys.MemoryKeyStore()  # nothing is asked before we are up
        await self._device.power_on()
        self._device.keystore = _Bonds(self)

    async def restore_identity(self) -> None:
        """Our resolving key, as NimBLE asks for it whenever it starts."""
        name = radio_secrets.IRK_NAME
        stored = await self._ask(GET_SECRET, (radio_secrets.OUR_IRK, 0), name)
        if stored is not None and len(stored) == 16:
            self._device.irk = stored
        else:
            await self._ask(SET_SECRET, (radio_secrets.OUR_IRK,), name, self._device.irk)

    def watch(self, link: Link) -> None:
        """A new connection."""
        connection = link.connection
        kind = type(connection)
        connection.on(kind.EVENT_CONNECTION_ENCRYPTION_CHANGE, lambda: self._changed(link))
        connection.on(
            kind.EVENT_CONNECTION_ENCRYPTION_FAILURE, lambda _error: self._tell_security(link)
        )
        connection.on(kind.EVENT_PAIRING_FAILURE, lambda _reason: self._failed(link))

    def _config(self, connection: device.Connection) -> pairing.PairingConfig:
        chosen = self.settings
        return pairing.PairingConfig(
            sc=bool(chosen.le_secure),
            mitm=bool(chosen.mitm),
            bonding=bool(chosen.bond),
            delegate=_Delegate(self, self._links[connection.handle]),
            identity_address_type=_PUBLIC,
        )

    def request(self, link: Link) -> None:
        """Ask the central to pair."""
        self._device.request_pairing(link.connection)

    def limit(self, link: Link) -> None:
        """A pairing has begun, and must come to its end."""
        sessions = self._device.smp_manager.sessions
        session = sessions.get(link.number)

        def look() -> None:
            if session is not None and sessions.get(link.number) is session:
                session.on_pairing_failure(smp.ErrorCode.UNSPECIFIED_REASON)

        asyncio.get_running_loop().call_later(TIMEOUT_S, look)

    async def forget(self, link: Link) -> None:
        """A phone that we know pairs anew: its old keys go first, whoever it really is.

        ``BLE_GAP_EVENT_REPEAT_PAIRING`` as MicroPython's NimBLE binding answers it.
        """
        name = radio_secrets.key_of(link.connection.peer_address)
        if await self._ask(GET_SECRET, (radio_secrets.PEER_KEYS, 0), name) is not None:
            for kind in (radio_secrets.OUR_KEYS, radio_secrets.PEER_KEYS):
                await self._ask(SET_SECRET, (kind,), name, None)

    @staticmethod
    def inject(link: Link, action: int, passkey: int) -> bool:
        """The firmware's answer to a passkey action; False when nothing was asked."""
        if action not in (_ACTION_INPUT, _ACTION_DISPLAY, _ACTION_COMPARE):
            return False
        if link.passkey is None or link.passkey.done():
            return False
        link.passkey.set_result(passkey)
        return True

    # --- outcomes

    def _changed(self, link: Link) -> None:
        session = self._device.smp_manager.sessions.get(link.number)
        if session is not None and not session.completed:
            return  # keys follow, and ``paired``
        if link.connection.is_encrypted and link.stored is not None:
            found = link.stored.ltk or link.stored.ltk_peripheral
            self._secure(link, found is not None and found.authenticated, True)
        else:
            self._tell_security(link)

    def _failed(self, link: Link) -> None:
        """Pairing came to nothing; what was secure before stays so."""
        # A next try needs a session of its own: bumble would go on with the old passkey.
        self._device.smp_manager.sessions.pop(link.number, None)
        self._tell_security(link)

    def _secure(self, link: Link, authenticated: bool, bonded: bool) -> None:
        link.encrypted, link.authenticated, link.bonded = True, authenticated, bonded
        self._tell_security(link)

    def _tell_security(self, link: Link) -> None:
        state = (int(link.encrypted), int(link.authenticated), int(link.bonded))
        self.tell(ENCRYPTION_UPDATE, (link.number, *state, 16 if link.encrypted else 0))

    async def paired(self, address: hci.Address, found: keys.PairingKeys) -> None:
        """Pairing has come to its end: say so, and have a bond kept."""
        sessions = self._device.smp_manager.sessions
        for number, link in list(self._links.items()):
            session = sessions.get(number)
            if session is None or address not in (
                link.connection.peer_address,
                session.peer_bd_addr,
            ):
                continue
            key = found.ltk or found.ltk_peripheral or found.ltk_central
            del sessions[number]
            link.stored = found
            self._secure(link, key is not None and key.authenticated, session.bonding)
            if session.bonding:
                value = radio_secrets.packed(address, found)
                name = radio_secrets.key_of(address)
                await self._ask(SET_SECRET, (radio_secrets.OUR_KEYS,), name, value)
                await self._ask(SET_SECRET, (radio_secrets.PEER_KEYS,), name, value)
            return

    async def stored_bond(self, address: str) -> keys.PairingKeys | None:
        """What the firmware has kept of a peer."""
        for link in list(self._links.values()):
            if str(link.connection.peer_address) == address:
                name = radio_secrets.key_of(link.connection.peer_address)
                value = await self._ask(GET_SECRET, (radio_secrets.OUR_KEYS, 0), name)
                link.stored = radio_secrets.unpacked(value)
                return link.stored
        return None
