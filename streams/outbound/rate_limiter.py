"""The quotas of one app: who may send now, and who waits, in which order.

What the platform calls too much slows the limits of that API down at once; they come back by and by.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from converters.core.localized import localized
from converters.platform import OTHERS, RateLimit
from streams.outbound.fairness import FairQueue
from streams.outbound.token_bucket import QuotaPolicy, TokenBucket

_PACE = QuotaPolicy()
_EARLY = 0.0005  # seconds by which a timer may be early: uvloop's are whole milliseconds


class _ApiLimits(Struct, eq=False):
    """To one API: its line, and its limits, each with whether it counts messages."""

    line: "_ApiQueue | None"
    buckets: tuple[tuple[TokenBucket, bool], ...]

    def ready(self, messages: int, now: float) -> float:
        at = now
        for bucket, counts_messages in self.buckets:
            at = max(at, bucket.ready(messages if counts_messages else 1, now))
        return at

    def take(self, messages: int, now: float) -> None:
        for bucket, counts_messages in self.buckets:
            bucket.take(messages if counts_messages else 1, now)

    def give_back(self, messages: int) -> None:
        for bucket, counts_messages in self.buckets:
            bucket.give_back(messages if counts_messages else 1)


_Waiter = tuple[asyncio.Future[bool], _ApiLimits, int]


class _ApiQueue:
    """Who waits for an API, or for APIs that share a limit: live before backfill, each source in turn. One timer for all."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ahead: float, backfill: float) -> None:
        self._loop = loop
        self._ahead = ahead
        self._part = backfill
        self._owed = 0.0
        """Sends that backfill is owed, because live went before it."""
        self._live: FairQueue[_Waiter] = FairQueue()
        self._backfill: FairQueue[_Waiter] = FairQueue()
        self._timer: tuple[float, asyncio.TimerHandle] | None = None

    def length(self, *, live: bool) -> int:
        return len(self._live if live else self._backfill)

    def pass_now(self, way: _ApiLimits, messages: int) -> bool:
        """Whether nobody waits and the limits allow it; then it is taken."""
        if self._live or self._backfill:
            return False
        now = self._now()
        if way.ready(messages, now) > now:
            return False
        way.take(messages, now)
        return True

    async def wait(self, way: _ApiLimits, messages: int, *, live: bool, again: bool, source: str) -> bool:
        """False: the limits hold no longer, and nothing was taken."""
        future: asyncio.Future[bool] = self._loop.create_future()
        line = self._live if live else self._backfill
        (line.appendleft if again else line.append)(source, (future, way, messages))
        self.move()
        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled() and future.result():  # it was given, and is not wanted any more
                way.give_back(messages)
                self.move()
            raise

    def move(self) -> None:
        """Let pass who may, and see to it that this is called again when the next one may."""
        now = self._now() + _EARLY
        while line := self._next():
            future, way, messages = line.first()
            at = way.ready(messages, now)
            if at > now:
                self._call_at(at - self._ahead)
                return
            line.popleft()
            way.take(messages, now)
            if line is self._backfill:
                self._owed = max(0.0, self._owed - 1.0)
            elif self._backfill:
                self._owed += self._part
            future.set_result(True)

    def end(self) -> None:
        """Everyone is sent away, in order."""
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None
        for line in (self._live, self._backfill):
            while line:
                future, _, _ = line.popleft()
                if not future.done():
                    future.set_result(False)

    def _next(self) -> FairQueue[_Waiter]:
        """Whose turn it is; where it is empty, nobody's."""
        for line in (self._live, self._backfill):
            while line and line.first()[0].cancelled():
                line.popleft()
        if self._live and not (self._backfill and self._owed >= 1.0):
            return self._live
        return self._backfill

    def _call_at(self, at: float) -> None:
        if self._timer is not None:
            if self._timer[0] <= at:
                return
            self._timer[1].cancel()
        if at < inf:
            self._timer = at, self._loop.call_at(at, self._timed)

    def _timed(self) -> None:
        self._timer = None
        self.move()

    def _now(self) -> float:
        return self._loop.time() + self._ahead


