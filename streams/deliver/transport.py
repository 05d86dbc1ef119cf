"""httpx's transport on an aiohttp session: whole answers, aiohttp's own errors, and a last look at the licence."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import aiohttp
import httpx
from yarl import URL


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


class Transport(httpx.AsyncBaseTransport):
    """*in_flight* is the most connections, *timeout* the seconds for each step of a request.

    `httpx_aiohttp` does the same for a quarter more of CPU: it streams answers that are some bytes long, parses every address
    anew, and maps errors to httpx's, of which the map is too coarse to tell what had left. Raises what aiohttp raises.
    """

    def __init__(self, in_flight: int, timeout: float) -> None:
        self._in_flight = in_flight
        self._timeout = aiohttp.ClientTimeout(total=None, connect=timeout, sock_connect=timeout, sock_read=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[httpx.URL, URL] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        session = self._session
        if session is None:
            session = self._session = self._opened()
        async with session.request(
            request.method, self._url(request.url), headers=request.headers, data=request.content or None, allow_redirects=False
        ) as answer:
            body = await answer.read()
        # In its own coding still: httpx undoes that, and says so where it cannot.
        return httpx.Response(answer.status, headers=answer.raw_headers, content=body, request=request)  # type: ignore[arg-type, unused-ignore]

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _url(self, url: httpx.URL) -> URL:
        found = self._urls.get(url)
        if found is None:
            if len(self._urls) > 1000:  # a platform may have the conversation in the path
                self._urls.clear()
            found = self._urls[url] = URL(str(url), encoded=True)
        return found

    def _opened(self) -> aiohttp.ClientSession:
        # Connections rest for less than the platforms' servers keep them: a request on one that was just closed is in doubt.
        connector = _Connector(limit=self._in_flight, keepalive_timeout=10.0, ttl_dns_cache=60)
        return aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), timeout=self._timeout
        )
