"""Many who have proved nothing send bodies as large and as quickly as they can: they share a rate, and what others ask is answered beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from streams.http_server.answer import PROVEN
from streams.http_server.body import BodyBrokenOffError, read_body
from streams.http_server.connections import PortLimits
from streams.http_server.listener import Listener
from tests.ingress import client

LARGE = 1024 * 1024
STRANGERS = 20


class Site:
    """Answers 200 to "good", whose caller has shown a key, 200 to "free", and 401 to all else, once the body is there."""

    def __init__(self) -> None:
        self.large = 0
        """Bodies of a megabyte or more that came whole."""
        self.answered = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await read_body(receive, 64 * LARGE)
        except BodyBrokenOffError:
            return
        self.answered += 1
        self.large += len(body) >= LARGE
        if body.startswith(b"good"):
            scope[PROVEN] = True
        status = 200 if body.startswith((b"good", b"free")) else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def served(rate: int) -> AsyncIterator[tuple[Site, int]]:
    site = Site()
    listener = Listener(site, "127.0.0.1", 0, "ingress", PortLimits(strangers_rate=rate, memory=64 * LARGE))
    await listener.start()
    try:
        yield site, listener.port
    finally:
        await listener.stop(1.0)


async def test_the_others_are_answered_while_large_bodies_wait_for_their_turns() -> None:
    async with served(64 * 1024) as (site, port):
        hostile = [await client.Connection.open(port) for _ in range(STRANGERS)]
        for one in hostile:
            one.writer.write(client.post("x", b"[" * LARGE))
        for _ in range(50):
            assert (await client.ask(port, client.post("x", b"good"))).status == 200
        assert site.large == 0
        for one in hostile:
            one.close()


async def test_every_one_comes_on_by_its_turns() -> None:
    async with served(4 * LARGE) as (site, port):
        answers = await asyncio.gather(*(client.ask(port, client.post("x", b"[" * LARGE)) for _ in range(5)))
        assert [answer.status for answer in answers] == [401] * 5
        assert site.large == 5


async def test_who_was_answered_well_waits_for_nobody() -> None:
    async with served(64 * 1024) as (site, port):
        known = await client.Connection.open(port)
        assert (await known.ask(client.post("x", b"good"))).status == 200
        hostile = [await client.Connection.open(port) for _ in range(STRANGERS)]
        for one in hostile:
            one.writer.write(client.post("x", b"[" * LARGE))
        # At the rate of strangers, longer than the client waits.
        assert (await known.ask(client.post("x", b"good" + b" " * 8 * LARGE))).status == 200
        assert site.large == 1
        for one in (known, *hostile):
            one.close()


async def test_who_hangs_up_while_it_waits_leaves_nothing_behind() -> None:
    async with served(64 * 1024) as (site, port):
        for _ in range(3):
            hostile = [await client.Connection.open(port) for _ in range(STRANGERS)]
            for one in hostile:
                one.writer.write(client.post("x", b"[" * LARGE))
            assert (await client.ask(port, client.post("x", b"good"))).status == 200
            for one in hostile:
                one.writer.transport.abort()
        assert (await client.ask(port, client.post("x", b"good"))).status == 200
        assert site.large == 0


async def test_an_answer_that_is_free_makes_nobody_known() -> None:
    async with served(64 * 1024) as (site, port):
        hostile = [await client.Connection.open(port) for _ in range(STRANGERS)]
        for one in hostile:
            assert (await one.ask(client.post("x", b"free"))).status == 200
            one.writer.write(client.post("x", b"free" * (LARGE // 4)))
        for _ in range(50):
            assert (await client.ask(port, client.post("x", b"good"))).status == 200
        assert site.large == 0
        for one in hostile:
            one.close()


async def test_whole_requests_in_a_row_and_small_pieces_wait_as_well() -> None:
    """Neither a body that ends with what was read, nor one that comes in little, goes past the turns."""
    async with served(64 * 1024) as (site, port):
        in_a_row = client.post("x", b"[" * 60_000)
        hostile = [await client.Connection.open(port) for _ in range(STRANGERS)]
        for one in hostile[::2]:
            one.writer.write(in_a_row * 20)
        pieces = client.post("x", b"[" * LARGE)
        for begin in range(0, len(pieces), 8192):
            for one in hostile[1::2]:
                one.writer.write(pieces[begin : begin + 8192])
        for _ in range(50):
            assert (await client.ask(port, client.post("x", b"good"))).status == 200
        assert site.answered < 50 + STRANGERS * 4
        assert site.large == 0
        for one in hostile:
            one.close()
