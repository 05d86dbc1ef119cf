"""One event on its way: encoded, licensed, and sent until there is an end.

A request leaves only under a licence: its intent is in the ledger, fenced, and younger than the lease. So whoever takes the
partition over finds every request that may have left, and after the lease none can leave any more. And it leaves only while nobody has
said that it is at the target: whatever it waited for, evidence may have come meanwhile.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import cache, partial

import structlog
from prometheus_client import Gauge

from converters.core.model import TargetContext
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.files.media import losses as losses_of
from converters.files.withheld import placeholder
from converters.platform import Answered, Partial, Request
from streams.deliver.context import DeliverContext, SentRequest
from streams.deliver.conversations import OpenEvent
from streams.deliver.in_doubt import InDoubt
from streams.deliver.protocol import EventState, last_word, longest_ago, may_leave, repeatable
from streams.exactly_once.shutdown import RevokedError, Shutdown, clock
from streams.observe import metrics
from streams.outbound.admission import GateWaiters
from streams.outbound.attempts import attempt, delays
from streams.outbound.client import TOO_LATE
from streams.outbound.fairness import FairSlots

log = structlog.get_logger()

License = Callable[[OpenEvent, int], Awaitable[float]]
"""(event, part) -> the clock when its intent was written, once the brokers have it."""

LATELY = 0.1
"""Seconds after which a request is no sign of traffic any more: a target that hangs must not slow the others down."""


class Sender:
    def __init__(self, context: DeliverContext, drain: Shutdown, doubts: InDoubt, license_: License) -> None:
        self._context = context
        self._settings = context.settings
        self._drain = drain
        self._doubts = doubts
        self._permit = license_
        self._slots = FairSlots(context.settings.max_in_flight, context.settings.max_in_flight // 4)
        self._mine: dict[str, float] = {}
        """Requests that wait for their answer, by event, and the clock when they left; the last to leave is the last."""
        self._kept: set[str] = set()
        self._waiters = GateWaiters()
        self._taken_over = clock()

    @property
    def busy(self) -> bool:
        """Whether a request that left just now waits for its answer."""
        return next(reversed(self._mine.values()), 0.0) > clock() - LATELY

    async def send(self, event: OpenEvent, there: TargetContext) -> None:
        """Bring *event* to an end: its outcome is set. Raises RevokedError."""
        app = self._context.apps[event.delivery.target]
        try:
            written = placeholder(event.delivery, app.account.language) if there.withheld else event.delivery
            encoded = app.platform.encode(written, app.account, there)
        except Exception as error:  # noqa: BLE001 - a defect costs this message its place, and nothing else
            # Without its text, which may quote what was said.
            name = type(error).__name__
            log.error("defect in an encoder", app=app.name, event_id=event.delivery.event.id, error=name)  # noqa: TRY400
            event.outcome = Refused(f"defect: {name}")
            return
        losses = (*encoded.losses, *losses_of(there.files)) if there.files else encoded.losses
        if losses or there.withheld:
            self._context.counts.of(event).lost(event, (*(loss.what for loss in losses), *(["withheld"] if there.withheld else [])))
        event.requests = len(encoded.requests)
        event.outcome = await self._requests(event, encoded.requests)
        counts = self._context.counts.of(event)
        if isinstance(event.outcome, Delivered):
            counts.arrived(event)
        counts.ended(event, encoded.requests[-1].api if encoded.requests else "")

    def drain(self) -> None:
        """Wake all who wait, so that they see that the partition is let go."""
        self._doubts.wake()
        self._waiters.wake()

    def abandon(self, events: Iterable[str]) -> None:
        """The partition is let go, and its time to finish is over: what is under way of its *events* is the next owner's doubt."""
        for name in {*self._kept, *events}:
            if (known := self._context.under_way.get(name)) is not None:
                known.answer.cancel()
            self._forget(name)

    async def _requests(self, event: OpenEvent, requests: tuple[Request, ...]) -> Outcome:
        outcome: Outcome = Delivered("", None)
        first = 0
        if event.doubt is not None and requests:
            first = min(event.doubt.part, len(requests) - 1)
            found = await self._earlier(event, requests[first], first) if event.doubt.left else NotSent("its turn had not come")
            if isinstance(found, Delivered):
                outcome, first = found, first + 1
                event.arrived += (found,)
            elif isinstance(found, Unsure | Refused):
                return found
        for part in range(first, len(requests)):
            answered = await self._answered(event, requests[part], part)
            outcome = await self._completed(event, answered, part) if isinstance(answered, Partial) else answered
            if not isinstance(outcome, Delivered):
                break
            event.arrived += (outcome,)
        return outcome

    async def _completed(self, event: OpenEvent, answered: Partial, part: int) -> Outcome:
        """What the answer to one of its requests leaves to be asked for."""
        done, losses, reason, left = answered.done, list(answered.losses), answered.reason, list(answered.rest)
        while left:
            outcome = await self._answered(event, left.pop(0), part)
            if isinstance(outcome, Partial):
                left[:0] = outcome.rest
                losses += outcome.losses
                reason = reason or outcome.reason
            elif not isinstance(outcome, Delivered):
                return outcome
            found = outcome.done if isinstance(outcome, Partial) else outcome
            done = found if found is not None and (done is None or found.remote_id) else done
        if done is None:
            return Refused(reason)
        self._context.counts.of(event).lost(event, (loss.what for loss in losses))
        for loss in losses:
            log.warning("left out", event_id=event.delivery.event.id, what=loss.what, who=loss.detail, reason=reason)
        return done

    async def _answered(self, event: OpenEvent, request: Request, part: int) -> Answered:
        settings = self._settings
        while True:
            if not event.unsure:  # else it goes on where an earlier owner was
                event.began = clock()
            outcome, attempts = await attempt(
                partial(self._once, event, request, part),
                delays(settings.backoff, settings.backoff_max),
                self._sleep,
                settings.retry_for,
                clock,
            )
            event.attempts += attempts
            outcome = last_word(outcome, request, unsure=event.unsure)
            event.unsure = False
            if not isinstance(outcome, Unsure):
                return outcome
            settled = await self._doubts.settle(event, part, outcome, settings.echo_wait)
            if not isinstance(settled, NotSent):
                return settled

    async def _once(self, event: OpenEvent, request: Request, part: int) -> Answered:
        """One attempt, when breaker and quotas let it: who waits there has no intent, and no lease that grows old."""
        admission = self._context.admissions[event.delivery.target]
        again = event.attempts > 0
        ahead = self._settings.backoff_max + self._settings.timeout  # so long may the next attempt take to be answered
        while True:
            event.move(EventState.GATE)
            if self._drain.order.is_set():
                raise RevokedError
            if (there := event.there(part)) is not None:
                event.by = "echo"
                metrics.RESENDS_AVOIDED.labels(self._context.platform).inc()
                return there
            breaker_call = admission.at_once(request) or await self._waiters.turn(
                admission, request, live=event.lane.live, again=again, source=event.source
            )
            if breaker_call is None:
                again = True
                continue
            try:
                if event.unsure and not repeatable(request, clock() - event.began, ahead):
                    return Unsure("an earlier attempt had no answer, and it is too late to repeat it")
                outcome = await self._licensed(event, request, part)
                if outcome is None:
                    continue  # it has not left, and says nothing of the target
                admission.learn(breaker_call, request, outcome)
                if isinstance(outcome, Unsure) and repeatable(request, clock() - event.began, ahead):
                    event.unsure = True
                    return NotSent(outcome.reason)
                return outcome
            finally:
                breaker_call.left()

    async def _licensed(self, event: OpenEvent, request: Request, part: int) -> Answered | None:
        """None where the target called back before it could leave."""
        slots, source = self._slots, event.source
        if not slots.take(source):
            await slots.wait(source)
        try:
            while event.there(part) is None:
                written = await self._permit(event, part)
                until = written + self._settings.lease
                if clock() < until:
                    event.move(EventState.LICENSED)
                    break
                # This process stood still in between. Whether it still owns the partition shows at the next commit.
                log.warning("send lease expired", event_id=event.delivery.event.id)
            else:
                return None
            name = event.delivery.event.id
            client = self._context.clients[event.delivery.target]
            # Asked until the last moment before the socket: a token or a connection may have to be waited for.
            answer = asyncio.create_task(client.send(request, partial(self._leaves, event, part, until)))
            self._context.under_way[name] = SentRequest(part, answer)
            self._mine[name] = clock()
            self._kept.add(name)
            # Not the answer itself is awaited: it outlives a conversation that is cancelled.
            here = asyncio.get_running_loop().create_future()
            answer.add_done_callback(lambda done: self._arrived(name, client.app, done, here))
            _in_flight(client.app).inc()
            await here
            if answer.cancelled():
                raise RevokedError
            outcome = answer.result()
            return None if outcome == TOO_LATE and event.there(part) is not None else outcome
        finally:
            slots.give_back(source)

    def _leaves(self, event: OpenEvent, part: int, until: float) -> bool:
        if not may_leave(clock(), until, there=event.there(part) is not None):
            return False
        event.move(EventState.ASKED)
        return True

    def written(self, event: OpenEvent) -> None:
        """The end of *event* is in the ledger: its answer need not be remembered any more."""
        self._forget(event.delivery.event.id)

    def _arrived(self, name: str, app: str, answer: "asyncio.Task[Answered]", here: "asyncio.Future[None]") -> None:
        _in_flight(app).dec()
        self._mine.pop(name, None)
        # The answer itself is kept until it is written down: if the work has to start anew, it finds it again.
        if answer.cancelled():
            self._forget(name)
        if not here.done():
            here.set_result(None)

    def _forget(self, name: str) -> None:
        self._kept.discard(name)
        self._context.under_way.pop(name, None)

    async def _earlier(self, event: OpenEvent, request: Request, part: int) -> Outcome:
        """What became of a request of an earlier owner, or of our own before the work had to start anew."""
        assert event.doubt is not None
        event.move(EventState.DOUBT)
        known = self._context.under_way.get(event.delivery.event.id)
        if known is not None and known.part == event.doubt.part:
            with suppress(asyncio.CancelledError):
                answered = await asyncio.shield(known.answer)
                if isinstance(answered, Delivered | Refused):
                    return answered
                if isinstance(answered, Partial):  # what is done of it may be done again
                    return NotSent("answered in part")
        # An earlier owner can start a request until its lease is over; it was fenced before we took over.
        left = max(0.0, self._taken_over + self._settings.lease - clock())
        # Not by the difference of two clocks alone: one that is behind would make an old request look young.
        event.began = clock() - longest_ago(event.doubt, time.time(), self._settings.clock_margin)
        if repeatable(request, clock() - event.began, left + self._settings.timeout):
            await self._drain.rest(left)
            event.unsure = request.repeatable_for > 0
            return NotSent("a request of an earlier owner, which may be repeated")
        doubt = Unsure("a request of an earlier owner")
        return await self._doubts.settle(event, part, doubt, left + self._settings.echo_wait)

    async def _sleep(self, seconds: float) -> None:
        with metrics.HELD_CONVERSATIONS.labels(self._context.platform, "retry").track_inprogress():
            await self._drain.rest(seconds)


@cache
def _in_flight(app: str) -> Gauge:
    return metrics.IN_FLIGHT.labels(app)
