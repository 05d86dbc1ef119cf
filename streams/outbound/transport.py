"""One call to a platform and its whole answer: on connections of our own, or on any transport of httpx."""

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, Protocol

import httpx
from yarl import URL

from converters.platform import Reply
from streams.outbound.connections import ConnectionPool, Where
from streams.outbound.errors import NoConnectionError, TooLateError
from streams.outbound.proxies import NO_PROXIES, Proxies


class HttpCall(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def with_headers(self, more: dict[str, str]) -> "HttpCall":
        return HttpCall(self.method, self.url, self.headers | more, self.body)


class Transport(Protocol):
    def call(self, call: HttpCall, may_leave: Callable[[], bool]) -> Coroutine[Any, Any, Reply]:
        """*may_leave* is asked when there is a connection. Raises `auth.NETWORK`, and TooLateError."""

    async def close(self) -> None: ...


_LINES = 5
"""Of a `_Head`."""


class _Head:
    """What every request to one URL begins with, and its headers as they were last: mostly they are the same."""

    __slots__ = ("_headers", "_written", "text", "where")

    def __init__(self, where: Where, text: str) -> None:
        self.where, self.text = where, text
        self._headers: dict[str, str] = {}
        self._written = b""

    def with_headers(self, headers: dict[str, str]) -> bytes:
        """Up to the length of the body. Raises NoConnectionError for a header of more than one line."""
        if not self._written or headers != self._headers:
            text = "".join((self.text, *(f"{name}: {value}\r\n" for name, value in headers.items())))
            if not text.count("\r") == text.count("\n") == len(headers) + _LINES:
                raise NoConnectionError("a header of more than one line")
            self._written, self._headers = text.encode(), dict(headers)
        return self._written


class PooledTransport:
    """*in_flight* is the most connections, *timeout* the seconds for each step of a request."""

    def __init__(self, in_flight: int, timeout: float, proxies: Proxies = NO_PROXIES) -> None:
        self._pool = ConnectionPool(in_flight, timeout, proxies)
        self._heads: dict[tuple[str, str], _Head] = {}

    def call(self, call: HttpCall, may_leave: Callable[[], bool]) -> Coroutine[Any, Any, Reply]:
        head = self._heads.get((call.method, call.url)) or self._head(call.method, call.url)
        written = head.with_headers(call.headers)
        if call.body or call.method != "GET":
            whole = b"%bContent-Length: %d\r\n\r\n%b" % (written, len(call.body), call.body)
        else:
            whole = b"%b\r\n%b" % (written, call.body)
        return self._pool.ask(head.where, whole, may_leave)

    async def close(self) -> None:
        self._pool.close()

    def _head(self, method: str, url: str) -> _Head:
        if len(self._heads) > 1000:  # a platform may have the conversation in the path
            self._heads.clear()
        try:
            parsed = URL(url)
        except ValueError:
            raise NoConnectionError("no URL") from None
        if parsed.scheme not in {"http", "https"} or not parsed.raw_host:
            raise NoConnectionError("no URL of HTTP")
        text = (
            f"{method} {parsed.raw_path_qs} HTTP/1.1\r\nHost: {parsed.host_port_subcomponent}\r\n"
            "Accept: */*\r\nAccept-Encoding: identity\r\nUser-Agent: im-relay\r\n"
        )
        found = self._heads[method, url] = _Head((parsed.raw_host, parsed.port or 0, parsed.scheme == "https"), text)
        return found


class HttpxTransport:
    """Any transport of httpx, for comparisons and tests."""

    def __init__(self, transport: httpx.AsyncBaseTransport, timeout: float) -> None:
        self._transport = transport
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}

    async def call(self, call: HttpCall, may_leave: Callable[[], bool]) -> Reply:
        if not may_leave():
            raise TooLateError
        request = httpx.Request(call.method, call.url, content=call.body, headers=call.headers, extensions=self._extensions)
        response = await self._transport.handle_async_request(request)
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, body)

    async def close(self) -> None:
        await self._transport.aclose()
