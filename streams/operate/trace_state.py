"""Where a message is now, in one sentence, from the records that tell of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiokafka import TopicPartition
from msgspec import Struct

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


FORMS: Mapping[str, str] = {
    "delivered": "delivered to app {app}{remote_as}",
    "delivered-after": "delivered to app {app}{remote_as} {took} after it was said",
    "delivered-written": "delivered to app {app}{remote_as}; its answer was written down {took} after it was said",
    "delivered-before": "delivered to app {app}{remote_as}, {took} before it was said by the clock of its own platform",
    "called-back": "at app {app} as {remote}: it has called back; the ledger does not say so yet",
    "dead": "dead letter: {cause} ({whose}, in {stage}); im-relay dead show {key}",
    "set-aside": "set aside by {by}: {reason}",
    "in-doubt": "in doubt since {since} UTC ({long}): sent or about to be, and no answer is known yet",
    "waits-for-file": "waits in {place} for its {file} since {since} UTC ({long})",
    "nobody-read": "waits in {place}; nobody has read there yet",
    "waits": "waits in {place}, {before} records behind",
    "next": "waits in {place}, next to be settled",
    "left-out": "left out by convert (read at {place}, and nothing came of it)",
    "settled": "settled at {place}, and the ledger says nothing of it: older than --since, or just now",
    "ignored": "carried nowhere: {reason}",
    "ledger-only": "known only by its ledger entry; what came before it is older than --since, or no longer kept",
}
"""The English sentence of each state. Elsewhere they may be said in another language."""


class MessageState(Struct, frozen=True):
    """One of `FORMS`, and what it is filled with."""

    form: str
    facts: Mapping[str, str] = {}

    def sentence(self, forms: Mapping[str, str] = FORMS) -> str:
        return forms[self.form].format_map(self.facts)


async def state(sightings: Sequence[TraceRecord], committed: Committed, now: int) -> str:
    """As `message_state`, in English."""
    return (await message_state(sightings, committed, now)).sentence()


async def message_state(sightings: Sequence[TraceRecord], committed: Committed, now: int) -> MessageState:
    """*sightings* are those of one event, in the order of their times."""
    by: dict[str, list[TraceRecord]] = {what: [one for one in sightings if one.what == what] for what in {one.what for one in sightings}}
    said = next((one.facts["said"] for one in sightings if "said" in one.facts), None)
    arrived = [one for one in by.get("ended", ()) if one.facts["outcome"] == "delivered"]
    if arrived:
        return _arrived(arrived[-1], said)
    if "called back" in by or "echo" in by:
        one = (by.get("called back") or by["echo"])[-1]
        where = one.facts.get("app") or one.facts.get("target")
        return _made("called-back", app=where, remote=one.facts["remote_id"])
    letters = by.get("dead letter", ())
    over = {(one.partition, one.facts["letter"]): one for one in by.get("resolved", ())}
    still = [one for one in letters if (one.partition, one.offset) not in over]
    if still:
        facts = still[-1].facts
        return _made("dead", cause=facts["cause"], whose=facts["whose"], stage=facts["stage"], key=facts["key"])
    if letters:
        end = over[letters[-1].partition, letters[-1].offset]
        if end.facts["resolved"] == "dropped":
            return _made("set-aside", by=end.facts["by"], reason=end.facts["reason"])
    return await _under_way(by, committed, now)


def _made(form: str, **facts: object) -> MessageState:
    return MessageState(form, {name: str(value) for name, value in facts.items()})


def arrival(one: TraceRecord) -> tuple[int, bool]:
    """When a delivered message was at the target, in ms since 1970, and whether the target says so: else it is when its answer was written down."""
    there = one.facts.get("at target")
    return (there, True) if isinstance(there, int) and there > 0 else (one.at, False)


def _arrived(one: TraceRecord, said: int | None) -> MessageState:
    remote = one.facts.get("remote_id") or ""
    at, known = arrival(one)
    form, took = "delivered", ""
    if said is not None:
        form = "delivered-before" if at < said else "delivered-after" if known else "delivered-written"
        took = length(abs(at - said) / 1000)
    return _made(form, app=one.facts["target"], remote=remote, took=took, remote_as=f" as {remote}" if remote else "")


async def _under_way(by: Mapping[str, Sequence[TraceRecord]], committed: Committed, now: int) -> MessageState:
    intent = max((one.at for one in by.get("intent", ())), default=0)
    if intent > max((one.at for one in by.get("ended", ())), default=0):
        return _made("in-doubt", since=shown(intent), long=length((now - intent) / 1000))
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
            return _made(
                "waits-for-file", place=place, file=wanted.facts["kind"], since=shown(wanted.at), long=length((now - wanted.at) / 1000)
            )
        if done is None:
            return _made("nobody-read", place=place)
        if done <= one.offset:
            before = one.offset - done
            return _made("waits", place=place, before=before) if before else _made("next", place=place)
        return _made("left-out" if what == "received" else "settled", place=place)
    if "mentioned" in by:
        return _made("ignored", reason=by["mentioned"][-1].facts["left out"])
    return _made("ledger-only")
