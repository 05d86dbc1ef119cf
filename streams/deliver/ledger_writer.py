"""What the next transaction of a partition writes: ends, intents, evidence, dead letters, and up to where all is settled."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
from math import inf

from aiokafka import TopicPartition

from converters.core.model import Delivery, Echo
from converters.core.outcome import Unsure
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import Whose
from streams.deliver import ledger_records
from streams.deliver.context import DeliverContext
from streams.deliver.conversations import OpenEvent
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_rows import packed
from streams.deliver.ledger_schema import Intent, Settled, dump
from streams.deliver.message_index import MessageIndex
from streams.deliver.traced import delivered
from streams.deliver.uncommitted_tail import UncommittedTail, mark
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord, Outputs
from streams.exactly_once.shutdown import RevokedError, clock
from streams.exactly_once.task import PartitionTask
from streams.observe import tracing

OFFSETS_EVERY = 5.0
"""Seconds after which offsets are committed that nobody waits for."""

TRANSACTION_OPEN = 0.1
"""Seconds that a transaction stays open, so that what is written meanwhile ends with it: its end costs several times a write."""

OFFSETS_DELAY = 0.5
"""Seconds for which the ledger alone knows what was delivered: offsets make a transaction twice as dear, and can wait."""

BATCH_CYCLES = 5
"""Cycles that the end of an event may wait to be written together with others, or with the next intent."""


class LedgerWriter:
    """*lanes* are the inputs of deliveries. *nudge* is called when `pause` has another answer than before."""

    def __init__(
        self,
        partition: int,
        context: DeliverContext,
        lanes: tuple[OffsetTracker, ...],
        store: LedgerStore,
        index: MessageIndex,
        nudge: Callable[[], None],
    ) -> None:
        self._partition = partition
        self._context = context
        self._names = context.names
        self._cycle = context.settings.cycle
        self._linger = context.linger
        self._lanes = lanes
        self._store = store
        self._index = index
        self._nudge = nudge
        self.ended: list[OpenEvent] = []
        self.offsets: dict[TopicPartition, int] = {}
        """Of the other inputs."""
        self.mirrored: dict[TopicPartition, int] = {}
        """Of the other ledgers."""
        self._echoes: dict[str, Echo] = {}
        self._entries: list[ledger_records.Pair] = []
        self._known: dict[str, Settled | Intent] = {}
        """What is among the entries, and not in the local state yet: the same event may be read once more before it is."""
        self._outputs = Outputs()
        self._buried: list[Whose] = []
        self._settle: list[tuple[OffsetTracker, int]] = []
        self._wanted: deque[tuple[OpenEvent, int, asyncio.Future[float]]] = deque()
        self._again: dict[bytes, bytes | None] = {}
        """What the last owner wrote and may not have committed."""
        self._untold: set[bytes] = set()
        """Events among it, of which the other topics may not have been told."""
        self._committed = self._written = 0
        """Offsets of the ledger: before the first, all is committed; before the second, written."""
        self._mark = mark(0)
        """Of the first."""
        self._began: float | None = None
        """When the open transaction was begun."""
        self._offsets_at = -inf
        self.unmarked = False
        """Whether something is settled of which the committed offsets do not tell."""

    def pause(self, since: float, *, busy: bool, draining: bool) -> float:
        """Seconds until it should be written, *since* seconds after the last. An intent holds up a message; an end can wait for company."""
        if self._wanted:
            return float(self._linger) - since if busy else 0.0
        if draining and (self.settling or self.open):
            return 0.0
        end = self._began + TRANSACTION_OPEN - clock() if self._began is not None else inf
        if self.settling:
            return min(end, BATCH_CYCLES * self._cycle - since)
        if self._began is not None:
            return end
        if self._settle or self.offsets or self.unmarked:
            return 0.0 if draining else self._offsets_at + OFFSETS_DELAY - clock()
        # Where the other ledgers have been read to is of use to the next owner only.
        return OFFSETS_EVERY - since if self.mirrored else 1.0

    @property
    def settling(self) -> bool:
        """Whether something is to be written that nobody waits for."""
        return bool(self.ended or self._echoes or self._entries or self._buried or self._again)

    @property
    def open(self) -> bool:
        """Whether something was written and is not committed."""
        return self._began is not None

    def confirm_open(self, tail: UncommittedTail, end: int) -> None:
        """Write *tail* once more, with the next transaction: its own may never have been committed. The ledger ends at *end*."""
        self._again = tail.entries()
        self._untold = set(self._again)
        self._committed = self._store.rows.covered(self._names.ledger).high
        self._mark = mark(self._committed)
        self._written = max(self._committed, end)

    async def permit(self, event: OpenEvent, part: int) -> float:
        """Return once the brokers have the intent of that request: the clock when it was written. Raises RevokedError."""
        granted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._wanted.append((event, part, granted))
        if len(self._wanted) == 1:
            self._nudge()
        return await granted

    def drain(self) -> None:
        """Nothing more may leave."""
        while self._wanted:
            self._wanted.popleft()[2].set_exception(RevokedError())

    def settle(self, lane: OffsetTracker, offset: int) -> None:
        """What lies there needs nothing more."""
        self._settle.append((lane, offset))

    def settle_again(self, lane: OffsetTracker, offset: int, delivery: Delivery, entry: Settled) -> None:
        """What lies there was delivered before."""
        name = delivery.event.id.encode()
        if name in self._untold:
            # What else had to be written may have gone with its transaction.
            self._untold.discard(name)
            ledger_records.introduce(delivery, entry.outcome, self._outputs, self._names, self._context.platform)
        self.settle(lane, offset)

    def hold_again(self, lane: OffsetTracker, offset: int, raw: OutputRecord, name: bytes, entry: Settled) -> None:
        """What lies there is held already, and needs nothing more."""
        if entry.held == dead_letter.place(lane.tp.topic, lane.tp.partition, offset):
            # It is read once more: the letter may have gone with the transaction of an earlier owner, whose entry another one has
            # written down since. Two letters of one doubt are no harm.
            assert isinstance(entry.outcome, Unsure)
            self.bury(lane, offset, raw, name, ledger_records.in_doubt(entry.outcome), entry.attempts)
        else:
            self.settle(lane, offset)

    def bury(
        self, lane: OffsetTracker, offset: int, raw: OutputRecord, event: bytes, verdict: ledger_records.Verdict, attempts: int = 0
    ) -> None:
        """A record that is no event in hand."""
        ledger_records.dead_lettered(self._outputs, self._names, lane.tp, offset, raw, event, verdict, attempts)
        self.settle(lane, offset)
        self._buried.append(verdict[2])

    # -- evidence

    def heard(self, echo: Echo) -> None:
        """The target called back the whole of an event."""
        self._echoes[echo.event] = echo

    def heard_part(self, echo: Echo, before: Intent | Settled) -> None:
        """The target called back the part of an event that is in doubt."""
        key, revised = ledger_records.part_echoed(echo, before)
        self._entries.append((key, revised))
        # Already now: the event itself may be read before this is committed. Whoever reads the echo again does the same.
        self._store.put([(key, packed(dump(revised), self._written, revised))], revised.at)

    def learned(self, echo: Echo, before: Settled) -> None:
        """The target called back, of an event that has ended, what its answer did not say."""
        self._entries.append(ledger_records.completed(echo, before))

    def turned_out(self, echo: Echo, before: Settled) -> None:
        """The target called back the whole of an event that is held, or had failed."""
        _, entry = pair = ledger_records.resolved(echo, before)
        self._entries.append(pair)
        self._known[echo.event] = entry

    def written(self, event: str, entry: Settled | Intent | None) -> Settled | Intent | None:
        """What the ledger will say of *event*, given what it says now."""
        return self._known.get(event, entry)

    def known(self, delivery: Delivery, entry: Settled | Intent | None) -> Settled | Intent | None:
        """What the ledger will say of *delivery*, given what it says now; an end without names is given them."""
        event = delivery.event.id
        if event in self._known:
            return self._known[event]
        echo = self._echoes.pop(event, None)
        if echo is not None:
            _, entry = ledger_records.echoed(echo)
        if isinstance(entry, Settled) and entry.by == "echo" and entry.names is None:
            _, entry = named = ledger_records.named(delivery, entry)
            self._entries.append(named)
            self._known[event] = entry
        return entry

    # -- out

    async def write(self, task: PartitionTask) -> list[OpenEvent]:
        """Write it, and end the transaction where that is due; the answer is what has ended. Raises UnknownResultError, FencedError."""
        outputs, self._outputs = self._outputs, Outputs()
        ended, self.ended = self.ended, []
        for event in ended:
            ledger_records.accept_echo(event)
        settle, self._settle = self._settle, []
        wanted, self._wanted = self._wanted, deque()
        # What was called back meanwhile will not leave: an intent behind its echo would be one more doubt.
        intents = [(event, part) for event, part, _ in wanted if event.there(part) is None]
        rows = self._index.order()
        ledger = self._names.ledger, self._partition
        headers = self._mark
        again, self._again = self._again, {}
        entries = [(name, dump(entry), entry) for name, entry in self._all_entries(ended, intents, outputs)]
        for name, value in (*again.items(), *[(name, value) for name, value, _ in entries]):
            outputs.add(*ledger, name, value, headers)
            headers = []
        dead = self._bury_ended(ended, outputs) if ended or self._buried else None
        for event in ended:
            settle += [(event.lane, event.offset), *event.also]
        for lane in self._lanes if settle else ():
            lane.settle(offset for of, offset in settle if of is lane)
        # The lease counts from before the write: the answer to it may be long under way.
        now = clock()
        self.unmarked = self.unmarked or bool(settle)
        if outputs.records:
            self._began = now if self._began is None else self._began
            written = await task.write(outputs)
            self._linger.took(clock() - now)
            self._written = written.get(ledger, self._written)
        self._known.clear()
        # Each with its own place: of two of one event the later one stands.
        for offset, (name, value, entry) in enumerate(entries, self._written - len(entries)):
            rows.append((name, packed(value, offset, entry)))
            if not isinstance(entry, Intent) or entry.does:  # of most requests that may leave, nothing more is known
                rows += self._index.rows(name, entry)
        self._store.put(rows, entries[-1][2].at if entries else self._store.rows.newest)
        for event in ended:
            self._index.spent(event.spent)
            if tracing.ACTIVE is not None:
                delivered(tracing.ACTIVE, event)
        for _, _, granted in wanted:
            if not granted.done():
                granted.set_result(now)
        urgent = bool(dead) or task.draining.is_set()
        if urgent or self._began is None or now - self._began >= TRANSACTION_OPEN:
            await self._end(task, now, urgent=urgent)
        return ended

    async def _end(self, task: PartitionTask, now: float, *, urgent: bool) -> None:
        # Whoever reads again what was delivered finds it in the ledger. Of what is dead, the offsets alone tell.
        due = urgent or now - self._offsets_at >= OFFSETS_DELAY
        await task.commit(Outputs(), self._marked(now) if due else {})
        self._began = None
        if self._written > self._committed:
            before, self._committed = self._committed, self._written
            self._mark = mark(self._committed)
            self._store.covers(self._names.ledger, before, self._committed, self._store.rows.newest)

    def _all_entries(self, ended: list[OpenEvent], intents: Iterable[tuple[OpenEvent, int]], outputs: Outputs) -> list[ledger_records.Pair]:
        entries, self._entries = self._entries, []
        echoes, self._echoes = self._echoes, {}
        # The end of an event says more than its echo.
        entries += [ledger_records.echoed(echo) for echo in echoes.values()] + [ledger_records.ended(event) for event in ended]
        entries += [ledger_records.intent(event, part) for event, part in intents]
        for event in ended:
            ledger_records.apply_followup(event, entries, outputs, self._names, self._context.platform, self._store.get)
        return entries

    def _bury_ended(self, ended: list[OpenEvent], outputs: Outputs) -> "Counter[Whose]":
        dead: Counter[Whose] = Counter(self._buried)
        self._buried.clear()
        for event in ended:
            if (verdict := ledger_records.verdict(event)) is not None:
                name = event.delivery.event.id.encode()
                ledger_records.dead_lettered(outputs, self._names, event.lane.tp, event.offset, event.raw, name, verdict, event.attempts)
                dead[verdict[2]] += 1
        return dead

    def _marked(self, now: float) -> dict[TopicPartition, int]:
        """Up to where every input is settled, to be committed *now*."""
        offsets = self.offsets | self.mirrored
        self.offsets.clear()
        self.mirrored.clear()
        for lane in self._lanes:
            if (settled := lane.committable()) is not None:
                offsets[lane.tp] = settled
        self._offsets_at, self.unmarked = now, False
        return offsets
