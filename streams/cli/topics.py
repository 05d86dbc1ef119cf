"""`im-relay topics`: make the relay's topics, and see whether they are as they should be."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from converters.core.localized import text_of
from streams.cli.acls import acls
from streams.cli.common import ask, settings_of
from streams.cli.exit_codes import DIFFERS
from streams.cli.options import DryRun, Json
from streams.cli.terminal import ColumnHead, print_json, print_line, print_notice, print_table
from streams.kafka import admin
from streams.kafka.topics import DAY, TopicSpec, wanted
from streams.locale.messages import translated

if TYPE_CHECKING:
    from streams.kafka.cluster import Cluster
    from streams.settings.root import Settings

app = typer.Typer(help="The relay's topics and their permissions.", no_args_is_help=True)
app.command()(acls)

Config = Annotated[
    Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file. The options below override it.")
]
Bootstrap = Annotated[str | None, typer.Option(envvar="KAFKA_BOOTSTRAP", help="A broker's HOST:PORT.  [default: kafka.bootstrap]")]
Platforms = Annotated[
    list[str] | None, typer.Option("--platform", help="Repeatable.  [default: those of the settings' apps, otherwise all known]")
]
Prefix = Annotated[str | None, typer.Option(help="Prefix of each name; separates deployments on one cluster.  [default: kafka.prefix]")]
Partitions = Annotated[int | None, typer.Option(min=1, help="Partitions of each topic. Cannot change later.  [default: kafka.partitions]")]
MinInsync = Annotated[int | None, typer.Option(min=1, help="min.insync.replicas.  [default: 1 with one replica, else 2]")]
Replication = Annotated[int, typer.Option(min=1, help="Replicas of each record: 1 on a single node, else 3.")]

_NAME = ColumnHead("topic", whole=True)

T = TypeVar("T")


@app.command()
def create(
    config: Config = None,
    bootstrap: Bootstrap = None,
    platform: Platforms = None,
    prefix: Prefix = None,
    partitions: Partitions = None,
    replication: Replication = 1,
    min_insync: MinInsync = None,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Correct the settings of existing topics.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Make what is missing, and say it before; exit code 1 if something still differs. Example: im-relay topics create --fix"""
    settings = settings_of(config)
    topics = _wanted(settings, platform, prefix, partitions, replication, min_insync)
    cluster = _cluster(settings, bootstrap)
    before = ask(admin.checked(cluster, topics, replication), cluster)
    _announce(before.left, replication, fix=fix)
    if dry_run:
        _end(topics, before, json=json)
        return
    done = ask(admin.create(cluster, topics, replication, fix=fix), cluster)
    for change in done.changes:
        if json:
            print_json({"topic": change.topic, "done": change.what, "detail": change.detail})
        else:
            print_line(f"{change.what} {change.topic} {change.detail}".rstrip())
    _tell_refused(done.refused)
    if done.refused and replication > (there := ask(admin.brokers(cluster), cluster)):
        print_notice(_too_few(there, replication))
    refused = {one.topic for one in done.refused}
    _end(topics, done, failed=bool(refused), note=lambda left: _after(left, refused, fix=fix), json=json)


@app.command()
def check(
    config: Config = None,
    bootstrap: Bootstrap = None,
    platform: Platforms = None,
    prefix: Prefix = None,
    partitions: Partitions = None,
    replication: Replication = 1,
    min_insync: MinInsync = None,
    *,
    json: Json = False,
) -> None:
    """Report differences. Exit code 1 if there are any. Example: im-relay topics check --replication 3"""
    settings = settings_of(config)
    topics = _wanted(settings, platform, prefix, partitions, replication, min_insync)
    cluster = _cluster(settings, bootstrap)
    _end(topics, ask(admin.checked(cluster, topics, replication), cluster), json=json)


@app.command(name="list")
def list_topics(config: Config = None, platform: Platforms = None, prefix: Prefix = None, *, json: Json = False) -> None:
    """Show every topic and its meaning, without a broker. Example: im-relay topics list"""
    rows = []
    for each in _wanted(settings_of(config), platform, prefix, 1, 1, None):
        topic = each.topic
        if json:
            print_json(
                {
                    "topic": each.name,
                    "key": topic.key,
                    "value": topic.value,
                    "cleanup": topic.cleanup,
                    "kept": topic.kept,
                    "meaning": topic.meaning,
                }
            )
        days = "" if topic.kept is None else f"{topic.kept // DAY} d"
        kept = ", ".join(filter(None, ("compacted" if "compact" in topic.cleanup else "", days)))
        rows.append([each.name, topic.key, topic.value, kept, topic.meaning])
    if not json:
        print_table([_NAME, translated("key"), translated("value"), translated("kept"), translated("meaning")], rows)


