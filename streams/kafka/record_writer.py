"""Records that somebody writes now and then, each on the brokers before the next."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from aiokafka.errors import KafkaError

from streams.kafka import idempotent_producer, record_kinds
from streams.kafka.cluster import Where


class PlacedRecord(NamedTuple):
    key: bytes
    value: bytes | None
    """None deletes the key."""
    partition: int
    timestamp_ms: int | None = None


TOGETHER = 5000
"""Records that are on their way at once."""


class RecordWriter:
    """What fails, or takes longer than *seconds* for some thousand records, costs its producer, whose sequence may have a hole: the next call makes another one."""

    def __init__(self, where: Where, seconds: float, **options: Any) -> None:
        self._where, self._seconds, self._options = where, seconds, options
        self._producer: Any = None
        self._discarded = idempotent_producer.DiscardedProducers()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> Any:
        """The client of its producer. Raises KafkaError."""
        if self._producer is None:
            try:
                self._producer = await idempotent_producer.start(self._where, **self._options)
            except TimeoutError:
                raise KafkaError(f"no broker answered within {idempotent_producer.START:g} s") from None
        return self._producer.client

    async def write(self, topic: str, records: Sequence[PlacedRecord]) -> None:
        """Until all of them are on the brokers. Raises KafkaError: then some may be, and some may get there later."""
        version = list(record_kinds.headers_of(topic))
        try:
            for begin in range(0, len(records), TOGETHER):
                async with asyncio.timeout(self._seconds):
                    await self.start()
                    some = records[begin : begin + TOGETHER]
                    sent = [await self._producer.send(topic, headers=version, **record._asdict()) for record in some]
                    await asyncio.gather(*sent)
        except BaseException as error:
            self._discard()
            if isinstance(error, TimeoutError):
                raise KafkaError(f"not stored in {topic} within {self._seconds:g} s") from None
            raise

    def _discard(self) -> None:
        broken, self._producer = self._producer, None
        if broken is not None:
            self._discarded.add(broken)

    async def stop(self) -> None:
        self._discard()
        await self._discarded.wait()
