"""What is read of a partition's deliveries: an event in hand, or settled at once because of what the ledger says of it."""

from collections.abc import Callable

from aiokafka import ConsumerRecord

from converters.core import wire
from converters.core.model import Delivery, conversation_key
from converters.core.operations import Post, named_by
from converters.routing.user_ids import fold
from streams.dead_letters.dead_letter import Whose
from streams.deliver import protocol
from streams.deliver.context import DeliverContext
from streams.deliver.conversations import Conversations, OpenEvent, begun, source_of
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_records import STAGE, Verdict
from streams.deliver.ledger_schema import Entry, Settled
from streams.deliver.ledger_writer import LedgerWriter
from streams.deliver.message_index import MessageIndex
from streams.deliver.parked import ParkedRecords
from streams.deliver.peer_ledgers import PeerLedgers
from streams.deliver.protocol import DeliveryStep
from streams.deliver.undecided import UndecidedRecords
from streams.encryption.headers import is_lost
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord
from streams.exactly_once.shutdown import clock
from streams.exactly_once.task import PartitionTask
from streams.ingress.record import past
from streams.kafka import foreign_records, record_kinds
from streams.observe import metrics

RIVALS = 16
"""Of those who say that they do the same, each once."""


def claims(delivery: Delivery) -> bool:
    """Whether nobody but its sender says that they may do this to a message."""
    ref = named_by(delivery.event.operation)
    return ref is not None and ref.own


def compete(first: OpenEvent, delivery: Delivery) -> None:
    """Keep *delivery* beside *first*, which claims to be the same doing. Whoever says so many times leaves room for who may."""
    known = {fold(one.author) for one in (first.delivery, *first.rivals)}
    new = fold(delivery.author) not in known or not claims(delivery)
    if claims(first.delivery) and new and len(first.rivals) < RIVALS:
        first.rivals.append(delivery)


