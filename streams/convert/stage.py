"""What a batch of callbacks causes. Everything about chat is in `converters`; here is only where it goes."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from zlib import crc32

import structlog
from aiokafka import ConsumerRecord

from converters.identities import Table
from converters.names import Minted
from converters.operations import kind_of
from converters.overlay import Overlay
from converters.route import App, Dead, Deliver, Dropped, EchoOf, Routed, Unfit, route
from streams import dead, metrics, record_kinds
from streams.convert.emit import Emitter
from streams.convert.known import Known
from streams.dead import Whose
from streams.exact.batch import Batch
from streams.exact.producers import Outputs
from streams.exact.watch import HoldError
from streams.fuse import Fuse
from streams.identity_store import StateError
from streams.ingress.record import PAST, callback_of, past
from streams.kafka import topics
from streams.log import place

log = structlog.get_logger()

STAGE = "convert"
WHOSE: tuple[Whose, ...] = ("ours", "theirs")


class Converter:
    """*partitions* is that of every topic; *check* raises where *identities* can be relied on no more.

    Raises HoldError where half of what comes would become dead letters.
    """

    def __init__(
        self, apps: Mapping[str, App], identities: Table, *, partitions: int, prefix: str, carry: bool = True,
        check: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._apps = apps
        self._check = check
        self.known = Known(identities, topics.IDENTITIES.name(prefix=prefix), partitions)
        self._emit = Emitter(apps, partitions=partitions, prefix=prefix, carry=carry)
        self._partitions = partitions
        self._dead = topics.DEAD_LETTERS.name(prefix=prefix)
        self._fuse = Fuse()

    def take(self, apps: Mapping[str, App]) -> None:
        """From the next record on, *apps* in place of those before: the same, with other rules."""
        assert apps.keys() == self._apps.keys()
        self._apps = self._emit.apps = apps

    def __call__(self, batch: Batch, outputs: Outputs) -> None:
        start = time.perf_counter()
        self._check()
        counts: Counter[tuple[str, ...]] = Counter()
        known = self.known.of(outputs)
        for raw in batch.records:
            app = "?"
            routed: tuple[Routed, ...]
            try:
                record_kinds.check(raw.topic, raw.headers)
                callback = callback_of(raw.value, raw.headers)
                app = callback.app
                routed = route(callback, self._apps, known)
            except StateError:
                raise  # of our disk, and not of this record
            except record_kinds.TooNewError as error:
                routed = (Dead(record_kinds.TOO_NEW, str(error), ours=True),)
            except Exception as error:  # noqa: BLE001 - a defect costs this record its place, and nothing else
                routed = (_defect(error),)
            counts["in", app] += 1
            for one in routed:
                self._write(one, raw, app, known, outputs, counts)
        ends = {whose: sum(n for what, n in counts.items() if what[0] == "dead" and what[2] == whose) for whose in WHOSE}
        if blown := self._fuse.note(len(batch.records), **ends):
            raise HoldError(str(blown))
        self._count(counts)
        metrics.CONVERT_BATCH.observe(len(batch.records))
        metrics.CONVERT_SECONDS.observe(time.perf_counter() - start)

    def _write(
        self, one: Routed, raw: ConsumerRecord, app: str, known: Overlay, outputs: Outputs, counts: "Counter[tuple[str, ...]]"
    ) -> None:
        match one:
            case Deliver(delivery=delivery, platform=platform, losses=losses, unfit=unfit):
                if unfit:
                    _refused(counts, app, unfit, delivery.event.id, delivery.author)
                said = past(raw.headers)
                self._emit(one, outputs, [] if said is None else [(PAST, said)])
                kind = "account" if delivery.newcomer else kind_of(delivery.event.operation)
                counts["out", app, platform, kind, "delivery"] += 1
                for loss in losses:
                    counts["loss", app, platform, loss.what] += 1
            case EchoOf():
                self._emit(one, outputs)
                counts["echo", app] += 1
            case Dropped(reason=reason):
                counts["out", app, "", reason, "dropped"] += 1
            case Dead(cause=cause, detail=detail, ours=ours):
                self._bury(raw, cause, detail, ours=ours, outputs=outputs)
                counts["dead", cause, "ours" if ours else "theirs"] += 1
                counts["out", app, "", cause, "dead"] += 1
            case Unfit(reason=reason, event=event, sender=sender):
                _refused(counts, app, reason, event, sender)
            case Minted():
                self._emit(one, outputs)
                known.add(*one.record)

    def _bury(self, raw: ConsumerRecord, cause: str, detail: str, *, ours: bool, outputs: Outputs) -> None:
        key, letter = dead.unread(raw, stage=STAGE, cause=cause, detail=detail, whose="ours" if ours else "theirs")
        outputs.add(self._dead, crc32(key) % self._partitions, key, letter)

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


def _refused(counts: "Counter[tuple[str, ...]]", app: str, reason: str, event: str, sender: str) -> None:
    counts["unfit", app, reason] += 1
    # Whose it is, and nothing of what it says. Messages that were passed on bear such marks as well.
    log.info("mark is not believed", app=app, reason=reason, event_id=event, sender=ascii(sender[:128]))


def _defect(error: Exception) -> Dead:
    where = place(error)
    log.error("defect in a converter", place=where)
    return Dead("defect", where, ours=True)
