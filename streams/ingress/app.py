"""`POST /callbacks/<app>`: the request is bounded, checked, stored, and then answered. ASGI, without a framework.

Never 500: one platform counts 500 as delivered. Whatever goes wrong on our side is 503, which platforms send again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog

from converters.platform import Accepted, Incoming, Probe, Rejected
from converters.route import App
from streams import metrics
from streams.http_answer import ANSWER, CLOSE, WHOLE
from streams.ingress.record import headers_of
from streams.ingress.store import Store
from streams.settings import Ingress as Limits

log = structlog.get_logger(__name__)

PATH = "/callbacks/"

# What the platforms of today send; a sender that names nothing is believed.
MEDIA = frozenset({"", "application/json", "application/x-www-form-urlencoded"})

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Answer(NamedTuple):
    """What a request gets; *hang_up* where its body was not read to the end."""

    status: int
    reason: str
    hang_up: bool = False


STORED = Answer(200, "stored")
PROBED = Answer(200, "probe")
GONE = Answer(400, "disconnected")
NOT_FOUND = Answer(404, "unknown-app")
NOT_POST = Answer(405, "not-post")
SLOW = Answer(408, "slow-body", hang_up=True)
TOO_LARGE = Answer(413, "too-large", hang_up=True)
NOT_MEDIA = Answer(415, "content-type")
DEFECT = Answer(503, "defect")
STOPPING = Answer(503, "stopping")


class Door:
    """One app's address: what is needed for every request, looked up once."""

    def __init__(self, app: App, topic: str) -> None:
        self.name = app.name
        self.account = app.account
        self.platform = app.platform.name
        self.check = app.platform.check
        self.topic = topic
        self.bytes = metrics.CALLBACK_BYTES.labels(app.name, self.platform)
        self.seconds = metrics.TIME_TO_DURABLE.labels(self.platform)


class Ingress:
    """The ASGI application. *topic* gives the topic of a platform's callbacks."""

    def __init__(self, apps: Mapping[str, App], store: Store, limits: Limits, topic: Callable[[str], str]) -> None:
        self._doors = {name: Door(app, topic(app.platform.name)) for name, app in apps.items()}
        self._store = store
        self._limits = limits

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        door = self._door(scope["path"])
        try:
            answer = await self._answer(door, scope, receive)
        except asyncio.CancelledError:
            answer = STOPPING
        except Exception as error:  # noqa: BLE001 - never 500
            answer = DEFECT
            _report(error)
        _count(door, answer)
        written = scope.get(ANSWER) if scope["method"] == "POST" else None
        if written is None or not written(*_bytes(answer)):
            start, body = _messages(answer)
            await send(start)
            await send(body)

    def _door(self, path: str) -> Door | None:
        return self._doors.get(path.removeprefix(PATH)) if path.startswith(PATH) else None

    async def _answer(self, door: Door | None, scope: dict[str, Any], receive: Receive) -> Answer:
        if door is None:
            return NOT_FOUND
        if scope["method"] != "POST":
            return NOT_POST
        raw = scope["headers"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        if not _media_is_known(headers.get("content-type", "")):
            return NOT_MEDIA
        if int(headers.get("content-length", 0)) > self._limits.max_body:
            return TOO_LARGE
        body = self._bounded(scope[WHOLE]) if WHOLE in scope else await self._read(receive)
        if isinstance(body, Answer):
            return body
        received = time.time_ns() // 1_000_000
        match door.check(Incoming(headers, scope["query_string"].decode("latin-1"), body), door.account, received):
            case Accepted(key=key):
                return await self._keep(door, key, body, raw, received)
            case Probe():
                return PROBED
            case Rejected(reason=reason, malformed=malformed):
                return Answer(400 if malformed else 401, reason)

    async def _keep(self, door: Door, key: bytes, body: bytes, headers: Any, received: int) -> Answer:
        begin = time.perf_counter()
        outcome = await self._store.put(door.topic, key, body, headers_of(door.name, received, headers), received)
        if outcome != "stored":
            return Answer(503, outcome)
        door.seconds.observe(time.perf_counter() - begin)
        door.bytes.inc(len(body))
        return STORED

    def _bounded(self, body: bytes) -> bytes | Answer:
        return TOO_LARGE if len(body) > self._limits.max_body else body

    async def _read(self, receive: Receive) -> bytes | Answer:
        try:
            async with asyncio.timeout(self._limits.read_timeout):
                return await self._read_on(receive)
        except TimeoutError:
            return SLOW

    async def _read_on(self, receive: Receive) -> bytes | Answer:
        body = bytearray()
        message = await receive()
        while message["type"] == "http.request":
            body += message.get("body", b"")
            if len(body) > self._limits.max_body:
                return TOO_LARGE
            if not message.get("more_body"):
                return bytes(body)
            message = await receive()
        return GONE


@lru_cache(256)
def _media_is_known(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in MEDIA


def _content(answer: Answer) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body. Platforms read only the status."""
    body = b"" if answer.status == 200 else b'{"error":"%s"}' % answer.reason[:64].encode()
    headers = [(b"content-length", b"%d" % len(body))]
    if body:
        headers.append((b"content-type", b"application/json"))
    if answer.status == 405:
        headers.append((b"allow", b"POST"))
    if answer.hang_up:
        headers.append((b"connection", b"close"))
    return headers, body


@lru_cache(256)
def _messages(answer: Answer) -> tuple[dict[str, Any], dict[str, Any]]:
    headers, body = _content(answer)
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


@lru_cache(256)
def _bytes(answer: Answer) -> tuple[bytes, bytes]:
    """As an `Answer` of the listener takes it."""
    headers, body = _content(answer)
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    head = b"HTTP/1.1 %d %b\r\n" % (answer.status, HTTPStatus(answer.status).phrase.encode()) + lines
    assert head.endswith(CLOSE) == answer.hang_up
    return head, body


@lru_cache(4096)
def _counter(app: str, platform: str, answer: Answer) -> Any:
    return metrics.CALLBACKS.labels(app, platform, str(answer.status), answer.reason)


def _count(door: Door | None, answer: Answer) -> None:
    # An unknown app's name is a stranger's word: it is no label.
    _counter(door.name if door else "", door.platform if door else "", answer).inc()


def _report(error: Exception) -> None:
    """The kind and the place of a defect; its text might quote what somebody wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    metrics.INGRESS_ERRORS.labels(type(error).__name__).inc()
    log.error("defect while answering a callback", error=type(error).__name__, where=where)
