"""A request whose address is none is refused, and is not taken for the one before it."""

import asyncio
from typing import Any

import pytest

from streams.http_server.answer import ANSWER
from streams.http_server.listener import Listener
from tests.ingress import client

NONE = [b"CONNECT x:1", b"POST http://:x"]


async def opened(asked: list[str], answers: asyncio.Event) -> Listener:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await answers.wait()
        scope[ANSWER](b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n", b"")

    listener = Listener(app, "127.0.0.1", 0, "ingress")
    await listener.start()
    return listener


@pytest.mark.parametrize("line", NONE, ids=bytes.decode)
async def test_alone_it_gets_its_answer_and_the_log_no_defect(line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[str] = []
    listener = await opened(asked, asyncio.Event())
    try:
        one = await client.Connection.open(listener.port)
        one.writer.write(line + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        answer = await one.rest()
        one.close()
    finally:
        await listener.stop(1)
    assert (answer[:12], asked) == (b"HTTP/1.1 400", [])
    assert not caplog.records


@pytest.mark.parametrize("line", NONE, ids=bytes.decode)
async def test_behind_another_one_it_is_not_the_answer_of_that(line: bytes) -> None:
    """Which is handled: a 400 in its place would say that it was not."""
    asked: list[str] = []
    answers = asyncio.Event()
    listener = await opened(asked, answers)
    try:
        one = await client.Connection.open(listener.port)
        one.writer.write(client.post("x", b"{}") + line + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        try:
            answer = await one.rest()
        except ConnectionResetError:
            answer = b""
        answers.set()
        one.close()
    finally:
        await listener.stop(1)
    assert (answer, asked) == (b"", ["/callbacks/x"])
