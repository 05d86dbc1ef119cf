"""Orders to go on with held apps, as a worker reads them: only while it holds one."""

import asyncio
from contextlib import suppress

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.dead_letters import release
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.kafka import record_kinds, topics
from streams.kafka.log_reader import LogReader
from streams.kafka.record_kinds import TooNewError
from streams.settings.root import KafkaSettings

log = structlog.get_logger()

EVERY = 1.0
"""Seconds between two looks."""
PATIENCE = 30.0
"""Seconds for one; the topic may not be there."""
MARGIN = 60_000
"""Milliseconds that the clock of the person's machine may be behind."""


class ReleaseReader:
    """Of one *stage*; every worker reads all of them for itself."""

    def __init__(self, kafka: KafkaSettings, stage: str, dead_letter_limit: DeadLetterLimit, every: float = EVERY) -> None:
        self._where = kafka.cluster
        self._tp = TopicPartition(kafka.topic(topics.CONTROL), 0)
        self._stage, self._dead_letter_limit, self._every = stage, dead_letter_limit, every

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            if not self._dead_letter_limit.held:
                continue
            try:
                await self._while_held()
            except (KafkaError, TimeoutError, OSError) as error:
                log.warning("release orders unreadable, retrying", topic=self._tp.topic, error=type(error).__name__)
                await asyncio.sleep(self._every)

    async def _while_held(self) -> None:
        reader = LogReader(self._where, committed=True)
        try:
            async with asyncio.timeout(PATIENCE):
                await reader.start()
                since = min(held.since for held in self._dead_letter_limit.held.values())
                offset = await reader.at(self._tp, int(since * 1000) - MARGIN)
                if offset is None:
                    _, offset = await reader.bounds(self._tp)
            while self._dead_letter_limit.held:
                async with asyncio.timeout(PATIENCE):
                    part = await reader.read(self._tp, offset)
                offset = part.next
                for record in part.records:
                    self._obey(record.headers, record.value)
                await asyncio.sleep(self._every)
        finally:
            with suppress(KafkaError):
                await reader.stop()

    def _obey(self, headers: list[tuple[str, bytes]], value: bytes | None) -> None:
        try:
            record_kinds.check(self._tp.topic, headers)
            order = release.load(value or b"")
        except (msgspec.DecodeError, TooNewError):
            log.warning("release order unreadable", topic=self._tp.topic)
            return
        if order.stage not in ("", self._stage):
            return
        meant = [
            app for app, held in self._dead_letter_limit.held.items() if order.app in ("", app) and held.since * 1000 <= order.at + MARGIN
        ]
        if released := self._dead_letter_limit.release(meant, by="command"):
            log.info("released by command", stage=self._stage, apps=released, by=order.by[:64])
