"""One partition of `migration.<platform>`: items and messages written to the target, each once.

A cycle is one transaction: what has ended, the intents of what will be sent now, and the offset up to which everything is settled. Only
when it is committed do those requests leave.
"""

import asyncio
from collections import deque

import msgspec
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from converters.core.causes import KEY_DISCARDED, Cause
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import Whose
from streams.deliver import protocol
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import UnknownResultError
from streams.exactly_once.shutdown import Shutdown
from streams.exactly_once.task import PartitionTask
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
from streams.state.stateful_stage import BackgroundTasks

log = structlog.get_logger()


class MigrateWorker:
    """See `streams.state.stateful_stage.PartitionWork`."""

    def __init__(self, task: PartitionTask, around: Around, state: State) -> None:
        self._task = task
        self._partition = task.partition
        self._around = around
        self._state = state
        self.background = BackgroundTasks(task.nudge, told=True)
        self._input = OffsetTracker(TopicPartition(around.names.tasks, task.partition), live=False)
        self._known = asyncio.Event()
        self._gauge = metrics.MIGRATE_WAITING.labels(around.platform, str(task.partition))
        self._shown = 0
        self._waiting: deque[ConsumerRecord] = deque()
        drain = Shutdown(task.draining)
        self._book = Book(task.partition, around, self._input, state, task.nudge)
        self._leaving = Leaving(around, self._book, drain)
        self._carrying = Carrying(task.partition, around, self._book, drain)
        self._lanes = ConversationImports(around, self._book, self._leaving, self._carrying, drain, self._known, self.background)
        self._batches = Batches(around, self._book, self._leaving, drain, self.background)
        self._seam = Seam(TopicPartition(around.names.ledger, task.partition), self._book)

    async def prepare(self) -> None:
        async with self._around.restoring.beside():
            await self._state.restore(self._around.log)

    async def read_on(self) -> None:
        """What lies in the ledger is known before the first message is decided about."""
        try:
            await self._task.catch_up(self._seam.tp)
        except KafkaError as error:
            raise UnknownResultError(f"the ledger cannot be read: {type(error).__name__}") from None
        finally:
            self._known.set()

    async def cycles(self) -> None:
        task, book, woken = self._task, self._book, False
        while not task.draining.is_set() or self._leaving.under_way or book.owes:
            self.background.check()
            draining = task.draining.is_set()
            if not draining:
                self._read()
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

    def let_go(self) -> None:
        self._gauge.set(0)

    def close(self) -> None: ...

    # -- in

    def _read(self) -> None:
        task = self._task
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
        released = bool(protocol.released(raw.headers))
        try:
            record_kinds.check(record.topic, record.headers)
            task: Task = load_task(raw.value)
        except record_kinds.TooNewError as error:
            self._bury(raw, "newer-version", str(error), "ours")
            return
        except record_kinds.LostContentError as error:
            self._bury(raw, KEY_DISCARDED, str(error), "theirs")
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
                self._batches.take(raw, task, released=released)
            case MessageTask():
                self._lanes.take(raw, task, released=released)
            case SkipTask(conversation=conversation, event=event):
                self._lanes.skip(raw, conversation.encode(), event)

    def _foreign(self, record: ConsumerRecord, task: Task) -> foreign_records.Why | None:
        if isinstance(task, MessageTask) and task.delivery.target in self._around.clients:
            return foreign_records.of_delivery(record, task.delivery, self._around.apps, self._around.names.partitions)
        if foreign_records.is_misplaced(record.key, record.partition, self._around.names.partitions):
            return "misplaced"
        match task:
            case ItemTask(app=app, source=source):
                return None if app in self._around.clients and source in self._around.apps else "app"
            case MessageTask():
                return "app"
            case SkipTask(conversation=conversation):
                return None if record.key == conversation.encode() else "key"

    def _bury(self, raw: Raw, cause: Cause, detail: str, whose: Whose) -> None:
        self._book.bury(raw, dead_letter.place(self._around.names.tasks, self._partition, raw.offset).encode(), cause, detail, whose, 1)
        self._book.settle(raw.offset)
