"""Finds every record that tells of one message, by any of its ids: its platform's, ours, or the target's.

Bytes that hold none of the ids are passed over undecoded, which makes a day of traffic a matter of reading it. An id that is only
known to be the same after a first look (the target's, or one that our event id holds as a digest) takes a second one.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, assert_never

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import Struct

from converters.core import wire
from converters.core.event_id import EventId, NotAnEventIdError, message_of
from converters.core.model import Delivery, Echo, Event
from converters.core.outcome import Delivered
from converters.files.media import MediaJob, MediaResult
from converters.platform import Callback, DecodedEvent, Ignored, OwnEcho
from converters.routing.route import App
from streams.dead_letters import dead_letter
from streams.deliver import ledger_schema
from streams.ingress.record import RECOVERED, callback_of
from streams.kafka import topics
from streams.operate.dead_letter_reader import Resolution, is_end
from streams.operate.filters import conversation_ids, decoded
from streams.operate.topic_reader import Tell, TopicReader

What = Literal[
    "received",
    "converted",
    "backfill",
    "file wanted",
    "file",
    "intent",
    "ended",
    "called back",
    "echo",
    "dead letter",
    "resolved",
    "mentioned",
]

_SAID = ("received", "converted", "backfill")

LOOKS = 3
MANY = 5000
"""Sightings that are held, at the most: an id that is in more records is none."""


class TraceRecord(Struct, frozen=True, kw_only=True):
    """One record that tells of the event; *at* in ms since 1970."""

    event: str
    what: What
    at: int
    topic: str
    partition: int
    offset: int
    facts: dict[str, Any]
    ids: frozenset[str] = frozenset()
    """Message ids on either side."""
    text: Any = None
    """What was said; shown only on demand."""


class TraceTopics(Struct, frozen=True):
    """Every topic that a message may meet, and what lies in it."""

    callbacks: frozenset[str]
    deliveries: frozenset[str]
    backfill: frozenset[str]
    echoes: frozenset[str]
    ledger: frozenset[str]
    results: frozenset[str]
    jobs: str
    dead: str

    @property
    def together(self) -> frozenset[str]:
        """Those in which a conversation has the same partition."""
        return self.deliveries | self.backfill | self.echoes | self.ledger | self.results


def topics_of(platforms: Iterable[str], prefix: str) -> TraceTopics:
    def each(topic: topics.Topic) -> frozenset[str]:
        return frozenset(topic.name(platform, prefix=prefix) for platform in platforms)

    platforms = tuple(platforms)
    return TraceTopics(
        each(topics.CALLBACKS),
        each(topics.DELIVERIES),
        each(topics.BACKFILL),
        each(topics.ECHOES),
        each(topics.LEDGER),
        each(topics.MEDIA_RESULTS),
        topics.MEDIA_JOBS.name(prefix=prefix),
        topics.DEAD_LETTERS.name(prefix=prefix),
    )


class TraceSearch:
    """*partition* of the conversation where it is known: then only that one is read of the topics laid out by it."""

    def __init__(self, reader: TopicReader, there: TraceTopics, apps: Mapping[str, App], partition: int | None = None) -> None:
        self._reader = reader
        self._there = there
        self._apps = apps
        self._partition = partition
        self._letters: dict[tuple[int, int], list[str]] = {}
        """Events of the dead letters that were seen, by place: a letter's end comes behind it, and names that alone."""

    async def find(self, message: str, since: int, tell: Tell | None = None) -> dict[str, list[TraceRecord]]:
        """Sightings by event id, each in the order of their times; under "" what names the message and has no event.

        Raises OperateError.
        """
        ids = frozenset({message, message_of(message)}) | _remote(message)
        for look in range(1, LOOKS + 1):
            sightings = await self._look(ids, since, tell)
            if _remote(message):
                events = {message}
            else:
                events = {one.event for one in sightings if one.event and (one.ids | _remote(one.event)) & ids}
            mine = [one for one in sightings if one.event in events]
            sources = (one.ids for one in mine if one.what in _SAID)
            more = ids.union(events, *map(_remote, events), *sources)
            # What holds a longer id holds the shorter one that was looked for.
            if look == LOOKS or all(any(known in each for known in ids) for each in more):
                break
            ids = more
            places = {one.partition for one in mine if one.topic in self._there.together}
            if len(places) == 1:
                (self._partition,) = places
        found: dict[str, list[TraceRecord]] = {}
        for one in sorted(mine or [one for one in sightings if not one.event], key=lambda one: (one.at, one.offset)):
            seen = found.setdefault(one.event, [])
            if not any(_once_more(one, before) for before in seen):
                seen.append(one)
        return found

    async def _look(self, ids: frozenset[str], since: int, tell: Tell | None) -> list[TraceRecord]:
        needles = [each.encode() for each in ids]
        spans = await self._reader.spans(self._tps(), since)
        self._letters.clear()
        found: list[TraceRecord] = []
        async for raw in self._reader.records(spans, tell):
            value, key = raw.value or b"", raw.key or b""
            # A dead letter holds its bytes in base64: it is looked into below.
            if raw.topic == self._there.dead or any(each in value or each in key for each in needles):
                found += self._read(raw, needles)
                del found[MANY:]
        return found

    def _tps(self) -> list[TopicPartition]:
        there = self._there
        tps = [tp for name in sorted(there.callbacks | {there.dead, there.jobs}) for tp in self._reader.partitions(name)]
        for name in sorted(there.together):
            tps += [tp for tp in self._reader.partitions(name) if self._partition in (None, tp.partition)]
        return tps

    def _read(self, raw: ConsumerRecord, needles: Sequence[bytes]) -> list[TraceRecord]:
        there = self._there
        with suppress(wire.Malformed, msgspec.DecodeError, ValueError):  # not what should lie there; `dead` and metrics tell of it
            if raw.topic in there.callbacks:
                return list(_callback(raw, callback_of(raw.value or b"", raw.headers), self._apps))
            if raw.topic in there.deliveries | there.backfill:
                what: What = "converted" if raw.topic in there.deliveries else "backfill"
                return [_delivery(raw, what, wire.load(raw.value or b"", Delivery))]
            if raw.topic in there.echoes:
                return [_echo(raw, wire.load(raw.value or b"", Echo))]
            if raw.topic == there.jobs:
                return [_job(raw, wire.load(raw.value or b"", MediaJob))]
            if raw.topic in there.results:
                return [_result(raw, wire.load(raw.value or b"", MediaResult))]
            if raw.topic in there.ledger:
                return [_entry(raw)] if raw.value else []
            return self._letter(raw, needles)
        return []

    def _letter(self, raw: ConsumerRecord, needles: Sequence[bytes]) -> list[TraceRecord]:
        if is_end(raw.headers):
            end = msgspec.json.decode(raw.value or b"", type=Resolution)
            facts = {"resolved": end.resolved, "by": end.by, "reason": end.reason, "letter": end.offset}
            events = self._letters.get((raw.partition, end.offset), [])
            return [_sighting(raw, event, "resolved", facts, (), at=end.at) for event in events]
        letter = dead_letter.load(raw.value or b"")
        if not any(each in letter.value or each in (raw.key or b"") for each in needles):
            return []
        key = (raw.key or b"").decode()
        facts = {
            "key": key,
            "cause": letter.cause,
            "stage": letter.stage,
            "whose": letter.whose,
            "detail": letter.detail,
            "attempts": letter.attempts,
            "letter": raw.offset,
        }
        events = [key] if _remote(key) else []
        if letter.topic in self._there.callbacks:
            said = decoded(callback_of(letter.value, list(letter.headers.items())), self._apps)
            events = [one.event.id for one in said if isinstance(one, DecodedEvent)]
        self._letters[raw.partition, raw.offset] = events or [""]
        return [_sighting(raw, event, "dead letter", facts, (), at=letter.at) for event in events or [""]]


