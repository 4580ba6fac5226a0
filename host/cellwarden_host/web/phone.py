"""Serves the phone app at /phone/, where it has been built; else says how to build it."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from ..phone.build import TARGET

NOT_BUILT = "The phone app has not been built yet; run: make phone\n"


class PhoneFiles:
    """The files as they are when they are asked for: building needs no restart."""

    def __init__(self, folder: Path = TARGET) -> None:
        self._folder = folder
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (self._folder / "index.html").exists():
            await self._files(scope, receive, send)
        else:
            await PlainTextResponse(NOT_BUILT, 404)(scope, receive, send)


def mount(app: FastAPI) -> None:
    app.mount("/phone", PhoneFiles())
