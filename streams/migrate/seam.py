"""Between what is imported and what is carried live: since when each conversation is, and what the live relay is told of an import."""

from collections.abc import Sequence

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from converters.core.model import Delivery
from converters.core.outcome import Delivered
from streams.deliver import ledger_records
from streams.deliver.ledger_schema import Entry, Settled, load
from streams.kafka import record_kinds
from streams.migrate.book import Book
from streams.migrate.records import Watermark, live_key

_MESSAGE = b'"names":'


class Seam:
    """Reads the ledger of the same partition, in which every message that was carried live is."""

    def __init__(self, tp: TopicPartition, book: Book) -> None:
        self.tp = tp
        self._book = book

    def take(self, records: "tuple[ConsumerRecord, ...] | list[ConsumerRecord]") -> None:
        for record in records:
            value = record.value
            if value is None or _MESSAGE not in value:
                continue  # an intent, or what is no message
            record_kinds.hold(record.topic, record.headers)
            try:
                entry: Entry = load(value)
            except msgspec.DecodeError:
                continue  # deliver counts it, whose ledger it is
            if isinstance(entry, Settled) and isinstance(entry.outcome, Delivered) and entry.names is not None:
                self._mark(entry.names.conversation.encode(), entry.names.at)

    def _mark(self, conversation: bytes, at: int) -> None:
        key = live_key(conversation)
        known = self._book.get(key)
        if not isinstance(known, Watermark) or at < known.since:
            self._book.put(key, Watermark(since=at))


def imported(delivery: Delivery, arrived: Sequence[Delivered], parts: int, stamp: int, at: int) -> Settled:
    """The ledger entry of *delivery* in so many *parts*, the last of which lies at *stamp*: *arrived*, as far as that was told, and known *at*; in ms."""
    return Settled(
        outcome=arrived[-1] if arrived else Delivered("", stamp), target=delivery.target, at=at, by="echo",
        names=ledger_records.names(delivery), arrived=tuple(arrived) if parts > 1 else (),
    )  # fmt: skip
