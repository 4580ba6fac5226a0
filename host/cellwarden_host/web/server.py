"""Serves the pages on this machine: one station, any number of browsers.

It listens on 127.0.0.1 unless told otherwise; the doorkeeper turns away what was not addressed to
it. It must never fetch anything from outside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

from fastapi import Request
from nicegui import app, ui

from ..problems import Refused
from ..words import CHINESE, ENGLISH, LANGUAGES, say
from . import phone, recording
from .doorkeeper import Doorkeeper
from .frame import Frame
from .station import Station, Where
from .view import View

HOST = "127.0.0.1"
HTTP_PORT = 8420
_MOST_VIEWS = 50


@dataclass(frozen=True)
class Options:
    """``where`` is connected to from the start, if given."""

    host: str = HOST
    http_port: int = HTTP_PORT
    show: bool = True
    where: Where | None = None


def serve(options: Options, started: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; ``started`` is told the address once pages are answered."""
    station = Station()
    recorder = recording.start(station)
    views: dict[str, View] = {}
    static = resources.files(__package__) / "static"
    app.add_static_files("/static", str(static))
    phone.mount(app)
    app.add_middleware(Doorkeeper, listens_on=options.host)
    url = f"http://{options.host}:{options.http_port}/"

    @ui.page("/", title="Cellwarden", favicon="🔋")
    async def page(request: Request, tab: str = "") -> None:
        ui.add_head_html('<link rel="stylesheet" href="/static/cellwarden.css">')
        await ui.context.client.connected(timeout=30)
        view = _view_of(station, views)
        view.language = _language(request)
        ui.run_javascript(f"document.documentElement.lang = '{_TAGS[view.language]}'")
        Frame(view, request.cookies.get("theme", "")).build(tab or str(view.keep.get("tab", "")))

    if options.where is not None:
        station.connect(options.where)
    app.on_startup(lambda: started(url))
    app.on_shutdown(station.close)
    app.on_shutdown(recorder.close)
    logging.getLogger("uvicorn.error").addFilter(_port_taken)
    try:
        ui.run(
            host=options.host,
            port=options.http_port,
            title="Cellwarden",
            show=options.show,
            reload=False,
            show_welcome_message=False,
            binding_refresh_interval=None,
            reconnect_timeout=10,
        )
    except SystemExit as error:
        if error.code:
            raise Refused(
                say(
                    "port {port} of this machine is taken; is another one running? "
                    "Another port: --http-port",
                    port=options.http_port,
                )
            ) from error


_TAGS = {ENGLISH: "en", CHINESE: "zh-CN"}


def _language(request: Request) -> str:
    """What this browser has chosen, else what it asks for, else English."""
    chosen = request.cookies.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    asked = request.headers.get("accept-language", "").lower()
    return CHINESE if asked.startswith("zh") else ENGLISH


def _view_of(station: Station, views: dict[str, View]) -> View:
    """The view of this browser tab: the same after a reload."""
    tab = str(app.storage.tab.setdefault("view", ui.context.client.id))
    if tab not in views:
        views[tab] = View(station)
        while len(views) > _MOST_VIEWS:
            del views[next(iter(views))]
    view = views[tab]
    view.reopened()
    return view


def _port_taken(record: logging.LogRecord) -> bool:
    """Told by us, with what to do, instead of by the web server."""
    return "address already in use" not in record.getMessage()
