"""One partition of `media.jobs`: every file once, and an answer for every message that waits for it.

Jobs go side by side, in no order: the order is that of the messages, and delivery keeps it. What a job has brought over, its answer,
and the offset up to which all jobs have ended commit together. A job that a crash has cut off is done again by the next owner: at
worst a file lies at its target that no message names.
"""

import asyncio
import time
from collections import deque
from math import inf

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import Struct

from converters.core import wire
from converters.core.causes import Cause
from converters.core.model import StoredFile
from converters.files.media import MediaJob, MediaResult
from converters.files.media_key import media_key
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import Whose
from streams.encryption.headers import inherited, is_lost
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.outputs import Headers
from streams.exactly_once.producers import Outputs
from streams.exactly_once.task import PartitionTask
from streams.kafka import foreign_records, record_kinds, topics
from streams.kafka.log_reader import LogReader
from streams.media import dedupe as dones
from streams.media.context import MediaContext
from streams.media.dedupe import DedupeEntry, DedupeStore
from streams.media.job import TransferFailed, Transferred, transfer
from streams.observe import metrics, tracing
from streams.observe.log import place
from streams.state.stateful_stage import BackgroundTasks

log = structlog.get_logger()

STAGE = "media"
CYCLE = 0.02
"""Seconds between two transactions."""


class _Ended(Struct, frozen=True):
    offset: int
    job: MediaJob | None
    key: bytes
    carried: StoredFile | None = None
    reason: str = ""
    done: DedupeEntry | None = None
    """To be remembered."""
    letter: tuple[bytes, bytes] | None = None
    headers: Headers = []
    """Of what follows from it."""


