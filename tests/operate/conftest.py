"""A relay's topics and settings of this test's own on the real broker, with records put there by hand; and one running relay."""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4
from zlib import crc32

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from typer.testing import CliRunner, Result

from converters.core import wire
from converters.core.bodies import Text
from converters.core.model import Delivery, Event, conversation_key, direct
from converters.core.operations import Post
from converters.routing.identity_table import IdentityTable
from streams.cli.app import app as commands
from streams.convert.stage import ConvertStage
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import DeadLetter
from streams.deliver.ledger_schema import Entry, dump
from streams.exactly_once.batch import Batch
from streams.exactly_once.producers import Outputs
from streams.kafka import admin, topics
from streams.settings.root import load, resolve
from tests.stack import Stack

PARTITIONS = 3
SETTINGS = """\
[kafka]
bootstrap = "{bootstrap}"
prefix = "{prefix}"
partitions = {partitions}

[marks]
secret = "of-the-marks-of-the-tests"

[apps.old]
platform = "yunxin"
target = "new"
account = {{ app_key = "k", app_secret = "ssssssssssssssss" }}

[apps.new]
platform = "easemob"
target = "old"
account = {{ org = "o", app = "a", client_id = "c", client_secret = "ssssssssssssssss", callback_secret = "tttttttttttttttt" }}
"""


def command(config: Path, *words: str) -> Result:
    """`im-relay WORDS` with this settings file, in this process, on a wide terminal that nobody sits at."""
    return CliRunner(env={"COLUMNS": "400"}).invoke(commands, [*words, "--config", str(config)], catch_exceptions=False)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def callback(number: int, sender: str = "alice", to: str = "bob", *, team: bool = False, **more: Any) -> bytes:
    fields = {
        "eventType": "1",
        "convType": "TEAM" if team else "PERSON",
        "msgType": "TEXT",
        "fromAccount": sender,
        "to": to,
        "body": f"secret words {number}",
        "msgidServer": str(number),
        "msgTimestamp": str(int(time.time() * 1000)),
        **more,
    }
    return json.dumps(fields).encode()


def delivery(number: int, sender: str = "alice", to: str = "bob") -> Delivery:
    event = Event(
        id=f"yunxin:old:direct:{number}:post",
        source="old",
        remote_id=str(number),
        conversation=direct(sender, to),
        sender=sender,
        at=int(time.time() * 1000),
        operation=Post(Text(f"secret words {number}")),
    )
    return Delivery(event=event, target="new", sender=sender, receiver=to, received=event.at)


Put = tuple[str, int, bytes | None, bytes | None, list[tuple[str, bytes]], int | None]
"""Topic, partition, key, value, headers, ms since 1970."""


