"""The worker roles as processes: what they need before they start, what they show, how they end."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from converters.identities import Identities
from streams import health as healths
from streams import metrics
from streams.convert import stage as convert
from streams.convert.reload import Rereading
from streams.convert.stage import Converter
from streams.deliver.client import clients
from streams.deliver.gate import Gate
from streams.deliver.progress import Progress
from streams.deliver.records import STAGE as DELIVER
from streams.deliver.surroundings import Surroundings, Topics
from streams.deliver.work import Delivering
from streams.exact.hop import Hop
from streams.exact.producers import Link
from streams.exact.task import Watch
from streams.exact.transport import Plan
from streams.exact.worker import make_app, run
from streams.fuse import Fuse
from streams.health import Health
from streams.identities import Follower
from streams.kafka import topics
from streams.plugins import equipped
from streams.settings import Kafka, Settings, SettingsError, resolve

log = structlog.get_logger()


async def run_convert(settings: Settings, file: Path | None = None) -> int:
    """Turn callbacks into deliveries until stopped; the answer is the exit code. Raises SettingsError, PluginError.

    The rules are read again when *file*, where the settings came from, changes.
    """
    apps = equipped(resolve(settings), settings.plugins.use)
    log.info("plug-ins", asked=[plugin.name for app in list(apps.values())[:1] for plugin in app.plugins])
    kafka = settings.kafka
    platforms = settings.platforms()
    inputs = [topics.CALLBACKS.name(platform, prefix=kafka.prefix) for platform in platforms]
    known = topics.IDENTITIES.name(prefix=kafka.prefix)
    outputs = [topics.DELIVERIES.name(platform, prefix=kafka.prefix) for platform in platforms]
    await _require(kafka, [*inputs, *outputs, known])
    table = Identities()
    follower = Follower(kafka.bootstrap, known, table)
    converter = Converter(apps, table, partitions=kafka.partitions, prefix=kafka.prefix)
    watch = Seen(Health())
    limit = settings.convert.max_records
    plan = Plan(convert.STAGE, inputs, lambda _: Hop(converter, max_records=limit, pace=settings.convert.cycle), _link(kafka), watch)
    plan.pace = settings.convert.cycle
    await follower.start()
    try:
        async with Rereading(file, settings, apps, converter.take):
            return await _host(settings, plan, watch, f"{kafka.prefix}convert", max_records=limit)
    finally:
        await follower.stop()


async def run_deliver(
    settings: Settings, platform: str, transport: httpx.AsyncBaseTransport | None = None
) -> int:
    """Deliver to one platform until stopped; the answer is the exit code. Raises SettingsError.

    *transport* takes the place of the one that ships, for a comparison.
    """
    apps = resolve(settings)
    targets = {name: app for name, app in apps.items() if app.platform.name == platform}
    if not targets:
        there = ", ".join(settings.platforms())
        raise SettingsError(f"no app of the settings is on platform {platform!r}; there are apps on: {there}")
    kafka = settings.kafka
    sources = sorted({app.platform.name for app in apps.values() if apps[app.target].platform.name == platform})
    names = Topics(
        deliveries=topics.DELIVERIES.name(platform, prefix=kafka.prefix),
        backfill=topics.BACKFILL.name(platform, prefix=kafka.prefix),
        echoes=topics.ECHOES.name(platform, prefix=kafka.prefix),
        ledger=topics.LEDGER.name(platform, prefix=kafka.prefix),
        dead=topics.DEAD_LETTERS.name(prefix=kafka.prefix),
        identities=topics.IDENTITIES.name(prefix=kafka.prefix),
        mirrored=tuple(topics.LEDGER.name(name, prefix=kafka.prefix) for name in sources if name != platform),
        partitions=kafka.partitions,
    )
    await _require(kafka, [names.deliveries, names.backfill, names.echoes, names.ledger, *names.mirrored, names.dead])
    group = f"{kafka.prefix}deliver.{platform}"
    loop = asyncio.get_running_loop()
    gates = {name: Gate(app, settings.deliver, loop) for name, app in targets.items()}
    around = Surroundings(
        platform=platform,
        names=names,
        apps=apps,
        clients=clients(targets, settings.deliver, transport),
        gates=gates,
        settings=settings.deliver,
        state=_own_directory(settings.deliver.state, group),
        bootstrap=kafka.bootstrap,
        fuse=Fuse(),
        progress=Progress(
            kafka.bootstrap, f"{kafka.prefix}convert", topics.CALLBACKS.name(platform, prefix=kafka.prefix)
        ),
        mirrored=frozenset(app.name for app in apps.values() if apps[app.target].platform.name == platform),
    )
    watch = Seen(Health(), tuple(gates.values()))
    inputs = [names.deliveries, names.backfill, names.echoes, *names.mirrored]
    plan = Plan(DELIVER, inputs, lambda number: Delivering(number, around), _link(kafka), watch)
    plan.pace = settings.deliver.cycle / 2
    try:
        return await _host(settings, plan, watch, group, max_records=settings.deliver.window)
    finally:
        for client in around.clients.values():
            await client.close()
        await around.progress.close()


class Seen(Watch):
    """What tasks tell, as metrics and health."""

    def __init__(self, health: Health, gates: Sequence[Gate] = ()) -> None:
        self.health = health
        self._gates = gates

    def committed(self, stage: str, records: int, seconds: float) -> None:
        del records
        metrics.TRANSACTIONS.labels(stage, "committed").inc()
        metrics.TRANSACTION_SECONDS.labels(stage).observe(seconds)
        with suppress(KeyError):  # held
            self.health.progress(stage)

    def restarted(self, stage: str, reason: str) -> None:
        metrics.TRANSACTIONS.labels(stage, "unknown").inc()
        metrics.PRODUCER_STARTS.labels(stage, reason).inc(2)

    def held(self, stage: str, why: str) -> None:
        metrics.HELD.labels(stage).set(1)
        self.health.unwatch(stage)  # standing still is what it is meant to do
        self.health.ready(False, why, part="fuse")

    def show(self) -> None:
        """Bring gauges up to date that nothing else moves."""
        for gate in self._gates:
            gate.show()

    def owned(self, stage: str, partitions: int) -> None:
        metrics.PARTITIONS_OWNED.labels(stage).set(partitions)
        if partitions:
            metrics.REBALANCES.labels(stage).inc()
            metrics.PRODUCER_STARTS.labels(stage, "assigned").inc(2 * partitions)
            self.health.ready(True)
        self.health.ready(bool(partitions), "owns no partition", part="partitions")


async def _host(settings: Settings, plan: Plan, watch: Seen, group: str, *, max_records: int) -> int:
    kafka = settings.kafka
    app = make_app(group, plan, session_timeout=kafka.session_timeout, max_records=max_records)
    observer = healths.listener(watch.health, settings.observe)
    await observer.start()
    lag = Lag(app, plan.stage, watch.show)
    watch.health.watch(plan.stage, lag.behind)
    measuring = asyncio.create_task(lag.measure())
    log.info("starts", stage=plan.stage, group=group, kafka=kafka.bootstrap, observe=observer.port)
    try:
        code = await run(app)
    finally:
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring
        await observer.stop(1.0)
    log.info("ends", stage=plan.stage, code=code)
    return code


class Lag:
    """How far the committed offsets are behind what can be read, by partition."""

    def __init__(self, app: object, stage: str, show: Callable[[], None]) -> None:
        self._show = show
        self._app = app
        self._stage = stage
        self._records: dict[tuple[str, int], int] = {}

    def behind(self) -> bool:
        return any(self._records.values())

    async def measure(self, every: float = 2.0) -> None:
        while True:
            await asyncio.sleep(every)
            self._show()
            with suppress(AttributeError, KafkaError, TimeoutError):  # not started yet, or on the move
                async with asyncio.timeout(every):
                    await self._look()

    async def _look(self) -> None:
        manager = self._app.transport.manager  # type: ignore[attr-defined]
        consumer = self._app.consumer  # type: ignore[attr-defined]
        seen: dict[tuple[str, int], int] = {}
        for task in list(manager.tasks.values()):
            for tp in task.inputs:
                end = consumer.kafka.last_stable_offset(tp)
                done = task.committed.get(tp, consumer.starts.get(tp))
                if end is None or done is None:
                    continue
                # Markers, and what an aborted transaction wrote, have offsets that nobody commits past until more comes.
                all_done = await consumer.kafka.position(tp) >= end and done >= task.read.get(tp, 0)
                seen[tp.topic, tp.partition] = 0 if all_done else max(0, end - done)
        for topic, partition in self._records.keys() - seen.keys():
            metrics.LAG.remove(self._stage, topic, str(partition))
        for (topic, partition), behind in seen.items():
            metrics.LAG.labels(self._stage, topic, str(partition)).set(behind)
        self._records = seen


def _link(kafka: Kafka) -> Link:
    return Link(kafka.bootstrap, transaction_timeout=kafka.transaction_timeout)


async def _require(kafka: Kafka, names: list[str]) -> None:
    """All topics there, with the partitions that the settings say: a conversation's partition is computed from them."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    try:
        async with asyncio.timeout(20):
            await producer.start()
            cluster = await producer.client.fetch_all_metadata()
    except (KafkaError, TimeoutError, OSError) as error:
        raise SettingsError(
            f"kafka.bootstrap is {kafka.bootstrap}: no broker answers there ({type(error).__name__}); "
            "is it running, and is the address right?"
        ) from None
    finally:
        with suppress(Exception):
            await producer.stop()
    for name in names:
        found = len(cluster.partitions_for_topic(name) or ())
        if not found:
            raise SettingsError(f"topic {name} is missing; make it with: im-relay topics create")
        if found != kafka.partitions and name != names[-1]:
            raise SettingsError(
                f"topic {name} has {found} partitions, kafka.partitions says {kafka.partitions}: set kafka.partitions = {found}"
            )


def _own_directory(state: Path, group: str) -> Path:
    """A directory that no other worker on this machine uses: the first free one of `<group>-0`, `<group>-1`, …"""
    import fcntl

    for number in range(1000):
        path = state / f"{group}-{number}"
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        _locks.append(lock)
        return path
    raise SettingsError(f"deliver.state is {state}: a thousand workers already use it")


_locks: list[object] = []
"""Held as long as the process lives."""
