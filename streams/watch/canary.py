"""Two test users talk in one app, and what the other app calls back says whether it arrived: no stage is asked."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, NamedTuple

import structlog
from msgspec import Struct

from converters import canary as messages
from converters.canary import CanaryKind, CanaryRoute
from converters.core.model import StoredFile
from converters.core.outcome import Delivered, Outcome
from converters.platform import DecodedEvent, Encoded
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.kafka.cluster import Where
from streams.observe import metrics
from streams.outbound.client import PlatformClient
from streams.watch.callback_tail import CallbackTail
from streams.watch.settings import CanarySettings

log = structlog.get_logger()


class CanaryState(IntEnum):
    """Of the last message of a kind; as the gauge shows it."""

    ON_TIME = 0
    LATE = 1
    CHANGED = 2
    """It arrived as something else: a file that was not carried over."""
    UNDELIVERED = 3
    """The source app has called back, the target app has not."""
    UNCALLED = 4
    """The source app has taken it, and has not called back."""
    UNSENT = 5
    """The source app has not taken it."""
    UNSEEN = 6
    """Kafka has not answered: what became of it, nobody could look."""


class CanaryResult(NamedTuple):
    state: CanaryState
    seconds: float | None = None
    """Until the target app's callback was stored and read."""


class _Said(Struct):
    """What came of a message in the source app, for a recall to name."""

    event: DecodedEvent
    sent: Delivered
    remote_id: str
    """Its id in the target app."""


