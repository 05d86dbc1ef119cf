"""How far the workers of a migration are behind what was fed."""

from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.errors import KafkaError

from streams.kafka import clients
from streams.kafka.cluster import Where
from streams.kafka.log_reader import LogReader

log = structlog.get_logger()

NEAR = 20
"""Offsets before the end in which there may be nothing but markers of transactions."""
TRIM = 20_000
"""Records that are done, after which they are deleted."""


class Behind:
    """A context manager. *group* is that of the workers; it is asked, and not joined. Raises KafkaError."""

    def __init__(self, where: Where, group: str, topic: str, partitions: int, reader: LogReader) -> None:
        self._where = where
        self._consumer = clients.consumer(where, group_id=group, enable_auto_commit=False)
        self._reader = reader
        self._tps = [TopicPartition(topic, number) for number in range(partitions)]
        self._trimmed: dict[TopicPartition, int] = {}
        self._may_trim = True

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
            await self._reader.start()
        except KafkaError:
            await self._consumer.stop()
            raise
        self._consumer.assign(self._tps)
        self._consumer.pause(*self._tps)  # nothing is fetched: what is asked waits behind that for as long as nothing comes
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._consumer.stop()

    async def records(self) -> int:
        """Offsets that are not done, those of markers among them."""
        ends, done = await self._consumer.end_offsets(self._tps), await self._done()
        return sum(max(0, end - done[tp]) for tp, end in ends.items())

    async def is_done(self) -> bool:
        """Whether everything is done that lies there now."""
        ends, done = await self._consumer.end_offsets(self._tps), await self._done()
        for tp, end in ends.items():
            if end - done[tp] > NEAR:
                return False
            at = done[tp]
            while at < end:
                part = await self._reader.read(tp, at)
                if part.records:
                    return False
                if part.next <= at:
                    break
                at = part.next
        return True

    async def trim(self) -> None:
        """Delete what is done, so that no more than what is fed ahead takes room. What may not be deleted stays, and is told once."""
        if not self._may_trim:
            return
        done = await self._done()
        due = {tp: RecordsToDelete(before_offset=at) for tp, at in done.items() if at - self._trimmed.get(tp, 0) >= TRIM}
        if not due:
            return
        admin = clients.admin(self._where)
        try:
            await admin.start()
            await admin.delete_records(due)
            self._trimmed |= {tp: done[tp] for tp in due}
        except (TimeoutError, KafkaError) as error:
            self._may_trim = False
            log.warning(
                "what is done cannot be deleted from its topic, and stays there", topic=self._tps[0].topic, error=type(error).__name__
            )
        finally:
            with suppress(Exception):
                await admin.close()

    async def _done(self) -> Mapping[TopicPartition, int]:
        begins = await self._consumer.beginning_offsets(self._tps)
        found = {tp: await self._consumer.committed(tp) for tp in self._tps}
        return {tp: max(found[tp] or 0, begins[tp]) for tp in self._tps}
