"""One attempt at `im-relay migrate apply`: a bundle is fed to the workers, and a person sees how far it is. What is stopped goes on with the same command."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from converters.core.localized import localized
from converters.inventory import KINDS
from converters.migration import FilesBy
from converters.probing import Findings
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App
from streams.cli.common import now, operator_name
from streams.exactly_once.producers import FencedError, Producers, ProducerSettings
from streams.identities.follower import IdentityFollower
from streams.identities.store import disk_of
from streams.kafka import topics
from streams.kafka.log_reader import LogReader
from streams.kafka.record_writer import PlacedRecord, RecordWriter
from streams.migrate.behind import Behind
from streams.migrate.bundle import Bundle
from streams.migrate.bundle_apps import apps_of
from streams.migrate.feed import Feeder, StoppedError
from streams.migrate.feed_options import Options
from streams.migrate.known import Known
from streams.migrate.lasting import STOPPED, Ended, Going
from streams.migrate.orders import Hours, HoursError, Orders
from streams.migrate.records import Feed, Run, dump
from streams.migrate.role import group_of, names_of
from streams.migrate.shown import Shown
from streams.operate.bounds import first_known
from streams.operate.dead_letter_reader import LetterFilter, find
from streams.operate.topic_reader import OperateError, TopicReader
from streams.settings.root import Settings
from streams.state.own_directory import own_directory

WRITE = 30.0
"""Seconds in which an order must be on the brokers."""
FIRST = next(iter(KINDS))


class Wanted(Struct, frozen=True, kw_only=True):
    """As a person asked for it. *live_since*: in ms; 0: nothing is carried live; None: as of the first callback."""

    between: str = ""
    zone: str = ""
    update: bool = False
    catch_up: bool = False
    files: FilesBy = "fetch"
    live_since: int | None = None
    quotas: Mapping[str, float] = {}
    """Of the plan, where they are not the platform's own."""


def findings_of(directory: Path, app: str) -> Findings:
    """What the probe has found, where it was run. Raises OperateError."""
    path = directory / f"findings-{app}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Findings)
    except FileNotFoundError:
        return Findings()
    except (OSError, msgspec.DecodeError) as error:
        raise OperateError(
            localized(
                "{path} holds no findings of a probe ({kind}): run im-relay migrate probe again", path=path, kind=type(error).__name__
            )
        ) from None


async def give(settings: Settings, order: Run) -> None:
    """Write down what is wanted of a migration. Raises KafkaError."""
    kafka, topic = settings.kafka, topics.RUNS.name(prefix=settings.kafka.prefix)
    key = order.app.encode()
    async with RecordWriter(kafka.cluster, WRITE) as writer:
        await writer.write(topic, [PlacedRecord(key, dump(order), topics.partition_of(key, kafka.partitions))])


async def orders_of(settings: Settings) -> Orders:
    """As they stand now. Raises KafkaError."""
    reader = LogReader(settings.kafka.cluster, committed=True)
    orders = Orders(topics.RUNS.name(prefix=settings.kafka.prefix), settings.kafka.partitions, reader)
    try:
        await orders.look()
    finally:
        await reader.stop()
    return orders


async def pause(settings: Settings, app: str) -> bool:
    """Whether there was a run that could be paused. Raises KafkaError."""
    run = (await orders_of(settings)).runs.get(app)
    if run is None or run.mode != "running":
        return False
    await give(settings, structs.replace(run, mode="paused", at=now(), by=operator_name()))
    return True


async def attempt(
    settings: Settings,
    apps: Mapping[str, App],
    bundle: Bundle,
    wanted: Wanted,
    link: ProducerSettings,
    say: Callable[[str], None],
    going: Going,
) -> Ended:
    """Until it is done, or somebody stops it. Raises OperateError, KafkaError, UnknownResultError, StateError."""
    source, target = apps_of(apps, bundle)
    _check_hours(wanted)
    if wanted.files == "carry" and not (settings.media.carry and target.platform.media):
        raise OperateError(
            localized("--files carry: no role `media` brings files over (media.carry is false); --files fetch or link do without")
        )
    async with AsyncExitStack() as exits:
        reader = LogReader(settings.kafka.cluster, committed=True)
        exits.push_async_callback(reader.stop)
        orders = await _followed(settings, exits)
        order, feed = going.on(orders) or await _begun(settings, orders, bundle, source, target, wanted)
        names, partitions, prefix = names_of(target.platform.name, settings), settings.kafka.partitions, settings.kafka.prefix
        known = known_of(settings, target, reader)
        exits.callback(known.close)
        follower = await identities_of(settings, names.identities, exits)
        group = group_of(target.platform.name, prefix)
        behind = await exits.enter_async_context(Behind(settings.kafka.cluster, group, names.tasks, partitions, reader))
        if going.order is None:
            await give(settings, order)
        going.order, going.feed = order, feed
        look = _Look(orders, order, follower, going.stop)

        async def dropped() -> frozenset[str]:
            return await _dropped(settings, apps, follower.table)

        options = Options(
            update=wanted.update,
            files=wanted.files,
            ahead=settings.migrate.ahead,
            partitions=partitions,
            runs=topics.RUNS.name(prefix=prefix),
        )
        producers = Producers(link, f"{prefix}feed.{target.name}", "")
        exits.push_async_callback(producers.close)
        feeder = Feeder(
            bundle, source, target, names, follower.table, known, behind, producers, options, feed, look, dropped, follower.caught_up
        )
        why = await _fed(feeder, Shown(bundle, known, feeder, say), target.name)
        await known.refresh()
        if why == STOPPED:
            await give(settings, structs.replace(order, mode="paused", at=now(), by=operator_name()))
        elif not why:
            await give(settings, structs.replace(order, mode="done", at=now()))
        return Ended(why, feeder.feed, known.counts)


