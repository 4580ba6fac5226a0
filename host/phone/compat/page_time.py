"""Clocks of the page; ``sleep`` is awaited."""

import asyncio
from time import gmtime, time  # noqa: F401

from js import performance


def monotonic():
    return performance.now() / 1000


async def sleep(seconds):
    await asyncio.sleep(seconds)
