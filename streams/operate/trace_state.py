"""Where a message is now, in one sentence, from the records that tell of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiokafka import TopicPartition

from converters.routing.route import App
from streams.cli.times import length, shown
from streams.kafka.cluster import Where
from streams.operate.topic_reader import TopicReader
from streams.operate.trace import TraceRecord

Committed = Callable[[str, int], Awaitable[int | None]]
"""(topic, partition) -> up to where the stage that reads it has settled everything; None if it never has."""


def committed_by(bootstrap: Where, groups: Mapping[str, str]) -> Committed:
    """*groups* has the group that reads each topic."""

    async def ask(topic: str, partition: int) -> int | None:
        tp = TopicPartition(topic, partition)
        async with TopicReader(bootstrap, groups[topic]) as reader:
            return (await reader.committed([tp]))[tp]

    return ask


def groups_of(apps: Mapping[str, App], prefix: str, callbacks: Sequence[str], inputs: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The group that reads each topic; *inputs* are deliver's by platform. The names are those of `streams.roles.stages`."""
    found = dict.fromkeys(callbacks, f"{prefix}convert")
    for platform in {app.platform.name for app in apps.values()}:
        found |= dict.fromkeys(inputs[platform], f"{prefix}deliver.{platform}")
    return found


async def state(sightings: Sequence[TraceRecord], committed: Committed, now: int) -> str:
    """*sightings* are those of one event, in the order of their times."""
    by: dict[str, list[TraceRecord]] = {what: [one for one in sightings if one.what == what] for what in {one.what for one in sightings}}
    said = next((one.facts["said"] for one in sightings if "said" in one.facts), None)
    arrived = [one for one in by.get("ended", ()) if one.facts["outcome"] == "delivered"]
    if arrived:
        return _arrived(arrived[-1], said)
    if "called back" in by or "echo" in by:
        one = (by.get("called back") or by["echo"])[-1]
        where = one.facts.get("app") or one.facts.get("target")
        return f"at app {where} as {one.facts['remote_id']}: it has called back; the ledger does not say so yet"
    letters = by.get("dead letter", ())
    over = {(one.partition, one.facts["letter"]): one for one in by.get("resolved", ())}
    still = [one for one in letters if (one.partition, one.offset) not in over]
    if still:
        facts = still[-1].facts
        return f"dead letter: {facts['cause']} ({facts['whose']}, in {facts['stage']}); im-relay dead show {facts['key']}"
    if letters:
        end = over[letters[-1].partition, letters[-1].offset]
        if end.facts["resolved"] == "dropped":
            return f"set aside by {end.facts['by']}: {end.facts['reason']}"
    return await _under_way(by, committed, now)


def arrival(one: TraceRecord) -> tuple[int, bool]:
    """When a delivered message was at the target, in ms since 1970, and whether the target says so: else it is when its answer was written down."""
    there = one.facts.get("at target")
    return (there, True) if isinstance(there, int) and there > 0 else (one.at, False)


def _arrived(one: TraceRecord, said: int | None) -> str:
    remote = one.facts.get("remote_id")
    at, known = arrival(one)
    took = ""
    if said is not None and at < said:
        took = f", {length((said - at) / 1000)} before it was said by the clock of its own platform"
    elif said is not None:
        took = f" {length((at - said) / 1000)} after it was said" if known else f"; its answer was written down {length((at - said) / 1000)} after it was said"
    return f"delivered to app {one.facts['target']}{f' as {remote}' if remote else ''}{took}"


async def _under_way(by: Mapping[str, Sequence[TraceRecord]], committed: Committed, now: int) -> str:
    intent = max((one.at for one in by.get("intent", ())), default=0)
    if intent > max((one.at for one in by.get("ended", ())), default=0):
        return f"in doubt since {shown(intent)} UTC ({length((now - intent) / 1000)}): sent or about to be, and no answer is known yet"
    open_files = {one.facts["place"]: one for one in by.get("file wanted", ())}
    for one in by.get("file", ()):
        open_files.pop(one.facts["place"], None)
    for what in ("converted", "backfill", "received"):
        if what not in by:
            continue
        one = by[what][-1]  # put back: what counts is the last place
        place = f"{one.topic}[{one.partition}]"
        done = await committed(one.topic, one.partition)
        if open_files and what != "received" and (done is None or done <= one.offset):
            wanted = next(iter(open_files.values()))
            return f"waits in {place} for its {wanted.facts['kind']} since {shown(wanted.at)} UTC ({length((now - wanted.at) / 1000)})"
        if done is None:
            return f"waits in {place}; nobody has read there yet"
        if done <= one.offset:
            before = one.offset - done
            return f"waits in {place}, {f'{before} records behind' if before else 'next to be settled'}"
        if what == "received":
            return f"left out by convert (read at {place}, and nothing came of it)"
        return f"settled at {place}, and the ledger says nothing of it: older than --since, or just now"
    if "mentioned" in by:
        return f"carried nowhere: {by['mentioned'][-1].facts['left out']}"
    return "known only by its ledger entry; what came before it is older than --since, or no longer kept"
