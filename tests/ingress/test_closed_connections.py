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


async def test_a_connection_that_is_closed_waits_for_no_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ingress collects seldom: whatever referred to itself would pile up, and stop all others for as long as it takes to find."""
    made: list[weakref.ref[HttpProtocol]] = []

    class Seen(HttpProtocol):
        def __init__(self, connections: Connections, config: uvicorn.Config, **of: Any) -> None:
            super().__init__(connections, config, **of)
            made.append(weakref.ref(self))

    monkeypatch.setattr(listener_module, "HttpProtocol", Seen)
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
        async with asyncio.timeout(client.PATIENCE):
            while any(each() is not None for each in made) or len(made) < len(SENT):
                await asyncio.sleep(0.01)
    finally:
        gc.enable()
        await listener.stop(1.0)


async def _answering(scope: Any, receive: Any, send: Any) -> None:
    with suppress(BodyBrokenOffError, BodyTooLargeError):
        await read_body(receive, 1024)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
