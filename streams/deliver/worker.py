"""The delivery of one partition: read, order, send, and write down what became of it.

Each conversation has at most one event on its way; conversations go side by side. A cycle is one write: the ends of what has
ended, the intents of what will be sent now, and dead letters. Only when the brokers have it do those requests leave, and is the
local state written. Some cycles are one transaction, with the offset up to which everything is settled.
"""

import asyncio
import time
from math import inf

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from converters.core.bodies import Text
from converters.core.model import NOTHING, TargetContext
from converters.core.operations import Post, named_by
from streams.deliver import ledger_records, protocol
from streams.deliver.context import DeliverContext
from streams.deliver.conversations import Conversations, OpenEvent
from streams.deliver.echoes import EchoReader
from streams.deliver.files import PendingFiles
from streams.deliver.in_doubt import InDoubt
from streams.deliver.intake import Intake
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_records import STAGE
from streams.deliver.ledger_schema import Intent
from streams.deliver.ledger_writer import LedgerWriter
from streams.deliver.message_index import MessageIndex
from streams.deliver.peer_ledgers import PeerLedgers
from streams.deliver.pending_references import PendingReferences, mark_late, prepared
from streams.deliver.protocol import EventState
from streams.deliver.sender import Sender
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import UnknownResultError
from streams.exactly_once.shutdown import Shutdown, clock
from streams.exactly_once.task import PartitionTask
from streams.observe import metrics
from streams.state.stateful_stage import BackgroundTasks

HELD = 1.0
"""Seconds between two looks of a conversation whether its app is still held."""
READ_AGAIN = 600.0
"""Seconds in which an event with an intent and no end will have been read."""


