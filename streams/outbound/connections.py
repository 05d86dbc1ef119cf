"""HTTP/1.1 connections to one app: as many as are allowed, used again, each with one request at a time.

A library's session costs three times as much for a request (decision 16), and says less about a failure: whether a request may
be repeated hangs on whether it can have left. `NoConnectionError` is raised before its first byte, `NoAnswerError` from then on.
"""

import asyncio
import socket
import ssl
import zlib
from collections import deque
from collections.abc import Callable
from typing import cast

import aiohappyeyeballs
import httptools

from converters.platform import Reply
from streams.outbound.content_coding import LARGEST, decoded
from streams.outbound.errors import NoAnswerError, NoConnectionError, TooLateError
from streams.outbound.proxies import NO_PROXIES, Proxies, ProxyRefusedError, tunnel
from streams.outbound.slots import Slots

Where = tuple[str, int, bool]
"""Host, port, whether it is encrypted."""

RESTS = 10.0
"""Seconds for which a connection may rest: less than the platforms' servers keep it. A request on one that was just closed is in doubt."""
WHOLE = 6.0  # times the timeout in which an answer must be whole: one that trickles must not hold its connection for ever
RESOLVED = 60.0
"""Seconds for which the addresses of a host are believed."""
SECOND_ADDRESS = 0.25
"""Seconds after which another address of the host is tried as well."""


