"""Who may ask for pages: only what was addressed to this server, and only its own pages.

A page of somebody else's in the same browser could otherwise reach a board, by pointing a name of
its own at this machine (its Host is then that name) or by opening a socket from its own address
(its Origin is then not ours). Sockets are checked like pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

_LOCAL = frozenset(("127.0.0.1", "localhost", "::1"))
Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def is_local(host: str) -> bool:
    """True for addresses that only this machine reaches."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in _LOCAL


class Doorkeeper:
    """ASGI middleware; ``listens_on`` is the address that the server was given.

    A server for others as well cannot know all its names: there only the Origin is checked.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], listens_on: str) -> None:
        self._app = app
        self._names = _LOCAL | {listens_on.strip("[]")} if is_local(listens_on) else None

    async def __call__(self, scope: Scope, receive: Callable[..., Any], send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self.admits(dict(scope["headers"])):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": _PLAIN})
            await send({"type": "http.response.body", "body": _REFUSAL})

    def admits(self, headers: dict[bytes, bytes]) -> bool:
        """``headers`` as ASGI gives them: names in small letters."""
        host = headers.get(b"host", b"").decode("latin-1")
        if self._names is not None and _name(host) not in self._names:
            return False
        origin = headers.get(b"origin")
        return origin is None or urlsplit(origin.decode("latin-1")).netloc == host


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


_PLAIN = [(b"content-type", b"text/plain; charset=utf-8")]
_REFUSAL = b"this page is served for this machine only"
