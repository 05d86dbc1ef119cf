"""What the target has called back: evidence for what is in hand, and for what is not."""

import structlog
from aiokafka import ConsumerRecord

from converters import wire
from converters.model import Echo
from converters.outcome import Delivered, Unsure
from streams import foreign, metrics, record_kinds
from streams.deliver.conversations import Conversations
from streams.deliver.doubts import Doubts
from streams.deliver.entries import Ended, Entry, Intent
from streams.deliver.ledger import LedgerStore
from streams.deliver.page import Page
from streams.deliver.records import STAGE
from streams.deliver.surroundings import Surroundings

log = structlog.get_logger()


class Echoes:
    """Of one partition."""

    def __init__(self, around: Surroundings, events: Conversations, store: LedgerStore, page: Page, doubts: Doubts) -> None:
        self._around = around
        self._open = events
        self._store = store
        self._page = page
        self._doubts = doubts

    def hear(self, record: ConsumerRecord) -> None:
        """The event is at its target, whatever the answer to the request was, or will be."""
        record_kinds.hold(record.topic, record.headers)
        try:
            echo = wire.load(record.value or b"", Echo)
        except wire.Malformed as error:
            foreign.note(STAGE, record.topic, record.partition, record.offset, "unreadable")
            log.warning("echo is unreadable", topic=record.topic, offset=record.offset, error=str(error))
            return
        if why := foreign.of_echo(record, echo, self._around.apps, self._around.platform, self._around.names.partitions):
            foreign.note(STAGE, record.topic, record.partition, record.offset, why)
            return
        event = self._open.events.get(echo.event)
        if event is not None:
            self._doubts.hear(event, echo)
            # Evidence must not be lost with this process: it goes to the ledger with the offset at which it lay.
            if event.outcome is None and not echo.more:
                self._page.heard(echo)
            elif event.outcome is None:
                self._hear_part(echo, self._store.get(echo.event))
            return
        entry = self._page.written(echo.event, self._store.get(echo.event))
        if echo.more:
            self._hear_part(echo, entry)
        elif not isinstance(entry, Ended):
            if isinstance(entry, Intent):
                self._doubts.found(echo.event)
            self._page.heard(echo)
        elif not isinstance(entry.outcome, Delivered):
            self._page.turned_out(echo, entry)
        elif self._tells_more(entry.outcome, echo):
            self._page.learned(echo, entry)
        elif entry.outcome.remote_id not in ("", echo.remote_id):
            metrics.DUPLICATES_KNOWN.labels(self._around.platform).inc()
            log.warning("the target has an event twice", event_id=echo.event)

    def _hear_part(self, echo: Echo, entry: Entry | None) -> None:
        in_hand = isinstance(entry, Intent) and entry.part == echo.part
        held = isinstance(entry, Ended) and isinstance(entry.outcome, Unsure) and len(entry.arrived) == echo.part
        if entry is not None and (in_hand or held):
            self._page.heard_part(echo, entry)

    def _tells_more(self, known: Delivered, echo: Echo) -> bool:
        if not known.remote_id:
            return bool(echo.remote_id)
        return self._around.timed(echo.target) and known.at is None and known.remote_id == echo.remote_id
