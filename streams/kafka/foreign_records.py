"""Records that no role of ours has written so, whoever may write to the brokers: told apart, counted, and named in the log by their place.

A writer who knows the forms can still forge a record that looks like ours: SECURITY.md says what each topic would let him do. What is
found here costs one record its place.
"""

import time
from collections.abc import Mapping
from typing import Final, Literal

import structlog
from aiokafka import ConsumerRecord

from converters.core.event_id import EventId, NotAnEventIdError, is_of
from converters.core.model import Delivery, Echo, conversation_key
from converters.files.media import MediaJob, MediaResult
from converters.routing.route import App
from streams.kafka.record_kinds import kind_of
from streams.kafka.topics import partition_of
from streams.observe import metrics

log = structlog.get_logger(__name__)

FOREIGN: Final = "foreign"
"""The cause of a dead letter."""
SAY_AGAIN = 10.0
"""Seconds in which one kind of them is named once in the log: whoever writes them may write many."""

Why = Literal["unreadable", "headers", "misplaced", "key", "id", "app"]
"""`unreadable`: no value of its kind; `headers`: not ours; `misplaced`: in another partition than that of its key; `key`: not of its
conversation; `id`: no event id, or of another platform; `app`: none of the settings, or of another platform."""

_said: dict[tuple[str, str, str], float] = {}


def note(stage: str, topic: str, partition: int | None, offset: int | None, why: Why) -> None:
    """Count a record that is not ours, and name its place."""
    kind = kind_of(topic)
    metrics.FOREIGN.labels(stage, kind.name if kind is not None else "other", why).inc()
    now, what = time.monotonic(), (stage, topic, why)
    if now - _said.get(what, -SAY_AGAIN) >= SAY_AGAIN:
        _said[what] = now
        log.warning("foreign record", stage=stage, topic=topic, partition=partition, offset=offset, why=why)


def is_misplaced(key: bytes | None, partition: int, partitions: int) -> bool:
    return partition_of(key or b"", partitions) != partition


def of_delivery(record: ConsumerRecord, delivery: Delivery, apps: Mapping[str, App], partitions: int) -> Why | None:
    event = delivery.event
    if is_misplaced(record.key, record.partition, partitions):
        return "misplaced"
    if record.key != conversation_key(event.conversation):
        return "key"
    source = apps.get(event.source)
    if source is None:
        return "app"
    return None if is_of(event.id, source.platform.name, source.name) else "id"


def of_echo(record: ConsumerRecord, echo: Echo, apps: Mapping[str, App], platform: str, partitions: int) -> Why | None:
    if is_misplaced(record.key, record.partition, partitions):
        return "misplaced"
    if (app := apps.get(echo.target)) is None or app.platform.name != platform:
        return "app"
    return None if _parsed(echo.event) is not None else "id"


def of_job(record: ConsumerRecord, job: MediaJob, partitions: int) -> Why | None:
    # Apps that are gone from the settings are no one's forgery: the role answers for them.
    if is_misplaced(record.key, record.partition, partitions) or is_misplaced(job.conversation, job.partition, partitions):
        return "misplaced"
    return None if _parsed(job.event) is not None else "id"


def of_result(result: MediaResult, apps: Mapping[str, App], platform: str) -> Why | None:
    if (app := apps.get(result.target)) is None or app.platform.name != platform:
        return "app"
    return None if _parsed(result.event) is not None else "id"


def of_entry(key: bytes) -> Why | None:
    """Of a ledger: other keys would be rows of another kind in the local state."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return "key"
    return None if text[:1] > " " and text.isprintable() else "key"


def _parsed(text: str) -> EventId | None:
    try:
        return EventId.parse(text)
    except NotAnEventIdError:
        return None
