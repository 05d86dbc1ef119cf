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

from converters.platform import Accepted, EarlyRejection, Incoming, Probe, Rejected
from converters.routing.route import App
from streams.http_server.answer import ANSWER, CLOSE, PROVEN, WHOLE
from streams.http_server.body import BodyBrokenOffError, BodyTooLargeError, read_body
from streams.ingress import sources
from streams.ingress.once import SignatureTable, UsedSignature
from streams.ingress.record import ONCE, headers_of
from streams.ingress.sources import Network, RefusalShare, SourceLimits
from streams.ingress.store import CallbackStore
from streams.observe import metrics, tracing
from streams.settings.root import IngressSettings as Limits

log = structlog.get_logger(__name__)

PATH = "/callbacks/"

# What the platforms of today send; a sender that names nothing is believed.
MEDIA = frozenset({"", "application/json", "application/x-www-form-urlencoded"})

RETRY_AFTER = frozenset({429, 503})

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Answer(NamedTuple):
    """What a request gets; *hang_up* where its body was not read to the end."""

    status: int
    reason: str
    hang_up: bool = False


STORED = Answer(200, "stored")
KNOWN = Answer(200, "known")
PROBED = Answer(200, "probe")
REPLAYED = Answer(401, "replayed")
NO_SOURCE = Answer(403, "source", hang_up=True)
GONE = Answer(400, "disconnected")
NOT_FOUND = Answer(404, "unknown-app")
NOT_POST = Answer(405, "not-post")
SLOW = Answer(408, "slow-body", hang_up=True)
TOO_LARGE = Answer(413, "too-large", hang_up=True)
NOT_MEDIA = Answer(415, "content-type")
PUT_OFF = Answer(429, "source-refused", hang_up=True)
TOO_MANY = Answer(503, "rate")
UNDECIDED = Answer(503, "undecided")
DEFECT = Answer(503, "defect")
STOPPING = Answer(503, "stopping")


class Endpoint:
    """One app's address: what is needed for every request, looked up once."""

    def __init__(self, app: App, topic: str, allowed: tuple[Network, ...] = ()) -> None:
        self.name = app.name
        self.account = app.account
        self.platform = app.platform.name
        self.check, self.held, self.once = app.platform.check, app.platform.check_headers, app.platform.once
        self.allowed = allowed
        self.refusals = RefusalShare()
        self.topic = topic
        self.bytes = metrics.CALLBACK_BYTES.labels(app.name, self.platform)
        self.seconds = metrics.TIME_TO_DURABLE.labels(self.platform)


