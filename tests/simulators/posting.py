"""POST on connections that are kept: what a courier needs of HTTP, at a fraction of a general client's cost."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httptools

MUCH = 1 << 16
"""More of an answer than any vendor reads."""


class AnswerError(Exception):
    """The connection ended before the answer did, or what came is no HTTP."""


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: Any
        self.open = False

    def post(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        self._body.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        self.open = False
        self._transport.close()

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()
            self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._fail()

    def _fail(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(AnswerError)

    # -- the parser's side

    def on_body(self, body: bytes) -> None:
        if len(self._body) < MUCH:
            self._body += body

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), bytes(self._body)))
        self._parser = httptools.HttpResponseParser(self)


class Poster:
    """Connections rest for *rest* seconds at most; each request has *timeout* seconds in all."""

    def __init__(self, timeout: float, rest: float) -> None:
        self._timeout = timeout
        self._rest = rest
        self._resting: dict[tuple[str, int], deque[tuple[float, _Connection]]] = {}

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body. Raises OSError, TimeoutError, AnswerError."""
        parts = urlsplit(url)
        assert parts.scheme == "http", "a simulator calls back without TLS"
        place = parts.hostname or "", parts.port or 80
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body
        loop = asyncio.get_running_loop()
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = self._rested(place, loop.time())
                if connection is None:
                    _, connection = await loop.create_connection(_Connection, *place)
                return await connection.post(request)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, AnswerError):
                # Whoever dies ends all of its connections: the next attempt, maybe the last, is made on one of its own.
                self._forget(place)
            raise
        finally:
            if connection is not None and connection.open:
                self._resting.setdefault(place, deque()).append((loop.time(), connection))

    def close(self) -> None:
        for resting in self._resting.values():
            for _, connection in resting:
                connection.close()
        self._resting.clear()

    def _forget(self, place: tuple[str, int]) -> None:
        for _, connection in self._resting.pop(place, ()):
            connection.close()

    def _rested(self, place: tuple[str, int], now: float) -> _Connection | None:
        resting = self._resting.get(place)
        while resting:
            since, connection = resting.pop()
            if connection.open and now - since < self._rest:
                return connection
            connection.close()
        return None
