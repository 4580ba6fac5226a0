"""This server's own pages are served, under its own names, and nobody else's."""

import asyncio

import pytest

from cellwarden_host.web.doorkeeper import Doorkeeper

_OURS = {"host": "127.0.0.1:8420"}


def asked(kind, headers, listens_on="127.0.0.1"):
    """What comes back: "served", or the status or close code of a refusal."""
    answers = []

    async def app(scope, receive, send):
        answers.append("served")

    async def send(message):
        answers.append(message.get("status") or message.get("code"))

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(Doorkeeper(app, listens_on)({"type": kind, "headers": raw}, None, send))
    return answers[0]


@pytest.mark.parametrize("host", ("127.0.0.1:8420", "localhost:8420", "[::1]:8420", "127.0.0.1"))
@pytest.mark.parametrize("kind", ("http", "websocket"))
def test_this_machine_is_served_under_each_of_its_names(kind, host):
    assert asked(kind, {"host": host}) == "served"
    assert asked(kind, {"host": host, "origin": f"http://{host}"}) == "served"


@pytest.mark.parametrize(("kind", "refusal"), (("http", 403), ("websocket", 1008)))
@pytest.mark.parametrize(
    "headers",
    (
        {"host": "elsewhere.example:8420"},
        {"host": "127.0.0.1.elsewhere.example"},
        {},
        {"host": "[::1"},
        _OURS | {"origin": "https://elsewhere.example"},
        _OURS | {"origin": "null"},
        _OURS | {"origin": "http://127.0.0.1:9999"},
    ),
)
def test_others_get_neither_pages_nor_sockets(kind, refusal, headers):
    assert asked(kind, headers) == refusal


def test_a_server_for_the_network_still_refuses_the_pages_of_others():
    headers = {"host": "bench.lan:8420"}
    assert asked("http", headers, "0.0.0.0") == "served"
    assert asked("websocket", headers | {"origin": "http://evil.example"}, "0.0.0.0") == 1008
