"""Getting a file from an address that a stranger gave: every hop checked, every byte and second bounded, failures as data."""

import asyncio
import re
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.http_exceptions import ContentLengthError
from msgspec import Struct
from yarl import URL

from converters.files.media import Download
from streams.media.body import FileWriter, Packed, Trouble
from streams.media.content_headers import mime, name
from streams.media.ssrf_guard import AddressPolicy, CheckedResolver, ForbiddenAddressError, Wrong
from streams.media.tunnel import ProxyNameResolver, TunnelConnector
from streams.outbound.proxies import NO_PROXIES, Proxies

REDIRECTS = 5
"""Hops that are followed."""

Reason = Literal[
    Wrong,
    Trouble,
    "credentials",  # a header's value that cannot be sent
    "redirects",  # too many, or to nowhere
    "downgrade",  # from https to http
    "dns",
    "no-connection",
    "tls",
    "malformed",  # no HTTP
    "forbidden",
    "not-found",
    "gone",
    "throttled",
    "server-error",
    "refused-by-server",
    "unexpected",  # neither a file nor an error: another 2xx or 3xx, a part of a file
    "reset",
    "stalled",
    "too-slow",
]
"""Short and fixed: it is counted, and shown."""

_AGAIN: frozenset[Reason] = frozenset({"length", "disk", "dns", "no-connection", "throttled", "server-error", "reset", "stalled"})
_STATUS: MappingProxyType[int, Reason] = MappingProxyType(
    {401: "forbidden", 403: "forbidden", 404: "not-found", 408: "server-error", 410: "gone", 425: "server-error", 429: "throttled"}
)
_CODINGS: MappingProxyType[str, Packed] = MappingProxyType({"": "", "identity": "", "gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"})
_BATCH = 256 * 1024
"""Bytes that are read before they are handed to a thread, which digests and writes them."""


class Fetched(Struct, frozen=True, kw_only=True):
    """The file lies where it was asked for."""

    size: int
    sha256: str
    md5: str
    mime: str
    """As the server says it; may be empty, and wrong."""
    name: str
    """As the server says it, or the last part of the path; may be empty, and is no path."""


class FetchFailed(Struct, frozen=True, kw_only=True):
    """There is no file. Says nothing of the address or what was sent to it."""

    reason: Reason
    again: bool
    """Whether the same may go well later."""
    after: float | None = None
    """Seconds that the server asks to be left alone for; unbounded."""
    status: int = 0
    """Of the last answer; 0 where none came."""


class _Redirected(Struct, frozen=True):
    location: str


class Fetcher:
    """One for a process, to be used in one event loop. Without cookies and .netrc of its surroundings; through *proxies*, as judged here.

    *connect* bounds the seconds until there is a connection, name and TLS included; *silence* those between two pieces
    of an answer; *total* those of a whole `fetch`. *authorities* is a PEM file of certificate authorities that count
    besides the system's. How many fetches go on at once is the caller's choice.
    """

    def __init__(
        self,
        addresses: AddressPolicy,
        *,
        connect: float = 5.0,
        silence: float = 10.0,
        total: float = 60.0,
        authorities: Path | None = None,
        resolver: AbstractResolver | None = None,
        proxies: Proxies = NO_PROXIES,
    ) -> None:
        self._addresses = addresses
        self._proxies = proxies
        self._resolver = ProxyNameResolver(addresses, proxies, CheckedResolver(addresses, resolver))
        self._total = total
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=silence)
        self._tls = ssl.create_default_context()
        if authorities is not None:
            self._tls.load_verify_locations(authorities)
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, download: Download, into: Path, *, largest: int) -> Fetched | FetchFailed:
        """Up to *largest* bytes of it; *into* is written over, and is not there after a failure or a cancellation.

        All of *download*'s headers go to its own origin (scheme, host, port) and to no other; `authorised` is the
        caller's to have turned into headers.
        """
        if not all(value.isascii() and value.isprintable() for value in download.headers.values()):
            return _failed("credentials")
        try:
            async with asyncio.timeout(self._total):
                return await self._follow(download, into, largest)
        except TimeoutError:
            return _failed("too-slow")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def _follow(self, download: Download, into: Path, largest: int) -> Fetched | FetchFailed:
        url, headers = self._addresses.checked(download.url), download.headers
        for _ in range(REDIRECTS + 1):
            if isinstance(url, str):
                return _failed(url)
            answer = await self._ask(url, headers, into, largest)
            if not isinstance(answer, _Redirected):
                return answer
            try:
                further = self._addresses.checked(urljoin(str(url), answer.location))
            except ValueError:
                return _failed("url")
            if isinstance(further, URL):
                if (url.scheme, further.scheme) == ("https", "http"):
                    return _failed("downgrade")
                if further.origin() != url.origin():
                    headers = {}  # and they stay away, should it lead back
            url = further
        return _failed("redirects")

    async def _ask(self, url: URL, headers: dict[str, str], into: Path, largest: int) -> Fetched | FetchFailed | _Redirected:
        session = self._session = self._session or self._opened()
        try:
            async with session.get(url, headers=headers | {"Accept-Encoding": "identity"}, allow_redirects=False) as answer:
                if answer.status == 200:
                    return await _taken(answer, into, largest)
                return _read(answer)
        except aiohttp.SocketTimeoutError:
            return _failed("stalled")
        except aiohttp.ConnectionTimeoutError:
            return _failed("no-connection")
        except aiohttp.ClientConnectorDNSError as error:
            return _unknown(error.os_error)
        except aiohttp.ClientSSLError:
            return _failed("tls")
        except aiohttp.ClientConnectorError:
            return _failed("no-connection")
        except aiohttp.ClientPayloadError as error:
            return _failed("length" if _ended(error) else "reset", status=200)
        except (aiohttp.ServerDisconnectedError, OSError):  # ClientOSError is both
            return _failed("reset")
        except (aiohttp.ClientError, ValueError):
            return _failed("malformed")

    def _opened(self) -> aiohttp.ClientSession:
        # A connection for each file, to what was just judged: on one that rested, a stranger's server may have left an
        # answer to a question that was not yet asked.
        connector = TunnelConnector(self._proxies, resolver=self._resolver, use_dns_cache=False, limit=0, force_close=True, ssl=self._tls)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            trust_env=False,
            auto_decompress=False,
            headers={"User-Agent": "im-relay"},
        )