class RateLimiter:
    """The limits of one app, for one worker. A call with many messages holds its line for as long as they take by the quota."""

    def __init__(
        self, limits: Iterable[RateLimit], loop: asyncio.AbstractEventLoop, pace: QuotaPolicy = _PACE, *, ahead: float = 0.0
    ) -> None:
        """All partitions are the worker's, until `own` says otherwise.

        The clock is the *loop*'s, and *ahead* what makes it the same on all workers: seconds since 1970 less the loop's time.
        """
        self._loop = loop
        self._ahead = ahead
        self._pace = pace
        self._owned: Collection[int] = (0,)
        self._of = 1
        self._ways: dict[str, _ApiLimits] = {}
        self._others: list[RateLimit] = []
        for limit in limits:
            if limit.apis == (OTHERS,):
                self._others.append(limit)
            else:
                self._add(limit, limit.apis)

    async def acquire(self, api: str, messages: int = 1, *, live: bool = True, again: bool = False, source: str = "") -> bool:
        """Wait until a call to *api* with *messages* may be made; whoever tries *again* is the first of his class.

        The others have their turns by *source*. False after `end`: these limits hold no longer.
        """
        if self.take(api, messages):
            return True
        way = self._way(api)
        assert way.line is not None, "without limits it was taken"
        return await way.line.wait(way, messages, live=live, again=again, source=source)

    def take(self, api: str, messages: int) -> bool:
        """As `acquire`, where it does not have to wait; else nothing is taken."""
        way = self._way(api)
        return way.line is None or way.line.pass_now(way, messages)

    def end(self) -> None:
        """Other limits hold from now on: whoever waits is sent away."""
        for line in self._lines():
            line.end()

    def give_back(self, api: str, messages: int = 1) -> None:
        """What was acquired a moment ago is not used."""
        way = self._way(api)
        if way.line is not None:
            way.give_back(messages)
            way.line.move()

    def throttled(self, api: str, retry_after: float | None = None) -> None:
        """The platform said "too much": go slower, and for *retry_after* seconds not at all."""
        for bucket, _ in self._way(api).buckets:
            bucket.slow_down(self._clock(), retry_after or 0.0)

    def own(self, partitions: Collection[int], of: int) -> None:
        """The worker's part of all quotas from now on: that of its *partitions*, *of* so many. With none everyone waits."""
        self._owned, self._of = partitions, of
        for bucket in self._buckets():
            bucket.own(partitions, of, self._clock())
        for line in self._lines():
            line.move()

    def speeds(self) -> dict[str, float]:
        """Of the full speed, 0 to 1, by the limit's name; of several of one name the slowest."""
        now = self._clock()
        speeds: dict[str, float] = {}
        for bucket in self._buckets():
            speed = bucket.speed(now)
            speeds[bucket.name] = min(speeds.get(bucket.name, speed), speed)
        return speeds

    def waiting(self, *, live: bool) -> int:
        """Callers in line; those who were cancelled are counted until their turn would have come."""
        return sum(line.length(live=live) for line in self._lines())

    def _clock(self) -> float:
        return self._loop.time() + self._ahead

    def _lines(self) -> set[_ApiQueue]:
        return {way.line for way in self._ways.values() if way.line is not None}

    def _buckets(self) -> set[TokenBucket]:
        return {bucket for way in self._ways.values() for bucket, _ in way.buckets}

    def _way(self, api: str) -> _ApiLimits:
        way = self._ways.get(api)
        if way is None:
            self._ways[api] = _ApiLimits(None, ())
            for limit in self._others:
                self._add(limit, (api,))
            way = self._ways[api]
        return way

    def _add(self, limit: RateLimit, apis: Iterable[str]) -> None:
        ways = [self._ways.setdefault(api, _ApiLimits(None, ())) for api in apis]
        if not limit.amount:
            return
        bucket = TokenBucket(limit, self._pace, self._owned, self._of, self._clock())
        # Whoever shares a limit waits in one line; and so does whoever shares one with those.
        joined = {way.line for way in ways if way.line is not None}
        line = joined.pop() if joined else _ApiQueue(self._loop, self._ahead, self._pace.backfill)
        for way in self._ways.values():
            if way.line in joined:
                way.line = line
        for way in ways:
            way.line = line
            way.buckets = (*way.buckets, (bucket, limit.counts == "messages"))


def overridden(limits: Iterable[RateLimit], amounts: Mapping[str, float]) -> tuple[RateLimit, ...]:
    """*limits* with the *amounts* of the settings, by the limit's name; 0 is none. Raises ValueError for an unknown name."""
    limits = tuple(limits)
    if unknown := sorted(amounts.keys() - {limit.name for limit in limits}):
        known = ", ".join(limit.name for limit in limits)
        raise ValueError(localized("no limit is called {unknown}; known are: {known}", unknown=", ".join(unknown), known=known))
    return tuple(replace(limit, amount=amounts.get(limit.name, limit.amount)) for limit in limits)


def planned(limits: Iterable[RateLimit], quotas: Mapping[str, float]) -> tuple[RateLimit, ...]:
    """*limits* with *quotas* in calls a second, by a limit's name, or by an API that then has a limit of its own."""
    limits = tuple(limits)
    named = {limit.name for limit in limits}
    alone = quotas.keys() - named
    kept = (replace(limit, apis=tuple(api for api in limit.apis if api not in alone)) for limit in limits)
    found = [
        replace(limit, amount=quotas[limit.name] * limit.seconds) if limit.name in quotas and limit.counts == "calls" else limit
        for limit in kept
        if limit.apis
    ]
    return (*found, *(RateLimit(api, (api,), quotas[api]) for api in sorted(alone)))
