"""One port before several processes, of which one is gone: whoever comes reaches one that is there."""

import asyncio

from streams.kafka.local.ports import free_port
from tests.chaos.balancer import Balancer


async def test_however_many_come_at_once_all_reach_the_backend_that_lives() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1))
        await writer.drain()
        writer.close()

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        found = await reader.read()
        writer.close()
        return found

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    living = server.sockets[0].getsockname()[1]
    front = free_port()
    async with server:
        with Balancer(front, [free_port(), living, free_port()]):
            answers = await asyncio.gather(*(ask(front) for _ in range(60)))
    assert answers == [b"x"] * 60