class IngressApp:
    """The ASGI application. *topic* gives the topic of a platform's callbacks; *allowed* the networks of an app, where not all are."""

    def __init__(
        self,
        apps: Mapping[str, App],
        store: CallbackStore,
        limits: Limits,
        topic: Callable[[str], str],
        signatures: SignatureTable | None = None,
        allowed: Mapping[str, tuple[Network, ...]] = {},
    ) -> None:
        self._endpoints = {name: Endpoint(app, topic(app.platform.name), allowed.get(name, ())) for name, app in apps.items()}
        self._store = store
        self._limits = limits
        self._signatures = signatures or SignatureTable(None)
        self._sources = SourceLimits(limits)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        endpoint = self._endpoint(scope["path"])
        address = self._sources.address(scope)
        source = self._sources.name(scope, address)
        try:
            if self._sources.put_off(source):
                answer = PUT_OFF
            elif endpoint is not None and endpoint.allowed and not sources.within(address, endpoint.allowed):
                answer = NO_SOURCE
            else:
                answer = await self._answer(endpoint, scope, receive, source)
        except asyncio.CancelledError:
            answer = STOPPING
        except Exception as error:  # noqa: BLE001 - never 500
            answer = DEFECT
            _report(error)
        if 400 <= answer.status < 500:
            self._sources.refused(source)
        _count(endpoint, answer)
        written = scope.get(ANSWER) if scope["method"] == "POST" else None
        if written is None or not written(*_bytes(answer)):
            start, body = _messages(answer)
            await send(start)
            await send(body)

    def _endpoint(self, path: str) -> Endpoint | None:
        return self._endpoints.get(path.removeprefix(PATH)) if path.startswith(PATH) else None

    async def _answer(self, endpoint: Endpoint | None, scope: dict[str, Any], receive: Receive, source: str) -> Answer:
        if endpoint is None:
            return NOT_FOUND
        if scope["method"] != "POST":
            return NOT_POST
        raw = scope["headers"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        if not _media_is_known(headers.get("content-type", "")):
            return NOT_MEDIA
        length = int(headers.get("content-length", 0))
        if length > self._limits.max_body:
            return TOO_LARGE
        query = scope["query_string"].decode("latin-1")
        if WHOLE in scope:
            body = self._bounded(scope[WHOLE])
        elif (held := self._held(endpoint, headers, query)) is None:
            body = await self._read(receive, self._limits.max_body, TOO_LARGE)
        else:
            refused = Answer(401, held.reason, hang_up=True)
            body = await self._read(receive, held.most, refused) if length <= held.most and held.most else refused
        if isinstance(body, Answer):
            return body
        received = time.time_ns() // 1_000_000
        incoming = Incoming(headers, query, body)
        match endpoint.check(incoming, endpoint.account, received):
            case Accepted(key=key, signed=signed):
                if not self._sources.taken(endpoint.name, source):
                    return TOO_MANY
                kept = await self._keep(endpoint, key, incoming, raw, received)
                if signed and kept.status == HTTPStatus.OK:
                    scope[PROVEN] = True
                return kept
            case Probe():
                return PROBED
            case Rejected(reason=reason, usual=True) if not endpoint.refusals.one_more():
                return Answer(200, reason)
            case Rejected(reason=reason, malformed=malformed):
                return Answer(400 if malformed else 401, reason)

    def _held(self, endpoint: Endpoint, headers: Mapping[str, str], query: str) -> EarlyRejection | None:
        return endpoint.held(headers, query, endpoint.account, time.time_ns() // 1_000_000) if endpoint.held is not None else None

    async def _keep(self, endpoint: Endpoint, key: bytes, incoming: Incoming, raw: Any, received: int) -> Answer:
        headers, used = headers_of(endpoint.name, received, raw), None
        once = endpoint.once(incoming, endpoint.account, received) if endpoint.once is not None else None
        if once is not None:
            match self._signatures.judge(endpoint.name, once):
                case "known":
                    return KNOWN
                case "replayed":
                    return REPLAYED
                case "undecided":
                    return Answer(503, "down") if self._store.down else UNDECIDED
                case "new":
                    used = UsedSignature.of(endpoint.name, once)
                    headers.append((ONCE, used.written()))
        span = tracing.ACTIVE.received(app=endpoint.name) if tracing.ACTIVE is not None else None
        if span is not None:
            headers.append(span.header)
        begin = time.perf_counter()
        outcome = await self._store.put(endpoint.topic, key, incoming.body, headers, received)
        if span is not None:
            span.end("stored" if outcome == "stored" else f"failed:{outcome}")
        if outcome != "stored":
            return Answer(503, outcome)
        if used is not None:
            self._signatures.stored(used)
        endpoint.seconds.observe(time.perf_counter() - begin)
        endpoint.bytes.inc(len(incoming.body))
        return STORED

    def _bounded(self, body: bytes) -> bytes | Answer:
        return TOO_LARGE if len(body) > self._limits.max_body else body

    async def _read(self, receive: Receive, most: int, beyond: Answer) -> bytes | Answer:
        try:
            async with asyncio.timeout(self._limits.read_timeout):
                return await read_body(receive, most)
        except TimeoutError:
            return SLOW
        except BodyTooLargeError as error:
            return TOO_LARGE if error.seen > self._limits.max_body else beyond
        except BodyBrokenOffError:
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
    if answer.status in RETRY_AFTER:
        headers.append((b"retry-after", b"1"))
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


def _count(endpoint: Endpoint | None, answer: Answer) -> None:
    # An unknown app's name is a stranger's word: it is no label.
    _counter(endpoint.name if endpoint else "", endpoint.platform if endpoint else "", answer).inc()


def _report(error: Exception) -> None:
    """The kind and the place of a defect; its text might quote what somebody wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    metrics.INGRESS_ERRORS.labels(type(error).__name__).inc()
    log.error("defect while answering a callback", error=type(error).__name__, where=where)
