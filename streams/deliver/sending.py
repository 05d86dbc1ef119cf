"""One event on its way: encoded, sent until there is an end, and what is in doubt settled by the target's own callback."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress

import structlog

from converters.model import Echo
from converters.outcome import Delivered, Outcome, Refused, Unsure
from converters.platform import Request
from streams import metrics
from streams.deliver.attempts import attempt, delays
from streams.deliver.client import Client
from streams.deliver.conversations import Open
from streams.deliver.surroundings import Surroundings, end_to_end, ended, in_flight

log = structlog.get_logger()


class DrainedError(Exception):
    """The partition moves on: what waits is left to its next owner."""


class Sender:
    """*draining* is set when the partition is to be let go."""

    def __init__(self, around: Surroundings, draining: asyncio.Event) -> None:
        self._around = around
        self._settings = around.settings
        self._draining = draining
        self._doubts: dict[str, Echo | None] = {}
        """Sends in doubt by event id, with the echo once it has come."""
        self._heard = asyncio.Event()

    async def send(self, event: Open) -> None:
        """Bring *event* to an end: its outcome is set. Raises DrainedError."""
        app = self._around.apps[event.delivery.target]
        try:
            encoded = app.platform.encode(event.delivery, app.account)
        except Exception as error:  # noqa: BLE001 - a defect costs this message its place, and nothing else
            log.error("defect in an encoder", app=app.name, event_id=event.delivery.event.id, error=type(error).__name__)
            event.outcome = Refused(f"defect: {type(error).__name__}")
            return
        for loss in encoded.losses:
            metrics.LOSSES.labels(self._around.direction(event.delivery), loss.what).inc()
        outcome: Outcome = Delivered("", None)
        api = ""
        for request in encoded.requests:
            api = request.api
            outcome = await self._request(event, request)
            if not isinstance(outcome, Delivered):
                break
        event.outcome = outcome
        if isinstance(outcome, Delivered):
            seconds = time.time() - event.delivery.event.at / 1000
            end_to_end(self._around.direction(event.delivery)).observe(max(0.0, seconds))
        ended(app.name, self._around.platform, api, type(outcome)).inc()

    def settle(self, echo: Echo) -> bool:
        """Whether *echo* ends a doubt of ours."""
        if echo.event not in self._doubts:
            return False
        self._doubts[echo.event] = echo
        self._heard.set()
        return True

    def drain(self) -> None:
        """Wake all who wait, so that they see that the partition is let go."""
        self._heard.set()

    async def _request(self, event: Open, request: Request) -> Outcome:
        client = self._around.clients[event.delivery.target]
        settings = self._settings
        clock = asyncio.get_running_loop().time
        while True:
            outcome, attempts = await attempt(
                lambda: self._once(client, request),
                delays(settings.backoff, settings.backoff_max),
                self._sleep,
                settings.patience,
                clock,
            )
            event.attempts += attempts
            if not isinstance(outcome, Unsure):
                return outcome
            settled = await self._in_doubt(event, outcome)
            if settled is not None:
                return settled

    @staticmethod
    async def _once(client: Client, request: Request) -> Outcome:
        gauge = in_flight(client.app)
        gauge.inc()
        try:
            return await client.send(request)
        finally:
            gauge.dec()

    async def _sleep(self, seconds: float) -> None:
        with metrics.HELD_CONVERSATIONS.labels(self._around.platform, "retry").track_inprogress():
            await self._pause(seconds, self._draining.wait())

    async def _in_doubt(self, event: Open, doubt: Unsure) -> Outcome | None:
        """The end of it by echo; without one, send again (None) or leave it to a person, as the settings say."""
        count, platform, name = metrics.IN_DOUBT, self._around.platform, event.delivery.event.id
        count.labels(platform, "opened").inc()
        log.info("in doubt", event_id=name, reason=doubt.reason)
        self._doubts[name] = None
        try:
            with metrics.HELD_CONVERSATIONS.labels(platform, "in_doubt").track_inprogress():
                await self._pause(self._settings.echo_wait, self._echo_or_drain(name))
        finally:
            echo = self._doubts.pop(name)
        if echo is not None:
            count.labels(platform, "echo").inc()
            event.by = "echo"
            return Delivered(echo.remote_id, echo.at)
        if self._settings.in_doubt == "hold":
            count.labels(platform, "held").inc()
            return doubt
        count.labels(platform, "resent").inc()
        return None

    async def _echo_or_drain(self, name: str) -> None:
        while self._doubts[name] is None and not self._draining.is_set():
            self._heard.clear()
            await self._heard.wait()

    async def _pause(self, seconds: float, ending: Coroutine[object, object, object]) -> None:
        """Wait; but what waits does not hold up the partition's move to another worker. Raises DrainedError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ending
        if self._draining.is_set():
            raise DrainedError
