"""Callbacks as they lie in Kafka, and what the converter makes of a batch of them; no broker."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from converters import PLATFORMS
from converters.core.bodies import Body
from converters.core.model import Delivery
from converters.core.operations import Post
from converters.platform import AnyPlatform
from converters.routing.identity_table import IdentityTable, record
from converters.routing.route import App
from streams.convert.stage import ConvertStage
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import DeadLetter
from streams.exactly_once.batch import Batch
from streams.exactly_once.producers import OutputRecord, Outputs
from tests.converters.shapes import message
from tests.narrowed import of_kind

PARTITIONS = 7
PREFIX = "p."
TEAM = {"yunxin": "6001", "easemob": "2700"}
APP_ON = {"yunxin": "old", "easemob": "new"}
"""The app on each platform."""


def apps(**platforms: AnyPlatform) -> dict[str, App]:
    known = {**PLATFORMS, **platforms}
    return {
        name: App(name, known[platform], known[platform].example(), target)
        for name, platform, target in (("old", "yunxin", "new"), ("new", "easemob", "old"))
    }


def table() -> IdentityTable:
    """One group, `team`, on both platforms."""
    identities = IdentityTable()
    for platform, native in TEAM.items():
        identities.apply(*record(platform, "group", native, "team"))
    return identities


class Converting:
    """A converter, and what came out of it by topic without the prefix."""

    def __init__(self, identities: IdentityTable | None = None, given: dict[str, App] | None = None) -> None:
        self.identities = table() if identities is None else identities
        self._stage = ConvertStage(given or apps(), self.identities, partitions=PARTITIONS, prefix=PREFIX)
        self.places: list[tuple[str, int, OutputRecord]] = []

    def take(self, platform: str, *records: ConsumerRecord) -> "Converting":
        outputs = Outputs()
        topic = f"{PREFIX}callbacks.{platform}"
        self._stage(Batch(TopicPartition(topic, 0), records, 1), outputs)
        for committed in outputs.committed:
            committed({})
        self.places += [
            (topic.removeprefix(PREFIX), partition, OutputRecord(*one))
            for (topic, partition), all_ in outputs.records.items()
            for one in all_
        ]
        return self

    def say(self, platform: str, text: str = "hi", **more: Any) -> "Converting":
        return self.take(platform, callback(platform, message(platform, text, **more)))

    def topics(self) -> list[str]:
        return sorted(topic for topic, _, _ in self.places)

    def values(self, topic: str) -> list[bytes]:
        return [one.value or b"" for name, _, one in self.places if name == topic]

    def deliveries(self, platform: str) -> list[Delivery]:
        return [msgspec.json.decode(raw, type=Delivery) for raw in self.values(f"deliveries.{platform}")]

    def bodies(self, platform: str) -> list[Body]:
        """Of its deliveries, each of which is a message."""
        return [of_kind(Post, one.event.operation).body for one in self.deliveries(platform)]

    def letters(self) -> list[DeadLetter]:
        return [dead_letter.load(raw) for raw in self.values("dead-letters")]


def callback(platform: str, said: Any, *, offset: int = 0, **headers: bytes | None) -> ConsumerRecord:
    """*said* as the ingress stores it; None takes a header away."""
    value = said if said is None or isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()
    own = {"app": APP_ON[platform].encode(), "received": b"1700000000000", **headers}
    return record_of(f"{PREFIX}callbacks.{platform}", value, ((k, v) for k, v in own.items() if v is not None), offset)


def record_of(topic: str, value: bytes | None, headers: Iterable[tuple[str, bytes]] = (), offset: int = 0) -> ConsumerRecord:
    return ConsumerRecord(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=b"k",
        value=value,
        checksum=None,
        serialized_key_size=1,
        serialized_value_size=len(value or b""),
        headers=tuple(headers),
    )
