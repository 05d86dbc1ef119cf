"""Callbacks of the test users, read from their topics while a run waits for them."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from aiokafka import TopicPartition

from converters.platform import Callback
from streams.ingress.record import app_of, callback_of
from streams.kafka import clients
from streams.kafka.cluster import Where

T = TypeVar("T")

_POLL = 500
"""Milliseconds."""
_BYTES = 1 << 20
_MOST = 1000
"""Callbacks of one run that are kept; more are not the canary's."""


class ArrivedCallback(NamedTuple):
    callback: Callback
    at: float
    """The monotonic clock when it was read."""


class CallbackTail:
    """*topics*: of each app. *names*: what stands in each callback that is meant; others are passed over without being decoded.

    Partitions in which none was found in a run that found all it waited for are not read in the next: users keep theirs.
    """

    def __init__(
        self, where: Where, topics: Mapping[str, str], names: Collection[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._consumer = clients.consumer(
            where, isolation_level="read_committed", enable_auto_commit=False, fetch_max_wait_ms=100, max_partition_fetch_bytes=_BYTES
        )
        self._topics = dict(topics)
        self._names = tuple(name.encode() for name in names)
        self._clock = clock
        self._known: frozenset[TopicPartition] = frozenset()
        self._seen: list[ArrivedCallback] = []
        self._found: set[TopicPartition] = set()
        self._more = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None
        self._ended = False

    async def start(self) -> None:
        """Raises KafkaError."""
        await self._consumer.start()

    async def stop(self) -> None:
        await self.end(whole=False)
        await self._consumer.stop()

    async def begin(self) -> None:
        """From now on callbacks are heard. Raises KafkaError."""
        self._seen, self._found, self._ended = [], set(), False
        partitions = self._known or frozenset(await self._all())
        self._consumer.assign(sorted(partitions))
        await self._consumer.seek_to_end(*partitions)
        for tp in partitions:
            await self._consumer.position(tp)  # fixed before anything is sent
        self._reading = asyncio.create_task(self._read())

    async def end(self, *, whole: bool) -> None:
        """*whole*: all was heard that was waited for."""
        self._known = frozenset(self._found) if whole and self._found else frozenset()
        reading, self._reading = self._reading, None
        self._ended = True  # aiokafka may take a cancellation for its own
        if reading is not None:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
            self._consumer.pause(*self._consumer.assignment())  # a consumer that has unsubscribed would not stop

    async def first(self, app: str, wanted: Callable[[Callback], T | None], until: float) -> tuple[T, ArrivedCallback] | None:
        """What *wanted* makes of the first callback of *app* of which it makes something; None where there is none *until* then.

        Raises KafkaError where they cannot be read.
        """
        place = 0
        while True:
            for one in self._seen[place:]:
                place += 1
                if one.callback.app == app and (found := wanted(one.callback)):
                    return found, one
            left = until - self._clock()
            if left <= 0:
                return None
            if self._reading is not None and self._reading.done():
                self._reading.result()
            async with self._more:
                if len(self._seen) > place:
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._more.wait()

    async def _all(self) -> list[TopicPartition]:
        await self._consumer._client.force_metadata_update()  # noqa: SLF001 - nothing is subscribed yet
        cluster = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001
        return [
            TopicPartition(name, number)
            for name in sorted(set(self._topics.values()))
            for number in sorted(cluster.partitions_for_topic(name) or ())
        ]

    async def _read(self) -> None:
        try:
            while not self._ended:
                found = await self._consumer.getmany(timeout_ms=_POLL)
                await self._take(found)
        finally:
            async with self._more:
                self._more.notify_all()

    async def _take(self, found: Mapping[TopicPartition, list[Any]]) -> None:
        now = self._clock()
        for tp, records in found.items():
            for record in records:
                value = record.value or b""
                if (
                    len(self._seen) >= _MOST
                    or not any(name in value for name in self._names)
                    or self._topics.get(app_of(record.headers)) != tp.topic
                ):
                    continue
                with suppress(ValueError):  # another program's
                    self._seen.append(ArrivedCallback(callback_of(value, record.headers), now))
                    self._found.add(tp)
        if found:
            async with self._more:
                self._more.notify_all()
