"""`im-relay migrate apply` for days: what was begun outlives an absence of Kafka, as the workers do."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from aiokafka.errors import KafkaError
from msgspec import Struct

from converters.core.localized import localized
from streams.exactly_once.outputs import UnknownResultError
from streams.kafka.permissions import REFUSALS
from streams.locale.messages import translated
from streams.migrate.orders import Orders
from streams.migrate.records import Feed, Run
from streams.operate.topic_reader import OperateError

SOON, LATE = 2.0, 30.0
"""Seconds between two attempts, at first and in the end."""


STOPPED = "stopped"


class Going(Struct, kw_only=True):
    """What of a command outlives an absence of Kafka."""

    stop: asyncio.Event
    """A person has pressed Ctrl-C."""
    order: Run | None = None
    """As it was given."""
    feed: Feed | None = None
    """From where on it was fed."""

    def on(self, orders: Orders) -> tuple[Run, Feed] | None:
        """The order, and how far it has been fed since; None where none was given yet."""
        if self.order is None or self.feed is None:
            return None
        fed = orders.feeds.get((self.feed.app, self.feed.bundle))
        return self.order, fed if fed is not None and fed.at >= self.order.at else self.feed


class Ended(Struct, frozen=True):
    """*why*: empty where all was fed and is done."""

    why: str
    feed: Feed
    counts: Mapping[tuple[str, str], int]


async def lasting(attempt: Callable[[Going], Awaitable[Ended]], say: Callable[[str], None]) -> Ended:
    """*attempt*, until one ends. Raises KafkaError or OperateError where Kafka cannot be reached from the beginning, or refuses, or a person waits no longer."""
    going = Going(stop=asyncio.Event())
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, ValueError, RuntimeError):
            asyncio.get_running_loop().add_signal_handler(number, going.stop.set)
    pause = SOON
    while True:
        before = going.feed
        try:
            return await attempt(going)
        except (KafkaError, TimeoutError, UnknownResultError) as error:
            if going.order is None or isinstance(error, REFUSALS) or going.stop.is_set():
                if not isinstance(error, UnknownResultError):
                    raise
                raise OperateError(
                    localized("Kafka did not confirm ({error}); the same command goes on where it was", error=error)
                ) from None
            say(translated("Kafka is away ({error}); this goes on once it answers", error=type(error).__name__))
        pause = SOON if before is not going.feed else min(2 * pause, LATE)
        with suppress(TimeoutError):
            await asyncio.wait_for(going.stop.wait(), pause)