class Intake:
    """*lanes* are the live one and that of backfill. *admitted* is called with each event in hand, in the order of their records."""

    def __init__(
        self,
        context: DeliverContext,
        lanes: tuple[OffsetTracker, OffsetTracker],
        events: Conversations,
        store: LedgerStore,
        index: MessageIndex,
        peers: PeerLedgers,
        writer: LedgerWriter,
        admitted: Callable[[OpenEvent], None],
    ) -> None:
        self._context = context
        self._live, self._backfill = lanes
        self._open = events
        self._store = store
        self._index = index
        self._peers = peers
        self._writer = writer
        self._admitted = admitted
        self._undecided = UndecidedRecords(peers.needs, peers.knows)
        self._parked = ParkedRecords(events, context.parking)
        self._parked_gauge = metrics.PARKED.labels(context.platform)
        self._behind: list[tuple[OffsetTracker, ConsumerRecord, Delivery]] = []
        self._checked: tuple[str, object] | None = None
        """(topic, headers) of a record whose version this release reads: most records have those of the one before."""
        self._headers: object = ()
        self._words: tuple[bytes | None, str] = None, ""
        """Whether a record with those headers is past, and which letter was released with it."""
        self._known = metrics.ALREADY_DELIVERED.labels(context.platform)
        self._undecided_gauge = metrics.AWAITING_RESTORE.labels(context.platform)

    @property
    def holds(self) -> bool:
        """Whether events wait for the restore."""
        return bool(self._undecided.count)

    def close(self) -> None:
        """What waits is read again by the next owner."""
        self._undecided_gauge.dec(self._undecided.count)
        self._parked_gauge.dec(self._parked.count)
        self._parked.close()

    def take(self, task: PartitionTask) -> None:
        """As much as there is room for."""
        if self._undecided.count:
            self._decide_held()
        if self._parked.count:
            for record in self._parked.ready(self._live):
                self._parked_gauge.dec()
                self._decide(self._live, record, wire.load(record.value or b"", Delivery))
        behind, self._behind = self._behind, []
        for lane, record, delivery in behind:
            self._decide(lane, record, delivery)
        if self._live.unread or task.ready():
            self._fill(self._live, task, self._context.settings.max_open_events)
        if self._live.open and self._context.restoring.restoring:
            self._context.restoring.live()
        # Backfill comes in when nothing live waits to be admitted, and never fills the window.
        if not self._live.unread and (self._backfill.unread or task.ready()):
            self._fill(self._backfill, task, self._context.settings.max_open_backfill)

    def _fill(self, lane: OffsetTracker, task: PartitionTask, most: int) -> None:
        while (lane.unread or task.ready()) and (room := self._room(lane, most)) > 0:
            if not lane.unread:
                if (batch := task.take_of(lane.tp)) is None:
                    return
                lane.unread.extend(batch.records)
            while room > 0 and lane.unread:
                if not self._admit(lane, lane.unread[0]):
                    return
                lane.unread.popleft()
                room = self._room(lane, most) if self._parked.count else room - 1

    def _room(self, lane: OffsetTracker, most: int) -> int:
        """How many records may be admitted at least, unless one of them is parked."""
        window, events = self._context.settings.max_open_events, len(self._open.events)
        if lane is self._live and self._parked.count:
            # The window may be full of those who have much: the others are read on, see `Conversations.has_room`.
            return min(2 * window - lane.open + lane.parked, 2 * window - events) if self._parked.room else 0
        return min(most - lane.open, window - events)

    def _admit(self, lane: OffsetTracker, record: ConsumerRecord) -> bool:
        """False where it would be a dead letter, and those of its app are held."""
        try:
            if (checked := (record.topic, record.headers)) != self._checked:
                record_kinds.check(*checked)
                self._checked = checked
            delivery = wire.load(record.value or b"", Delivery)
        except wire.Malformed as error:
            # What ours wrote is read by this release, unless a newer one wrote it.
            whose: Whose = "ours" if isinstance(error, record_kinds.TooNewError) else "theirs"
            foreign: foreign_records.Why | None = None if is_lost(record.headers) else "unreadable"
            return self._buried(lane, record, b"", "", (record_kinds.cause_of(error), str(error), whose), foreign)
        if why := foreign_records.of_delivery(record, delivery, self._context.apps, self._context.names.partitions):
            return self._buried(lane, record, b"", "", (foreign_records.FOREIGN, why, "theirs"), why)
        event = delivery.event.id
        if delivery.target not in self._context.clients:
            target = delivery.target[:64]
            return self._buried(lane, record, event.encode(), target, ("target-unknown", target, "ours"))
        key = record.key or b""
        if lane is self._backfill and self._must_park(key, delivery):
            return False
        lane.read(record.offset)
        waits = not self._peers.knows(delivery) or (self._undecided.count and key in self._undecided)
        if waits and not self._is_delivered(delivery):
            self._undecided.add(lane, record, delivery)
            self._undecided_gauge.inc()
            self._peers.want(self._undecided.since())
            return True
        self._place(lane, record, delivery)
        return True

    def _place(self, lane: OffsetTracker, record: ConsumerRecord, delivery: Delivery) -> None:
        """Decide about it, in its turn."""
        key = record.key or b""
        if lane is self._live and self._must_park(key, delivery):
            self._parked.park(lane, key, record, source_of(delivery))
            self._parked_gauge.inc()
        else:
            self._decide(lane, record, delivery)

    def _must_park(self, key: bytes, delivery: Delivery) -> bool:
        return not self._open.has_room(key, source_of(delivery)) or (self._parked.count > 0 and key in self._parked)

    def freed(self, event: OpenEvent) -> bool:
        """*event* has left its queue, or the window; whether somebody waits for the room."""
        if not self._parked.count:
            return False
        self._parked.freed(event.key, event.source)
        return True

    def _buried(
        self, lane: OffsetTracker, record: ConsumerRecord, event: bytes, app: str, verdict: Verdict, why: foreign_records.Why | None = None
    ) -> bool:
        dead_letter_limit, source = self._context.dead_letter_limit, record.key or b""
        if not dead_letter_limit.admits(app, source):
            return False
        lane.read(record.offset)
        if why is not None:
            foreign_records.note(STAGE, record.topic, record.partition, record.offset, why)
        self._writer.bury(lane, record.offset, _raw(record), event, verdict)
        dead_letter_limit.died(app, source, verdict[0])
        return True

    def _decide_held(self) -> None:
        """Admit those of which the local state knows by now whether they were delivered."""
        for lane, record, delivery in self._undecided.ready():
            self._undecided_gauge.dec()
            self._place(lane, record, delivery)
        self._peers.want(self._undecided.since())

    def _is_delivered(self, delivery: Delivery) -> bool:
        event = delivery.event.id
        entry = self._store.get(event)
        return protocol.admitted(entry and self._meant(delivery, entry), "") is DeliveryStep.SKIP

    def _meant(self, delivery: Delivery, entry: Entry) -> Entry | None:
        """*entry*, as far as it is of this message."""
        return protocol.as_meant(entry, fold(delivery.author), conversation_key(delivery.event.conversation).decode())

    def _decide(self, lane: OffsetTracker, record: ConsumerRecord, delivery: Delivery) -> None:
        event = delivery.event.id
        if event in self._open.events:
            first = self._open.events[event]
            if first.by == "denied" and first.outcome is not None:
                # What was claimed is over, and not written down yet: this is another word for it.
                self._behind.append((lane, record, delivery))
                return
            self._known.inc()
            compete(first, delivery)
            self._after(first, lane, record.offset)
            return
        # The echo may have been read just before: after a takeover both lie in their topics.
        entry = self._writer.known(delivery, self._store.get(event))
        if entry is not None:
            entry = self._meant(delivery, entry)
        if record.headers != self._headers:
            self._headers, self._words = record.headers, (past(record.headers), protocol.released(record.headers))
        said, released = self._words
        step = protocol.admitted(entry, released)
        if step is DeliveryStep.SKIP:
            assert isinstance(entry, Settled)
            self._known.inc()
            if lane.live and isinstance(delivery.event.operation, Post):
                self._index.said(delivery)
            self._writer.settle_again(lane, record.offset, delivery, entry)
            return
        if step is DeliveryStep.HOLD:
            assert isinstance(entry, Settled)
            metrics.HELD_DUPLICATES.labels(self._context.platform).inc()
            self._writer.hold_again(lane, record.offset, _raw(record), event.encode(), entry)
            return
        if entry is None and self._peers.is_beyond(delivery):
            metrics.SENT_BEYOND_LEDGER.labels(self._context.platform).inc()
        canary = self._context.apps[delivery.event.source].canary
        doubt = protocol.earlier(entry)
        self._admitted(begun(lane, record.offset, _raw(record), delivery, doubt, clock(), past=said, canary=canary))

    def _after(self, event: OpenEvent, lane: OffsetTracker, offset: int) -> None:
        """The record at *offset* is *event* once more. It is settled with the first, which speaks for both."""
        if event.lane is lane:
            # The first lies before it in the same partition, so this offset is not committed without it.
            self._writer.settle(lane, offset)
        else:
            event.also.append((lane, offset))


def _raw(record: ConsumerRecord) -> OutputRecord:
    return OutputRecord(record.key, record.value, list(record.headers))