def _callback(raw: ConsumerRecord, callback: Callback, apps: Mapping[str, App]) -> Iterable[TraceRecord]:
    came = {"app": callback.app} | ({"recovered": "yes"} if RECOVERED in callback.headers else {})
    for one in decoded(callback, apps):
        match one:
            case DecodedEvent(event=event):
                yield _sighting(
                    raw, event.id, "received", {**came, **_facts(event)}, {event.remote_id}, at=callback.received, text=_text(event)
                )
            case OwnEcho(event_id=event, remote_id=remote):
                yield _sighting(raw, event, "called back", {**came, "remote_id": remote}, {remote}, at=callback.received)
            case Ignored(reason=reason):
                yield _sighting(raw, "", "mentioned", {**came, "left out": reason}, set(), at=callback.received)


def _delivery(raw: ConsumerRecord, what: What, delivery: Delivery) -> TraceRecord:
    event = delivery.event
    facts = {**_facts(event), "target": delivery.target, "sender there": delivery.sender, "receiver there": delivery.receiver}
    return _sighting(raw, event.id, what, facts, {event.remote_id}, text=_text(event))


def _echo(raw: ConsumerRecord, echo: Echo) -> TraceRecord:
    return _sighting(raw, echo.event, "echo", {"target": echo.target, "remote_id": echo.remote_id}, {echo.remote_id})


