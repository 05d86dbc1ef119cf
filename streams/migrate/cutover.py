"""What `callbacks.*` say of a move: who is still on the old app, and how much crosses."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from converters.addressing import conversation_of
from converters.core.model import Conversation, Direct, direct
from converters.cutover import DAY, Cutover, CutoverReport
from converters.platform import DecodedEvent
from converters.routing.identity_table import IdentityLookup
from converters.routing.route import App
from converters.source_records import naming
from streams.cli.common import now
from streams.ingress.record import callback_of
from streams.kafka import topics
from streams.operate.filters import decoded
from streams.operate.topic_reader import Tell, TopicReader
from streams.settings.root import Settings


async def cutover(
    settings: Settings, apps: Mapping[str, App], old: App, new: App, identities: IdentityLookup, since: int, tell: Tell
) -> CutoverReport:
    """Of what was called back since then, in ms since 1970. Raises OperateError, KafkaError."""
    found = Cutover(old.name, new.name)
    for app in (old, new):
        topic = topics.CALLBACKS.name(app.platform.name, prefix=settings.kafka.prefix)
        name, place = naming(app), _placing(app, identities)
        async with TopicReader(settings.kafka.cluster, names=[topic]) as reader:
            async for raw in reader.records(await reader.spans(reader.partitions(topic), since), tell):
                with suppress(ValueError):  # headers that are not the ingress's
                    callback = callback_of(raw.value or b"", raw.headers)
                    for one in decoded(callback, {app.name: apps[app.name]}):
                        if isinstance(one, DecodedEvent):
                            found.take(app.name, one, name(one.event.sender), place(one.event.conversation))
    return found.report(now() // DAY)


def _placing(app: App, identities: IdentityLookup) -> Callable[[Conversation], Conversation]:
    name = naming(app)

    def place(given: Conversation) -> Conversation:
        if isinstance(given, Direct):
            return direct(name(given.users[0]), name(given.users[1]))
        return conversation_of(given, app, identities)

    return place


def lines(report: CutoverReport, old: str, new: str) -> Iterator[str]:
    total = sum(report.messages.values())
    yield f"messages     {old} {report.messages[old]:,}, {new} {report.messages[new]:,}; {report.shared:.1%} in conversations with both apps"
    people = sum(report.last_seen.values())
    yield f"last seen    {old} {report.last_seen.get(old, 0):,}, {new} {report.last_seen.get(new, 0):,} of {people:,} people who said something"
    if not total:
        yield "the relay    nothing was said in that time: a longer one may tell"
    elif report.end is None:
        yield f"the relay    no day can be named on which it can go: the share of {old} does not fall, or four whole days are not there yet"
    else:
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=report.end)
        yield f"the relay    can go on {day:%Y-%m-%d}, if the share of {old} falls on as it does: to 1 % of those who are active in a day"
