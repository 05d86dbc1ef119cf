"""One call to a platform and its whole answer: on an aiohttp session, or on any transport of httpx."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol

import aiohttp
import httpx
from yarl import URL

from converters.platform import Reply


class Call(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def with_headers(self, more: dict[str, str]) -> "Call":
        return Call(self.method, self.url, self.headers | more, self.body)


class Transport(Protocol):
    async def call(self, call: Call) -> Reply:
        """Raises `auth.NETWORK`, and TooLateError."""

    async def close(self) -> None: ...


class TooLateError(Exception):
    """It was no longer allowed to leave, and has not."""


allowed: ContextVar[Callable[[], bool]] = ContextVar("allowed")
"""Whether the request in hand may still leave."""


class _Connector(aiohttp.TCPConnector):
    """Looks at the licence once more when there is a connection: making one, or waiting for a free one, takes time."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        if not allowed.get(lambda: True)():
            connection.release()
            raise TooLateError
        return connection


class AiohttpTransport:
    """*in_flight* is the most connections, *timeout* the seconds for each step of a request.

    Without httpx's objects between, which cost two thirds of what aiohttp itself does. Raises what aiohttp raises,
    since httpx's errors are too few to tell whether a request had left.
    """

    def __init__(self, in_flight: int, timeout: float) -> None:
        self._in_flight = in_flight
        self._timeout = aiohttp.ClientTimeout(total=None, connect=timeout, sock_connect=timeout, sock_read=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}

    async def call(self, call: Call) -> Reply:
        session = self._session
        if session is None:
            session = self._session = self._opened()
        async with session.request(
            call.method, self._url(call.url), headers=call.headers, data=call.body or None, allow_redirects=False
        ) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _url(self, url: str) -> URL:
        found = self._urls.get(url)
        if found is None:
            if len(self._urls) > 1000:  # a platform may have the conversation in the path
                self._urls.clear()
            found = self._urls[url] = URL(url)
        return found

    def _opened(self) -> aiohttp.ClientSession:
        # Connections rest for less than the platforms' servers keep them: a request on one that was just closed is in doubt.
        connector = _Connector(limit=self._in_flight, keepalive_timeout=10.0, ttl_dns_cache=60)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=self._timeout)


class HttpxTransport:
    """Any transport of httpx, for comparisons and tests."""

    def __init__(self, transport: httpx.AsyncBaseTransport, timeout: float) -> None:
        self._transport = transport
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}

    async def call(self, call: Call) -> Reply:
        request = httpx.Request(
            call.method, call.url, content=call.body, headers=call.headers, extensions=self._extensions
        )
        response = await self._transport.handle_async_request(request)
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, body)

    async def close(self) -> None:
        await self._transport.aclose()
