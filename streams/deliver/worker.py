"""The delivery of one partition: read, order, send, and write down what became of it.

Each conversation has at most one event on its way; conversations go side by side. A cycle is one write: the ends of what has
ended, the intents of what will be sent now, and dead letters. Only when the brokers have it do those requests leave, and is the
local state written. Some cycles are one transaction, with the offset up to which everything is settled.
"""

import asyncio
import time
from math import inf

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from converters.core.model import NOTHING, There
from converters.core.operations import Post, named_by
from streams.deliver import ledger_records, protocol
from streams.deliver.context import Surroundings
from streams.deliver.conversations import Conversations, Open
from streams.deliver.echoes import Echoes
from streams.deliver.files import Files
from streams.deliver.in_doubt import Doubts
from streams.deliver.intake import Intake
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_records import STAGE
from streams.deliver.ledger_schema import Intent
from streams.deliver.ledger_writer import Page
from streams.deliver.message_index import Naming
from streams.deliver.offset_tracker import Lane
from streams.deliver.peer_ledgers import Mirror
from streams.deliver.pending_references import Waiting, is_plain, mark_late, prepared
from streams.deliver.sender import Sender
from streams.deliver.shutdown import Drain, DrainedError, clock
from streams.exactly_once.ending import ended
from streams.exactly_once.producers import Unknown
from streams.exactly_once.task import Task
from streams.observe import metrics
from streams.state.refused import telling

log = structlog.get_logger()


HELD = 1.0
"""Seconds between two looks of a conversation whether its app is still held."""
READ_AGAIN = 600.0
"""Seconds in which an event with an intent and no end will have been read."""