class MediaWorker:
    """See `streams.state.stateful_stage.PartitionWork`. *prefix* is the cluster's."""

    def __init__(self, task: PartitionTask, context: MediaContext, store: DedupeStore, reader: LogReader, *, prefix: str) -> None:
        self._task = task
        self._partition = task.partition
        self._context = context
        self._prefix = prefix
        self._done = topics.MEDIA_DONE.name(prefix=prefix)
        self._lane = OffsetTracker(TopicPartition(topics.MEDIA_JOBS.name(prefix=prefix), task.partition), live=True)
        self._waiting: deque[ConsumerRecord] = deque()
        self.background = BackgroundTasks(task.nudge, told=True)
        self._under_way: dict[bytes, asyncio.Future[Transferred | TransferFailed]] = {}
        self._ended: list[_Ended] = []
        self._store = store
        self._restore = store.restore(reader, context.restoring, lambda: task.watch.restored(STAGE, task.partition, 0, -inf, 0.0))

    async def prepare(self) -> None:
        await self._restore.begin(self._done)

    async def read_on(self) -> None:
        await self._restore.keep_on()

    async def cycles(self) -> None:
        task, written = self._task, 0.0
        clock = asyncio.get_running_loop().time
        while not task.draining.is_set():
            self.background.check()
            self._read()
            if self._ended and (pause := written + CYCLE - clock()) <= 0:
                written = clock()
                await self._write()
            else:
                await task.wait(pause if self._ended else 1.0)
        # What is under way is begun anew by the next owner: nobody waits here for a stranger's server.
        if self._ended:
            await self._write()

    def let_go(self) -> None: ...

    def close(self) -> None: ...

    def _read(self) -> None:
        most = 2 * self._context.settings.concurrency
        while len(self.background.jobs) < most:
            if not self._waiting:
                batch = self._task.take_of(self._lane.tp)
                if batch is None:
                    return
                self._waiting.extend(batch.records)
            record = self._waiting.popleft()
            self._lane.read(record.offset)
            self.background.start(self._one(record))

    # -- one job

    async def _one(self, record: ConsumerRecord) -> None:
        along = inherited(record.headers)
        try:
            record_kinds.check(record.topic, record.headers)
            job = wire.load(record.value or b"", MediaJob)
        except wire.Malformed as error:
            if not is_lost(record.headers):
                foreign_records.note(STAGE, record.topic, record.partition, record.offset, "unreadable")
            whose: Whose = "ours" if isinstance(error, record_kinds.TooNewError) else "theirs"
            self._ended.append(
                _Ended(record.offset, None, b"", letter=_letter(record, record_kinds.cause_of(error), str(error), whose), headers=along)
            )
            return
        if why := foreign_records.of_job(record, job, self._context.partitions):
            # Its answer would go where no worker of ours looks, or to no partition at all.
            foreign_records.note(STAGE, record.topic, record.partition, record.offset, why)
            self._ended.append(
                _Ended(record.offset, None, b"", letter=_letter(record, foreign_records.FOREIGN, why, "theirs"), headers=along)
            )
            return
        target = self._context.apps.get(job.target)
        media = target.platform.media if target is not None else None
        shape = media.shape(job.role, target.account) if target is not None and media is not None else None
        if target is None or media is None or shape is None or job.source not in self._context.apps:
            # The settings have changed since it was wanted.
            self._end(record, job, b"", TransferFailed("unwanted", ""))
            return
        key = media_key(job, shape)
        now = int(time.time() * 1000)
        known = self._store.get(key, now)
        if known is not None:
            self._end(record, job, key, Transferred(known.carried, known.codec), reused=True)
            return
        first = self._under_way.get(key)
        if first is not None:
            found = await asyncio.shield(first)
            self._end(record, job, key, found, reused=isinstance(found, Transferred))
            return
        future = self._under_way[key] = asyncio.get_running_loop().create_future()
        found = TransferFailed("defect", "")
        try:
            async with self._context.slots:
                with metrics.MEDIA_IN_PROGRESS.track_inprogress():
                    found = await transfer(job, shape, target, self._context)
        except Exception as error:  # noqa: BLE001 - a defect costs this file its way, and nothing else
            log.error("defect in a media job", place=place(error), event_id=job.event)  # noqa: TRY400
        finally:
            del self._under_way[key]
            future.set_result(found)
        lives = media.lives(target.account) if media.upload is not None else found.lives if isinstance(found, Transferred) else 0.0
        self._end(record, job, key, found, lives=lives)

    def _end(
        self,
        record: ConsumerRecord,
        job: MediaJob,
        key: bytes,
        found: Transferred | TransferFailed,
        *,
        reused: bool = False,
        lives: float = 0.0,
    ) -> None:
        outcome = (
            "reused" if reused else found.reason if isinstance(found, TransferFailed) else "as-file" if found.carried.as_file else "carried"
        )
        if not self._context.is_canary(job):
            metrics.MEDIA_JOBS.labels(self._context.direction(job), job.role, found.codec, outcome).inc()
        if (
            tracing.ACTIVE is not None
            and (span := tracing.ACTIVE.follow(STAGE, record.headers, seconds=time.time() - record.timestamp / 1000)) is not None
        ):
            span.end(
                outcome if isinstance(found, Transferred) else f"failed:{outcome}", event_id=job.event, kind=job.role, codec=found.codec
            )
        match found:
            case TransferFailed(reason=reason):
                log.info("file not transferred", event_id=job.event, kind=job.role, reason=reason)
                self._ended.append(_Ended(record.offset, job, key, reason=reason, headers=inherited(record.headers)))
            case Transferred(carried=carried, codec=codec):
                # One that is about to go would be gone before it is seen.
                until = int((time.time() + lives / 2) * 1000) if lives else 0
                done = None if reused else DedupeEntry(carried, codec, until)
                self._ended.append(_Ended(record.offset, job, key, carried, done=done, headers=inherited(record.headers)))

    # -- out

    async def _write(self) -> None:
        """Commit what has ended. Raises UnknownResultError, FencedError."""
        ended, self._ended = self._ended, []
        outputs = Outputs()
        rows: list[tuple[bytes, bytes]] = []
        for one in ended:
            if one.letter is not None:
                key, letter = one.letter
                dead = topics.DEAD_LETTERS.name(prefix=self._prefix)
                outputs.add(dead, topics.partition_of(key, self._context.partitions), key, letter, one.headers)
            if one.job is None:
                continue
            platform = self._context.platform(one.job.target)
            if platform != "unknown":
                result = MediaResult(
                    event=one.job.event, place=one.job.place, target=one.job.target, carried=one.carried, reason=one.reason
                )
                name = topics.MEDIA_RESULTS.name(platform, prefix=self._prefix)
                outputs.add(name, one.job.partition, one.job.conversation, wire.dump(result), one.headers)
            if one.done is not None:
                value = dones.dump(one.done)
                outputs.add(self._done, self._partition, one.key, value, one.headers)
                rows.append((one.key, self._store.sealed(value, one.headers)))
        self._lane.settle(one.offset for one in ended)
        settled = self._lane.committable()
        written = await self._task.commit(outputs, {self._lane.tp: settled} if settled is not None else {})
        self._store.put(rows, written.get((self._done, self._partition)), int(time.time() * 1000))


def _letter(record: ConsumerRecord, cause: Cause, detail: str, whose: Whose) -> tuple[bytes, bytes]:
    """The dead letter of a job that cannot be done; whoever waits for it learns nothing, and waits no longer than it may."""
    metrics.DEAD_LETTERS.labels(STAGE, cause, whose).inc()
    return dead_letter.unread(record, stage=STAGE, cause=cause, detail=detail, whose=whose)
