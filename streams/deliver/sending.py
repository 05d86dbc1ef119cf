"""One event on its way: encoded, licensed, sent until there is an end, and settled from evidence where that is unknown.

A request leaves only under a licence: its intent is in the ledger, committed, and younger than the lease. So whoever takes the
partition over finds every request that may have left, and after the lease none can leave any more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress

import structlog

from converters.model import Echo
from converters.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.platform import Request
from streams import metrics
from streams.deliver.attempts import attempt, delays
from streams.deliver.conversations import Open
from streams.deliver.surroundings import Surroundings, UnderWay, end_to_end, ended, in_flight

log = structlog.get_logger()

License = Callable[[Open, int], Awaitable[float]]
"""(event, part) -> the clock when its intent was written, once that is committed."""

SLACK = 600_000
"""Milliseconds that our clock and a target's may differ in a look-up."""

# Runs on while the machine sleeps, and, like every clock, while the process is stopped.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def clock() -> float:
    """Seconds, by the clock of leases."""
    return time.clock_gettime(_CLOCK)


class DrainedError(Exception):
    """The partition moves on: what waits is left to its next owner."""


class Sender:
    """*draining* is set when the partition is to be let go."""

    def __init__(self, around: Surroundings, draining: asyncio.Event, license_: License) -> None:
        self._around = around
        self._settings = around.settings
        self._draining = draining
        self._license = license_
        self._slots = asyncio.Semaphore(around.settings.intents)
        self._doubts: set[str] = set()
        self._heard = asyncio.Event()
        self._mine: set[str] = set()
        self._kept: set[str] = set()
        self._at_the_gate: set[asyncio.Task[object]] = set()
        self._taken_over = clock()

    @property
    def under_way(self) -> int:
        """Requests that wait for their answer."""
        return len(self._mine)

    async def send(self, event: Open) -> None:
        """Bring *event* to an end: its outcome is set. Raises DrainedError."""
        app = self._around.apps[event.delivery.target]
        try:
            encoded = app.platform.encode(event.delivery, app.account)
        except Exception as error:  # noqa: BLE001 - a defect costs this message its place, and nothing else
            # Without its text, which may quote what was said.
            name = type(error).__name__
            log.error("defect in an encoder", app=app.name, event_id=event.delivery.event.id, error=name)  # noqa: TRY400
            event.outcome = Refused(f"defect: {name}")
            return
        for loss in encoded.losses:
            metrics.LOSSES.labels(self._around.direction(event.delivery), loss.what).inc()
        event.outcome = await self._requests(event, encoded.requests)
        if isinstance(event.outcome, Delivered):
            seconds = time.time() - event.delivery.event.at / 1000
            end_to_end(self._around.direction(event.delivery)).observe(max(0.0, seconds))
        api = encoded.requests[-1].api if encoded.requests else ""
        ended(app.name, self._around.platform, api, type(event.outcome)).inc()

    def hear(self, event: Open, echo: Echo) -> None:
        """The target called back about *event*."""
        event.echo = echo
        if echo.event in self._doubts:
            self._heard.set()

    def drain(self) -> None:
        """Wake all who wait, so that they see that the partition is let go."""
        self._heard.set()
        for waiting in self._at_the_gate:
            waiting.cancel()

    def abandon(self, events: Iterable[str]) -> None:
        """The partition is let go, and its time to finish is over: what is under way of its *events* is the next owner's doubt."""
        for name in {*self._kept, *events}:
            if (known := self._around.under_way.get(name)) is not None:
                known.answer.cancel()
            self._forget(name)

    async def _requests(self, event: Open, requests: tuple[Request, ...]) -> Outcome:
        outcome: Outcome = Delivered("", None)
        first = 0
        if event.doubt is not None and requests:
            first = min(event.doubt.part, len(requests) - 1)
            found = await self._earlier(event)
            if isinstance(found, Delivered):
                outcome, first = found, first + 1
            elif isinstance(found, Unsure | Refused):
                return found
        for part in range(first, len(requests)):
            outcome = await self._until_known(event, requests[part], part)
            if not isinstance(outcome, Delivered):
                break
        return outcome

    async def _until_known(self, event: Open, request: Request, part: int) -> Outcome:
        settings = self._settings
        while True:
            outcome, attempts = await attempt(
                lambda: self._once(event, request, part),
                delays(settings.backoff, settings.backoff_max),
                self._sleep,
                settings.patience,
                clock,
            )
            event.attempts += attempts
            if not isinstance(outcome, Unsure):
                return outcome
            settled = await self._in_doubt(event, outcome, settings.echo_wait)
            if not isinstance(settled, NotSent):
                return settled

    async def _once(self, event: Open, request: Request, part: int) -> Outcome:
        """One attempt, when breaker and quotas let it: who waits there has no intent, and no lease that grows old."""
        gate = self._around.gates[event.delivery.target]
        again = event.attempts > 0
        while True:
            with self._waiting_at_the_gate() as waits:
                async with gate.passage(request) as passage:
                    if not await gate.admit(passage, request, live=event.lane.live, again=again):
                        again = True
                        continue
                    waits()
                    outcome = await self._licensed(event, request, part)
                    gate.learn(passage, request, outcome)
                    return outcome

    @contextmanager
    def _waiting_at_the_gate(self) -> Iterator[Callable[[], None]]:
        """Until the function is called, an order to drain ends the wait."""
        me = asyncio.current_task()
        assert me is not None
        if self._draining.is_set():
            raise DrainedError
        self._at_the_gate.add(me)
        try:
            yield lambda: self._at_the_gate.discard(me)
        finally:
            self._at_the_gate.discard(me)

    async def _licensed(self, event: Open, request: Request, part: int) -> Outcome:
        async with self._slots:
            while True:
                written = await self._license(event, part)
                until = written + self._settings.lease
                if clock() < until:
                    break
                # This process stood still in between. Whether it still owns the partition shows at the next commit.
                log.warning("lease is over before the request could leave", event_id=event.delivery.event.id)
            name = event.delivery.event.id
            client = self._around.clients[event.delivery.target]
            answer = asyncio.create_task(client.send(request, lambda: clock() < until))
            self._around.under_way[name] = UnderWay(part, answer)
            self._mine.add(name)
            self._kept.add(name)
            answer.add_done_callback(lambda done: self._arrived(name, client.app, done))
            in_flight(client.app).inc()
            try:
                return await asyncio.shield(answer)
            except asyncio.CancelledError:
                if answer.cancelled():
                    raise DrainedError from None
                raise

    def written(self, event: Open) -> None:
        """The end of *event* is in the ledger: its answer need not be remembered any more."""
        self._forget(event.delivery.event.id)

    def _arrived(self, name: str, app: str, answer: "asyncio.Task[Outcome]") -> None:
        in_flight(app).dec()
        self._mine.discard(name)
        # The answer itself is kept until it is written down: if the work has to start anew, it finds it again.
        if answer.cancelled():
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._kept.discard(name)
        self._around.under_way.pop(name, None)

    async def _earlier(self, event: Open) -> Outcome:
        """What became of a request of an earlier owner, or of our own before the work had to start anew."""
        assert event.doubt is not None
        known = self._around.under_way.get(event.delivery.event.id)
        if known is not None and known.part == event.doubt.part:
            with suppress(asyncio.CancelledError):
                answered = await asyncio.shield(known.answer)
                if isinstance(answered, Delivered | Refused):
                    return answered
        # An earlier owner can start a request until its lease is over; it was fenced before we took over.
        left = self._taken_over + self._settings.lease - clock()
        doubt = Unsure("a request of an earlier owner")
        return await self._in_doubt(event, doubt, max(0.0, left) + self._settings.echo_wait)

    async def _in_doubt(self, event: Open, doubt: Unsure, wait: float) -> Outcome:
        """Settled by echo, by look-up, or by policy: Delivered, NotSent (send again), or *doubt* itself (a person decides)."""
        platform, name = self._around.platform, event.delivery.event.id
        began = clock()
        metrics.IN_DOUBT.labels(platform, "opened").inc()
        log.info("in doubt", event_id=name, reason=doubt.reason)
        self._doubts.add(name)
        try:
            with metrics.HELD_CONVERSATIONS.labels(platform, "in_doubt").track_inprogress():
                outcome, step = await self._evidence(event, doubt, wait)
        finally:
            self._doubts.discard(name)
        metrics.IN_DOUBT.labels(platform, step).inc()
        metrics.IN_DOUBT_SECONDS.labels(platform, step).observe(clock() - began)
        log.info("doubt settled", event_id=name, by=step)
        if isinstance(outcome, Delivered):
            event.by = step
        return outcome

    async def _evidence(self, event: Open, doubt: Unsure, wait: float) -> tuple[Outcome, str]:
        await self._pause(wait, self._echo_or_drain(event))
        if event.echo is not None:
            return Delivered(event.echo.remote_id, event.echo.at), "echo"
        found = await self._look_up(event)
        if isinstance(found, Delivered):
            return found, "lookup"
        if self._settings.in_doubt == "hold":
            return doubt, "held"
        return NotSent("in doubt, sent again"), "resent"

    async def _look_up(self, event: Open) -> Outcome | None:
        """Ask the target whether it has the message, where it can be asked."""
        app = self._around.apps[event.delivery.target]
        look_up = app.platform.look_up
        if look_up is None:
            return None
        now = int(time.time() * 1000)
        since = min(now, event.doubt.at if event.doubt else event.delivery.received) - SLACK
        asked = look_up.ask(event.delivery, app.account, since, now + SLACK)
        if asked is None:
            return None
        return await self._around.clients[event.delivery.target].ask(
            asked, lambda reply: look_up.read(event.delivery, app.account, reply)
        )

    async def _echo_or_drain(self, event: Open) -> None:
        while event.echo is None and not self._draining.is_set():
            self._heard.clear()
            await self._heard.wait()

    async def _sleep(self, seconds: float) -> None:
        with metrics.HELD_CONVERSATIONS.labels(self._around.platform, "retry").track_inprogress():
            await self._pause(seconds, self._draining.wait())

    async def _pause(self, seconds: float, ending: Coroutine[object, object, object]) -> None:
        """Wait; but what waits does not hold up the partition's move to another worker. Raises DrainedError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ending
        if self._draining.is_set():
            raise DrainedError
