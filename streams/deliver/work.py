"""The delivery of one partition: read, order, send, and write down what became of it.

Each conversation has at most one event on its way; conversations go side by side. A cycle is one transaction: the ends of
what has ended, the intents of what will be sent now, dead letters, and the offset up to which everything is settled. Only after
it do those requests leave, and is the local state written.
"""

import asyncio
from collections import Counter, deque

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from converters import wire
from converters.model import Delivery, Echo
from converters.outcome import Delivered
from streams import metrics
from streams.dead import Whose
from streams.deliver import ledger, records
from streams.deliver.conversations import Conversations, Open
from streams.deliver.lanes import Lane
from streams.deliver.ledger import Ended, Intent
from streams.deliver.sending import DrainedError, Sender, clock
from streams.deliver.surroundings import Surroundings
from streams.exact.producers import Outputs, Record, Unknown
from streams.exact.task import HoldError, Task

log = structlog.get_logger()

COMPANY = 5
"""Cycles that the end of an event may wait to be written together with others, or with the next intent."""


class Delivering:
    """One partition, from the committed offset on. See `streams.exact.task.Work`."""

    def __init__(self, partition: int, around: Surroundings) -> None:
        self._partition = partition
        self._around = around
        self._names = around.names
        self._settings = around.settings
        self._live = Lane(TopicPartition(around.names.deliveries, partition), live=True)
        self._backfill = Lane(TopicPartition(around.names.backfill, partition), live=False)
        self._echo_input = TopicPartition(around.names.echoes, partition)
        self._open = Conversations()
        self._ended: list[Open] = []
        self._echoes: dict[str, Echo] = {}
        """Not yet in the ledger, by event id."""
        self._outputs = Outputs()
        self._buried: list[Whose] = []
        self._settle: list[tuple[Lane, int]] = []
        self._offsets: dict[TopicPartition, int] = {}
        self._wanted: deque[tuple[Open, int, asyncio.Future[float]]] = deque()
        self._sending: set[asyncio.Task[None]] = set()
        self._defect: Exception | None = None
        self._open_gauge = metrics.OPEN_EVENTS.labels(around.platform)
        self._known = metrics.ALREADY_DELIVERED.labels(around.platform)
        self._store: ledger.Store
        self._sender: Sender
        self._task: Task

    async def run(self, task: Task) -> None:
        self._task = task
        self._sender = Sender(self._around, task.draining, self._license)
        path = self._around.state / f"{self._around.platform}-{self._partition}"
        try:
            self._store = await ledger.opened(path, self._around.bootstrap, self._names.ledger, self._partition)
        except (KafkaError, TimeoutError) as error:
            raise Unknown(f"ledger cannot be read: {type(error).__name__}") from None
        self._around.own(self._partition, mine=True)
        try:
            await self._cycles(task)
        finally:
            self._around.own(self._partition, mine=False)
            if task.draining.is_set():
                self._sender.abandon(self._open.events)
            for sending in self._sending:
                sending.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)
            self._open_gauge.dec(sum(event.outcome is None for event in self._open.events.values()))
            self._store.close()

    async def _cycles(self, task: Task) -> None:
        committed = 0.0
        while not task.draining.is_set() or self._sending or self._ended:
            if self._defect is not None:
                raise self._defect
            if task.draining.is_set():
                self._drain()
            else:
                self._read(task)
            pause = self._pause(clock() - committed)
            if pause <= 0:
                await self._commit(task)
                committed = clock()
            elif task.draining.is_set():
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            else:
                await task.wait(pause)

    def _pause(self, since: float) -> float:
        """Seconds until the next transaction. An intent holds up a message; what has ended can wait for company."""
        if self._wanted:
            return self._settings.cycle - since if self._sender.under_way else 0.0
        if self._ended or self._echoes or self._settle or self._offsets:
            return 0.0 if self._task.draining.is_set() else COMPANY * self._settings.cycle - since
        return 1.0

    def _drain(self) -> None:
        self._sender.drain()
        while self._wanted:
            self._wanted.popleft()[2].set_exception(DrainedError())

    # -- in

    def _read(self, task: Task) -> None:
        while (batch := task.take_of(self._echo_input)) is not None:
            for record in batch.records:
                self._hear(record)
            self._offsets[batch.tp] = batch.next_offset
        self._fill(self._live, task, self._settings.window)
        # Backfill comes in when nothing live waits to be admitted, and never fills the window.
        if not self._live.unread:
            self._fill(self._backfill, task, self._settings.backfill_window)

    def _fill(self, lane: Lane, task: Task, room: int) -> None:
        while lane.open < room and len(self._open) < self._settings.window:
            if lane.unread:
                self._admit(lane, lane.unread.popleft())
            elif (batch := task.take_of(lane.tp)) is not None:
                lane.unread.extend(batch.records)
            else:
                return

    def _admit(self, lane: Lane, record: ConsumerRecord) -> None:
        lane.read(record.offset)
        raw = Record(record.key, record.value, list(record.headers))
        try:
            delivery = wire.load(record.value or b"", Delivery)
        except wire.Malformed as error:
            self._bury(lane, record.offset, raw, b"", ("malformed", str(error), "ours"))
            return
        event = delivery.event.id
        if delivery.target not in self._around.clients:
            self._bury(lane, record.offset, raw, event.encode(), ("target-unknown", delivery.target[:64], "ours"))
            return
        if event in self._open.events:
            self._known.inc()
            self._after(self._open.events[event], lane, record.offset)
            return
        entry = self._store.get(event)
        # The echo may have been read just before: after a takeover both lie in their topics.
        if event in self._echoes or (isinstance(entry, Ended) and isinstance(entry.outcome, Delivered)):
            self._known.inc()
            self._settle.append((lane, record.offset))
            return
        doubt = entry if isinstance(entry, Intent) else None
        opened = Open(lane, record.offset, record.key or b"", raw, delivery, doubt=doubt)
        self._open_gauge.inc()
        if self._open.admit(opened):
            sending = asyncio.create_task(self._converse(opened))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)

    def _after(self, event: Open, lane: Lane, offset: int) -> None:
        """The record at *offset* is *event* once more. It is settled with the first, which speaks for both."""
        if event.lane is lane:
            # The first lies before it in the same partition, so this offset is not committed without it.
            self._settle.append((lane, offset))
        else:
            event.also.append((lane, offset))

    def _hear(self, record: ConsumerRecord) -> None:
        """An echo: the event is at its target, whatever the answer to the request was, or will be."""
        try:
            echo = wire.load(record.value or b"", Echo)
        except wire.Malformed as error:
            log.warning("echo is unreadable", topic=record.topic, offset=record.offset, error=str(error))
            return
        event = self._open.events.get(echo.event)
        if event is not None:
            self._sender.hear(event, echo)
            # Evidence must not be lost with this process: it goes to the ledger with the offset at which it lay.
            if event.outcome is None:
                self._echoes[echo.event] = echo
            return
        entry = self._store.get(echo.event)
        if not isinstance(entry, Ended) or not isinstance(entry.outcome, Delivered):
            self._echoes[echo.event] = echo
        elif entry.outcome.remote_id not in ("", echo.remote_id):
            metrics.DUPLICATES_KNOWN.labels(self._around.platform).inc()
            log.warning("the target has an event twice", event_id=echo.event)

    def _bury(self, lane: Lane, offset: int, raw: Record, event: bytes, verdict: tuple[str, str, Whose]) -> None:
        records.bury(self._outputs, self._names, lane.tp, offset, raw, event, verdict, 0)
        self._settle.append((lane, offset))
        self._buried.append(verdict[2])

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

    async def _license(self, event: Open, part: int) -> float:
        """See `sending.License`."""
        granted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._wanted.append((event, part, granted))
        self._task.nudge()
        return await granted

    async def _commit(self, task: Task) -> None:
        outputs, self._outputs = self._outputs, Outputs()
        ended, self._ended = self._ended, []
        echoes, self._echoes = self._echoes, {}
        settle, self._settle = self._settle, []
        offsets, self._offsets = self._offsets, {}
        wanted, self._wanted = self._wanted, deque()
        entries = [records.ended(event) for event in ended] + [records.echoed(echo) for echo in echoes.values()]
        entries += [records.intent(event, part) for event, part, _ in wanted]
        for key, value in entries:
            outputs.add(self._names.ledger, self._partition, key, value)
        dead: Counter[Whose] = Counter(self._buried)
        self._buried.clear()
        for event in ended:
            settle += [(event.lane, event.offset), *event.also]
            if (verdict := records.verdict(event)) is not None:
                name = event.delivery.event.id.encode()
                records.bury(
                    outputs, self._names, event.lane.tp, event.offset, event.raw, name, verdict, event.attempts
                )
                dead[verdict[2]] += 1
        if blown := self._around.fuse.note(len(settle), ours=dead["ours"], theirs=dead["theirs"]):
            raise HoldError(str(blown))
        for lane in (self._live, self._backfill):
            lane.settle(offset for of, offset in settle if of is lane)
            if (settled := lane.committable()) is not None:
                offsets[lane.tp] = settled
        # The lease counts from before the commit: the answer to it may be long under way.
        now = clock()
        written = await task.commit(outputs, offsets)
        self._store.put(entries, written.get((self._names.ledger, self._partition)))
        for event in ended:
            self._open.forget(event)
            self._sender.written(event)
        for _, _, granted in wanted:
            if not granted.done():
                granted.set_result(now)