class DeliverWorker:
    """See `streams.state.stateful_stage.PartitionWork`."""

    def __init__(self, task: PartitionTask, context: DeliverContext, store: LedgerStore) -> None:
        partition, names, settings = task.partition, context.names, context.settings
        self._task = task
        self._partition = partition
        self._context = context
        self._names = names
        self._reorder_wait = settings.reorder_wait
        self._store = store
        self._echo_input = TopicPartition(names.echoes, partition)
        self._open_gauge = metrics.OPEN_EVENTS.labels(context.platform)
        self._drain = Shutdown(task.draining)
        self.background = BackgroundTasks(task.nudge, told=False)
        self._waiting = PendingReferences(settings.max_open_events // 4, settings.reference_wait)
        self._index = MessageIndex(store, context.mirrored, settings.clock_margin + settings.lease + settings.timeout)
        self._files = PendingFiles(context, store, self._drain)
        self._peers = PeerLedgers(partition, context, self._files.rows, store, self._index, self._moved, task)
        lanes = (
            OffsetTracker(TopicPartition(names.deliveries, partition), live=True),
            OffsetTracker(TopicPartition(names.backfill, partition), live=False),
        )
        self._open = Conversations(settings.max_open_events)
        self._writer = LedgerWriter(partition, context, lanes, store, self._index, task.nudge)
        self._doubts = InDoubt(context, self._drain, lambda: task.catch_up(self._echo_input))
        self._sender = Sender(context, self._drain, self._doubts, self._writer.permit)
        self._intake = Intake(context, lanes, self._open, store, self._index, self._peers, self._writer, self._admitted)
        self._echoes = EchoReader(context, self._open, store, self._writer, self._doubts, self._peers)

    async def prepare(self) -> None:
        tail = await self._peers.begin()
        self._writer.confirm_open(tail, self._peers.restore.written(self._names.ledger))

    async def read_on(self) -> None:
        """Read the rest of the state back: what was said before would wait for ever if this ended."""
        await self._peers.restore.keep_on()

    async def cycles(self) -> None:
        task, writer, written = self._task, self._writer, 0.0
        sending = self.background.jobs
        while not task.draining.is_set() or sending or writer.ended or writer.open or writer.unmarked:
            self.background.check()
            if task.draining.is_set():
                self._sender.drain()
                writer.drain()
            else:
                self._read()
            pause = writer.pause(clock() - written, busy=self._sender.busy, draining=task.draining.is_set())
            if pause <= 0:
                written = clock()
                for event in await writer.write(task):
                    self._open.forget(event)
                    self._intake.freed(event)
                    self._sender.written(event)
            elif task.draining.is_set():
                await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
            else:
                await task.wait(pause)

    def let_go(self) -> None:
        if self._task.draining.is_set():
            self._sender.abandon(self._open.events)

    def close(self) -> None:
        self._open_gauge.dec(sum(event.outcome is None for event in self._open.events.values()))
        self._intake.close()
        self._task.watch.restored(STAGE, self._partition, 0, -inf, 0.0)

    def _moved(self) -> None:
        restore = self._peers.restore
        self._task.watch.restored(STAGE, self._partition, restore.left, restore.since(self._names.ledger), restore.eta)
        if self._intake.holds or self._echoes.held:
            self._task.nudge()

    # -- in

    def _read(self) -> None:
        came = self._task.ready()
        if came:
            self._writer.mirrored |= self._peers.read()
        if self._waiting.waiters or self._files.came or self._files.aside:
            for event in self._waiting.over(clock(), self._is_there, self._on_its_way) + self._files.over():
                self._start(event)
        if came or self._echoes.held:
            self._hear()
        self._intake.take(self._task)

    def _hear(self) -> None:
        echoes, batch = self._echoes, self._task.take_of(self._echo_input)
        if batch is None and not echoes.held:
            return
        before = echoes.settled
        echoes.hear_held()
        while batch is not None:
            for record in batch.records:
                echoes.hear(record)
            echoes.read(batch.next_offset)
            batch = self._task.take_of(self._echo_input)
        if (settled := echoes.settled) is not None and settled != before:
            self._writer.offsets[self._echo_input] = settled

    def _admitted(self, event: OpenEvent) -> None:
        delivery = event.delivery
        operation = delivery.event.operation
        event.bare = delivery.newcomer or operation.__struct_config__.tag not in self._context.apps[delivery.target].platform.marked
        if not (isinstance(operation, Post) and isinstance(operation.body, Text)):
            self._files.note(event)
        self._open_gauge.inc()
        self._start(event)

    def _after(self, event: OpenEvent) -> OpenEvent | None:
        """The next of its conversation, now that *event*, its head, has ended or steps aside."""
        following = self._open.end(event)
        if self._intake.freed(event):
            self._task.nudge()
        return following

    def _start(self, event: OpenEvent) -> None:
        event.held = self._reorder_wait > 0 and self._settling(event) > 0
        if self._open.admit(event):
            self.background.start(self._converse(event))

    # -- out

    async def _converse(self, head: OpenEvent) -> None:
        """Send the events of one conversation, one after the other, until none is left."""
        following: OpenEvent | None = head
        try:
            while following is not None and not self._task.draining.is_set():
                now = following
                if self._reorder_wait and (wait := self._settling(now)) > 0:
                    following = await self._settled(now, wait)
                    continue
                now.held = False
                if now.files and not await self._files.hold(now):
                    following = self._after(now)
                    for instead in self._files.set_aside(now):
                        self._start(instead)
                    continue
                there = NOTHING if now.is_plain else await self._prepared(now)
                if there is None:
                    following = self._after(now)
                    continue
                live = now.lane.live and isinstance(now.delivery.event.operation, Post)
                if live and self._index.is_late(now.delivery):
                    mark_late(now)
                if now.files:
                    there = self._files.there(now, there)
                if now.outcome is None:
                    if now.delivery.target in self._context.dead_letter_limit.held:
                        await self._until_admitted(now)
                    await self._sender.send(now, there)
                now.move(EventState.ENDED)
                ledger_records.note(now, self._context.dead_letter_limit)
                if live:
                    self._index.said(now.delivery)
                following = self._after(now)
                self._open_gauge.dec()
                self._writer.ended.append(now)
                # What waits for company need not be told of each who joins.
                if len(self._writer.ended) == 1 or not self._sender.busy:
                    self._task.nudge()
        except (KafkaError, TimeoutError) as error:
            raise UnknownResultError(f"another ledger cannot be read: {type(error).__name__}") from None

    async def _until_admitted(self, event: OpenEvent) -> None:
        """Wait while its app is held. Raises RevokedError."""
        dead_letter_limit, app, source = self._context.dead_letter_limit, event.delivery.target, event.delivery.event.sender.encode()
        while app in dead_letter_limit.held and not dead_letter_limit.admits(app, source):
            with metrics.HELD_CONVERSATIONS.labels(self._context.platform, "app").track_inprogress():
                await self._drain.rest(min(HELD, max(0.01, dead_letter_limit.pause(app, source))))

    def _settling(self, event: OpenEvent) -> float:
        """Seconds that a message may yet wait for others that were said before it and come after it."""
        if not event.lane.live:
            return 0.0
        return protocol.left_to_wait(self._reorder_wait, time.time() - event.delivery.received / 1000, clock() - event.noted)

    async def _settled(self, event: OpenEvent, wait: float) -> OpenEvent:
        """Wait; the answer is the head then, which may be another one."""
        await self._drain.rest(wait)
        head = self._open.head(event)
        head.held = self._settling(head) > 0
        return head

    async def _prepared(self, event: OpenEvent) -> TargetContext | None:
        """What is known at the target of the messages that *event* names; None where it steps aside and waits for one."""
        await self._peers.current()
        there = prepared(event, self._index, self._waiting, clock(), timed=self._context.timed(event.delivery.target))
        if event.by == "ours":
            self._context.counts.of(event).was_ours(event)
        return there

    def _is_there(self, event: OpenEvent) -> bool:
        ref = named_by(event.delivery.event.operation)
        return ref is not None and self._index.knows(event.delivery, ref, timed=self._context.timed(event.delivery.target))

    def _on_its_way(self, message: str, longer: float) -> bool:
        if message in self._open.events or not self._peers.whole:
            return True
        # What an earlier owner had in hand is read again, unless it is no longer kept.
        return longer < READ_AGAIN and isinstance(self._writer.written(message, self._store.get(message)), Intent)