async def _fed(feeder: Feeder, shown: Shown, app: str) -> str:
    """Why it ended before all was done; empty where it is. Raises OperateError, KafkaError, UnknownResultError, StateError."""
    showing = asyncio.create_task(shown.run())
    try:
        await feeder.run()
    except StoppedError as error:
        return str(error)
    except FencedError:
        raise OperateError(localized("somebody else has begun to apply a bundle to {app}, and goes on there", app=app)) from None
    finally:
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing
    return ""


class _Look:
    """Raises StoppedError where nothing more is to be fed: a person has pressed Ctrl-C here, or paused it elsewhere."""

    def __init__(self, orders: Orders, order: Run, follower: IdentityFollower, stop: asyncio.Event) -> None:
        self._orders = orders
        self._order = order
        self._follower = follower
        self._stop = stop

    def __call__(self) -> None:
        self._follower.check()
        if self._stop.is_set():
            raise StoppedError(STOPPED)
        current = self._orders.runs.get(self._order.app)
        if current is None or current.at <= self._order.at:
            return
        if current.bundle != self._order.bundle:
            raise StoppedError(f"{current.by} applies bundle {current.bundle}")
        if current.mode == "paused":
            raise StoppedError(f"paused by {current.by}")


def _check_hours(wanted: Wanted) -> None:
    try:
        Hours(wanted.between, wanted.zone)
    except HoursError as error:
        raise OperateError(localized("--between: {error}", error=error)) from None


async def _followed(settings: Settings, exits: AsyncExitStack) -> Orders:
    reader = LogReader(settings.kafka.cluster, committed=True)
    orders = Orders(topics.RUNS.name(prefix=settings.kafka.prefix), settings.kafka.partitions, reader)
    exits.push_async_callback(orders.stop)
    await orders.start()
    return orders


def known_of(settings: Settings, target: App, reader: LogReader) -> Known:
    """What is done, in a directory of this process' own; not read yet. Raises StateError, SettingsError."""
    platform, kafka = target.platform.name, settings.kafka
    directory = own_directory(settings.migrate.directory, f"{kafka.prefix}known-{platform}", "migrate.directory")
    return Known(directory, names_of(platform, settings).done, kafka.partitions, reader)


async def identities_of(settings: Settings, topic: str, exits: AsyncExitStack) -> IdentityFollower:
    """The table as it is now, followed; on disk, in a directory of this process' own. Raises KafkaError, StateError."""
    disk = disk_of(settings, str(settings.migrate.directory), f"{settings.kafka.prefix}feed")
    follower = IdentityFollower(settings.kafka.cluster, topic, disk=disk)
    if disk is not None:
        exits.callback(disk.close)
    exits.push_async_callback(follower.stop)
    await follower.start()
    return follower


async def _begun(settings: Settings, orders: Orders, bundle: Bundle, source: App, target: App, wanted: Wanted) -> tuple[Run, Feed]:
    """The order, and from where on it is fed. Raises OperateError."""
    run = bundle.meta.sha256[:12]
    before, feed = orders.runs.get(target.name), orders.feeds.get((target.name, run))
    if before is not None and before.bundle != run and before.mode != "done" and not wanted.catch_up:
        raise OperateError(
            localized(
                "bundle {bundle} is being applied to {name}: finish it first, or say --catch-up to go on with this one",
                bundle=before.bundle,
                name=target.name,
            )
        )
    if feed is None:
        since = wanted.live_since if wanted.live_since is not None else await _live_since(settings, source)
        feed = Feed(app=target.name, bundle=run, kind="", live_since=since)
    elif wanted.live_since is not None:
        feed = structs.replace(feed, live_since=wanted.live_since)
    if not feed.kind or wanted.update or wanted.catch_up:
        feed = structs.replace(feed, kind=FIRST, key="")
    started = before.started if before is not None and before.bundle == run else now()
    findings = findings_of(settings.migrate.directory, target.name)
    order = Run(
        app=target.name,
        bundle=run,
        between=wanted.between,
        zone=wanted.zone,
        findings=findings,
        quotas=dict(wanted.quotas),
        started=started,
        at=now(),
        by=operator_name(),
    )
    return order, feed


async def _live_since(settings: Settings, source: App) -> int:
    """When the first callback of *source* came; 0 where none has. Raises OperateError where that is no longer kept."""
    topic = topics.CALLBACKS.name(source.platform.name, prefix=settings.kafka.prefix)
    async with TopicReader(settings.kafka.cluster, names=[topic]) as reader:
        tps = reader.partitions(topic)
        if any(span.start for span in await reader.spans(tps)):
            raise OperateError(
                localized(
                    "{topic} no longer holds the first callbacks, so that nothing tells since when the relay carries messages of {name}: say it with --live-since, or --live-since none where it does not",
                    topic=topic,
                    name=source.name,
                )
            )
        return await first_known(reader, topic, source.name) or 0


async def _dropped(settings: Settings, apps: Mapping[str, App], identities: IdentityTable) -> frozenset[str]:
    topic = topics.DEAD_LETTERS.name(prefix=settings.kafka.prefix)
    async with TopicReader(settings.kafka.cluster, names=[topic]) as reader:
        found = await find(reader, topic, LetterFilter(stage="migrate", resolved=True), apps, identities)
    return frozenset(one.name for one in found.letters if one.resolved is not None and one.resolved.resolved == "dropped")
