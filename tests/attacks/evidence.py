"""Everything that a run of the relay has written, by where it stands: what an operator, a neighbour or a thief of logs could read."""

import json
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from confluent_kafka import Consumer, TopicPartition

from streams.kafka import topics
from tests import warm_python
from tests.stack import Stack

NEIGHBOUR = b"neighbour"
"""The key under which a test plays the neighbour who writes into our topics: what he wrote is his."""


class Written(NamedTuple):
    where: str
    text: str
    """Bytes as latin-1, so that nothing is lost."""
    content: bool = False
    """What people wrote may stand there: that is what the place is for."""


class Lying(NamedTuple):
    topic: str
    key: bytes
    value: bytes
    headers: Mapping[str, bytes]


def everything(stack: Stack, outputs: Mapping[str, str]) -> Iterator[Written]:
    """*outputs* are what commands printed."""
    for name, role in stack.roles.items():
        yield Written(f"the log of {name}", role.log.read_text(encoding="utf-8", errors="surrogateescape"))
        for path in ("metrics", "readyz", "livez"):
            answer = httpx.get(f"http://127.0.0.1:{role.observe}/{path}", timeout=5, trust_env=False)
            yield Written(f"/{path} of {name}", answer.text)
    for name, text in outputs.items():
        yield Written(f"the output of {name}", text)
    for one in lying(stack):
        if one.key != NEIGHBOUR:
            yield from _record(one)
    for kept in sorted((stack.directory / "state").rglob("*")):
        if kept.is_file():
            yield Written(f"the state, {kept.name}", kept.read_bytes().decode("latin-1"), content=True)


def _record(one: Lying) -> Iterator[Written]:
    name = next(
        topic.template for topic in topics.TOPICS if one.topic.partition(".")[2].startswith(topic.template.removesuffix("{platform}"))
    )
    yield Written(f"a key of {name}", one.key.decode("latin-1"))
    for header, value in one.headers.items():
        yield Written(f"a header of {name}", f"{header}={value.decode('latin-1')}", content=name.startswith("callbacks"))
    text = one.value.decode("utf-8", "surrogateescape")
    if name == "dead-letters":
        # The record is in it whole, for a person to look at; all else of it is listed.
        letter = json.loads(text)
        yield Written("the record in a dead letter", str(letter.pop("value", "")), content=True)
        yield Written("a dead letter's headers", str(letter.pop("headers", "")), content=True)
        text = json.dumps(letter, ensure_ascii=False)
    yield Written(f"a value of {name}", text, content=name.startswith(("callbacks", "deliveries", "backfill", "media.")))


def lying(stack: Stack) -> list[Lying]:
    """All that lies in the relay's topics, committed or not."""
    reader = Consumer(
        {
            "bootstrap.servers": stack.bootstrap,
            "group.id": f"{stack.prefix}evidence",
            "isolation.level": "read_uncommitted",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
    )
    found: list[Lying] = []
    try:
        known = reader.list_topics(timeout=10).topics
        places = [
            TopicPartition(name, number, 0) for name, about in known.items() if name.startswith(stack.prefix) for number in about.partitions
        ]
        reader.assign(places)
        ended = 0
        while ended < len(places):
            message = reader.poll(10)
            assert message is not None, "the broker is silent"
            if message.error() is None:
                found.append(Lying(message.topic(), message.key() or b"", message.value() or b"", dict(message.headers() or ())))
            else:
                assert message.error().name() == "_PARTITION_EOF", message.error()
                ended += 1
    finally:
        reader.close()
    return found


def secrets_of(config: Path) -> set[str]:
    """Every secret in a settings file."""

    def within(value: Any, key: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for name, one in value.items():
                yield from within(one, name)
        elif "secret" in key and not key.endswith("_file") and isinstance(value, str) and value:
            yield value

    return set(within(tomllib.loads(config.read_text())))


def im_relay(stack: Stack, *words: str) -> str:
    """What a command prints, on both of its streams; whatever it answers."""
    done = warm_python.run(*words, "--config", str(stack.config), timeout=120)
    return done.stdout + done.stderr


def dangerous(text: str) -> set[str]:
    """What a terminal would obey, by what Unicode says of each character."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"} and char != "\n"}