class Ground:
    """Topics under a prefix of their own; *put* and *read* are plain, and meet the commands only by way of the broker."""

    def __init__(self, bootstrap: str, directory: Path) -> None:
        self.bootstrap = bootstrap
        self.directory = directory
        self.prefix = f"t{uuid4().hex[:8]}."
        self.config = directory / "relay.toml"
        self.config.write_text(SETTINGS.format(bootstrap=bootstrap, prefix=self.prefix, partitions=PARTITIONS))
        wanted = topics.wanted(["yunxin", "easemob"], prefix=self.prefix, partitions=PARTITIONS)
        asyncio.run(admin.create(bootstrap, wanted))
        self.names = SimpleNamespace(
            callbacks=f"{self.prefix}callbacks.yunxin",
            deliveries=f"{self.prefix}deliveries.easemob",
            backfill=f"{self.prefix}backfill.easemob",
            ledger=f"{self.prefix}ledger.easemob",
            dead=f"{self.prefix}dead-letters",
        )

    def im_relay(self, *words: str) -> Result:
        return command(self.config, *words)

    def put(self, records: Sequence[Put]) -> list[int]:
        """Write them; the answer is their offsets."""

        async def write() -> list[int]:
            async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all") as producer:
                sent = [
                    await producer.send(topic, value, key, partition, timestamp_ms=at, headers=headers)
                    for topic, partition, key, value, headers, at in records
                ]
                return [(await one).offset for one in sent]

        return asyncio.run(write())

    def called(self, *bodies: bytes, at: int | None = None, key: bytes = b"native") -> list[int]:
        """Callbacks as the ingress writes them, all of one conversation."""
        at = at or int(time.time() * 1000)
        headers = [("app", b"old"), ("received", b"%d" % at)]
        return self.put([(self.names.callbacks, crc32(key) % PARTITIONS, key, body, headers, at) for body in bodies])

    def convert(self) -> None:
        """What convert makes of all the callbacks."""
        apps = resolve(load(self.config))
        converter = ConvertStage(apps, IdentityTable(), partitions=PARTITIONS, prefix=self.prefix)
        outputs = Outputs()
        for record in self.read(self.names.callbacks):
            converter(Batch(TopicPartition(record.topic, record.partition), [record], 0), outputs)
        self.put(
            [
                (topic, partition, key, value, list(headers), None)
                for (topic, partition), made in outputs.records.items()
                for key, value, headers in made
            ]
        )

    def deliver(self, *deliveries: Delivery) -> list[int]:
        records: list[Put] = []
        for one in deliveries:
            key = conversation_key(one.event.conversation)
            records.append((self.names.deliveries, crc32(key) % PARTITIONS, key, wire.dump(one), [], None))
        return self.put(records)

    def bury(self, *deliveries: Delivery, cause: str = "refused", **more: Any) -> None:
        """Letters as deliver writes them, of records that it has read."""
        offsets = self.deliver(*deliveries)
        records: list[Put] = []
        for one, offset in zip(deliveries, offsets, strict=True):
            key = one.event.id.encode()
            letter = DeadLetter(
                **{
                    "stage": "deliver",
                    "cause": cause,
                    "detail": "said no",
                    "whose": "theirs",
                    "attempts": 2,
                    "at": int(time.time() * 1000),
                    "topic": self.names.deliveries,
                    "partition": self.partition(one),
                    "offset": offset,
                    "key": conversation_key(one.event.conversation),
                    "value": wire.dump(one),
                    **more,
                }
            )
            records.append((self.names.dead, crc32(key) % PARTITIONS, key, dead_letter.dump(letter), [], None))
        self.put(records)

    def know(self, one: Delivery, *entries: Entry) -> None:
        key = one.event.id.encode()
        self.put([(self.names.ledger, self.partition(one), key, dump(entry), [], None) for entry in entries])

    def partition(self, one: Delivery) -> int:
        return crc32(conversation_key(one.event.conversation)) % PARTITIONS

    def read(self, topic: str) -> list[ConsumerRecord]:
        """Everything committed in *topic*, partition after partition."""

        async def read() -> list[ConsumerRecord]:
            consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed", fetch_max_wait_ms=20)
            await consumer.start()
            try:
                tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
                consumer.assign(tps)
                starts, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
                for tp in tps:
                    consumer.seek(tp, starts[tp])
                found: list[ConsumerRecord] = []
                async with asyncio.timeout(30):
                    while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                        for records in (await consumer.getmany(timeout_ms=100)).values():
                            found += records
                return sorted(found, key=lambda record: (record.partition, record.offset))
            finally:
                await consumer.stop()

        return asyncio.run(read())


@pytest.fixture
def ground(kafka: str, tmp_path: Path) -> Ground:
    return Ground(kafka, tmp_path)


@pytest.fixture(scope="package")
def stack(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole relay, running."""
    prefix = f"t{uuid4().hex[:8]}."
    with Stack(tmp_path_factory.mktemp("stack"), bootstrap=kafka, prefix=prefix) as running:
        yield running


def plain(text: str) -> str:
    """Without the lines of tables, and folded words in one."""
    return re.sub(r"[│┃┏┓┗┛┡┩└┘├┤┼─━┳┻╇┴╈\s]+", " ", text)