class Delivering:
    """One partition, from the committed offset on. See `streams.exactly_once.task.Work`."""

    def __init__(self, partition: int, around: Surroundings) -> None:
        self._partition = partition
        self._around = around
        self._names = around.names
        self._settings = around.settings
        self._echo_input = TopicPartition(around.names.echoes, partition)
        self._open = Conversations()
        self._waiting = Waiting(self._settings.window // 4, self._settings.naming_wait)
        self._sending: set[asyncio.Task[None]] = set()
        self._defect: Exception | None = None
        self._open_gauge = metrics.OPEN_EVENTS.labels(around.platform)
        self._store: LedgerStore
        self._naming: Naming
        self._mirror: Mirror
        self._intake: Intake
        self._files: Files
        self._page: Page
        self._echoes: Echoes
        self._drain: Drain
        self._doubts: Doubts
        self._sender: Sender
        self._task: Task

    async def run(self, task: Task) -> None:
        with telling(task.watch, STAGE, self._partition):
            await self._run(task)

    async def _run(self, task: Task) -> None:
        self._task = task
        self._drain = Drain(task.draining)
        self._doubts = Doubts(self._around, self._drain, lambda: task.catch_up(self._echo_input))
        self._sender = Sender(self._around, self._drain, self._doubts, self._license)
        self._store = LedgerStore(self._around.state, f"{self._around.platform}-{self._partition}", self._settings)
        task.watch.refused(STAGE, self._partition, "", "")
        reach = self._settings.clock_margin + self._settings.lease + self._settings.timeout
        self._naming = Naming(self._store, self._around.mirrored, reach)
        self._files = Files(self._around, self._store, self._drain)
        self._mirror = Mirror(self._partition, self._around, self._files.rows, self._store, self._naming, self._moved, task)
        lanes = Lane(TopicPartition(self._names.deliveries, self._partition), live=True), Lane(
            TopicPartition(self._names.backfill, self._partition), live=False
        )
        self._page = Page(self._partition, self._around, lanes, self._store, self._naming)
        self._intake = Intake(self._around, lanes, self._open, self._store, self._naming, self._mirror, self._page, self._admitted)
        self._open.left = self._left
        self._echoes = Echoes(self._around, self._open, self._store, self._page, self._doubts, self._mirror)
        began = clock()
        task.watch.preparing(STAGE, self._partition, done=False)
        try:
            tail = await self._mirror.begin()
            self._page.affirm(tail, self._mirror.restore.written(self._names.ledger))
        except (KafkaError, TimeoutError) as error:
            self._store.close()
            raise Unknown(f"ledger cannot be read: {type(error).__name__}") from None
        except BaseException:
            self._store.close()
            raise
        finally:
            task.watch.preparing(STAGE, self._partition, done=True)
        metrics.REBUILD_SECONDS.labels(STAGE).observe(clock() - began)
        self._around.own(self._partition, mine=True)
        restoring = asyncio.create_task(self._restore())
        try:
            await self._cycles(task)
        finally:
            self._around.own(self._partition, mine=False)
            if task.draining.is_set():
                self._sender.abandon(self._open.events)
            try:
                await ended([restoring, *self._sending])
            finally:
                self._open_gauge.dec(sum(event.outcome is None for event in self._open.events.values()))
                self._intake.close()
                task.watch.restored(STAGE, self._partition, 0, -inf, 0.0)
                self._store.close()

    async def _restore(self) -> None:
        """Read the rest of the state back, beside live work."""
        try:
            await self._mirror.restore.keep_on()
        except Exception as error:  # noqa: BLE001 - it ends the work: what was said before would wait for ever
            self._defect = error
            self._task.nudge()

    def _moved(self) -> None:
        restore = self._mirror.restore
        self._task.watch.restored(STAGE, self._partition, restore.left, restore.since(self._names.ledger), restore.eta)
        if self._intake.holds or self._echoes.holds:
            self._task.nudge()

    async def _cycles(self, task: Task) -> None:
        page, written = self._page, 0.0
        while not task.draining.is_set() or self._sending or page.ended or page.open or page.unmarked:
            if self._defect is not None:
                raise self._defect
            if task.draining.is_set():
                self._sender.drain()
                page.drain()
            else:
                self._read(task)
            pause = page.pause(
                clock() - written, busy=self._sender.busy, draining=task.draining.is_set()
            )
            if pause <= 0:
                written = clock()
                for event in await page.write(task):
                    self._open.forget(event)
                    self._sender.written(event)
            elif task.draining.is_set():
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            else:
                await task.wait(pause)

    # -- in

    def _read(self, task: Task) -> None:
        self._page.mirrored |= self._mirror.read()
        for event in self._waiting.over(clock(), self._is_there, self._on_its_way) + self._files.over():
            self._start(event)
        self._hear(task)
        self._intake.take(task)

    def _hear(self, task: Task) -> None:
        echoes, before = self._echoes, self._echoes.settled
        echoes.hear_held()
        while (batch := task.take_of(self._echo_input)) is not None:
            for record in batch.records:
                echoes.hear(record)
            echoes.read(batch.next_offset)
        if (settled := echoes.settled) is not None and settled != before:
            self._page.offsets[self._echo_input] = settled

    def _admitted(self, event: Open) -> None:
        event.bare = self._is_bare(event)
        self._files.note(event)
        self._open_gauge.inc()
        self._start(event)

    def _left(self, event: Open) -> None:
        if self._intake.freed(event):
            self._task.nudge()

    def _start(self, event: Open) -> None:
        event.held = self._settling(event) > 0
        if self._open.admit(event):
            sending = asyncio.create_task(self._converse(event))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)

    # -- out

    async def _converse(self, head: Open) -> None:
        """Send the events of one conversation, one after the other, until none is left."""
        following: Open | None = head
        try:
            while following is not None and not self._task.draining.is_set():
                now = following
                if (wait := self._settling(now)) > 0:
                    following = await self._settled(now, wait)
                    continue
                now.held = False
                if now.files and not await self._files.hold(now):
                    following = self._open.end(now)
                    for instead in self._files.set_aside(now):
                        self._start(instead)
                    continue
                there = NOTHING if is_plain(now) else await self._prepared(now)
                if there is None:
                    following = self._open.end(now)
                    continue
                live = now.lane.live and isinstance(now.delivery.event.operation, Post)
                if live and self._naming.is_late(now.delivery):
                    mark_late(now)
                if now.files:
                    there = self._files.there(now, there)
                if now.outcome is None:
                    await self._until_admitted(now)
                    await self._sender.send(now, there)
                ledger_records.note(now, self._around.fuse)
                if live:
                    self._naming.said(now.delivery)
                following = self._open.end(now)
                self._open_gauge.dec()
                self._page.ended.append(now)
                # What waits for company need not be told of each who joins.
                if len(self._page.ended) == 1 or not self._sender.busy:
                    self._task.nudge()
        except DrainedError:
            return
        except (KafkaError, TimeoutError) as error:
            self._defect = Unknown(f"another ledger cannot be read: {type(error).__name__}")
            self._task.nudge()
        except Exception as error:  # noqa: BLE001 - a defect: it ends the work, or the conversation would stand still unseen
            self._defect = error
            self._task.nudge()

    async def _until_admitted(self, event: Open) -> None:
        """Wait while its app is held. Raises DrainedError."""
        fuse, app, source = self._around.fuse, event.delivery.target, event.delivery.event.sender.encode()
        while app in fuse.held and not fuse.admits(app, source):
            with metrics.HELD_CONVERSATIONS.labels(self._around.platform, "app").track_inprogress():
                await self._drain.rest(min(HELD, max(0.01, fuse.pause(app, source))))

    def _settling(self, event: Open) -> float:
        """Seconds that a message may yet wait for others that were said before it and come after it."""
        wait = self._settings.reorder_wait
        if not wait or not event.lane.live:
            return 0.0
        return protocol.left_to_wait(wait, time.time() - event.delivery.received / 1000, clock() - event.noted)

    async def _settled(self, event: Open, wait: float) -> Open:
        """Wait; the answer is the head then, which may be another one."""
        await self._drain.rest(wait)
        head = self._open.head(event)
        head.held = self._settling(head) > 0
        return head

    async def _prepared(self, event: Open) -> There | None:
        """What is known at the target of the messages that *event* names; None where it steps aside and waits for one."""
        await self._mirror.current()
        return prepared(event, self._naming, self._waiting, clock(), timed=self._around.timed(event.delivery.target))

    def _is_there(self, event: Open) -> bool:
        ref = named_by(event.delivery.event.operation)
        return ref is not None and self._naming.knows(event.delivery, ref, timed=self._around.timed(event.delivery.target))

    def _is_bare(self, event: Open) -> bool:
        """Whether what is sent for it bears no mark."""
        delivery = event.delivery
        tag = str(delivery.event.operation.__struct_config__.tag)
        return delivery.newcomer or tag not in self._around.apps[delivery.target].platform.marked

    def _on_its_way(self, message: str, longer: float) -> bool:
        if message in self._open.events or not self._mirror.whole:
            return True
        # What an earlier owner had in hand is read again, unless it is no longer kept.
        return longer < READ_AGAIN and isinstance(self._page.written(message, self._store.get(message)), Intent)

    async def _license(self, event: Open, part: int) -> float:
        granted, first = self._page.license(event, part)
        if first:
            self._task.nudge()
        return await granted
