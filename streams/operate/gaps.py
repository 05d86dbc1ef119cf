"""Callbacks that never came: what a platform keeps is compared with what came, and what is missing written in its place.

The record is the one that the ingress would have written, with a header that says where it comes from. Its event id is that of the
callback that was lost, so whatever was delivered after all is not delivered again, and a second search finds nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Protocol

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import Struct

from converters.core import operations
from converters.core.event_id import beside
from converters.core.model import Conversation, Group, Room
from converters.core.wire import Malformed
from converters.platform import Callback, Decoded, DecodedEvent, FileRequest, FoundCallback, Gaps, Ignored, OwnEcho, Reply, Request
from converters.platform import TimeRange as Time
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App
from streams.ingress.record import PAST, RECOVERED, SILENT, Headers, callback_of, headers_of
from streams.observe import metrics
from streams.operate.filters import decoded, kinds_of
from streams.operate.topic_reader import OffsetRange, Tell, TopicReader
from streams.outbound.asking import Asking

SKEW = 300_000
"""Milliseconds by which a platform's clock may be ahead of ours."""
CHUNK = 500
"""Missing callbacks that are written at once."""
ECHO = "echo"
"""In place of a kind: what the relay itself had sent."""
_OF_GROUPS = (
    operations.AdminsChanged,
    operations.GroupChanged,
    operations.GroupCreated,
    operations.GroupDismissed,
    operations.MembersAdded,
    operations.MembersRemoved,
    operations.Muted,
    operations.OwnerChanged,
)


class GapSource(Protocol):
    async def ask(self, asked: Request | FileRequest) -> Reply | None: ...


class CallbackSink(Protocol):
    """Stores records as the ingress does; "stored" is durable."""

    async def put(self, topic: str, key: bytes, value: bytes, headers: Headers, at: int) -> str: ...


class GapResult(Struct):
    """What a search came to."""

    span: Time
    places: int = 0
    """Conversations that the platform was asked about."""
    known: int = 0
    missing: Counter[str] = msgspec.field(default_factory=Counter)
    """Events that did not come in, by kind."""
    of: set[Conversation] = msgspec.field(default_factory=set)
    """Their conversations."""
    left_out: Counter[str] = msgspec.field(default_factory=Counter)
    """What nothing would come of, by reason."""
    unreadable: int = 0
    written: int = 0
    unstored: int = 0
    unseen: list[str] = msgspec.field(default_factory=list)
    """What the platform could not tell, in words."""


class ReceivedCallbacks:
    """The callbacks of one app that lie in *topic*: the names of what they say, and in which conversations.

    Some 200 bytes for each callback. It is read again and again, each time from where it ended.
    """

    def __init__(self, topic: str, app: App) -> None:
        self.topic = topic
        self._apps = {app.name: app}
        self._gaps = app.platform.gaps
        self._names: dict[int, int] = {}
        self._places: dict[Conversation, int] = {}
        self._next: dict[TopicPartition, int] = {}
        self._names_since = self._places_since = 0

    async def read(self, reader: TopicReader, names: int, places: int, tell: Tell | None = None) -> None:
        """What has come until now: names since *names*, conversations since *places* (ms since 1970). Raises OperateError."""
        self._names_since, self._places_since = names, places
        self._names = {name: at for name, at in self._names.items() if at >= names}
        self._places = {place: at for place, at in self._places.items() if at >= places}
        spans = await reader.spans(reader.partitions(self.topic), max(0, min(names, places)))
        left = [OffsetRange(span.tp, max(span.start, self._next.get(span.tp, 0)), span.end) for span in spans]
        async for raw in reader.records([span for span in left if span.start < span.end], tell):
            self._take(raw)
        self._next |= {span.tp: span.end for span in left}

    def places(self) -> set[Conversation]:
        return set(self._places)

    def knows(self, name: str) -> bool:
        return _digest(name) in self._names

    def learn(self, name: str, at: int) -> None:
        self._names[_digest(name)] = at

    def forget(self, name: str) -> None:
        self._names.pop(_digest(name), None)

    def _held_back(self, one: Decoded, callback: Callback) -> str:
        with suppress(Malformed):
            if self._gaps and self._gaps.held_back and isinstance(one, Ignored):
                return self._gaps.held_back(callback, one.reason)
        return ""

    def _take(self, raw: ConsumerRecord) -> None:
        with suppress(ValueError):  # headers that are not the ingress's
            callback = callback_of(raw.value or b"", raw.headers)
            for one in decoded(callback, self._apps):
                if raw.timestamp >= self._places_since and (place := _place(one)) is not None:
                    self._places[place] = max(raw.timestamp, self._places.get(place, 0))
                if raw.timestamp >= self._names_since and (name := _name(one) or self._held_back(one, callback)):
                    self.learn(name, raw.timestamp)