def _job(raw: ConsumerRecord, job: MediaJob) -> TraceRecord:
    facts = {"target": job.target, "kind": job.role, "place": job.place, "size": job.file.size}
    return _sighting(raw, job.event, "file wanted", facts, (), text=job.file.name)


def _result(raw: ConsumerRecord, result: MediaResult) -> TraceRecord:
    there = result.carried
    what = {"left": result.reason} if there is None else {"size": there.size, "mime": there.mime}
    return _sighting(raw, result.event, "file", {"target": result.target, "place": result.place, **what}, ())


def _entry(raw: ConsumerRecord) -> TraceRecord:
    event = (raw.key or b"").decode()
    entry = ledger_schema.load(raw.value)
    match entry:
        case ledger_schema.Intent():
            facts = {"target": entry.target, "part": entry.part, "attempt": entry.attempt}
            return _sighting(raw, event, "intent", facts, set(), at=entry.at)
        case ledger_schema.Settled(outcome=outcome):
            ids = {outcome.remote_id} - {""} if isinstance(outcome, Delivered) else set()
            facts = {"target": entry.target, "attempts": entry.attempts, "by": entry.by, **msgspec.to_builtins(outcome)}
            if (there := facts.pop("at", None)) is not None:
                facts["at target"] = there
            return _sighting(raw, event, "ended", facts, ids, at=entry.at)
        case _:
            assert_never(entry)


def _sighting(
    raw: ConsumerRecord, event: str, what: What, facts: dict[str, Any], ids: Iterable[str], *, at: int = 0, text: Any = None
) -> TraceRecord:
    return TraceRecord(
        event=event,
        what=what,
        at=at or raw.timestamp,
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        facts=facts,
        ids=frozenset(ids),
        text=text,
    )


def _once_more(one: TraceRecord, before: TraceRecord) -> bool:
    """Whether a partition's next owner wrote down what its last one may not have committed."""
    return one.what in {"intent", "ended"} and (one.what, one.topic, one.at, one.facts) == (
        before.what,
        before.topic,
        before.at,
        before.facts,
    )


def _facts(event: Event) -> dict[str, Any]:
    return {"remote_id": event.remote_id, "said": event.at, "conversation": conversation_ids(event.conversation), "sender": event.sender}


def _text(event: Event) -> Any:
    return msgspec.to_builtins(event.operation)


def _remote(event: str) -> frozenset[str]:
    """The message id in an event id; a digest where it was long."""
    try:
        return frozenset({EventId.parse(event).message})
    except NotAnEventIdError:
        return frozenset()
