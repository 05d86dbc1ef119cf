"""What a batch of callbacks causes. Everything about chat is in `converters`; here is only where it goes."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from converters.canary import is_canary
from converters.core.causes import KEY_DISCARDED, TOO_NEW, Cause, unmapped
from converters.core.operations import kind_of
from converters.platform import Callback
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import KINDS, IdentityLookup
from converters.routing.overlay import IdentityOverlay
from converters.routing.route import App, DeadLettered, Deliver, Dropped, EchoOf, RejectedMark, Routed, route
from streams.convert.emit import OutputWriter
from streams.convert.known import KnownIdentities
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.encryption.headers import inherited
from streams.exactly_once.batch import Batch
from streams.exactly_once.outputs import UnknownResultError
from streams.exactly_once.producers import Outputs
from streams.ingress.record import PAST, app_of, callback_of, past
from streams.kafka import foreign_records, record_kinds, topics
from streams.observe import metrics, tracing
from streams.observe.log import place
from streams.state.errors import StateError

if TYPE_CHECKING:
    from streams.observe.spans import TracedSpan

log = structlog.get_logger()

STAGE = "convert"
SPAN = "converted"
UNNAMED = frozenset(unmapped(kind) for kind in KINDS)
STRANGERS = 20_000
"""Ids that nobody knows, which are remembered, so that nothing waits for each of their messages."""


class ConvertStage:
    """*partitions* is that of every topic; *check* raises where *identities* can be relied on no more.

    What an app is held for waits, see `DeadLetterLimit`. So does what is about an id that is not known, until *learn* returns: all that was
    committed to *identities* before is known then. A role that names a group it has made before it does anything to it, finds it known here.
    """

    def __init__(
        self,
        apps: Mapping[str, App],
        identities: IdentityLookup,
        *,
        partitions: int,
        prefix: str,
        carry: bool = True,
        check: Callable[[], None] = lambda: None,
        dead_letter_limit: DeadLetterLimit | None = None,
        learn: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._apps = apps
        self._check = check
        self.known = KnownIdentities(identities, topics.IDENTITIES.name(prefix=prefix), partitions)
        self._emit = OutputWriter(apps, partitions=partitions, prefix=prefix, carry=carry)
        self._partitions = partitions
        self._dead = topics.DEAD_LETTERS.name(prefix=prefix)
        self.dead_letter_limit = dead_letter_limit or DeadLetterLimit(STAGE)
        self._learn = learn
        self._learned: dict[TopicPartition, int] = {}
        """Of what lies before these offsets, *identities* holds all that came before it."""
        self._waiting: set[TopicPartition] = set()
        self._strangers: set[str] = set()

    def take(self, apps: Mapping[str, App]) -> None:
        """From the next record on, *apps* in place of those before: the same, with other rules."""
        assert apps.keys() == self._apps.keys()
        self._apps = self._emit.apps = apps

    def pause(self, batch: Batch) -> float:
        """See `hop.Gate`."""
        first = batch.records[0]
        return self.dead_letter_limit.pause(app_of(first.headers), first.key or b"")

    async def learn(self, batch: Batch) -> None:
        """See `StageGate`."""
        if self._learn is None or batch.tp not in self._waiting:
            return
        try:
            await self._learn()
        except KafkaError as error:
            raise UnknownResultError(f"identities cannot be read: {type(error).__name__}") from None
        self._learned[batch.tp] = batch.next_offset
        self._waiting.discard(batch.tp)

    def look(self, batch: Batch) -> None:
        """Whether something of a held app in *batch*, which waits behind what is held, would get through. Nothing is written."""
        for raw in batch.records:
            app = app_of(raw.headers)
            if app in self.dead_letter_limit.held and raw.key not in self.dead_letter_limit.held[app].sources:
                overlay = IdentityOverlay(self.known.table)
                if any(isinstance(one, Deliver | EchoOf) for one in self._routed(raw, overlay)):
                    self.dead_letter_limit.passed(app)

    def __call__(self, batch: Batch, outputs: Outputs) -> int:
        start = time.perf_counter()
        self._check()
        counts: Counter[tuple[str, ...]] = Counter()
        known = self.known.of(outputs)
        taken = 0
        for raw in batch.records:
            app, source = app_of(raw.headers), raw.key or b""
            if self.dead_letter_limit.held and not self.dead_letter_limit.admits(app, source):
                break
            routed = self._routed(raw, known)
            if self._learn is not None and self._is_early(batch.tp, raw.offset, routed):
                self._waiting.add(batch.tp)
                break
            taken += 1
            # What the relay's own test users say is converted as all else, and counted nowhere.
            counted = Counter[tuple[str, ...]]() if (tested := self._apps.get(app)) and is_canary(routed, tested.canary) else counts
            counted["in", app] += 1
            span = tracing.ACTIVE.follow(SPAN, raw.headers, app=self._app(app)) if tracing.ACTIVE is not None else None
            for one in routed:
                self._write(one, raw, app, known, outputs, counted, span)
                match one:
                    case DeadLettered(cause=cause, by=by):
                        self.dead_letter_limit.died(app, source, cause, by.encode(errors="replace"))
                    case Deliver() | EchoOf():
                        self.dead_letter_limit.passed(app)
                    case Dropped() | NewIdentity() | RejectedMark():
                        pass
            if span is not None:
                outputs.committed.append(partial(_traced, span, routed))
        self._count(counts)
        metrics.CONVERT_BATCH.observe(taken)
        metrics.CONVERT_SECONDS.observe(time.perf_counter() - start)
        return taken

    def _routed(self, raw: ConsumerRecord, known: IdentityOverlay) -> tuple[Routed, ...]:
        try:
            record_kinds.check(raw.topic, raw.headers)
            callback, why = _callback(raw, self._apps)
            if callback is None:
                foreign_records.note(STAGE, raw.topic, raw.partition, raw.offset, why)
                return (DeadLettered(foreign_records.FOREIGN, why, ours=False),)
            if callback.app not in self._apps:
                foreign_records.note(STAGE, raw.topic, raw.partition, raw.offset, "app")
            return route(callback, self._apps, known)
        except StateError:
            raise  # of our disk, and not of this record
        except record_kinds.TooNewError as error:
            return (DeadLettered(TOO_NEW, str(error), ours=True),)
        except record_kinds.LostContentError as error:
            return (DeadLettered(KEY_DISCARDED, str(error), ours=False),)
        except Exception as error:  # noqa: BLE001 - a defect costs this record its place, and nothing else
            return (_defect(error, raw),)

    def _is_early(self, tp: TopicPartition, offset: int, routed: tuple[Routed, ...]) -> bool:
        """Whether it is about somebody, a group or a room that this worker does not know, and *identities* may by now."""
        unknown = [one.detail for one in routed if isinstance(one, DeadLettered) and one.cause in UNNAMED]
        if not unknown or all(detail in self._strangers for detail in unknown):
            return False
        if offset >= self._learned.get(tp, 0):
            return True
        if len(self._strangers) >= STRANGERS:
            self._strangers.clear()
        self._strangers.update(unknown)
        return False

    def _write(
        self,
        one: Routed,
        raw: ConsumerRecord,
        app: str,
        known: IdentityOverlay,
        outputs: Outputs,
        counts: "Counter[tuple[str, ...]]",
        span: "TracedSpan | None",
    ) -> None:
        match one:
            case Deliver(delivery=delivery, platform=platform, losses=losses, unfit=unfit):
                if unfit:
                    _refused(counts, app, unfit, delivery.event.id, delivery.author)
                said = past(raw.headers)
                headers = inherited(raw.headers) if said is None else [*inherited(raw.headers), (PAST, said)]
                self._emit(one, outputs, headers if span is None else [*headers, span.header])
                kind = "account" if delivery.newcomer else kind_of(delivery.event.operation)
                counts["out", app, platform, kind, "delivery"] += 1
                for loss in losses:
                    counts["loss", app, platform, loss.what] += 1
            case EchoOf():
                self._emit(one, outputs)
                counts["echo", app] += 1
            case Dropped(reason=reason):
                counts["out", app, "", reason, "dropped"] += 1
            case DeadLettered(cause=cause, detail=detail, ours=ours):
                self._bury(raw, cause, detail, ours=ours, outputs=outputs)
                counts["dead", cause, "ours" if ours else "theirs"] += 1
                counts["out", app, "", cause, "dead"] += 1
            case RejectedMark(reason=reason, event=event, sender=sender):
                _refused(counts, app, reason, event, sender)
            case NewIdentity():
                self._emit(one, outputs)
                known.add(*one.record)

    def _bury(self, raw: ConsumerRecord, cause: Cause, detail: str, *, ours: bool, outputs: Outputs) -> None:
        key, letter = dead_letter.unread(raw, stage=STAGE, cause=cause, detail=detail, whose="ours" if ours else "theirs")
        outputs.add(self._dead, topics.partition_of(key, self._partitions), key, letter, inherited(raw.headers))

    def _count(self, counts: "Counter[tuple[str, ...]]") -> None:
        for what, count in counts.items():
            match what:
                case ("in", app):
                    metrics.CONVERT_IN.labels(self._app(app), self._platform(app)).inc(count)
                case ("out", app, target, kind, outcome):
                    source = self._platform(app)
                    metrics.CONVERT_OUT.labels(self._app(app), source, f"{source}>{target}", kind, outcome).inc(count)
                case ("echo", app):
                    metrics.ECHOES.labels(self._app(app), self._platform(app)).inc(count)
                case ("unfit", app, reason):
                    metrics.MARKS_REFUSED.labels(self._app(app), STAGE, reason).inc(count)
                case ("loss", app, target, loss):
                    metrics.LOSSES.labels(f"{self._platform(app)}>{target}", loss).inc(count)
                case ("dead", cause, whose):
                    metrics.DEAD_LETTERS.labels(STAGE, cause, whose).inc(count)
                case _:
                    raise AssertionError(what[0])

    def _app(self, name: str) -> str:
        return name if name in self._apps else "unknown"

    def _platform(self, name: str) -> str:
        app = self._apps.get(name)
        return app.platform.name if app else "unknown"


@cache
def _topic_of(platform: str) -> str:
    """Without the prefix."""
    return topics.CALLBACKS.name(platform)


def _callback(raw: ConsumerRecord, apps: Mapping[str, App]) -> tuple[Callback | None, foreign_records.Why]:
    """None where the ingress has not written it, and why it cannot have."""
    try:
        callback = callback_of(raw.value or b"", raw.headers)
    except ValueError:
        return None, "headers"
    app = apps.get(callback.app)
    if app is not None and not raw.topic.endswith(_topic_of(app.platform.name)):
        return None, "app"
    return callback, "headers"


def _traced(span: "TracedSpan", became: tuple[Routed, ...], _: object) -> None:
    """The transaction with all that *became* of a callback is committed."""
    events, outcomes = [], []
    for one in became:
        match one:
            case Deliver(delivery=delivery):
                events.append(delivery.event.id)
                outcomes.append("delivery")
            case EchoOf(echo=echo):
                events.append(echo.event)
                outcomes.append("echo")
            case Dropped(reason=reason):
                outcomes.append(f"dropped:{reason}")
            case DeadLettered(cause=cause):
                outcomes.append(f"dead:{cause}")
            case RejectedMark() | NewIdentity():
                pass
    span.end(outcomes[0] if outcomes else "nothing", event_id=events[0] if events else "", deliveries=outcomes.count("delivery"))


def _refused(counts: "Counter[tuple[str, ...]]", app: str, reason: str, event: str, sender: str) -> None:
    counts["unfit", app, reason] += 1
    # Whose it is, and nothing of what it says. Messages that were passed on bear such marks as well.
    log.info("mark rejected", app=app, reason=reason, event_id=event, sender=ascii(sender[:128]))


def _defect(error: Exception, raw: ConsumerRecord) -> DeadLettered:
    where = place(error)
    log.error("defect in a converter", place=where, topic=raw.topic, partition=raw.partition, offset=raw.offset)
    return DeadLettered("defect", where, ours=True)