class GapSearch:
    """One search for one app; *keep* is None where nothing is to be written. *now* gives ms since 1970; what was said before
    *silent_before* is filled as no news.
    """

    def __init__(
        self,
        app: App,
        came: ReceivedCallbacks,
        reader: TopicReader,
        questions: GapSource,
        keep: CallbackSink | None,
        now: Callable[[], int],
        silent_before: int = 0,
    ) -> None:
        self._silent_before = silent_before
        self._app = app
        self._came = came
        self._reader = reader
        self._questions = questions
        self._keep = keep
        self._now = now
        self._pending: list[tuple[FoundCallback, tuple[Decoded, ...]]] = []

    async def run(self, span: Time, reach: int, places: Iterable[Conversation], tell: Tell | None = None) -> GapResult:
        """Ask about *places* and those of which something came since *reach*; *tell* hears of records, then of answers.

        The platform must have `gaps`. Raises OperateError.
        """
        gaps = self._app.platform.gaps
        assert gaps is not None, "the platform keeps nothing that could be asked for"
        self._span, self._reach = span, reach
        self._found = found = GapResult(span)
        await self._read(tell)
        listed = sorted(self._came.places() | set(places), key=repr)
        found.places = len(listed)
        asking = Asking(gaps.ask(span, listed, self._app.account), self._questions.ask, of_answers(tell, len(listed)))
        async for missed in asking:
            self._compare(missed)
            if len(self._pending) >= CHUNK:
                await self._fill()
        found.unseen += [asking.unseen] if asking.unseen else []
        await self._fill()
        self._count()
        return found

    async def _read(self, tell: Tell | None = None) -> None:
        await self._came.read(self._reader, self._span.since - SKEW, self._reach, tell)

    def _compare(self, missed: FoundCallback) -> None:
        found = self._found
        callback = Callback(self._app.name, missed.body, self._now(), missed.headers)
        try:
            said = self._app.platform.decode(callback, self._app.account)
        except Exception:  # noqa: BLE001 - Malformed, or a decoder's defect: what would be a dead letter is not made one
            found.unreadable += 1
            return
        found.left_out.update(one.reason for one in said if isinstance(one, Ignored))
        said = tuple(one for one in said if not isinstance(one, Ignored))
        if not said:
            return
        if self._is_known(said):
            found.known += 1
        else:
            self._pending.append((missed, said))

    def _is_known(self, said: Sequence[Decoded]) -> bool:
        return all(self._came.knows(_name(one)) for one in said)

    async def _fill(self) -> None:
        """Write what is missing still; what came meanwhile, by itself or because the platform sent it again, is not."""
        pending, self._pending = self._pending, []
        if pending and self._keep is not None:
            await self._read()
        missing = []
        for missed, said in pending:
            if self._is_known(said):
                self._found.known += 1
                continue
            for one in said:
                self._came.learn(_name(one), self._now())
                self._note(one)
            missing.append((missed, said))
        if self._keep is not None:
            await self._write(self._keep, missing)

    async def _write(self, keep: CallbackSink, missing: Sequence[tuple[FoundCallback, tuple[Decoded, ...]]]) -> None:
        puts = [keep.put(self._came.topic, *self._record(missed, said)) for missed, said in missing]
        # All at once: they are taken in this order, and those of one partition stored in it.
        for (_, said), outcome in zip(missing, await asyncio.gather(*puts), strict=True):
            if outcome == "stored":
                self._found.written += 1
                continue
            self._found.unstored += 1
            for one in said:
                self._came.forget(_name(one))

    def _record(self, missed: FoundCallback, said: Sequence[Decoded]) -> tuple[bytes, bytes, Headers, int]:
        now = self._now()
        old = any(isinstance(one, DecodedEvent) and one.event.at < self._silent_before for one in said)
        sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in missed.headers.items()]
        return missed.key, missed.body, [*headers_of(self._app.name, now, sent), (RECOVERED, b"1"), (PAST, SILENT if old else b"1")], now

    def _note(self, one: Decoded) -> None:
        if (place := _place(one)) is not None:
            self._found.of.add(place)
        kinds = kinds_of(one.event) - {"post"} if isinstance(one, DecodedEvent) else {ECHO}
        self._found.missing["+".join(sorted(kinds))] += 1

    def _count(self) -> None:
        found = self._found
        outcomes: Mapping[str, int] = {
            "known": found.known,
            "recovered": found.written,
            "unstored": found.unstored,
            "unreadable": found.unreadable,
            "left_out": found.left_out.total(),
        }
        for outcome, count in outcomes.items():
            metrics.GAP_CALLBACKS.labels(self._app.name, self._app.platform.name, outcome).inc(count)


def groups_of(identities: IdentityTable, platform: str) -> set[Conversation]:
    """The groups and rooms that have a name, in the platform's own ids."""
    kinds: dict[str, Callable[[str], Conversation]] = {"group": Group, "room": Room}
    return {kinds[one.kind](one.native) for one in identities.each() if one.platform == platform and one.kind in kinds}


def of_answers(tell: Tell | None, least: int) -> Callable[[int], None]:
    """*tell* is told of each answer, of which there will be *least* or more."""
    return lambda answers: tell(answers, max(answers, least)) if tell is not None else None


def within(gaps: Gaps[Any], since: int, until: int, now: int) -> tuple[Time, str]:
    """The stretch that the platform still keeps, and what is to be said of the rest."""
    oldest = now - gaps.oldest * 1000
    return Time(max(since, oldest), max(until, oldest)), "the beginning of the time asked for is kept no more" if since < oldest else ""


def _place(one: Decoded) -> Conversation | None:
    match one:
        case DecodedEvent(event=event):
            return event.conversation
        case OwnEcho(conversation=conversation):
            return conversation
        case Ignored():
            return None


def _name(one: Decoded) -> str:
    """By which two accounts of one event are known as one; "" for what is none."""
    match one:
        case DecodedEvent(event=event):
            # What happened to a group may be told in other words by what is kept than it was by the callback.
            return beside(event.id, "group") if isinstance(event.operation, _OF_GROUPS) else event.id
        case OwnEcho(event_id=event, remote_id=remote):
            return f"{ECHO} {event} {remote}"  # a part each
        case Ignored():
            return ""


def _digest(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
