"""Requests of which nobody knows what became: settled by the target's own callback, by asking it, or by what the settings say."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from converters.core.model import Echo
from converters.core.outcome import Delivered, Outcome, Unsure
from streams.deliver import protocol
from streams.deliver.context import DeliverContext
from streams.deliver.conversations import OpenEvent
from streams.deliver.protocol import EventState
from streams.exactly_once.shutdown import Shutdown, clock
from streams.observe import metrics

log = structlog.get_logger()

SLACK = 600_000
"""Milliseconds that our clock and a target's may differ in a look-up."""

PAGES = 50
"""Of a look-up, at the most."""


class InDoubt:
    """Of one partition. *hear_all* returns when every echo was heard that lay in its input when it was called."""

    def __init__(self, context: DeliverContext, drain: Shutdown, hear_all: Callable[[], Awaitable[None]]) -> None:
        self._context = context
        self._settings = context.settings
        self._drain = drain
        self._hear_all = hear_all
        self._open: set[str] = set()
        self._heard = asyncio.Event()

    def hear(self, event: OpenEvent, echo: Echo) -> None:
        """The target called back about *event*."""
        event.heard[echo.part] = echo
        if not echo.more:
            event.whole = echo
        if echo.event in self._open:
            self._heard.set()

    def found(self, event: str) -> None:
        """An intent of an earlier owner has met its echo before its event was read again: in doubt, and settled at once."""
        for step in ("opened", "echo"):
            metrics.IN_DOUBT.labels(self._context.platform, step).inc()
        log.info("in doubt", event_id=event, reason="intent without outcome")
        log.info("in-doubt send resolved", event_id=event, by="echo")

    def wake(self) -> None:
        """The partition is let go: who waits for an echo sees it."""
        self._heard.set()

    async def settle(self, event: OpenEvent, part: int, doubt: Unsure, wait: float) -> Outcome:
        """Delivered, NotSent (send again), or *doubt* itself (a person decides). Raises RevokedError, KafkaError."""
        platform, name = self._context.platform, event.delivery.event.id
        began = clock()
        event.move(EventState.DOUBT)
        metrics.IN_DOUBT.labels(platform, "opened").inc()
        log.info("in doubt", event_id=name, reason=doubt.reason)
        self._open.add(name)
        try:
            with metrics.HELD_CONVERSATIONS.labels(platform, "in_doubt").track_inprogress():
                outcome, step = await self._evidence(event, part, doubt, wait)
        finally:
            self._open.discard(name)
        metrics.IN_DOUBT.labels(platform, step).inc()
        metrics.IN_DOUBT_SECONDS.labels(platform, step).observe(clock() - began)
        log.info("in-doubt send resolved", event_id=name, by=step)
        if isinstance(outcome, Delivered):
            event.by = step
        return outcome

    async def _evidence(self, event: OpenEvent, part: int, doubt: Unsure, wait: float) -> tuple[Outcome, str]:
        await self._drain.within(wait, self._echo(event, part))
        if event.there(part) is None:
            # An echo may lie unread, or not converted: that is no evidence that there is none.
            await self._drain.unless(self._all_heard())
        found = await self._look_up(event, part) if event.there(part) is None else None
        # No await from here on: what is decided is decided from all that was heard.
        return protocol.decided(doubt, event.there(part), found, self._settings.in_doubt)

    async def _look_up(self, event: OpenEvent, part: int) -> Outcome | None:
        """Ask the target whether it has the message, where it can be asked."""
        app = self._context.apps[event.delivery.target]
        look_up = app.platform.look_up
        if look_up is None:
            return None
        now = int(time.time() * 1000)
        since = min(now, event.doubt.at if event.doubt else event.delivery.received) - SLACK
        asked = look_up.ask(event.delivery, app.account, since, now + SLACK)
        client = self._context.clients[event.delivery.target]
        for _ in range(PAGES):
            if asked is None or (reply := await client.question(asked)) is None:
                return None
            found = look_up.read(event.delivery, app.account, reply, part)
            if found is not None or look_up.more is None:
                return found
            asked = look_up.more(asked, reply)
        return None

    async def _echo(self, event: OpenEvent, part: int) -> None:
        while event.heard_of(part) is None and not self._drain.order.is_set():
            self._heard.clear()
            await self._heard.wait()

    async def _all_heard(self) -> None:
        await self._context.progress.converted()
        await self._hear_all()
