"""Bodies that stay unfinished, or that lie behind an idle connection: all together they take what the setting says."""

import asyncio

import pytest

from tests.attacks import door
from tests.ingress import client, signed

pytestmark = pytest.mark.kafka
BODY, MEMORY = 200_000, 2 * 1024 * 1024
LIMITS = {"max_body": 262_144, "max_memory": MEMORY, "read_timeout": 30.0}


async def test_the_slowest_are_answered_503_and_the_honest_200(kafka: str) -> None:
    async with door.port(kafka, **LIMITS) as one:
        before = door.closed("memory")
        hostile = []
        for _ in range(40):
            connection = await door.connect(one, door.head(one.easemob, f"Content-Length: {BODY}") + b" " * (BODY - 1))
            await connection.writer.drain()
            hostile.append(connection)
            assert door.held() <= MEMORY
        await door.honest(one)
        await client.until_true(lambda: door.closed("memory") > before)
        assert door.held() <= MEMORY
        assert (await door.over(hostile[0])).startswith(b"HTTP/1.1 503 "), "the first is the slowest"
        for connection in hostile:
            connection.close()


async def test_what_was_answered_is_not_kept_with_its_connection(kafka: str) -> None:
    """All are refused for their signature, and stay open."""
    async with door.port(kafka, **LIMITS) as one:
        asked = [await client.Connection.open(one.port) for _ in range(30)]
        for connection in asked:
            assert (await connection.ask(client.post(one.yunxin, b'{"a":"' + b"x" * BODY + b'"}'))).status == 401
        await client.until_true(lambda: door.held() == 0)
        await door.honest(one)
        for connection in asked:
            connection.close()


async def test_a_body_that_does_not_come_is_not_waited_for(kafka: str) -> None:
    async with door.port(kafka, read_timeout=0.2) as one:
        hostile = [await door.connect(one, door.head(one.easemob, "Content-Length: 100") + b"{") for _ in range(50)]
        for connection in hostile:
            assert (await door.over(connection)).startswith(b"HTTP/1.1 408 ")
        await client.until_true(lambda: door.there() == 0)


async def test_honest_bodies_in_pieces_are_taken(kafka: str) -> None:
    """The bounds cost nobody a callback who sends all of it."""
    async with door.port(kafka, **LIMITS) as one:
        raw = client.authentic(one.yunxin, signed.text(1))
        connection = await door.connect(one)
        for begin in range(0, len(raw), 50):
            connection.writer.write(raw[begin : begin + 50])
            await asyncio.sleep(0)
        assert (await connection.reply()).status == 200
        assert (await connection.ask(client.authentic(one.yunxin, signed.text(2)))).status == 200, "and it is kept open"
        connection.close()
