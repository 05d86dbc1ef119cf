"""`/files/…`: PUT by the relay, GET and HEAD by whoever has a link. Nothing else is answered, and nothing is listed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from streams.files.disk import FileDirectory
from streams.files.naming import disposition
from streams.files.signed import SignedLink, SignedUpload, asked, link, taken
from streams.http_server.answer import PROVEN
from streams.observe import metrics
from streams.observe.log import place

log = structlog.get_logger(__name__)

STALL = 30.0
"""Seconds in which a little more must come, or be taken."""
METHODS = ("GET", "HEAD", "PUT")
# What a stranger sent, on a name of the customer's: it shall run nothing, and be taken for nothing else.
GUARD = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cache-control": "private",
    "referrer-policy": "no-referrer",
}


class FilesApp:
    """The ASGI application. *lives*: seconds for which a link holds. *largest*: bytes. *clock*: seconds since 1970."""

    def __init__(
        self, disk: FileDirectory, secret: bytes, *, public_url: str, lives: float, largest: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._disk, self._secret, self._clock = disk, secret, clock
        self._public, self._lives, self._largest = public_url.rstrip("/"), lives, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        counted = _CountedSend(send, method)
        try:
            answer = await self._answer(Request(scope, receive))
            await answer(scope, receive, counted)
        except TimeoutError:  # taken too slowly: the server cuts the connection of an answer that ends early
            log.info("a file was taken too slowly")
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - its text may quote a name
            log.error("defect while answering for a file", where=place(error))  # noqa: TRY400 - for the same reason
            if not counted.begun:
                await _said(500, "defect")(scope, receive, counted)

    async def _answer(self, request: Request) -> Response:
        match request.method:
            case "GET" | "HEAD":
                return self._fetch(request)
            case "PUT":
                return await self._put(request)
            case _:
                return _said(405, "method", allow=", ".join(METHODS))

    def _fetch(self, request: Request) -> Response:
        one = asked(self._secret, request.scope["path"], request.scope["query_string"].decode("latin-1"))
        if one is None:
            return _said(403, "link")
        if one.until <= self._clock():
            return _said(410, "expired")
        request.scope[PROVEN] = True
        found = self._disk.find(one.key)
        if found is None:
            return _said(404, "gone")
        # The content of a key never changes.
        head = GUARD | {"content-disposition": disposition(one.name, one.mime), "etag": f'"{one.key.partition("/")[2]}"'}
        return FileResponse(self._disk.where(one.key), headers=head, media_type=one.mime, stat_result=found)

    async def _put(self, request: Request) -> Response:
        one = taken(self._secret, request.scope["path"], request.headers, self._clock())
        if one is None:
            return _said(401, "signature")
        request.scope[PROVEN] = True
        if one.length > self._largest:
            return _said(413, "too-large")
        if self._disk.renew(one.key, one.length):
            return self._kept(200, one, connection="close")  # its bytes stay unread
        free = self._disk.free()
        metrics.FILES_FREE.set(free)
        if free < one.length:
            return _said(507, "disk-full")
        try:
            outcome = await self._disk.receive(one.key, one.digest, one.length, _body(request))
        except TimeoutError:
            return _said(408, "slow-body")
        match outcome:
            case "stored":
                metrics.FILE_BYTES.labels("PUT").inc(one.length)
                return self._kept(201, one)
            case "differs":
                return _said(422, "digest")
            case "full":
                return _said(507, "disk-full")

    def _kept(self, status: int, one: SignedUpload, **head: str) -> Response:
        until = int(self._clock() + self._lives)
        path = link(self._secret, SignedLink(key=one.key, name=one.name, mime=one.mime, until=until))
        return JSONResponse({"url": self._public + path, "lives": int(self._lives)}, status, headers=head)


class _CountedSend:
    """*send*, bounded in time and counted."""

    def __init__(self, send: Send, method: str) -> None:
        self._send, self._method = send, method
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            metrics.FILE_REQUESTS.labels(self._method, f"{message['status'] // 100}xx").inc()
        elif self._method == "GET":
            metrics.FILE_BYTES.labels("GET").inc(len(message.get("body", b"")))
        async with asyncio.timeout(STALL):
            await self._send(message)


async def _body(request: Request) -> AsyncIterator[bytes]:
    chunks = request.stream()
    while True:
        async with asyncio.timeout(STALL):
            chunk = await anext(chunks, None)
        if chunk is None:
            return
        yield chunk


def _said(status: int, reason: str, **head: str) -> Response:
    """An answer without a file; the connection ends with it, since a body may be unread."""
    return JSONResponse({"error": reason}, status, headers=_ENDS | head)


_ENDS: dict[str, Any] = {"connection": "close", "cache-control": "no-store"}
