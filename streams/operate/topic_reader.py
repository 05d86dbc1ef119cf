"""Reads topics for a person: plainly, without a group, only what is committed, and never more in memory than one fetch."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from converters.core.localized import Localized, ReportedError, localized
from streams.encryption.headers import is_lost
from streams.exactly_once.deleted_records import DeletedRange
from streams.kafka import clients, permissions, record_kinds
from streams.kafka.acls import AclGrant
from streams.kafka.cluster import Where, cluster_of

log = structlog.get_logger()

PATIENCE = 20.0
"""Seconds to wait for the cluster to be reached."""
STALLED = 60.0
"""Seconds without a record after which reading is given up."""
GAP = 500
"""Offsets that are rather read through than jumped over."""


class OperateError(ReportedError):
    """It could not be done; the text says what was seen, and what would help."""


class OffsetRange(NamedTuple):
    tp: TopicPartition
    start: int
    end: int
    """The first offset that is not read."""


Tell = Callable[[int, int], None]
"""(offsets read, offsets in all)."""


def logged(found: DeletedRange) -> None:
    """For roles."""
    log.error(
        "records were deleted before they were read",
        topic=found.tp.topic,
        partition=found.tp.partition,
        start=found.start,
        end=found.end,
        records=found.records,
        cause=found.cause,
    )


class TopicReader:
    """A context manager. *group* is only asked for its committed offsets; it is never joined.

    *deleted* is told what the topics no longer keep of that which is to be read, *left_out* in the end how many encrypted records were passed over,
    since their keys were thrown away. Of *names*, those that may not be read are told from those that
    are not there.
    """

    def __init__(
        self,
        bootstrap: Where,
        group: str | None = None,
        deleted: Callable[[DeletedRange], None] = logged,
        names: Iterable[str] = (),
        left_out: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._bootstrap = bootstrap
        self._deleted = deleted
        self._left_out = left_out
        self._names = tuple(names)
        self.lost = 0
        """Encrypted records that were left out, since their keys were thrown away."""
        self._hidden: dict[str, Localized] = {}
        """What to say of the topics that we may not see."""
        self._consumer = clients.consumer(
            bootstrap,
            group_id=group,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none",  # an offset that is gone is told, never passed over
            fetch_max_wait_ms=50,  # a partition that is read to its end holds up the others of its broker for so long
        )

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._consumer.start()
                self._cluster = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001 - no public way to partitions
                await self._look()
        except (KafkaError, TimeoutError, OSError) as error:
            await self._consumer.stop()
            raise OperateError(
                localized(
                    "kafka.bootstrap is {bootstrap}: {error}", bootstrap=self._bootstrap, error=permissions.why(error, self._bootstrap)
                )
            ) from None
        return self

    async def lacking(self, grants: Sequence[AclGrant]) -> list[AclGrant]:
        """Those of *grants* that we have not, as far as the cluster says."""
        return await permissions.missing(self._consumer._client, grants)  # noqa: SLF001 - as below

    async def _look(self) -> None:
        grants = [AclGrant("topic", name, "Read") for name in self._names]
        for grant in await permissions.missing(self._consumer._client, grants):  # noqa: SLF001 - as above
            self._hidden[grant.name] = permissions.told(cluster_of(self._bootstrap), [grant])

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._consumer.stop()
        if self.lost:
            self._left_out(self.lost)

    def there(self, topic: str) -> bool:
        """Raises OperateError where we may not read it."""
        self._permitted(topic)
        return bool(self._cluster.partitions_for_topic(topic))

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Raises OperateError where the topic is missing, or may not be read."""
        self._permitted(topic)
        numbers = self._cluster.partitions_for_topic(topic)
        if not numbers:
            raise OperateError(
                localized("topic {topic} is missing; is kafka.prefix right? Make topics with: im-relay topics create", topic=topic)
            )
        return [TopicPartition(topic, number) for number in sorted(numbers)]

    def _permitted(self, topic: str) -> None:
        if topic in self._hidden:
            raise OperateError(self._hidden[topic])

    async def spans(self, tps: Iterable[TopicPartition], since: int | None = None, until: int | None = None) -> list[OffsetRange]:
        """What lies in *tps* now, from the first record of time *since* to the first of *until* (ms since 1970)."""
        tps = list(tps)
        if not tps:
            return []
        self._consumer.assign(tps)
        starts = await self._consumer.beginning_offsets(tps)
        ends = await self._consumer.end_offsets(tps)
        for at, into in ((since, starts), (until, ends)):
            if at is not None:
                for tp, found in (await self._consumer.offsets_for_times(dict.fromkeys(tps, max(0, at)))).items():
                    into[tp] = found.offset if found else ends[tp]
        return [OffsetRange(tp, starts[tp], ends[tp]) for tp in tps if starts[tp] < ends[tp]]

    async def records(self, spans: Sequence[OffsetRange], tell: Tell | None = None) -> AsyncIterator[ConsumerRecord]:
        """The records of *spans*, one a partition, each partition in its order and all at once. Raises OperateError."""
        left = {span.tp: span for span in spans}
        assert len(left) == len(spans), "one span a partition"
        if not left:
            return  # this client cannot be stopped again once it was assigned nothing
        total = sum(span.end - span.start for span in spans)
        self._consumer.assign(list(left))
        begins = await self._consumer.beginning_offsets(list(left))
        for span in spans:
            self._consumer.seek(span.tp, max(span.start, begins[span.tp]))
            self._tell(DeletedRange.before(span.tp, span.start, min(begins[span.tp], span.end)))
        heard = time.monotonic()
        while left:
            try:
                found = await self._consumer.getmany(*left, timeout_ms=200, max_records=2000)
            except OffsetOutOfRangeError as error:
                await self._skip(error.args[0], left)
                continue
            for tp, records in found.items():
                for record in records:
                    if record.offset < left[tp].end:
                        if is_lost(record.headers):
                            self.lost += 1
                            continue
                        _check(record)
                        yield record
            if found:
                heard = time.monotonic()
            elif time.monotonic() - heard > STALLED:
                raise OperateError(
                    localized(
                        "Kafka has sent nothing for {stalled:g} s; {left} partitions are not read to their end",
                        stalled=STALLED,
                        left=len(left),
                    )
                )
            # Markers of transactions take an offset and are never seen: what counts is the position, not the last record.
            positions = {tp: await self._consumer.position(tp) for tp in left}
            left = {tp: span for tp, span in left.items() if positions[tp] < span.end}
            if tell is not None:
                tell(total - sum(span.end - positions[tp] for tp, span in left.items()), total)

    async def _skip(self, positions: Mapping[TopicPartition, int], left: Mapping[TopicPartition, OffsetRange]) -> None:
        """Go on where the topic begins by now. Raises OperateError where it has become shorter."""
        begins = await self._consumer.beginning_offsets(list(positions))
        for tp, position in positions.items():
            if position >= begins[tp]:
                raise OperateError(
                    localized(
                        "{topic}:{partition} ends before offset {position}, which had been there: was the topic made anew?",
                        topic=tp.topic,
                        partition=tp.partition,
                        position=position,
                    )
                )
            self._consumer.seek(tp, begins[tp])
            self._tell(DeletedRange.before(tp, position, min(begins[tp], left[tp].end)))

    def _tell(self, found: DeletedRange | None) -> None:
        if found is not None:
            self._deleted(found)

    async def pick(self, wanted: Mapping[TopicPartition, Sequence[int]]) -> AsyncIterator[ConsumerRecord]:
        """The records at these offsets, as far as they are still kept; each partition in its order."""
        begins = await self._consumer.beginning_offsets(list(wanted)) if wanted else {}
        runs = {tp: _runs([offset for offset in sorted(offsets) if offset >= begins[tp]]) for tp, offsets in wanted.items()}
        while spans := [OffsetRange(tp, *left.pop(0)) for tp, left in runs.items() if left]:
            chosen = {span.tp: frozenset(wanted[span.tp]) for span in spans}
            async for record in self.records(spans):
                if record.offset in chosen[TopicPartition(record.topic, record.partition)]:
                    yield record

    async def committed(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int | None]:
        """The group's own offsets; None where it has none."""
        tps = list(tps)
        if tps:
            self._consumer.assign(tps)
        return {tp: await self._consumer.committed(tp) for tp in tps}


def _check(record: ConsumerRecord) -> None:
    try:
        record_kinds.check(record.topic, record.headers)
    except record_kinds.TooNewError as error:
        if not record_kinds.version_of(record.headers):
            return  # of no release: whoever reads its value sees that it is none
        raise OperateError(
            localized(
                "{topic}, partition {partition}, offset {offset}: {error}",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                error=error,
            )
        ) from None


def _runs(offsets: Sequence[int]) -> list[tuple[int, int]]:
    """*offsets*, sorted, as few stretches (from, to) as leave out every larger gap."""
    runs: list[tuple[int, int]] = []
    for offset in offsets:
        if runs and offset - runs[-1][1] <= GAP:
            runs[-1] = runs[-1][0], offset + 1
        else:
            runs.append((offset, offset + 1))
    return runs
