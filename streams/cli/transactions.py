"""`im-relay transactions`: which transactions are open in the relay's topics, whose they are, and how one is ended."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from aiokafka import TopicPartition

from converters.core.localized import localized
from streams.cli.common import ask, confirm, settings_of
from streams.cli.exit_codes import DIFFERS
from streams.cli.options import Json, Yes
from streams.cli.terminal import print_json, print_line, print_notice, print_table
from streams.kafka import open_transactions
from streams.kafka.acls import stage_groups
from streams.kafka.open_transactions import OpenTransaction, client_of
from streams.locale.messages import translated
from streams.operate.topic_reader import OperateError

if TYPE_CHECKING:
    from streams.settings.root import Settings

app = typer.Typer(help="Open transactions that block messages: list, abort.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option("--config", "-c", envvar="IM_RELAY_CONFIG", help="The settings file (TOML).")]

OLD = 20.0
"""Seconds; a worker's own transaction is over sooner, unless it has died."""
LEFT = 60_000
"""Ms that the next transaction of a fenced id may take where nobody says how long the last might have."""


@app.command(name="list")
def list_open(
    config: Config = None,
    older: Annotated[float, typer.Option(min=0, help="Only those that have been open for so many seconds.")] = OLD,
    *,
    json: Json = False,
) -> None:
    """Show open transactions, oldest first. Exit code 1 if there is one. Example: im-relay transactions list -c relay.toml"""
    settings = settings_of(config)
    found = [one for one in ask(_found(settings), settings.kafka.cluster) if one.age() >= older]
    if not found:
        (print_notice if json else print_line)(
            translated("no transaction has been open for {older:g} s in the relay's topics", older=older)
        )
        return
    found.sort(key=lambda one: -one.age())
    if json:
        for one in found:
            print_json(
                {
                    "topic": one.writer.tp.topic,
                    "partition": one.writer.tp.partition,
                    "offset": one.writer.start,
                    "seconds": round(one.age(), 1),
                    "producer": one.writer.producer,
                    "transactional_id": one.name,
                    "whose": _whose(settings, one),
                }
            )
        raise typer.Exit(DIFFERS)
    rows = [
        [
            one.writer.tp.topic,
            str(one.writer.tp.partition),
            str(one.writer.start),
            f"{one.age():.0f} s",
            str(one.writer.producer),
            one.name or "?",
            _whose(settings, one),
        ]
        for one in found
    ]
    print_table(
        [
            translated("topic"),
            translated("partition"),
            translated("from offset"),
            translated("open for"),
            translated("producer"),
            translated("transactional id"),
            translated("whose"),
        ],
        rows,
    )
    raise typer.Exit(DIFFERS)


@app.command()
def abort(
    topic: Annotated[str, typer.Argument(help="As `list` shows it.")],
    partition: Annotated[int, typer.Argument(min=0)],
    config: Config = None,
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Abort the transaction that blocks a partition: none of its records is ever read.

    Example: im-relay transactions abort deliveries.NAME 3
    """
    settings = settings_of(config)
    tp = TopicPartition(topic, partition)
    one = ask(_oldest(settings, tp), settings.kafka.cluster)
    if one is None:
        _told(tp, "", json=json)
        return
    print_notice(str(one))
    print_notice(_consequence(settings, one))
    confirm(translated("Abort it?"), yes=yes)
    ask(_ended(settings, one), settings.kafka.cluster)
    _told(tp, "aborted", json=json)


async def _found(settings: "Settings") -> list[OpenTransaction]:
    from streams.kafka.topics import names

    async with client_of(settings.kafka.cluster) as client:
        cluster = await client.fetch_all_metadata()
        tps = [
            TopicPartition(name, number)
            for name in names(settings.platforms(), prefix=settings.kafka.prefix)
            for number in sorted(cluster.partitions_for_topic(name) or ())
        ]
        for tp in tps:
            await client.add_topic(tp.topic)
        return await open_transactions.named(client, await open_transactions.writers(client, tps))


async def _oldest(settings: "Settings", tp: TopicPartition) -> OpenTransaction | None:
    """Raises OperateError where there is no such partition."""
    async with client_of(settings.kafka.cluster) as client:
        partitions = (await client.fetch_all_metadata()).partitions_for_topic(tp.topic)
        if not partitions:
            raise OperateError(localized("there is no topic {topic}; see im-relay transactions list", topic=tp.topic))
        if tp.partition not in partitions:
            raise OperateError(
                localized(
                    "there is no partition {partition} of {topic}; see im-relay transactions list", partition=tp.partition, topic=tp.topic
                )
            )
        return await open_transactions.oldest(client, tp)


async def _ended(settings: "Settings", one: OpenTransaction) -> None:
    """Raises OperateError where it is still open."""
    async with client_of(settings.kafka.cluster) as client:
        await _end(client, one)
        if not await open_transactions.over(client, one.writer):
            raise OperateError(
                localized("it is still open after {ending:g} s; look at the transaction coordinator's log", ending=open_transactions.ENDING)
            )


def _told(tp: TopicPartition, done: str, *, json: bool) -> None:
    if json:
        print_json({"topic": tp.topic, "partition": tp.partition, "done": done or None})
    else:
        print_line(done or translated("{topic}, partition {partition}: no transaction is open", topic=tp.topic, partition=tp.partition))


async def _end(client: Any, one: OpenTransaction) -> None:
    if one.name:
        await open_transactions.fence(client, one.name, one.timeout or LEFT)
    else:
        await open_transactions.end_unknown(client, one.writer)


def _consequence(settings: "Settings", one: OpenTransaction) -> str:
    if not one.name:
        return (
            "No coordinator knows it, or this user may not see it (DESCRIBE on transactional ids). If a coordinator does know it, do not go on: "
            "ask the cluster's administrator. Its records, in this partition, will count as aborted."
        )
    whose = _whose(settings, one)
    ours = f"{whose}: that worker leaves with exit code 1, is started again, and does the same once more. " if whose else ""
    return (
        f"Its transactional id is taken from whoever has it, as a new owner would: what it has written in this transaction, in all partitions, is "
        f"never read, and its next request is refused. {ours or 'It is none of the relay: ask whose it is, if you do not know. '}"
    ).rstrip()


def _whose(settings: "Settings", one: OpenTransaction) -> str:
    """Of which stage of ours; empty for a stranger's."""
    for group in stage_groups(settings.kafka.prefix, settings.platforms()):
        number, _, turn = one.name.removeprefix(f"{group}-").partition("-")
        if one.name.startswith(f"{group}-") and number.isdigit() and turn in {"a", "b"}:
            return f"{group}, partition {number}"
    return ""
