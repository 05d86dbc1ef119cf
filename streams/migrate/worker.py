"""One partition of `migration.<platform>`: items and messages written to the target, each once.

A cycle is one transaction: what has ended, the intents of what will be sent now, and the offset up to which everything is settled. Only
when it is committed do those requests leave.
"""

import asyncio
from collections import deque
from pathlib import Path

import msgspec
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from converters.core.causes import Cause
from converters.core.model import conversation_key
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import Whose
from streams.deliver import protocol
from streams.exactly_once.ending import ended
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import UnknownResultError
from streams.exactly_once.shutdown import RevokedError, Shutdown
from streams.exactly_once.task import PartitionTask as Partition
from streams.kafka import foreign_records, record_kinds
from streams.migrate.batches import Batches
from streams.migrate.book import Book, Raw
from streams.migrate.carrying import Carrying
from streams.migrate.context import Around
from streams.migrate.conversation_imports import ConversationImports
from streams.migrate.leaving import Leaving
from streams.migrate.records import ItemTask, MessageTask, SkipTask, Task, load_task
from streams.migrate.seam import Seam
from streams.migrate.state import STAGE, State
from streams.observe import metrics
from streams.state.refused import telling

log = structlog.get_logger()


class Migrating:
    """See `streams.exactly_once.task.Processor`."""

    def __init__(self, partition: int, around: Around) -> None:
        self._partition = partition
        self._around = around
        self._input = OffsetTracker(TopicPartition(around.names.tasks, partition), live=False)
        self._known = asyncio.Event()
        self._gauge = metrics.MIGRATE_WAITING.labels(around.platform, str(partition))
        self._shown = 0
        self._defect: BaseException | None = None
        self._waiting: deque[ConsumerRecord] = deque()
        self._state: State
        self._book: Book
        self._drain: Shutdown
        self._leaving: Leaving
        self._lanes: ConversationImports
        self._batches: Batches
        self._seam: Seam
        self._carrying: Carrying
        self._task: Partition

    async def run(self, task: Partition) -> None:
        with telling(task.watch, STAGE, self._partition):
            await self._run(task)

    async def _run(self, task: Partition) -> None:
        around, names = self._around, self._around.names
        self._task = task
        self._state = State(_path(around.state, self._partition), TopicPartition(names.done, self._partition))
        task.watch.refused(STAGE, self._partition, "", "")
        task.watch.preparing(STAGE, self._partition, done=False)
        try:
            async with around.restoring.beside():
                await self._state.restore(around.log)
        except (KafkaError, TimeoutError) as error:
            self._state.close()
            raise UnknownResultError(f"what is done cannot be read: {type(error).__name__}") from None
        except BaseException:
            self._state.close()
            raise
        finally:
            task.watch.preparing(STAGE, self._partition, done=True)
        self._drain = Shutdown(task.draining)
        self._book = Book(self._partition, around, self._input, self._state, task.nudge)
        self._leaving = Leaving(around, self._book, self._drain)
        self._carrying = Carrying(self._partition, around, self._book, self._drain)
        self._lanes = ConversationImports(around, self._book, self._leaving, self._carrying, self._drain, self._known, self._over)
        self._batches = Batches(around, self._book, self._leaving, self._drain, self._over)
        self._seam = Seam(TopicPartition(names.ledger, self._partition), self._book)
        around.own(self._partition, mine=True)
        looking = asyncio.create_task(self._look_at_live())
        try:
            await self._cycles(task)
        finally:
            around.own(self._partition, mine=False)
            self._gauge.set(0)
            try:
                await ended([looking, *self._lanes.sending, *self._batches.sending])
            finally:
                self._state.close()

    async def _look_at_live(self) -> None:
        """What lies in the ledger is known before the first message is decided about."""
        try:
            await self._task.catch_up(self._seam.tp)
        except KafkaError as error:
            self._defect = UnknownResultError(f"the ledger cannot be read: {type(error).__name__}")
        self._known.set()
        self._task.nudge()

    async def _cycles(self, task: Partition) -> None:
        book, woken = self._book, False
        while not task.draining.is_set() or self._leaving.under_way or book.owes:
            if self._defect is not None:
                raise self._defect
            draining = task.draining.is_set()
            if not draining:
                self._read(task)
                self._batches.flush(hurry=False)
            elif not woken:
                woken = True
                self._leaving.wake()
            if draining:
                book.drain()
            pause = book.pause(busy=bool(self._leaving.under_way), draining=draining)
            if pause <= 0:
                await book.write(task)
                await asyncio.sleep(0)
            elif draining:
                await asyncio.sleep(min(pause, 0.01))
            else:
                await task.wait(min(pause, 0.05) if self._batches.waits else pause)

    def _over(self, sending: "asyncio.Task[None]") -> None:
        if not sending.cancelled() and self._defect is None and (error := sending.exception()) is not None and not isinstance(error, RevokedError):
            self._defect = error
        self._task.nudge()

    # -- in

    def _read(self, task: Partition) -> None:
        while (live := task.take_of(self._seam.tp)) is not None:
            self._seam.take(list(live.records))
            self._book.read(live.tp, live.next_offset)
        while (came := task.take_of(self._carrying.tp)) is not None:
            self._carrying.take(came.records)
            self._book.read(came.tp, came.next_offset)
        while self._input.open < self._around.window:
            if not self._waiting:
                batch = task.take_of(self._input.tp)
                if batch is None:
                    break
                self._waiting.extend(batch.records)
            self._take(self._waiting.popleft())
        if self._input.open != self._shown:
            self._shown = self._input.open
            self._gauge.set(self._shown)

    def _take(self, record: ConsumerRecord) -> None:
        self._input.read(record.offset)
        raw = Raw(record.offset, record.key or b"", record.value or b"", tuple(record.headers))
        released = protocol.released(record.headers)
        try:
            record_kinds.check(record.topic, record.headers)
            task: Task = load_task(raw.value)
        except record_kinds.TooNewError as error:
            self._bury(raw, "newer-version", str(error), "ours")
            return
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            foreign_records.note(STAGE, record.topic, record.partition, record.offset, "unreadable")
            self._bury(raw, "malformed", "no task of a migration", "theirs")
            return
        if why := self._foreign(record, task):
            foreign_records.note(STAGE, record.topic, record.partition, record.offset, why)
            self._bury(raw, foreign_records.FOREIGN, why, "theirs")
            return
        match task:
            case ItemTask():
                self._batches.take(raw, task, released=bool(released))
            case MessageTask():
                self._lanes.take(raw, task, released=bool(released))
            case SkipTask(conversation=conversation, event=event):
                self._lanes.skip(raw, conversation.encode(), event)

    def _foreign(self, record: ConsumerRecord, task: Task) -> foreign_records.Why | None:
        if foreign_records.is_misplaced(record.key, record.partition, self._around.names.partitions):
            return "misplaced"
        match task:
            case ItemTask(app=app, source=source):
                return None if app in self._around.clients and source in self._around.apps else "app"
            case MessageTask(delivery=delivery):
                if delivery.target not in self._around.clients:
                    return "app"
                if record.key != conversation_key(delivery.event.conversation):
                    return "key"
                return foreign_records.of_delivery(record, delivery, self._around.apps, self._around.names.partitions)
            case SkipTask(conversation=conversation):
                return None if record.key == conversation.encode() else "key"

    def _bury(self, raw: Raw, cause: Cause, detail: str, whose: Whose) -> None:
        self._book.bury(raw, dead_letter.place(self._around.names.tasks, self._partition, raw.offset).encode(), cause, detail, whose, 1)
        self._book.settle(raw.offset)


def _path(state: Path, partition: int) -> Path:
    return state / f"migrate-{partition}.rows"


