"""Callbacks sent through convert's pure function once more, into the low-priority topics of their targets.

Event ids are what they were, so what the ledger knows as delivered is not sent again. Where a replay is lies in Kafka: its
offsets commit with what it writes, under a group of its own, so that one that was broken off goes on exactly there.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from converters.core.localized import localized
from converters.core.model import NOTHING, Delivery
from converters.platform import OTHERS, Callback
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityLookup
from converters.routing.overlay import IdentityOverlay
from converters.routing.route import App, DeadLettered, Deliver, Dropped, EchoOf, RejectedMark, Routed, route
from streams.convert.emit import OutputWriter
from streams.encryption.headers import inherited
from streams.exactly_once.producers import FencedError, Outputs, Producers, ProducerSettings, UnknownResultError
from streams.ingress.record import PAST, SILENT, callback_of
from streams.kafka import topics
from streams.operate.delivered import digest
from streams.operate.filters import Filter, kinds_of, of_callback, of_delivery
from streams.operate.pace import RateCap
from streams.operate.replay_spec import ReplaySpec
from streams.operate.topic_reader import OffsetRange, OperateError, Tell, TopicReader

REPLAY = "replay"
"""The header that names the replay on what it has written."""
SLACK = 60_000
"""Milliseconds that records of one partition may be out of the order of their times."""
STRIDE = 5000
"""Records that are read, at the most, between two commits."""
EXAMPLES = 20
ELSEWHERE = "delivered under another key"
"""Of its conversation, which the ledger of today's key does not know."""


class ReplayCounts(Struct):
    """What a stretch of callbacks comes to."""

    read: int = 0
    chosen: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    """Deliveries by target app and kind."""
    ended: Counter[str] = msgspec.field(default_factory=Counter)
    """Callbacks that carry nothing over, by reason; not filtered."""
    dead: Counter[str] = msgspec.field(default_factory=Counter)
    """What could not be converted, by cause; counted only, it is no new letter."""
    examples: list[tuple[str, str, str]] = []
    """(cause, topic:partition:offset, detail) of the first of them."""

    expected: dict[int, int] = {}
    """The digest of each delivery's event, and the partition it goes to."""
    silent: int = 0  # of the deliveries
    load: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    """Calls and messages (as `Limit.counts` says) by target app and API."""

    @property
    def deliveries(self) -> int:
        return self.chosen.total()

    def seconds(self, apps: Mapping[str, App]) -> float:
        """How long the limits of the target *apps* make it take, if nothing live went beside it; 0 where there is none."""
        longest = 0.0
        for name, app in apps.items():
            named = {api for limit in app.platform.limits for api in limit.apis}
            for limit in app.platform.limits:
                if not limit.amount:
                    continue  # the settings say that there is none
                counts = {api: n for (target, api, what), n in self.load.items() if target == name and what == limit.counts}
                if limit.apis == (OTHERS,):  # each of the others has it for itself
                    count = max((n for api, n in counts.items() if api not in named), default=0)
                else:
                    count = sum(counts.get(api, 0) for api in limit.apis)
                longest = max(longest, count * limit.seconds / limit.amount)
        return longest


class ReplayFilter:
    """Convert's function over one callback, and of what it causes that which was asked for; without the events (digests) of *known*."""

    def __init__(
        self,
        spec: ReplaySpec,
        apps: Mapping[str, App],
        identities: IdentityLookup,
        partitions: int = 1,
        known: Collection[int] = (),
        silent_before: int = 0,
    ) -> None:
        self._silent_before = silent_before
        self._spec = spec
        self.apps = apps
        self._identities = IdentityOverlay(identities)
        self._partitions = partitions
        self._known = known
        self.tally = ReplayCounts()

    def is_old(self, one: Deliver | NewIdentity) -> bool:
        return isinstance(one, Deliver) and one.delivery.event.at < self._silent_before

    def take(self, raw: ConsumerRecord) -> Sequence[Deliver | NewIdentity]:
        if not self._spec.since <= raw.timestamp < self._spec.until:
            return ()
        self.tally.read += 1
        try:
            callback = callback_of(raw.value or b"", raw.headers)
            routed: Sequence[Routed] = route(callback, self.apps, self._identities)
        except Exception as error:  # noqa: BLE001 - convert's dead letters are convert's; here they are counted
            callback, routed = Callback("", b"", 0), (DeadLettered("defect", type(error).__name__, ours=True),)
        return [one for each in routed if (one := self._sort(each, callback, raw)) is not None]

    def _sort(self, one: Routed, callback: Callback, raw: ConsumerRecord) -> Deliver | NewIdentity | None:
        tally = self.tally
        match one:
            case Deliver(delivery=delivery, key=key):
                name = digest(delivery.event.id)
                if name in self._known:
                    tally.ended[ELSEWHERE] += 1
                    return None
                wanted = self._spec.filter
                about = of_delivery(delivery)
                if not wanted.takes(about) and not wanted.takes(about | of_callback(callback, self.apps, self._identities)):
                    tally.ended["not chosen"] += 1
                    return None
                tally.silent += self.is_old(one)
                tally.chosen[delivery.target, "+".join(sorted(kinds_of(delivery.event) - {"post"}))] += 1
                tally.expected[name] = topics.partition_of(key, self._partitions)
                self._weigh(delivery)
                return one
            case NewIdentity():
                self._identities.add(*one.record)
                return one
            case EchoOf():
                tally.ended["own echo"] += 1
            case Dropped(reason=reason):
                tally.ended[reason] += 1
            case DeadLettered(cause=cause, detail=detail):
                if self._spec.filter.takes(of_callback(callback, self.apps, self._identities)):
                    tally.dead[cause] += 1
                    if len(tally.examples) < EXAMPLES:
                        tally.examples.append((cause, f"{raw.topic}:{raw.partition}:{raw.offset}", detail))
            case RejectedMark():
                pass  # counted when it came
        return None

    def _weigh(self, delivery: Delivery) -> None:
        app = self.apps[delivery.target]
        with suppress(Exception):  # an estimate: a defect of the encoder shows when it is delivered, as a dead letter
            for request in app.platform.encode(delivery, app.account, NOTHING).requests:
                self.tally.load[app.name, request.api, "calls"] += 1
                self.tally.load[app.name, request.api, "messages"] += request.targets


