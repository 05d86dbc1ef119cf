"""HTTP by hand: what is sent is exactly what is written here."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from tests.ingress import signed

PATIENCE = 30.0


class Reply(NamedTuple):
    status: int
    body: bytes


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, raw: bytes) -> Reply:
        self.writer.write(raw)
        await self.writer.drain()
        return await self.reply()

    async def reply(self) -> Reply:
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            return Reply(int(head[9:12]), await self.reader.readexactly(length))

    async def rest(self) -> bytes:
        """All until the other side hangs up."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    def close(self) -> None:
        self.writer.close()


def post(app: str, body: bytes, headers: dict[str, str] | None = None, *, media: str | None = "application/json") -> bytes:
    lines = {"Host": "relay.example", "Content-Length": str(len(body)), **(headers or {})}
    if media is not None:
        lines["Content-Type"] = media
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /callbacks/{app} HTTP/1.1\r\n{head}\r\n".encode() + body


def authentic(app: str, body: bytes, secret: str = signed.SECRET, **more: str) -> bytes:
    return post(app, body, signed.signature(body, secret) | more)


async def ask(port: int, raw: bytes) -> Reply:
    connection = await Connection.open(port)
    try:
        return await connection.ask(raw)
    finally:
        connection.close()


async def get(port: int, path: str) -> Reply:
    return await ask(port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


async def until_true(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)
