"""What a port keeps of connections that are closed: nothing."""

import asyncio
import gc
import weakref
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from streams.http_server import listener as listener_module
from streams.http_server.body import BodyBrokenOffError, BodyTooLargeError, read_body
from streams.http_server.connections import Connections
from streams.http_server.listener import Listener
from streams.http_server.protocol import HttpProtocol
from tests.ingress import client

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n"
SENT = [
    client.post("x", b"{}"),
    client.post("x", b"{}")[:-1],
    client.post("x", b"x" * 5000),
    CHUNKED + b"".join(b"X-%d: a\r\n" % number for number in range(100)),
    b"POST / HTTP/1.1\r\n" + b"X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 2000,
    b"POST / HTTP/1.1\r\nX",
    b"garbage\r\n\r\n",
    b"",
]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[HttpProtocol]]:
    """All connections since the test began."""
    made: list[weakref.ref[HttpProtocol]] = []

    class Seen(HttpProtocol):
        def __init__(self, connections: Connections, config: uvicorn.Config, **of: Any) -> None:
            super().__init__(connections, config, **of)
            made.append(weakref.ref(self))

    monkeypatch.setattr(listener_module, "HttpProtocol", Seen)
    return made


async def test_a_connection_that_is_closed_waits_for_no_collection(made: list[weakref.ref[HttpProtocol]]) -> None:
    """The ingress collects seldom: whatever referred to itself would pile up, and stop all others for as long as it takes to find."""
    listener = Listener(_answering, "127.0.0.1", 0, "ingress")
    await listener.start()
    gc.disable()
    try:
        for raw in SENT:
            one = await client.Connection.open(listener.port)
            one.writer.write(raw)
            await one.writer.drain()
            await asyncio.sleep(0)
            one.close()
        await _gone(made, len(SENT))
    finally:
        gc.enable()
        await listener.stop(1.0)


async def test_nor_does_one_that_is_cut_while_requests_wait_behind_another(made: list[weakref.ref[HttpProtocol]]) -> None:
    answers = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await answers.wait()
        await _answering(scope, receive, send)

    listener = Listener(application, "127.0.0.1", 0, "ingress")
    await listener.start()
    gc.disable()
    try:
        one = await client.Connection.open(listener.port)
        one.writer.write(3 * client.post("x", b"{}"))
        await client.until_true(lambda: any(_queued(each) == 2 for each in made))
        cut = made[0]()
        assert cut is not None
        cut.evict()
        del cut
        answers.set()
        await _gone(made, 1)
        one.close()
    finally:
        gc.enable()
        await listener.stop(1.0)


def _queued(each: weakref.ref[HttpProtocol]) -> int:
    one = each()
    return 0 if one is None else len(one.pipeline)


async def _gone(made: list[weakref.ref[HttpProtocol]], count: int) -> None:
    await client.until_true(lambda: len(made) == count and all(each() is None for each in made))


async def _answering(scope: Any, receive: Any, send: Any) -> None:
    with suppress(BodyBrokenOffError, BodyTooLargeError):
        await read_body(receive, 1024)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
