"""Before a request to an app may leave: the platform's quotas, and a breaker for each of its APIs."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import AsyncExitStack

import structlog
from msgspec.structs import replace

from converters.core.localized import localized
from converters.core.outcome import NotSent, Unsure
from converters.platform import Answered, Request
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.observe import metrics
from streams.outbound.breaker import Breaker, BreakerCall, BreakerState
from streams.outbound.rate_limiter import RateLimiter, overridden, planned
from streams.settings.root import SettingsError

log = structlog.get_logger()

SAY_AGAIN = 60.0
"""Seconds before the same refusal of an app is logged once more."""


class GateWaiters:
    """Of one partition: those whose turn has not come yet. `wake` ends their wait, so that the partition can be let go."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Task[object]] = set()

    def wake(self) -> None:
        for waiting in self._waiting:
            waiting.cancel()

    async def turn(self, gate: "Admission", request: Request, *, live: bool, again: bool, source: str) -> BreakerCall | None:
        """As `Admission.at_its_turn`."""
        me = asyncio.current_task()
        assert me is not None
        self._waiting.add(me)
        try:
            return await gate.at_its_turn(request, live=live, again=again, source=source)
        finally:
            self._waiting.discard(me)


class Admission:
    """One for each app that is delivered to. Raises SettingsError for limits that its platform does not have."""

    def __init__(self, app: App, settings: DeliverSettings, loop: asyncio.AbstractEventLoop, *, share: float = 1.0) -> None:
        """*share*: of every quota, where another role uses the rest."""
        self._app, self._platform = app.name, app.platform.name
        self._loop = loop
        try:
            self._limits = overridden(app.platform.limits, settings.limits.get(app.name, {})) if settings.quotas else ()
        except ValueError as error:
            raise SettingsError(localized("deliver.limits.{name}: {error}", name=app.name, error=error)) from None
        self._share = share
        self._owned: tuple[Collection[int], int] | None = None
        self._limiter = self._limiting({})
        self._breakers: dict[str, Breaker] = {}
        self._logged: dict[tuple[str, str], float] = {}

    def own(self, partitions: Collection[int], of: int) -> None:
        """The worker's part of the quotas is that of its *partitions*, *of* so many."""
        self._owned = partitions, of
        self._limiter.own(partitions, of)

    def plan(self, quotas: Mapping[str, float]) -> None:
        """*quotas* in calls a second hold from now on, by the name of a limit or of an API, in place of those of before."""
        before, self._limiter = self._limiter, self._limiting(quotas)
        before.end()

    def _limiting(self, quotas: Mapping[str, float]) -> RateLimiter:
        limits = planned(self._limits, quotas) if self._limits else ()
        limits = tuple(replace(limit, amount=limit.amount * self._share) for limit in limits)
        # All workers of a platform share its quota by the clock on the wall.
        limiter = RateLimiter(limits, self._loop, ahead=time.time() - self._loop.time())
        if self._owned is not None:
            limiter.own(*self._owned)
        return limiter

    def breaker_call(self, request: Request) -> BreakerCall:
        """`async with` it around everything that belongs to the request."""
        breaker = self._breakers.get(request.api)
        if breaker is None:
            breaker = self._breakers[request.api] = self._made(request.api)
        return BreakerCall(breaker)

    def at_once(self, request: Request) -> BreakerCall | None:
        """The call, entered and with what it takes of the quotas, where nothing has to be waited for; `left` ends it."""
        call = self.breaker_call(request)
        return call if call.enter() and self._limiter.take(request.api, request.targets) else None

    async def at_its_turn(self, request: Request, *, live: bool, again: bool, source: str) -> BreakerCall | None:
        """As `at_once`, after whatever has to be waited for; None where the breaker has opened meanwhile, so that one has to come again."""
        async with AsyncExitStack() as leaving:
            call = await leaving.enter_async_context(self.breaker_call(request))
            if not await self.admit(call, request, live=live, again=again, source=source):
                return None
            leaving.pop_all()  # whoever goes through leaves it
            return call

    async def admit(self, breaker_call: BreakerCall, request: Request, *, live: bool, again: bool, source: str = "") -> bool:
        """Wait for the quotas, each *source* in turn; false if the breaker has opened meanwhile, and the passage is to be left."""
        while not await self._limiter.acquire(request.api, request.targets, live=live, again=again, source=source):
            again = False
        if breaker_call.holds():
            return True
        self._limiter.give_back(request.api, request.targets)
        return False

    def learn(self, breaker_call: BreakerCall, request: Request, outcome: Answered) -> None:
        """What the answer says about the platform: too much at once, or not well."""
        failed = isinstance(outcome, Unsure)
        if isinstance(outcome, NotSent):
            failed = not outcome.throttled and not outcome.alone
            if outcome.throttled:
                self._limiter.throttled(request.api, outcome.retry_after)
                metrics.THROTTLED.labels(self._app, self._platform, request.api).inc()
            if outcome.ours:
                self._say(request.api, outcome.reason)
        breaker_call.ended(failed=failed)

    def show(self) -> None:
        """Bring the gauges up to date."""
        for live in (True, False):
            waiting = self._limiter.waiting(live=live)
            metrics.QUOTA_WAITING.labels(self._app, "live" if live else "backfill").set(waiting)
        for limit, speed in self._limiter.speeds().items():
            metrics.QUOTA_RATIO.labels(self._app, limit).set(speed)

    def _say(self, api: str, reason: str) -> None:
        now = self._loop.time()
        if now >= self._logged.get((api, reason), 0.0):
            self._logged[api, reason] = now + SAY_AGAIN
            log.error("app rejected by platform, messages queued", app=self._app, platform=self._platform, api=api, reason=reason)

    def _made(self, api: str) -> Breaker:
        gauge = metrics.BREAKER.labels(self._app, self._platform, api)
        gauge.set(BreakerState.CLOSED)
        return Breaker(self._loop, on_change=gauge.set)


class PartitionShares:
    """The partitions of *of* that are at work in this process: its part of every app's quotas."""

    def __init__(self, admissions: Iterable[Admission], of: int) -> None:
        self._admissions = tuple(admissions)
        self._of = of
        self._owned: set[int] = set()

    def own(self, partition: int, *, mine: bool) -> None:
        """A partition comes or goes."""
        (self._owned.add if mine else self._owned.discard)(partition)
        for admission in self._admissions:
            admission.own(frozenset(self._owned), self._of)
