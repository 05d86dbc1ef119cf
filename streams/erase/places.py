"""Which topics hold records about a person, how many, and when the brokers will have deleted them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal

import msgspec
from msgspec import Struct

from streams.dead_letters import dead_letter
from streams.encryption.headers import person_of
from streams.erase.person import PersonNames
from streams.kafka.topics import AUDIT, DAY, DEAD_LETTERS, IDENTITIES, Topic
from streams.operate.topic_reader import Tell, TopicReader

How = Literal["removed", "set-aside", "retention", "kept"]
"""`removed` now; `set-aside` now, its bytes by retention; by `retention`; or `kept` without end, until somebody deletes the topic."""
CHECKED = 300_000
"""Milliseconds between two looks of a broker for what it may delete. Source: Apache Kafka, `log.retention.check.interval.ms`."""


class Place(Struct, frozen=True):
    topic: str
    records: int
    """Those that name the person: written, received, or mentioned; a record with the same word in a text counts as well."""
    own: int
    """Of these, those that are encrypted under the person's own keys."""
    last: int
    """When the last of them was written, ms since 1970."""
    how: How
    gone: int | None
    """When the last is deleted at the latest, ms since 1970; None where that has no date."""


async def places(
    reader: TopicReader,
    each: Sequence[tuple[str, Topic]],
    configs: Mapping[str, Mapping[str, str]],
    names: PersonNames,
    tell: Tell | None = None,
    keys: frozenset[bytes] = frozenset(),
) -> list[Place]:
    """The topics of *each* that hold something; *configs* are their settings on the brokers, *keys* the ids of the person's. Raises OperateError."""
    pattern, found = names.pattern(), list[Place]()
    for name, topic in each:
        if topic is AUDIT or not reader.there(name):
            continue  # it has what operators did
        count = last = own = 0
        async for raw in reader.records(await reader.spans(reader.partitions(name)), tell):
            if raw.value is not None and (pattern.search(raw.key or b"") or pattern.search(_said(topic, raw.value))):
                count += 1
                own += person_of(raw.headers) in keys
                last = max(last, raw.timestamp)
        if count:
            found.append(Place(name, count, own, last, _how(topic, configs.get(name, {})), _gone(last, configs.get(name, {}))))
    return found


def _said(topic: Topic, value: bytes) -> bytes:
    """What is searched: a dead letter holds its record as base64."""
    if topic is DEAD_LETTERS:
        with suppress(msgspec.DecodeError):
            letter = dead_letter.load(value)
            return b"\n".join((letter.key, letter.value, letter.detail.encode(), *letter.headers.values()))
    return value


def _how(topic: Topic, config: Mapping[str, str]) -> How:
    if topic is IDENTITIES:
        return "removed"
    if topic is DEAD_LETTERS:
        return "set-aside"
    return "retention" if _kept(config) is not None else "kept"


def _kept(config: Mapping[str, str]) -> int | None:
    """Milliseconds; None for without end."""
    kept = config.get("retention.ms", "")
    if "delete" not in config.get("cleanup.policy", "") or not kept.isdigit():
        return None
    return int(kept)


def _gone(last: int, config: Mapping[str, str]) -> int | None:
    """A segment is deleted whole: its youngest record may be younger by the time after which a new one is begun."""
    kept, segment = _kept(config), config.get("segment.ms", "")
    return None if kept is None else last + (int(segment) if segment.isdigit() else 7 * DAY) + kept + CHECKED