async def _taken(answer: aiohttp.ClientResponse, into: Path, largest: int) -> Fetched | FetchFailed:
    packed = _CODINGS.get(answer.headers.get("Content-Encoding", "").strip().lower())
    if packed is None:
        return _failed("encoding", status=200)
    if (answer.content_length or 0) > largest:
        return _failed("too-large", status=200)
    with FileWriter(into, largest, packed) as landing:
        batch = bytearray()
        async for chunk in answer.content.iter_any():
            batch += chunk
            if len(batch) >= _BATCH:
                if trouble := await asyncio.to_thread(landing.take, bytes(batch)):
                    return _failed(trouble, status=200)
                batch.clear()
        if trouble := await asyncio.to_thread(landing.take, bytes(batch)):
            return _failed(trouble, status=200)
        landed = await asyncio.to_thread(landing.end)
        if isinstance(landed, str):
            return _failed(landed, status=200)
    return Fetched(
        size=landed.size, sha256=landed.sha256, md5=landed.md5, mime=mime(answer.headers), name=name(answer.headers, answer.url.raw_path)
    )


def _read(answer: aiohttp.ClientResponse) -> FetchFailed | _Redirected:
    """An answer without a file. Its body is left where it is."""
    status = answer.status
    if status in (301, 302, 303, 307, 308):
        location = answer.headers.get("Location")
        return _failed("redirects", status=status) if location is None else _Redirected(location)
    if status < 400:
        return _failed("unexpected", status=status)
    after = _after(answer.headers.get("Retry-After", "")) if status in (429, 503) else None
    if after is not None:
        return _failed("throttled", status=status, after=after)
    return _failed(_STATUS.get(status, "refused-by-server" if status < 500 else "server-error"), status=status)


def _after(said: str) -> float | None:
    """Seconds, or a date (RFC 9110, Retry-After)."""
    if re.fullmatch(r"[0-9]{1,9}", said):
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _ended(error: aiohttp.ClientPayloadError) -> bool:
    """Whether the server has closed in good order, and too early."""
    cause = error.__cause__
    return isinstance(cause, ContentLengthError) and str(error).endswith(repr(cause))  # else what broke it comes after


def _unknown(error: OSError) -> FetchFailed:
    if isinstance(error, ForbiddenAddressError):
        return _failed("address")
    return _failed("dns") if error.errno != socket.EAI_NONAME else FetchFailed(reason="dns", again=False)


def _failed(reason: Reason, *, status: int = 0, after: float | None = None) -> FetchFailed:
    return FetchFailed(reason=reason, again=reason in _AGAIN, after=after, status=status)
