"""What the attacks on the open port have in common: connections by hand, and what the port says of itself."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from streams.observe.metric_types import REGISTRY
from tests.ingress import client, signed
from tests.ingress.conftest import Running, running


@asynccontextmanager
async def port(kafka: str, **limits: Any) -> AsyncIterator[Running]:
    async with running(kafka, **limits) as one:
        yield one


def closed(reason: str) -> float:
    """How many connections were closed for *reason* so far, in this process."""
    return REGISTRY.get_sample_value("im_relay_connections_closed_total", {"port": "ingress", "reason": reason}) or 0.0


def held() -> float:
    """Bytes that the connections hold."""
    return REGISTRY.get_sample_value("im_relay_connection_bytes", {"port": "ingress"}) or 0.0


def there() -> float:
    return REGISTRY.get_sample_value("im_relay_connections", {"port": "ingress"}) or 0.0


async def connect(one: Running, raw: bytes = b"") -> client.Connection:
    connection = await client.Connection.open(one.port)
    connection.writer.write(raw)
    return connection


async def over(connection: client.Connection) -> bytes:
    """What still comes until the other side has closed."""
    got = b""
    with suppress(ConnectionError):
        got = await connection.rest()
    connection.close()
    return got


async def honest(one: Running, number: int = 1) -> None:
    """A signed callback on a connection of its own is stored."""
    assert (await one.send(signed.text(number))).status == 200


def head(app: str, *more: str) -> bytes:
    lines = ("Host: x", "Content-Type: application/json", *more)
    return f"POST /callbacks/{app} HTTP/1.1\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n"


async def connect_to(number: int) -> client.Connection:
    return await client.Connection.open(number)


async def pour(connection: client.Connection, pieces: Iterable[bytes], most: int) -> int:
    """Send *pieces* until the other side has enough of it, or *most* bytes are sent; the answer is how many."""
    sent = 0
    try:
        for piece in pieces:
            if sent >= most or connection.reader.at_eof():
                break
            connection.writer.write(piece)
            sent += len(piece)
            await connection.writer.drain()
            await asyncio.sleep(0)  # the port is in this loop, too
    except ConnectionError:
        pass
    connection.close()
    return sent
