"""`im-relay trace`: one message's whole way."""

from typing import Annotated, Any

import typer

from streams.cli.common import CommandContext, ask, now, parse_time
from streams.cli.exit_codes import nothing
from streams.cli.options import WHEN, Config, Json
from streams.cli.terminal import print_json, print_styled, print_table, progress
from streams.cli.times import shown
from streams.kafka import topics
from streams.locale.messages import translated
from streams.observe.printable import as_json
from streams.operate.filters import key_of
from streams.operate.trace import TraceRecord, TraceSearch, topics_of
from streams.operate.trace_state import arrival, committed_by, groups_of, state

_TIMES = ("said", "at target")


def trace(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="A platform's message id, of either side, or an event id.")],
    since: Annotated[str, typer.Option(help=f"How far back to look: {WHEN}")] = "24h",
    conversation: Annotated[
        str, typer.Option(help="The conversation, if known, so that less has to be read: canonical, direct:ANN:BOB, group:ID or room:ID.")
    ] = "",
    config: Config = None,
    *,
    show_text: Annotated[bool, typer.Option("--show-text", help="Show the content as well.")] = False,
    json: Json = False,
) -> None:
    """Show where a message is now, and its path with times, attempts and ids on both sides; never its content.

    Exit codes: 0 found, 1 not found, 2 settings, command line or Kafka are wrong.
    Example: im-relay trace MESSAGE --since 2h
    """
    if not message.strip():
        raise typer.BadParameter(translated("an id is needed"))
    relay = CommandContext(config)
    begin = parse_time(since) or 0
    partition = None
    if conversation:
        key = key_of(conversation, ask(relay.identities(), relay.kafka.cluster))
        if key is None:
            raise typer.BadParameter(
                translated("--conversation is {conversation!r}; expected direct:ANN:BOB, group:ID or room:ID", conversation=conversation)
            )
        partition = topics.partition_of(key, relay.kafka.partitions)

    async def work() -> list[tuple[str, list[TraceRecord], str]]:
        there = topics_of(relay.platforms, relay.prefix)
        with progress(translated("looks for it")) as tell:
            async with relay.reader() as reader:
                found = await TraceSearch(reader, there, relay.apps, partition).find(message.strip(), begin, tell)
        inputs = {
            platform: [relay.topic(topic, platform) for topic in (topics.DELIVERIES, topics.BACKFILL)] for platform in relay.platforms
        }
        groups = groups_of(relay.apps, relay.prefix, sorted(there.callbacks), inputs)
        asked = committed_by(relay.kafka.cluster, groups)
        return [(event, sightings, await state(sightings, asked, now())) for event, sightings in found.items()]

    ways = ask(work(), relay.kafka.cluster)
    if not ways:
        nothing(translated("nothing names {message} since {what} UTC; look further back with --since", message=message, what=shown(begin)))
    for event, sightings, sentence in ways:
        if json:
            print_json(told(event, sightings, sentence, show_text=show_text))
        else:
            _print(event, sightings, sentence, show_text=show_text)


def told(event: str, sightings: list[TraceRecord], sentence: str, *, show_text: bool) -> dict[str, Any]:
    steps = []
    for one in sightings:
        step = {"what": one.what, "at": one.at, "topic": one.topic, "partition": one.partition, "offset": one.offset, **one.facts}
        if show_text and one.text is not None:
            step["text"] = one.text
        steps.append(step)
    return {"event": event, "state": sentence, "took": _took(sightings), "steps": steps}


def _took(sightings: list[TraceRecord]) -> int | None:
    """Milliseconds from when it was said to when the target had it, each by its platform's clock; None where one of them does not say."""
    said = next((one.facts["said"] for one in sightings if "said" in one.facts), None)
    times = [arrival(one) for one in sightings if one.what == "ended" and one.facts["outcome"] == "delivered"]
    if said is None or not times or not times[-1][1]:
        return None
    return int(times[-1][0] - said)


def _moment(at: Any, start: int) -> str:
    return f"{shown(at)} ({at - start:+d} ms)" if isinstance(at, int) else str(at)


def _print(event: str, sightings: list[TraceRecord], sentence: str, *, show_text: bool) -> None:
    start = next((one.facts["said"] for one in sightings if "said" in one.facts), sightings[0].at)
    rows = []
    for one in sightings:
        facts = dict(one.facts)
        if show_text and one.text is not None:
            facts["text"] = as_json(one.text)
        about = ", ".join(f"{name} {_moment(value, start) if name in _TIMES else value}" for name, value in facts.items() if value != "")
        rows.append([shown(one.at), f"{one.at - start:+d} ms", one.what, f"{one.topic}[{one.partition}] @ {one.offset}", about])
    print_table(
        [translated("time (UTC)"), "", translated("what"), translated("where"), ""], rows, title=event or translated("no event came of it")
    )
    print_styled(sentence, "bold")
