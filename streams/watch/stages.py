"""Which consumer groups are watched, and what their records say of themselves."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from converters.core import wire
from converters.core.model import Delivery
from converters.core.wire import Malformed
from converters.files.media import MediaJob
from converters.routing.route import App
from streams.ingress.record import app_of, past
from streams.kafka import topics
from streams.kafka.topics import Topic

RecordClass = Literal["live", "backfill"]
UNKNOWN = "unknown"


class WatchedTopic(NamedTuple):
    """*topic* is what lies in *name*. *waits*: somebody waits for each of its records, so that their age counts."""

    name: str
    topic: Topic
    waits: bool = True

    @property
    def record_class(self) -> RecordClass:
        return "backfill" if self.topic is topics.BACKFILL else "live"


class WatchedStage(NamedTuple):
    """A stage as seen from outside: its consumer *group* and inputs. *platform* is that of `deliver`, "" else. *directions*: those it serves, by source app."""

    stage: str
    platform: str
    group: str
    inputs: tuple[WatchedTopic, ...]
    directions: Mapping[str, str]

    @property
    def labels(self) -> tuple[str, str]:
        return self.stage, self.platform

    @property
    def classes(self) -> list[RecordClass]:
        return sorted({one.record_class for one in self.inputs if one.waits})


class WaitingRecord(NamedTuple):
    """A record that is not done: the source *app*, and *since* when it waits, in ms since 1970."""

    app: str
    since: int


def watched(apps: Mapping[str, App], prefix: str, *, carry: bool) -> list[WatchedStage]:
    """Every stage of the settings; `media` only where files are carried over."""
    directions = {name: direction(apps, name) for name in apps}
    platforms = sorted({app.platform.name for app in apps.values()})
    callbacks = tuple(WatchedTopic(topics.CALLBACKS.name(name, prefix=prefix), topics.CALLBACKS) for name in platforms)
    made = [WatchedStage("convert", "", f"{prefix}convert", callbacks, directions)]
    for platform in platforms:
        served = {name: directions[name] for name, app in apps.items() if apps[app.target].platform.name == platform}
        if served:
            inputs = tuple(
                WatchedTopic(topic.name(platform, prefix=prefix), topic, topic in (topics.DELIVERIES, topics.BACKFILL))
                for topic in (topics.DELIVERIES, topics.BACKFILL, topics.ECHOES, topics.MEDIA_RESULTS)
            )
            made.append(WatchedStage("deliver", platform, f"{prefix}deliver.{platform}", inputs, served))
    if carry:
        jobs = WatchedTopic(topics.MEDIA_JOBS.name(prefix=prefix), topics.MEDIA_JOBS)
        made.append(WatchedStage("media", "", f"{prefix}media", (jobs,), directions))
    return made


def direction(apps: Mapping[str, App], source: str) -> str:
    """As all metrics name it: the platforms of *source* and of its target."""
    return f"{apps[source].platform.name}>{apps[apps[source].target].platform.name}"


def waiting(topic: Topic, record: Any) -> WaitingRecord:
    """What *record* of *topic* says of itself; of what is not ours, only the time at which it was written.

    A live message waits since its callback came in, in whatever stage it is; what was put back or replayed, since it was written there.
    """
    app, since = UNKNOWN, int(record.timestamp)
    try:
        if topic is topics.CALLBACKS:
            app = app_of(record.headers) or UNKNOWN
        elif topic is topics.MEDIA_JOBS:
            job = wire.load(record.value or b"", MediaJob)
            app = job.source
        elif topic in (topics.DELIVERIES, topics.BACKFILL):
            delivery = wire.load(record.value or b"", Delivery)
            app = delivery.event.source
            if topic is topics.DELIVERIES and _live(record.headers) and 0 < delivery.received < since:
                since = delivery.received
    except Malformed:
        pass  # the stage makes a dead letter of it: until then it waits like any other
    return WaitingRecord(app, since)


def _live(headers: Iterable[tuple[str, bytes]]) -> bool:
    return past(headers) is None