class Canary:
    """*routes* of the settings' two apps, in both directions. Raises SettingsError for limits that a platform does not have."""

    def __init__(
        self, where: Where, apps: Mapping[str, App], topics: Mapping[str, str], settings: CanarySettings, outbound: DeliverSettings
    ) -> None:
        one, other = (apps[name] for name in settings.apps)
        first, second = settings.users
        self.routes = CanaryRoute(one, other, first, second), CanaryRoute(other, one, second, first)
        self._settings = settings
        self._clients = {app.name: PlatformClient(app, outbound) for app in (one, other)}
        self._tail = CallbackTail(where, {name: topics[name] for name in settings.apps}, settings.users)
        self._there: set[str] = set()
        for route in self.routes:
            for kind in settings.kinds:
                for state in set(CanaryState) - {CanaryState.UNSEEN}:
                    metrics.CANARY_MESSAGES.labels(route.direction, kind, state.name.lower())

    async def start(self) -> None:
        """Raises KafkaError."""
        await self._tail.start()

    async def stop(self) -> None:
        await self._tail.stop()
        for client in self._clients.values():
            await client.close()

    async def run(self) -> dict[tuple[str, CanaryKind], CanaryResult]:
        """Everything once, counted; by direction and kind. What a platform cannot say is missing. Raises KafkaError."""
        await asyncio.gather(*(self._register(name) for name in self._clients))
        async with self._hearing() as heard:
            jobs = {(route.direction, kind): self._one(route, kind) for route in self.routes for kind in self._settings.kinds}
            results = await asyncio.gather(*jobs.values())
            found = {key: result for key, result in zip(jobs, results, strict=True) if result is not None}
            heard += [result.seconds is not None for result in found.values()]
        for (direction, kind), result in found.items():
            _count(direction, kind, result)
        metrics.CANARY_LAST_RUN.labels("-".join(self._settings.apps)).set(time.time())
        return found

    def unseen(self) -> None:
        """The last run has not come to an end: its outcomes are not those of the run before."""
        for route in self.routes:
            for kind in self._settings.kinds:
                metrics.CANARY_STATE.labels(route.direction, kind).set(CanaryState.UNSEEN)

    @asynccontextmanager
    async def _hearing(self) -> AsyncIterator[list[bool]]:
        heard: list[bool] = []
        await self._tail.begin()
        try:
            yield heard
        finally:
            await self._tail.end(whole=bool(heard) and all(heard))

    async def _register(self, name: str) -> None:
        """The accounts, once; where it fails the messages will tell, and the next run tries again."""
        if name in self._there:
            return
        app = next(route.source for route in self.routes if route.source.name == name)
        outcomes = [await self._ask(app, request) for request in messages.accounts(app, self._settings.users)]
        if all(isinstance(one, Delivered) for one in outcomes):
            self._there.add(name)
        else:
            log.warning(
                "canary users not registered", app=name, reasons=sorted({str(getattr(one, "reason", "")) for one in outcomes} - {""})
            )

    async def _one(self, route: CanaryRoute, kind: CanaryKind) -> CanaryResult | None:
        token = secrets.token_hex(8)
        file: StoredFile | None = None
        if kind in ("picture", "voice"):
            file = await self._file(route.source, kind, token)
            if file is None:
                return CanaryResult(CanaryState.UNSENT) if route.source.platform.media and route.source.platform.media.upload else None
        begin = time.monotonic()
        until = begin + self._settings.patience
        sent = await self._send(route.source, messages.post(route, kind, token, _now(), file))
        result, known = await self._follow(route, kind, token, sent, begin, until)
        if kind != "recall" or known is None:
            self._tell(route, kind, result, sent)
            return result
        result = await self._recall(route, token, known, until)
        self._tell(route, kind, result, sent)
        return result

    async def _follow(
        self, route: CanaryRoute, kind: CanaryKind, token: str, sent: Outcome, begin: float, until: float
    ) -> tuple[CanaryResult, _Said | None]:
        if messages.refused(sent):
            return CanaryResult(CanaryState.UNSENT), None
        source, target = route.source, route.target
        said = await self._tail.first(source.name, lambda one: messages.said(one, source, token), until)
        if said is None:
            return CanaryResult(CanaryState.UNCALLED if isinstance(sent, Delivered) else CanaryState.UNSENT), None
        event = said[0]
        there = await self._tail.first(target.name, lambda one: messages.arrived(one, target, event.event.id), until)
        if there is None:
            return CanaryResult(CanaryState.UNDELIVERED), None
        echo, arrived = there
        known = _Said(event, sent if isinstance(sent, Delivered) else Delivered(event.event.remote_id, event.event.at), echo.remote_id)
        changed = not messages.unchanged(arrived.callback, target, kind)
        return self._timed(arrived.at - begin, changed=changed), known

    async def _recall(self, route: CanaryRoute, token: str, known: _Said, until: float) -> CanaryResult:
        begin = time.monotonic()
        target = route.target
        sent = await self._send(route.source, messages.recall(route, known.event, known.sent, token, _now()))
        if messages.refused(sent):
            return CanaryResult(CanaryState.UNSENT)
        gone = await self._tail.first(target.name, lambda one: messages.recalled(one, target, known.remote_id), until)
        return CanaryResult(CanaryState.UNDELIVERED) if gone is None else self._timed(gone[1].at - begin)

    def _timed(self, seconds: float, *, changed: bool = False) -> CanaryResult:
        late = seconds > self._settings.on_time
        return CanaryResult(CanaryState.LATE if late else CanaryState.CHANGED if changed else CanaryState.ON_TIME, seconds)

    async def _file(self, app: App, kind: CanaryKind, token: str) -> StoredFile | None:
        storing = messages.stored(app, kind, token, self._settings.url(kind))
        try:
            request = next(storing)
            while True:
                request = storing.send(await self._clients[app.name].question(request))
        except StopIteration as done:
            found: StoredFile | None = done.value
            return found

    async def _send(self, app: App, encoded: Encoded) -> Outcome:
        outcome: Outcome = messages.NOTHING_SAID
        for request in encoded.requests:
            outcome = await self._ask(app, request)
            if not isinstance(outcome, Delivered):
                break
        return outcome

    async def _ask(self, app: App, request: Any) -> Outcome:
        return messages.outcome(app, request, await self._clients[app.name].question(request))

    def _tell(self, route: CanaryRoute, kind: CanaryKind, result: CanaryResult, sent: Outcome) -> None:
        if result.state > CanaryState.LATE:
            log.warning(
                "canary message failed",
                direction=route.direction,
                kind=kind,
                state=result.state.name.lower(),
                answer=getattr(sent, "reason", "taken"),
            )


def _count(direction: str, kind: CanaryKind, result: CanaryResult) -> None:
    metrics.CANARY_MESSAGES.labels(direction, kind, result.state.name.lower()).inc()
    metrics.CANARY_STATE.labels(direction, kind).set(result.state)
    if result.state <= CanaryState.LATE:
        metrics.CANARY_LAST_SUCCESS.labels(direction, kind).set(time.time())
    if result.seconds is not None:
        metrics.CANARY_SECONDS.labels(direction, kind).observe(result.seconds)


def _now() -> int:
    return time.time_ns() // 1_000_000
