"""One call to a platform and its whole answer: on connections of our own, or on any transport of httpx."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import httpx
from yarl import URL

from converters.platform import Reply
from streams.outbound.connections import ConnectionPool, NoConnectionError
from streams.outbound.proxies import NO_PROXIES, Proxies


class HttpCall(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def with_headers(self, more: dict[str, str]) -> "HttpCall":
        return HttpCall(self.method, self.url, self.headers | more, self.body)


class Transport(Protocol):
    async def call(self, call: HttpCall, may_leave: Callable[[], bool]) -> Reply:
        """*may_leave* is asked when there is a connection. Raises `auth.NETWORK`, and TooLateError."""

    async def close(self) -> None: ...


class TooLateError(Exception):
    """It was no longer allowed to leave, and has not."""


_LINES = 5
"""Of a `_Head`."""


class _Head:
    """What every request to one URL begins with, and its headers as they were last: mostly they are the same."""

    __slots__ = ("_headers", "_written", "text", "url")

    def __init__(self, url: URL, text: str) -> None:
        self.url, self.text = url, text
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

    async def call(self, call: HttpCall, may_leave: Callable[[], bool]) -> Reply:
        head = self._heads.get((call.method, call.url)) or self._head(call.method, call.url)
        written = head.with_headers(call.headers)
        if call.body or call.method != "GET":
            whole = b"%bContent-Length: %d\r\n\r\n%b" % (written, len(call.body), call.body)
        else:
            whole = b"%b\r\n%b" % (written, call.body)
        reply = await self._pool.ask(head.url, whole, may_leave)
        if reply is None:
            raise TooLateError
        return reply

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
        found = self._heads[method, url] = _Head(parsed, text)
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
