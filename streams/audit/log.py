"""Who has done what, and what came of it: in the topic `audit` and in the log.

An act is written down before it is done, and not done where that cannot be. So an act without an outcome is one of a process that died, or lost
Kafka, on the way.
"""

import time
from contextlib import suppress
from uuid import uuid4

import msgspec
import structlog
from aiokafka.errors import KafkaError
from msgspec import structs

from converters.core.localized import localized
from streams.audit.act import Act, Outcome, What, dump, load
from streams.kafka import topics
from streams.kafka.record_writer import PlacedRecord, RecordWriter
from streams.operate.topic_reader import OffsetRange, OperateError, TopicReader
from streams.settings.root import KafkaSettings

log = structlog.get_logger(__name__)

SHOWN = 200
SUBJECT = 2000
"""Characters of the names of what was acted on."""
REASON = 500
WRITE = 30.0
"""Seconds in which an act must be on the brokers."""
TRIES = 3
"""To write an outcome down."""


class AuditLog:
    """*logged*: acts are in the process's log as well; a command has none."""

    def __init__(self, kafka: KafkaSettings, *, logged: bool = True) -> None:
        self._kafka = kafka
        self._logged = logged
        self._topic = kafka.topic(topics.AUDIT)
        self._writer = RecordWriter(kafka.cluster, WRITE, request_timeout_ms=int(kafka.request_timeout * 1000))

    async def start(self) -> None:
        """Raises KafkaError."""
        await self._writer.start()

    async def stop(self) -> None:
        await self._writer.stop()

    async def begin(self, what: What, name: str, role: str, source: str, *, subject: str = "", reason: str = "", count: int = 0) -> Act:
        """Raises OperateError where it cannot be written down: then nothing may be done."""
        act = Act(
            id=uuid4().hex,
            at=_now(),
            who=name,
            role=role,
            what=what,
            outcome="begun",
            source=source,
            subject=subject[:SUBJECT],
            reason=reason[:REASON],
            count=count,
        )
        try:
            await self._write(act)
        except (KafkaError, OSError, TimeoutError) as error:
            raise OperateError(
                localized(
                    "the act could not be written down in {topic} ({kind}), so nothing was done",
                    topic=self._topic,
                    kind=type(error).__name__,
                )
            ) from None
        return act

    async def end(self, act: Act, outcome: Outcome, count: int = 0) -> None:
        """Never fails: where Kafka does not take it, the log has it."""
        over = structs.replace(act, at=_now(), outcome=outcome, count=count)
        for _ in range(TRIES):
            with suppress(KafkaError, OSError, TimeoutError):
                await self._write(over)
                return
        log.error("outcome of an act is not in the topic", topic=self._topic, **_plain(over))

    async def note(self, what: What, name: str, role: str, source: str, outcome: Outcome) -> None:
        """A login or logout. Never fails, as nothing is done to the relay by it. *name*: "" where it is none of ours."""
        act = Act(id=uuid4().hex, at=_now(), who=name, role=role, what=what, outcome=outcome, source=source)
        try:
            await self._write(act)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("a login or logout is not in the topic", topic=self._topic, error=type(error).__name__)

    async def _write(self, act: Act) -> None:
        if self._logged:
            log.info("audit", **_plain(act))
        key = act.id.encode()
        record = PlacedRecord(key, dump(act), topics.partition_of(key, self._kafka.partitions), act.at)
        await self._writer.write(self._topic, [record])


async def latest(reader: TopicReader, topic: str) -> list[Act]:
    """The last of all, the newest first. Raises OperateError."""
    spans = [OffsetRange(tp, max(start, end - SHOWN), end) for tp, start, end in await reader.spans(reader.partitions(topic))]
    found: list[Act] = []
    async for record in reader.records(spans):
        with suppress(msgspec.DecodeError):  # nobody's act
            found.append(load(record.value or b""))
    return sorted(found, key=lambda act: act.at, reverse=True)[:SHOWN]


def _plain(act: Act) -> dict[str, str | int]:
    return {name: value for name, value in structs.asdict(act).items() if value not in ("", 0)}


def _now() -> int:
    return int(time.time() * 1000)
