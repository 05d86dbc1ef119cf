"""A proxy on loopback: makes tunnels, and remembers what it was asked for."""

import asyncio
from base64 import b64encode
from contextlib import suppress
from types import TracebackType
from typing import Self


class StandIn:
    """*names*: where it finds a host that only it knows. *password*: `user:password`, without which it answers 407. *says*: in place of a tunnel."""

    def __init__(self, names: dict[str, tuple[str, int]] | None = None, *, password: str = "", says: bytes = b"") -> None:
        self._names, self._password, self._says = names or {}, password, says
        self.asked: list[str] = []
        """`host:port` of each CONNECT that it let through."""
        self.heads: list[str] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, user: str = "") -> str:
        return f"http://{user}{'@' if user else ''}127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            wanted = f"Proxy-Authorization: Basic {b64encode(self._password.encode()).decode()}\r\n"
            if self._says:
                writer.write(self._says)
            elif self._password and wanted not in head:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
            else:
                await self._tunnel(head, reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the test is over
        finally:
            writer.close()

    async def _tunnel(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, where, _ = head.split(" ", 2)
        if method != "CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = where.rpartition(":")
        try:
            there, back = await asyncio.open_connection(*self._names.get(host, (host.strip("[]"), int(port))))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        self.asked.append(where)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()
