"""`im-relay replay`: callbacks of a stretch of time sent over once more, without doubling what has arrived."""

import secrets
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from msgspec import structs

from converters.core.localized import localized
from converters.routing.route import App
from streams.cli.common import CommandContext, ask, confirm, now, parse_time
from streams.cli.exit_codes import fail, nothing
from streams.cli.options import WHEN, Config, DryRun, Json, Yes
from streams.cli.terminal import Cell, print_json, print_line, print_notice, print_styled, print_table, progress
from streams.cli.times import length, shown
from streams.kafka import topics
from streams.locale.messages import translated
from streams.operate.bounds import OLDER, refusal
from streams.operate.delivered import elsewhere
from streams.operate.filters import Filter
from streams.operate.pace import RateCap
from streams.operate.replay import SLACK, ReplayCounts, ReplayFilter, ReplayWriter, counted, group, planned
from streams.operate.replay_spec import ReplaySpec
from streams.operate.replay_store import store
from streams.operate.topic_reader import OperateError, TopicReader
from streams.outbound.rate_limiter import overridden
from streams.settings.root import SettingsError

T = TypeVar("T")


def replay(
    platform: Annotated[str, typer.Option(help="Platform whose callbacks to replay.")] = "",
    since: Annotated[str, typer.Option(help=f"From when on: {WHEN}")] = "",
    until: Annotated[str, typer.Option(help="End of the period; as --since.  [default: now]")] = "",
    conversation: Annotated[str, typer.Option(help="direct:ANN:BOB, group:ID or room:ID; canonical, or a platform's own ids.")] = "",
    user: Annotated[str, typer.Option(help="Sender or receiver.")] = "",
    kind: Annotated[str, typer.Option(help="Kind of message or operation: text, …")] = "",
    app: Annotated[str, typer.Option(help="An app of the settings, as source or target.")] = "",
    rate: Annotated[float, typer.Option(min=0, help="Messages per second to write. 0: no limit.")] = 100.0,
    quota: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="Messages per second that the target accepts, to estimate the time.  [default: its limits, and those of the settings]",
        ),
    ] = None,
    resume: Annotated[str, typer.Option(metavar="ID", help="Resume an interrupted replay.")] = "",
    state: Annotated[
        Path | None, typer.Option(help="Directory in which the replay is kept for --resume.  [default: none, the topic `replays` keeps it]")
    ] = None,
    config: Config = None,
    *,
    older: Annotated[bool, typer.Option("--older", help=OLDER)] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Deliver callbacks again, after everything live; messages already delivered are skipped.

    Exit codes: 0 done, 1 nothing matches or nobody confirmed, 2 settings, command line or Kafka are wrong.
    Example: im-relay replay --platform NAME --since 2h --until 90m --dry-run
    """
    relay = CommandContext(config)
    kept = store(relay.link, relay.prefix, state)
    if resume:
        spec = _with_reader(relay, lambda reader: kept.saved(reader, resume))
    else:
        if not dry_run:  # before anybody is asked, and before anything is counted
            _with_reader(relay, kept.require)
        spec = _asked(relay, platform, since, until, Filter(app=relay.app(app), conversation=conversation, user=user, kind=kind))
    if not (older or resume or dry_run) and (why := refusal(localized("a replay"), spec.since, now(), relay.settings.deliver.max_age)):
        fail(OperateError(why))
    topic = relay.topic(topics.CALLBACKS, spec.platform)
    tally, known = _count(relay, topic, spec)
    count = tally.deliveries
    seconds = max(count / rate if rate else 0.0, count / quota if quota else tally.seconds(_limited(relay)))
    _show(spec, tally, seconds, json=json)
    if tally.silent:
        print_notice(
            translated(
                "{silent} of them are older than deliver.max_age, and go without a push where the platform can be told so",
                silent=tally.silent,
            )
        )
    if not tally.deliveries:
        nothing(translated("nothing is left to be sent"))
    if dry_run:
        return
    confirm(translated("Write {deliveries} messages to be sent?", deliveries=tally.deliveries), yes=yes)
    if not resume:
        ask(kept.save(spec), relay.kafka.cluster)
    print_notice(translated("replay {id} writes {deliveries} messages into backfill", id=spec.id, deliveries=tally.deliveries))
    written = _run(relay, topic, spec, rate, known, state)
    (print_notice if json else print_line)(
        translated("replay {id}: {written} written; messages already delivered are skipped", id=spec.id, written=written)
    )


def _with_reader(relay: CommandContext, work: Callable[[TopicReader], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        async with relay.reader() as reader:
            return await work(reader)

    return ask(run(), relay.kafka.cluster)


def _limited(relay: CommandContext) -> dict[str, App]:
    """The apps with the limits that hold for them."""
    deliver, apps = relay.settings.deliver, {}
    for name, app in relay.apps.items():
        try:
            limits = overridden(app.platform.limits, deliver.limits.get(name, {})) if deliver.quotas else ()
        except ValueError as error:
            fail(SettingsError(localized("deliver.limits.{name}: {error}", name=name, error=error)))
        apps[name] = structs.replace(app, platform=structs.replace(app.platform, limits=limits))
    return apps


def _asked(relay: CommandContext, platform: str, since: str, until: str, wanted: Filter) -> ReplaySpec:
    if platform not in relay.platforms:
        raise typer.BadParameter(
            translated(
                "--platform is {platform!r}; there are apps on: {platforms}", platform=platform, platforms=", ".join(relay.platforms)
            )
        )
    begin, end = parse_time(since), parse_time(until) or now()
    if begin is None:
        raise typer.BadParameter(translated("--since is needed"))
    if begin >= end:
        raise typer.BadParameter(translated("--since ({begin}) is not before --until ({end})", begin=shown(begin), end=shown(end)))
    name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
    topic = relay.topic(topics.CALLBACKS, platform)

    async def plan() -> ReplaySpec:
        async with relay.reader() as reader:
            return await planned(reader, topic, name, platform, begin, end, wanted)

    return ask(plan(), relay.kafka.cluster)


def _silent(relay: CommandContext) -> int:
    return now() - int(relay.settings.deliver.max_age * 1000)


def _count(relay: CommandContext, topic: str, spec: ReplaySpec) -> tuple[ReplayCounts, set[int]]:
    """What it comes to, and the events (digests) that were delivered while their conversation had another key."""
    ledgers = [relay.topic(topics.LEDGER, platform) for platform in relay.platforms]

    async def count() -> tuple[ReplayCounts, set[int]]:
        identities, partitions = await relay.identities(), relay.kafka.partitions
        replay_filter = ReplayFilter(spec, relay.apps, identities, partitions, silent_before=_silent(relay))
        with progress(translated("counts callbacks")) as tell:
            async with relay.reader(group(relay.prefix, spec)) as reader:
                tally = await counted(reader, topic, replay_filter, spec, tell)
        known: set[int] = set()
        if tally.expected:
            with progress(translated("reads ledgers")) as tell:
                async with relay.reader() as reader:
                    known = await elsewhere(reader, ledgers, tally.expected, spec.since - SLACK, tell)
        if not known:
            return tally, known
        replay_filter = ReplayFilter(spec, relay.apps, identities, partitions, known, _silent(relay))
        with progress(translated("counts callbacks")) as tell:
            async with relay.reader(group(relay.prefix, spec)) as reader:
                return await counted(reader, topic, replay_filter, spec, tell), known

    return ask(count(), relay.kafka.cluster)


def _run(relay: CommandContext, topic: str, spec: ReplaySpec, rate: float, known: set[int], state: Path | None) -> int:
    async def run() -> int:
        partitions, carry = relay.kafka.partitions, relay.settings.media.carry
        replay_filter = ReplayFilter(spec, relay.apps, await relay.identities(), partitions, known, _silent(relay))
        copier = ReplayWriter(relay.link, relay.prefix, partitions, spec, replay_filter, RateCap(rate), carry=carry)
        with progress(translated("replays callbacks")) as tell:
            async with relay.reader(copier.group) as reader:
                for target in {app.platform.name for app in relay.apps.values()}:
                    reader.partitions(relay.topic(topics.BACKFILL, target))
                await copier.run(reader, topic, tell)
        return copier.written

    finished = False
    try:
        written = ask(run(), relay.kafka.cluster)
        finished = True
    except KeyboardInterrupt:
        nothing(translated("broken off"))
    finally:
        if not finished:
            print_notice(
                translated("go on with: im-relay replay --resume {id}{what}", id=spec.id, what=f" --state {state}" if state else "")
            )
    return written


def _show(spec: ReplaySpec, tally: ReplayCounts, seconds: float, *, json: bool) -> None:
    if json:
        told = {
            "id": spec.id,
            "since": spec.since,
            "until": spec.until,
            "callbacks": tally.read,
            "messages": tally.deliveries,
            "seconds": seconds,
            "chosen": [{"target": target, "kind": kind, "count": n} for (target, kind), n in sorted(tally.chosen.items())],
            "left_out": dict(tally.ended),
            "dead": dict(tally.dead),
            "examples": [{"cause": cause, "at": at, "detail": detail} for cause, at, detail in tally.examples],
        }
        print_json(told)
        return
    rows: list[list[Cell]] = [[f"to {target}", kind, str(count)] for (target, kind), count in sorted(tally.chosen.items())]
    rows += [[("left out", "dim"), reason, str(count)] for reason, count in sorted(tally.ended.items())]
    rows += [[("cannot be converted", "red"), cause, str(count)] for cause, count in sorted(tally.dead.items())]
    print_table(
        [translated("what"), "", translated("count")],
        rows,
        title=translated("{read} callbacks of {since} to {until} UTC", read=tally.read, since=shown(spec.since), until=shown(spec.until)),
    )
    for cause, at, detail in tally.examples:
        print_styled(f"{cause} {at} {detail}", "dim")
    if seconds:
        print_line(translated("{deliveries} messages will take {what}", deliveries=tally.deliveries, what=length(seconds)))