def _wanted(
    settings: "Settings", platforms: list[str] | None, prefix: str | None, partitions: int | None, replication: int, min_insync: int | None
) -> tuple[TopicSpec, ...]:
    known = _known()
    if strangers := [each for each in platforms or () if each not in known]:
        raise typer.BadParameter(
            translated("no platform {strangers}; known are {known}", strangers=", ".join(strangers), known=", ".join(known))
        )
    try:
        return wanted(
            platforms or settings.platforms(),
            prefix=settings.kafka.prefix if prefix is None else prefix,
            partitions=partitions or settings.kafka.partitions,
            min_insync=min_insync or min(2, replication),
        )
    except ValueError as error:
        raise typer.BadParameter(text_of(error)) from None


def _known() -> tuple[str, ...]:
    from converters import PLATFORMS

    return tuple(PLATFORMS)


def _cluster(settings: "Settings", bootstrap: str | None) -> "Cluster":
    """The settings', at another address where one is given."""
    from streams.kafka.cluster import Cluster

    kafka = settings.kafka
    return Cluster(bootstrap, kafka.security, untried=kafka.allow_untested_versions) if bootstrap else kafka.cluster


def _tell_refused(refused: Iterable[admin.TopicRefusal]) -> None:
    """Each reason once, however many topics it holds for."""
    reasons: dict[str, list[str]] = {}
    for one in refused:
        reasons.setdefault(one.reason, []).append(one.topic)
    for reason, names in reasons.items():
        print_notice(translated("refused by the broker: {what}: {reason}", what=", ".join(names), reason=reason))


def _too_few(there: int, replication: int) -> str:
    brokers = "1 broker" if there == 1 else f"{there} brokers"
    return (
        f"--replication {replication} is more than the {brokers} of this cluster. To try the relay: --replication {there}. "
        "To run it: three brokers, so that the loss of one loses nothing"
    )


def _announce(left: Iterable[admin.TopicDifference], replication: int, *, fix: bool) -> None:
    """What is about to be changed, before it is."""
    for each in left:
        if each.what == "topic":
            print_notice(translated("will make {topic}, {replication} copies of each record", topic=each.topic, replication=replication))
        elif fix and each.fixable:
            print_notice(
                translated(
                    "will set {topic} {what}: {seen} -> {expected}",
                    topic=each.topic,
                    what=each.what,
                    seen=each.seen,
                    expected=each.expected,
                )
            )


def _remedy(difference: admin.TopicDifference) -> str:
    return "topics create" if difference.what == "topic" else "topics create --fix"


def _after(difference: admin.TopicDifference, refused: AbstractSet[str], *, fix: bool) -> str:
    """As `_remedy`, after `create`: never what was just done."""
    if difference.topic in refused:
        return "refused: see above"
    if fix or difference.what == "topic":
        return "not to be seen yet; look again: topics check"
    return _remedy(difference)


def _end(
    topics: Sequence[TopicSpec],
    done: admin.TopicsResult,
    *,
    failed: bool = False,
    note: Callable[[admin.TopicDifference], str] = _remedy,
    json: bool = False,
) -> None:
    if done.unseen:
        print_notice(translated("settings not compared (DescribeConfigs is not permitted): {what}", what=", ".join(done.unseen)))
    if left := done.left:
        rows = [[each.topic, each.what, each.seen, each.expected, each.reason or note(each)] for each in left]
        if json:
            for row in rows:
                print_json(dict(zip(("topic", "what", "seen", "expected", "note"), row, strict=True)))
        else:
            print_table([_NAME, translated("what"), translated("seen"), translated("expected"), translated("note")], rows)
        raise typer.Exit(DIFFERS)
    if failed:
        raise typer.Exit(DIFFERS)
    (print_notice if json else print_line)(translated("{topics} topics are as they should be", topics=len(topics)))
