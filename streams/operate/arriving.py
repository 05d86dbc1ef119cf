"""Callbacks as they come in, for a person who waits for one: read from their topic, or taken at a door of our own in place of the ingress."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from converters.doctor.steps import Heard
from converters.platform import Accepted, Callback, Incoming, Rejected
from converters.routing.route import App
from streams.http_server.body import BodyBrokenOffError, BodyTooLargeError, read_body
from streams.http_server.listener import Listener
from streams.ingress.app import PATH
from streams.ingress.record import app_of, callback_of
from streams.operate.topic_reader import OffsetRange, TopicReader

_LOOK = 0.3
"""Seconds between two looks at the ends of a topic."""
_LARGEST = 1 << 20
_MOST = 1000
"""Callbacks that wait to be asked for; more are forgotten."""


class Arriving(Protocol):
    async def next(self, app: App, markers: tuple[str, ...], seconds: float) -> Heard | None:
        """The next callback of *app* with one of *markers* in it; None after *seconds* without one."""


class FromTopics:
    """What the ingress stores from now on. Raises OperateError where it cannot be read."""

    def __init__(self, reader: TopicReader, topics: Mapping[str, str]) -> None:
        """*topics*: of each platform."""
        self._reader, self._topics = reader, topics
        self._read: dict[Any, int] = {}
        self._found: dict[str, list[tuple[bytes, Heard]]] = {}

    async def begin(self) -> None:
        for topic in self._topics.values():
            for span in await self._reader.spans(self._reader.partitions(topic)):
                self._read[span.tp] = span.end

    async def next(self, app: App, markers: tuple[str, ...], seconds: float) -> Heard | None:
        end = time.monotonic() + seconds
        while True:
            await self._look(app)
            found = self._found.get(app.name, [])
            for place, (raw, heard) in enumerate(found):
                if _says(raw, markers):
                    del found[: place + 1]
                    return heard
            found.clear()
            if time.monotonic() >= end:
                return None
            await asyncio.sleep(min(_LOOK, max(0.0, end - time.monotonic())))

    async def _look(self, app: App) -> None:
        spans = await self._reader.spans(self._reader.partitions(self._topics[app.platform.name]))
        new = [OffsetRange(span.tp, self._read.get(span.tp, span.start), span.end) for span in spans]
        async for record in self._reader.records([span for span in new if span.start < span.end]):
            self._found.setdefault(app_of(record.headers), []).append((record.value, Heard(callback_of(record.value, record.headers))))
        self._read |= {span.tp: span.end for span in new}


class AtOurDoor:
    """A door at the address that the platforms call, while no ingress is there: every callback is checked, answered 200, and stored nowhere."""

    def __init__(self, apps: Mapping[str, App], host: str, port: int) -> None:
        self._apps = apps
        self._listener = Listener(self._answer, host, port, "--listen")
        self._found: dict[str, list[tuple[bytes, Heard]]] = {name: [] for name in apps}
        self._more = asyncio.Event()

    @property
    def port(self) -> int:
        return self._listener.port

    async def begin(self) -> None:
        """Raises ListenError."""
        await self._listener.start()

    async def close(self) -> None:
        await self._listener.stop(1)

    async def next(self, app: App, markers: tuple[str, ...], seconds: float) -> Heard | None:
        found = self._found[app.name]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    while found:
                        raw, heard = found.pop(0)
                        if _says(raw, markers):
                            return heard
                    self._more.clear()
                    await self._more.wait()
        return None

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        app = self._apps.get(scope["path"].removeprefix(PATH)) if scope["path"].startswith(PATH) else None
        body = await _body(receive)
        status = 404 if app is None else 413 if body is None else 200
        if app is not None and body is not None:
            self._keep(app, scope, body)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def _keep(self, app: App, scope: dict[str, Any], body: bytes) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        now = time.time_ns() // 1_000_000
        verdict = app.platform.check(Incoming(headers, scope["query_string"].decode("latin-1"), body), app.account, now)
        found = self._found[app.name]
        if len(found) < _MOST and isinstance(verdict, Accepted | Rejected):
            found.append((body, Heard(Callback(app.name, body, now, headers), verdict.reason if isinstance(verdict, Rejected) else "")))
            self._more.set()


async def _body(receive: Any) -> bytes | None:
    """None of what is too large, or broken off."""
    try:
        return await read_body(receive, _LARGEST)
    except (BodyTooLargeError, BodyBrokenOffError):
        return None


def _says(raw: bytes, markers: tuple[str, ...]) -> bool:
    return any(marker.encode() in raw for marker in markers)