def spans(spec: ReplaySpec, topic: str) -> list[OffsetRange]:
    """What the replay is about, of *topic*."""
    return [OffsetRange(TopicPartition(topic, number), start, spec.ends[number]) for number, start in spec.starts.items()]


async def planned(reader: TopicReader, topic: str, name: str, platform: str, since: int, until: int, wanted: Filter) -> ReplaySpec:
    """The stretch of the topic that holds the time asked for. Raises OperateError."""
    found = await reader.spans(reader.partitions(topic), since, until + SLACK)
    return ReplaySpec(
        id=name,
        platform=platform,
        since=since,
        until=until,
        filter=wanted,
        starts={span.tp.partition: span.start for span in found},
        ends={span.tp.partition: span.end for span in found},
    )


async def left(reader: TopicReader, topic: str, spec: ReplaySpec) -> list[OffsetRange]:
    """What the replay has not read yet; *reader* must be one of its group's."""
    wanted = spans(spec, topic)
    committed = await reader.committed(span.tp for span in wanted)
    moved = [span._replace(start=max(committed[span.tp] or 0, span.start)) for span in wanted]
    return [span for span in moved if span.start < span.end]


async def counted(reader: TopicReader, topic: str, replay_filter: ReplayFilter, spec: ReplaySpec, tell: Tell | None = None) -> ReplayCounts:
    """What the replay would write from where it is; nothing is written. Raises OperateError."""
    async for raw in reader.records(await left(reader, topic, spec), tell):
        replay_filter.take(raw)
    return replay_filter.tally


def group(prefix: str, spec: ReplaySpec) -> str:
    """Under which the replay's offsets are committed."""
    return f"{prefix}replay.{spec.id}"


class ReplayWriter:
    """Writes what a sieve lets through to `backfill.<platform>`: partition and key those of the conversation."""

    def __init__(
        self,
        link: ProducerSettings,
        prefix: str,
        partitions: int,
        spec: ReplaySpec,
        replay_filter: ReplayFilter,
        pace: RateCap,
        *,
        carry: bool,
    ) -> None:
        self.group = group(prefix, spec)
        self._producers = Producers(link, self.group, self.group)
        mark = [(REPLAY, spec.id.encode())]
        self._emit = OutputWriter(replay_filter.apps, partitions=partitions, prefix=prefix, carry=carry, into=topics.BACKFILL, headers=mark)
        self._spec = spec
        self._sieve = replay_filter
        self._pace = pace
        self.written = 0

    async def run(self, reader: TopicReader, topic: str, tell: Tell | None = None) -> None:
        """*reader* must be one of this group's. Raises OperateError; then `--resume` goes on where it was."""
        try:
            # Fences whoever runs the same replay, and ends what it left open: only then are its offsets true.
            await self._producers.start()
            await self._copy(reader, topic, tell)
        except FencedError:
            raise OperateError(localized("replay {id} was started a second time, and runs there", id=self._spec.id)) from None
        except (UnknownResultError, KafkaError, TimeoutError) as error:
            raise OperateError(localized("Kafka did not confirm ({error})", error=error or type(error).__name__)) from None
        finally:
            await self._producers.close()

    async def _copy(self, reader: TopicReader, topic: str, tell: Tell | None) -> None:
        unread = await left(reader, topic, self._spec)
        outputs = Outputs()
        offsets: dict[TopicPartition, int] = {}
        read = 0
        async for raw in reader.records(unread, tell):
            self.add(raw, outputs)
            offsets[TopicPartition(raw.topic, raw.partition)] = raw.offset + 1
            read += 1
            if len(outputs) >= self._pace.chunk or read >= STRIDE:
                await self._commit(outputs, offsets)
                outputs, offsets, read = Outputs(), {}, 0
        await self._commit(outputs, {span.tp: span.end for span in unread})

    def add(self, raw: ConsumerRecord, outputs: Outputs) -> None:
        """What one callback causes, as convert writes it; what is old is no news."""
        for one in self._sieve.take(raw):
            along = inherited(raw.headers)
            self._emit(one, outputs, [*along, (PAST, SILENT)] if self._sieve.is_old(one) else along)

    async def _commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> None:
        if offsets:
            await self._producers.commit(outputs, offsets)
        self.written += len(outputs)
        await self._pace.wait(len(outputs))
