"""What the target has called back: evidence for what is in hand, and for what is not."""

import structlog
from aiokafka import ConsumerRecord

from converters.core import wire
from converters.core.model import Echo
from converters.core.outcome import Delivered, Unsure
from streams.deliver import protocol
from streams.deliver.context import DeliverContext
from streams.deliver.conversations import Conversations
from streams.deliver.in_doubt import InDoubt
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_records import STAGE
from streams.deliver.ledger_schema import Entry, Intent, Settled
from streams.deliver.ledger_writer import LedgerWriter
from streams.deliver.peer_ledgers import PeerLedgers
from streams.kafka import foreign_records, record_kinds
from streams.observe import metrics

log = structlog.get_logger()


class EchoReader:
    """Of one partition. An echo is evidence only of what the ledger says was about to leave: where it may say so and has not been
    restored so far back, the echo waits, and its offset with it.
    """

    def __init__(
        self, context: DeliverContext, events: Conversations, store: LedgerStore, writer: LedgerWriter, doubts: InDoubt, peers: PeerLedgers
    ) -> None:
        self._context = context
        self._open = events
        self._store = store
        self._writer = writer
        self._doubts = doubts
        self._peers = peers
        self._next: int | None = None
        self.held: dict[int, Echo] = {}
        """Those that wait for the restore, by offset, in order."""

    @property
    def settled(self) -> int | None:
        """The offset before which all was heard; None where nothing was read."""
        return next(iter(self.held), self._next)

    def read(self, offset: int) -> None:
        """What lies before *offset* was given to `hear`."""
        self._next = offset

    def hear(self, record: ConsumerRecord) -> None:
        """The event is at its target, whatever the answer to the request was, or will be."""
        record_kinds.hold(record.topic, record.headers)
        try:
            echo = wire.load(record.value or b"", Echo)
        except wire.Malformed as error:
            foreign_records.note(STAGE, record.topic, record.partition, record.offset, "unreadable")
            log.warning("echo unreadable", topic=record.topic, offset=record.offset, error=str(error))
            return
        if why := foreign_records.of_echo(record, echo, self._context.apps, self._context.platform, self._context.names.partitions):
            foreign_records.note(STAGE, record.topic, record.partition, record.offset, why)
            return
        if not self._heard(echo):
            self.held[record.offset] = echo

    def hear_held(self) -> None:
        """Those of which it is known by now whether they are evidence."""
        for offset, echo in list(self.held.items()):
            if self._heard(echo):
                del self.held[offset]

    def _heard(self, echo: Echo) -> bool:
        """False where it cannot be said yet whether it is evidence."""
        entry = self._writer.written(echo.event, self._store.get(echo.event))
        if entry is None and not self._peers.knows_since(echo.at):
            return False
        reason = protocol.refusal(entry, echo.target, unkeyed=echo.unkeyed)
        if reason:
            metrics.MARKS_REFUSED.labels(echo.target, STAGE, reason).inc()
            log.info("echo rejected as evidence", app=echo.target, reason=reason, event_id=echo.event)
            return True
        event = self._open.events.get(echo.event)
        if event is not None:
            self._doubts.hear(event, echo)
            # Evidence must not be lost with this process: it goes to the ledger with the offset at which it lay.
            if event.outcome is None and not echo.more:
                self._writer.heard(echo)
            elif event.outcome is None:
                self._hear_part(echo, entry)
            return True
        if echo.more:
            self._hear_part(echo, entry)
        elif not isinstance(entry, Settled):
            if isinstance(entry, Intent):
                self._doubts.found(echo.event)
            self._writer.heard(echo)
        elif not isinstance(entry.outcome, Delivered):
            self._writer.turned_out(echo, entry)
        elif self._tells_more(entry.outcome, echo):
            self._writer.learned(echo, entry)
        elif entry.outcome.remote_id not in ("", echo.remote_id):
            metrics.DUPLICATES_DETECTED.labels(self._context.platform).inc()
            log.warning("duplicate detected at target", event_id=echo.event)
        return True

    def _hear_part(self, echo: Echo, entry: Entry | None) -> None:
        in_hand = isinstance(entry, Intent) and entry.part == echo.part
        held = isinstance(entry, Settled) and isinstance(entry.outcome, Unsure) and len(entry.arrived) == echo.part
        if entry is not None and (in_hand or held):
            self._writer.heard_part(echo, entry)

    def _tells_more(self, known: Delivered, echo: Echo) -> bool:
        if not known.remote_id:
            return bool(echo.remote_id)
        return self._context.timed(echo.target) and known.at is None and known.remote_id == echo.remote_id
