"""The delivery of one partition: read, order, send, and write down what became of it.

Each conversation has at most one event on its way; conversations go side by side. A cycle is one transaction: the ends of
what has ended, dead letters, and the offset up to which everything is settled. What ended is known to the next owner only by
that transaction, so the local state is written after it, never before.
"""

import asyncio
from collections import deque

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from converters import wire
from converters.model import Delivery, Echo
from streams import metrics
from streams.dead import Whose
from streams.deliver import ledger, records
from streams.deliver.conversations import Conversations, Open
from streams.deliver.sending import DrainedError, Sender
from streams.deliver.surroundings import Surroundings
from streams.exact.producers import Outputs, Record, Unknown
from streams.exact.task import Task

log = structlog.get_logger()


class Delivering:
    """One partition, from the committed offset on. See `streams.exact.task.Work`."""

    def __init__(self, partition: int, around: Surroundings) -> None:
        self._partition = partition
        self._around = around
        self._names = around.names
        self._settings = around.settings
        self._deliveries = TopicPartition(around.names.deliveries, partition)
        self._open = Conversations()
        self._unread: deque[ConsumerRecord] = deque()
        self._ended: list[Open] = []
        self._echoes: list[Echo] = []
        self._outputs = Outputs()
        self._settle: list[int] = []
        self._offsets: dict[TopicPartition, int] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._defect: Exception | None = None
        self._open_gauge = metrics.OPEN_EVENTS.labels(around.platform)
        self._known = metrics.ALREADY_DELIVERED.labels(around.platform)
        self._store: ledger.Store
        self._sender: Sender
        self._task: Task

    async def run(self, task: Task) -> None:
        self._task = task
        self._sender = Sender(self._around, task.draining)
        path = self._around.state / f"{self._around.platform}-{self._partition}"
        try:
            self._store = await ledger.opened(path, self._around.bootstrap, self._names.ledger, self._partition)
        except (KafkaError, TimeoutError) as error:
            raise Unknown(f"ledger cannot be read: {type(error).__name__}") from None
        try:
            await self._cycles(task)
        finally:
            for sending in self._sending:
                sending.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)
            self._open_gauge.dec(len(self._open))
            self._store.close()

    async def _cycles(self, task: Task) -> None:
        clock = asyncio.get_running_loop().time
        committed = 0.0
        while not task.draining.is_set() or self._sending or self._ended:
            if self._defect is not None:
                raise self._defect
            if task.draining.is_set():
                self._sender.drain()
            else:
                self._read(task)
            pause = self._settings.cycle - (clock() - committed)
            if self._has_news() and (pause <= 0 or not self._sending or task.draining.is_set()):
                await self._commit(task)
                committed = clock()
            elif task.draining.is_set():
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            else:
                await task.wait(pause if self._has_news() else 1.0, batches=self._has_room())

    def _has_news(self) -> bool:
        return bool(self._ended or self._echoes or self._settle or self._offsets)

    # -- in

    def _has_room(self) -> bool:
        return len(self._open) < self._settings.window and not self._unread

    def _read(self, task: Task) -> None:
        while True:
            while self._unread and len(self._open) < self._settings.window:
                self._admit(self._unread.popleft())
            if not task.ready() or not self._has_room():
                return
            batch = task.take()
            if batch.tp == self._deliveries:
                self._unread.extend(batch.records)
            else:
                for record in batch.records:
                    self._hear(record)
                self._offsets[batch.tp] = batch.next_offset

    def _admit(self, record: ConsumerRecord) -> None:
        self._open.read(record.offset)
        raw = Record(record.key, record.value, list(record.headers))
        try:
            delivery = wire.load(record.value or b"", Delivery)
        except wire.Malformed as error:
            self._bury(record.offset, raw, b"", ("malformed", str(error), "ours"))
            return
        event = delivery.event.id
        if delivery.target not in self._around.clients:
            self._bury(record.offset, raw, event.encode(), ("target-unknown", delivery.target[:64], "ours"))
        elif event in self._open.events or self._store.delivered(event):
            # One that is open lies before this one, so its offset is not committed without it: it speaks for both.
            self._known.inc()
            self._settle.append(record.offset)
        else:
            opened = Open(record.offset, record.key or b"", raw, delivery)
            self._open_gauge.inc()
            if self._open.admit(opened):
                sending = asyncio.create_task(self._converse(opened))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)

    def _hear(self, record: ConsumerRecord) -> None:
        """An echo: the event is at its target, whatever the answer to the request was, or will be."""
        try:
            echo = wire.load(record.value or b"", Echo)
        except wire.Malformed as error:
            log.warning("echo is unreadable", topic=record.topic, offset=record.offset, error=str(error))
            return
        known = self._sender.settle(echo) or echo.event in self._open.events or self._store.delivered(echo.event)
        if not known:
            self._echoes.append(echo)

    def _bury(self, offset: int, raw: Record, event: bytes, verdict: tuple[str, str, Whose]) -> None:
        records.bury(self._outputs, self._names, self._partition, offset, raw, event, verdict, 0)
        self._settle.append(offset)

    # -- out

    async def _converse(self, head: Open) -> None:
        """Send the events of one conversation, one after the other, until none is left."""
        following: Open | None = head
        try:
            while following is not None and not self._task.draining.is_set():
                now = following
                await self._sender.send(now)
                following = self._open.end(now)
                self._open_gauge.dec()
                self._ended.append(now)
                self._task.nudge()
        except DrainedError:
            return
        except Exception as error:  # noqa: BLE001 - a defect: it ends the work, or the conversation would stand still unseen
            self._defect = error
            self._task.nudge()

    async def _commit(self, task: Task) -> None:
        outputs, self._outputs = self._outputs, Outputs()
        ended, self._ended = self._ended, []
        echoes, self._echoes = self._echoes, []
        settle, self._settle = self._settle, []
        offsets, self._offsets = self._offsets, {}
        entries = [records.ended(event) for event in ended] + [records.echoed(echo) for echo in echoes]
        for key, value in entries:
            outputs.add(self._names.ledger, self._partition, key, value)
        for event in ended:
            self._open.settle(event.offset)
            if (verdict := records.verdict(event)) is not None:
                name = event.delivery.event.id.encode()
                records.bury(
                    outputs, self._names, self._partition, event.offset, event.raw, name, verdict, event.attempts
                )
        for offset in settle:
            self._open.settle(offset)
        settled = self._open.settled()
        if settled is not None:
            offsets[self._deliveries] = settled
        written = await task.commit(outputs, offsets)
        self._store.put(entries, written.get((self._names.ledger, self._partition)))
