"""Settings of topics that would lose or refuse what the relay writes, found when a role starts: topics may be made by others."""

from collections.abc import Iterable, Mapping

import structlog
from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.kafka import admin
from streams.kafka.topics import CALLBACKS, DAY, Topic, wanted
from streams.observe import metrics
from streams.roles.health import Health
from streams.settings.root import Settings

log = structlog.get_logger()

BATCH = 1_000_000
"""Bytes of the largest record batch that stages write; a single record may be larger."""
HEADERS = 8192
"""Bytes of a callback's record beside its body, at the most."""


class TopicProblem(Struct, frozen=True):
    topic: str
    setting: str
    seen: str
    needed: str
    what: str
    """What comes of it."""

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} is {self.seen}, needed is {self.needed}: {self.what}"


def topic_problems(name: str, topic: Topic, seen: Mapping[str, str], largest: int | None = None) -> list[TopicProblem]:
    """*seen* as Kafka names and writes them; what it does not say is not judged. *largest*: bytes of a record, if less than usual."""
    found = []

    def note(setting: str, needed: object, what: str) -> None:
        found.append(TopicProblem(name, setting, seen[setting], str(needed), what))

    size = _number(seen.get("max.message.bytes"))
    if size is not None and size < BATCH:
        note("max.message.bytes", topic.largest, "brokers refuse what is written together, and work stops there")
    elif size is not None and size < (topic.largest if largest is None else largest):
        note("max.message.bytes", topic.largest, "a single record that is larger is refused, and work stops there")
    policy = seen.get("cleanup.policy")
    if policy is not None and "compact" in topic.cleanup and "compact" not in policy:
        note("cleanup.policy", topic.cleanup, "what is older than retention.ms is deleted though nothing newer takes its place")
    if policy is not None and "delete" not in topic.cleanup and "delete" in policy:
        note("cleanup.policy", topic.cleanup, "entries are deleted by age, and users and groups are unknown then")
    if policy is not None and "compact" in policy and "compact" not in topic.cleanup:
        note("cleanup.policy", topic.cleanup, "of a conversation, only the last record is kept")
    kept = _number(seen.get("retention.ms"))
    if topic.kept is not None and kept is not None and 0 <= kept < topic.kept:
        note("retention.ms", topic.kept, f"what a stage has not read after {kept / DAY:.2g} days is lost")
    bytes_kept = _number(seen.get("retention.bytes"))
    if bytes_kept is not None and bytes_kept >= 0:
        note("retention.bytes", -1, "what a stage has not read is lost when a partition is larger, however young it is")
    return found


async def look(settings: Settings, names: Iterable[str], health: Health) -> bool:
    """Tell of those of *names* in the log, as a metric, and on `/readyz`; False where it is to be tried again."""
    kafka, callback = settings.kafka, settings.ingress.max_body + HEADERS
    known = {each.name: each.topic for each in wanted(settings.platforms(), prefix=kafka.prefix, partitions=kafka.partitions)}
    asked = [name for name in dict.fromkeys(names) if name in known]
    try:
        seen = await admin.settings_of(kafka.cluster, asked)
    except (KafkaError, OSError, TimeoutError) as error:
        log.info("settings of topics cannot be seen", error=type(error).__name__)
        return isinstance(error, KafkaError) and not error.retriable
    found = [
        one
        for name in asked
        for one in topic_problems(name, known[name], seen.get(name, {}), callback if known[name] is CALLBACKS else None)
    ]
    for one in found:
        log.error("topic misconfigured", topic=one.topic, setting=one.setting, seen=one.seen, needed=one.needed, what=one.what)
        metrics.TOPIC_MISCONFIGURED.labels(one.topic, one.setting).set(1)
    health.note("topics", "; ".join([*map(str, found), "see im-relay topics check"]) if found else "")
    return True


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