class HttpConnection(asyncio.Protocol):
    """*timeout* is in seconds: so long may it be silent while there is a request."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        self._loop = loop
        self._timeout = timeout
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Reply] | None = None
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._taken = 0
        """Bytes of the answer so far."""
        self._to_the_end = False
        """The answer does not say how long it is."""
        self._asked = self._heard = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.rests_since = 0.0
        self.usable = True
        """For one more request."""

    def ask(self, request: bytes) -> "asyncio.Future[Reply]":
        """Send it; the answer raises NoAnswerError."""
        assert self._transport is not None
        assert self._answer is None, "one request at a time"
        answer = self._answer = self._loop.create_future()
        self._asked = self._heard = self._loop.time()
        self._taken = 0
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._look)
        self._transport.write(request)
        return answer

    def rested(self, fresh: float) -> bool:
        """Whether it can be used once more: since *fresh*, by the loop's clock, it was."""
        assert self._transport is not None
        return self.usable and self.rests_since > fresh and not self._transport.is_closing()

    def close(self) -> None:
        """Let go; whatever is under way is given up."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    # -- of the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.close()  # nobody has asked: whatever it is, it must not become the answer to the next request
            return
        self._heard = self._loop.time()
        self._taken += len(data)
        if self._taken > LARGEST:
            self._fail("too large")
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(type(error).__name__)

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._timer is not None:
            self._timer.cancel()
        if self._answer is None:
            return
        if self._to_the_end and exc is None:
            self._end(keep=False)
        else:
            self._fail(type(exc).__name__ if exc is not None else "closed")

    # -- of the parser

    def on_message_begin(self) -> None:
        self._headers, self._body = {}, []
        if self._answer is None:
            self.usable = False  # it goes on after its end: the rest must not become the next answer

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        told = self._headers.keys() & {"content-length", "transfer-encoding"}
        self._to_the_end = not told

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._to_the_end = False
        if self._status >= 200:
            self._end(keep=self._parser.should_keep_alive())
        elif self._status == 101:
            self._fail("upgrade")

    # -- within

    def _end(self, *, keep: bool) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if (coding := self._headers.get("content-encoding", "identity").lower()) != "identity":
            try:
                body = decoded(body, coding)
            except (zlib.error, ValueError) as error:
                self._fail(type(error).__name__)
                return
        self.usable = self.usable and keep
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(Reply(self._status, self._headers, body))

    def _fail(self, why: str) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(NoAnswerError(why))
        self.close()

    def _look(self) -> None:
        """One timer for many requests: when it fires, it looks how long it has been silent."""
        self._timer = None
        if self._answer is None:
            return
        left = min(self._heard, self._asked + (WHOLE - 1) * self._timeout) + self._timeout - self._loop.time()
        if left <= 0:
            self._fail("timeout")
        else:
            self._timer = self._loop.call_later(left, self._look)


class ConnectionPool:
    """The connections to one app, *most* at once. *timeout* bounds the wait for one, and the silence on one."""

    def __init__(self, most: int, timeout: float, proxies: Proxies = NO_PROXIES) -> None:
        self._timeout = timeout
        self._proxies = proxies
        self._slots = Slots(most)
        self._resting: dict[Where, deque[HttpConnection]] = {}
        self._used: set[HttpConnection] = set()
        self._tls: ssl.SSLContext | None = None
        self._hosts: dict[tuple[str, int], tuple[float, list[aiohappyeyeballs.AddrInfoType]]] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def ask(self, where: Where, request: bytes, may_leave: Callable[[], bool]) -> Reply:
        """Send *request*, if it *may_leave* once there is a connection. Raises NoConnectionError, TooLateError, NoAnswerError."""
        if not self._slots.take():
            try:
                async with asyncio.timeout(self._timeout):
                    await self._slots.wait()
            except TimeoutError:
                raise NoConnectionError("all connections are in use") from None
        try:
            connection = self._rested(where) or await self._made(where)
            if not may_leave():  # making one, or waiting for a free one, takes time
                self._let_rest(where, connection)
                raise TooLateError
            try:
                self._used.add(connection)
                return await connection.ask(request)
            except BaseException:
                connection.close()
                raise
            finally:
                self._used.discard(connection)
                self._let_rest(where, connection)
        finally:
            self._slots.give_back()

    def close(self) -> None:
        for connection in [*self._used, *(one for resting in self._resting.values() for one in resting)]:
            connection.close()
        self._resting.clear()
        if self._sweeping is not None:
            self._sweeping.cancel()

    def _rested(self, where: Where) -> HttpConnection | None:
        resting = self._resting.get(where)
        fresh = asyncio.get_running_loop().time() - RESTS
        while resting:
            connection = resting.pop()
            if connection.rested(fresh):
                return connection
            connection.close()
        return None

    def _let_rest(self, where: Where, connection: HttpConnection) -> None:
        if not connection.usable:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.rests_since = loop.time()
        resting = self._resting.get(where)
        if resting is None:
            resting = self._resting[where] = deque()
        resting.append(connection)
        if self._sweeping is None:
            self._sweeping = loop.call_later(RESTS, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        loop = asyncio.get_running_loop()
        for where, resting in list(self._resting.items()):
            while resting and resting[0].rests_since <= loop.time() - RESTS:
                resting.popleft().close()
            if not resting:
                del self._resting[where]
        if self._resting:
            self._sweeping = loop.call_later(RESTS / 2, self._sweep)

    async def _made(self, where: Where) -> HttpConnection:
        host, port, encrypted = where
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                open_socket = await self._reached(host, port, encrypted=encrypted)
                try:
                    _, connection = await loop.create_connection(
                        lambda: HttpConnection(loop, self._timeout),
                        sock=open_socket, ssl=self._context() if encrypted else None, server_hostname=host if encrypted else None,
                    )  # fmt: skip
                except BaseException:
                    open_socket.close()
                    raise
        except ProxyRefusedError as error:
            raise NoConnectionError(str(error), ours=error.ours) from None
        except (OSError, TimeoutError, ValueError) as error:  # UnicodeError of a host's name is a ValueError
            self._hosts.pop((host, port), None)
            raise NoConnectionError(type(error).__name__) from None
        return connection

    async def _reached(self, host: str, port: int, *, encrypted: bool) -> socket.socket:
        """Raises OSError, ProxyRefusedError."""
        if (proxy := self._proxies.of(encrypted, host, port)) is not None:
            return await tunnel(proxy, host, port)
        made = await aiohappyeyeballs.start_connection(
            await self._addresses(host, port), happy_eyeballs_delay=SECOND_ADDRESS, interleave=1, loop=asyncio.get_running_loop()
        )
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    async def _addresses(self, host: str, port: int) -> "list[aiohappyeyeballs.AddrInfoType]":
        loop = asyncio.get_running_loop()
        until, found = self._hosts.get((host, port), (0.0, []))
        if loop.time() >= until:
            found = list(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP))
            self._hosts[host, port] = loop.time() + RESOLVED, found
        return found

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls
