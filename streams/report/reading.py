"""Reads what the topics say of each event of a period into rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import Struct, structs

from converters.canary import is_canary
from converters.core.event_id import EventId, NotAnEventIdError
from converters.core.model import Conversation, Event, conversation_key
from converters.core.operations import kind_of
from converters.core.outcome import Delivered
from converters.core.wire import Malformed
from converters.platform import Callback, DecodedEvent, Ignored, OwnEcho
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityLookup
from converters.routing.route import App, DeadLettered, Deliver, Dropped, EchoOf, RejectedMark, Routed, route
from converters.routing.rules import INTRODUCTION
from streams.dead_letters import dead_letter
from streams.deliver import ledger_schema
from streams.ingress.record import callback_of
from streams.operate.dead_letter_reader import LetterSummary
from streams.operate.filters import decoded
from streams.operate.topic_reader import OffsetRange, Tell, TopicReader
from streams.report.rows import EndedRow, HandedRow, LetterRow, ReceivedRow, Row, SeenRow, SentRow, dump

HOUR = 3_600_000
SLACK = 60_000
"""Milliseconds by which records of a partition may be out of the order of their times."""
STAGES = frozenset({"convert", "deliver"})
"""Whose dead letters are ends of messages."""


class RowSink(Protocol):
    def add(self, name: bytes, content: bytes) -> None: ...


class Period(Struct, frozen=True):
    """Callbacks that came in from *since* on, and before *until*; what became of them, as far as it was written down before *seen_until*. Ms since 1970.

    *ahead*: by how many ms the clocks of the report are ahead of UTC.
    """

    since: int
    until: int
    seen_until: int
    ahead: int = 0

    def hour(self, at: int) -> int:
        """When the hour of *at* began."""
        return at - (at + self.ahead) % HOUR

    def holds(self, at: int) -> bool:
        return self.since <= at < self.until


class _EventName(Struct):
    id: str


class _Handed(Struct):
    """Of a delivery, only what is needed."""

    event: _EventName


_handed = msgspec.json.Decoder(_Handed).decode


def letter_rows(letters: Iterable[LetterSummary]) -> dict[str, LetterRow]:
    """By the letter's own key; of several under one key, the last. A letter of no event has the place of its record as key."""
    rows: dict[str, LetterRow] = {}
    for one in sorted(letters, key=lambda each: each.letter.at):
        if one.letter.stage in STAGES:
            end = one.resolved.resolved if one.resolved is not None else ""
            rows[one.name] = LetterRow(one.letter.stage, one.letter.cause, one.letter.whose, end)
    return rows


class CallbackRows:
    """What callbacks say: events of their own, and what they show of the relay's. *chosen*: source apps that the report is about."""

    def __init__(
        self,
        apps: Mapping[str, App],
        chosen: frozenset[str],
        identities: IdentityLookup,
        letters: Mapping[str, LetterRow],
        period: Period,
        into: RowSink,
    ) -> None:
        self._apps, self._chosen, self._identities, self._letters = apps, chosen, identities, letters
        self._period = period
        self._into = into
        self.showing: set[str] = set()
        """Apps that show what the relay has sent them."""
        self.nothing: Counter[tuple[int, str, str]] = Counter()
        """Callbacks of the period that say nothing to carry, by (hour, app, reason)."""
        self.places: dict[str, set[Conversation]] = {name: set() for name in apps}
        """Conversations in the platforms' own ids, by app."""
        self.cut: set[str] = set()
        """Topics whose beginning of the period may be deleted."""

    async def read(self, reader: TopicReader, topic: str, committed: Mapping[TopicPartition, int | None], tell: Tell | None = None) -> None:
        """Raises OperateError."""
        tps = reader.partitions(topic)
        begins = {span.tp: span.start for span in await reader.spans(tps)}
        spans = await reader.spans(tps, self._period.since - SLACK, self._period.seen_until)
        at_begin = {span.tp for span in spans if span.start and span.start == begins.get(span.tp)}
        async for raw in reader.records(spans, tell):
            tp = TopicPartition(raw.topic, raw.partition)
            if tp in at_begin:
                at_begin.discard(tp)
                if raw.timestamp > self._period.since:
                    self.cut.add(topic)
            done = committed.get(tp)
            self._take(raw, waits=done is None or raw.offset >= done)

    def _take(self, raw: ConsumerRecord, *, waits: bool) -> None:
        try:
            callback = callback_of(raw.value or b"", raw.headers)
        except ValueError:
            return  # not the ingress's: convert makes a dead letter of it, which `im-relay dead list` shows
        app = self._apps.get(callback.app)
        at = callback.received or raw.timestamp
        own: dict[str, Event] = {}
        told = decoded(callback, self._apps)
        for said in told:
            match said:
                case OwnEcho(event_id=name, remote_id=remote, part=part):
                    self._add(name, SeenRow(callback.app, remote, part, "callback"))
                    self.showing.add(callback.app)
                    self.places[callback.app].add(said.conversation)
                case DecodedEvent(event=event):
                    own[event.id] = event
                    self.places[callback.app].add(event.conversation)
                case Ignored(reason=reason):
                    self._held_back(app, callback, reason, at)
        if callback.app not in self._chosen and app is not None:
            return
        if told and all(isinstance(said, OwnEcho) for said in told):
            return  # half of all: nothing else would come of it
        place = dead_letter.place(raw.topic, raw.partition, raw.offset)
        known = ReceivedRow(
            at,
            callback.app,
            app.target if app is not None else "",
            "",
            "",
            waits=waits,
            letter=self._letters.get(place),
            late=at >= self._period.until,
        )
        try:
            routed: Sequence[Routed] = route(callback, self._apps, self._identities)
        except Exception:  # noqa: BLE001 - as convert does, which made a dead letter of it
            routed = (DeadLettered("defect", "", ours=True),)
        if app is not None and is_canary(routed, app.canary):
            return  # the relay's own test users
        self._put(routed, known, own, place)

    def _put(self, routed: Sequence[Routed], known: ReceivedRow, own: Mapping[str, Event], place: str) -> None:
        """*known* is what holds of the whole callback, *own* what it says, *place* where it lies."""
        told = set[str]()
        for one in routed:
            match one:
                case Deliver(delivery=delivery, key=key):
                    told.add(delivery.event.id)
                    if not _made_by_us(delivery.event.id, newcomer=delivery.newcomer):
                        tag = delivery.event.operation.__struct_config__.tag
                        marked = tag in self._apps[delivery.target].platform.marked
                        self._received(delivery.event, structs.replace(known, target=delivery.target, marked=marked), key)
                case Dropped(reason=reason, event=Event() as event):
                    told.add(event.id)
                    self._received(event, structs.replace(known, left_out=reason))
                case Dropped(reason=reason):
                    if self._period.holds(known.at):
                        self.nothing[self._period.hour(known.at), known.app, reason] += 1
                case DeadLettered() | EchoOf() | NewIdentity() | RejectedMark():
                    pass
        if any(isinstance(one, DeadLettered) for one in routed):
            for event in (one for one in own.values() if one.id not in told):
                self._received(event, known)
            if not own:
                self._add(place, known)

    def _received(self, event: Event, row: ReceivedRow, key: bytes = b"") -> None:
        key = key or conversation_key(event.conversation)
        self._add(event.id, structs.replace(row, conversation=key.decode(errors="replace"), kind=kind_of(event.operation)))

    def _held_back(self, app: App | None, callback: Callback, reason: str, at: int) -> None:
        """An event that the platform keeps in its history, and that must not be carried: it came."""
        gaps = app.platform.gaps if app is not None else None
        with suppress(Malformed):
            if app is not None and gaps is not None and gaps.held_back and (event := gaps.held_back(callback, reason)):
                self._add(event, ReceivedRow(at, app.name, app.target, "", "", reason, late=at >= self._period.until))

    def _add(self, event: str, row: Row) -> None:
        self._into.add(event.encode(), dump(row))


def _made_by_us(event: str, *, newcomer: bool) -> bool:
    """An account or an introduction that goes before the message of somebody new."""
    if newcomer:
        return True
    try:
        return EventId.parse(event).operation == INTRODUCTION
    except NotAnEventIdError:
        return False


async def read_handed(
    reader: TopicReader,
    spans: Sequence[OffsetRange],
    committed: Mapping[TopicPartition, int | None],
    into: RowSink,
    tell: Tell | None = None,
) -> None:
    """Rows of deliveries. Raises OperateError."""
    async for raw in reader.records(spans, tell):
        with suppress(msgspec.DecodeError):
            done = committed.get(TopicPartition(raw.topic, raw.partition))
            into.add(_handed(raw.value or b"").event.id.encode(), dump(HandedRow(waits=done is None or raw.offset >= done)))


async def read_ends(
    reader: TopicReader, spans: Sequence[OffsetRange], into: RowSink, only: frozenset[int] | None = None, tell: Tell | None = None
) -> None:
    """Rows of ledgers; those of the events (hashes of their bytes) of *only*, where it is given. Raises OperateError."""
    async for raw in reader.records(spans, tell):
        name = raw.key or b""
        if raw.value is not None and (only is None or hash(name) in only):
            with suppress(msgspec.DecodeError):
                into.add(name, dump(_end(ledger_schema.load(raw.value))))


def _end(entry: ledger_schema.Entry) -> Row:
    if isinstance(entry, ledger_schema.Intent):
        return SentRow(entry.at) if entry.left else HandedRow(waits=True)
    outcome = entry.outcome
    named = isinstance(outcome, Delivered) and bool(outcome.remote_id)
    return EndedRow(str(outcome.__struct_config__.tag), entry.by, entry.at, max(1, len(entry.arrived)), named)
