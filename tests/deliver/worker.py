"""A deliver role as a process, its topics, and what it wrote into them."""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import uuid4
from zlib import crc32

import msgspec
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from converters.core import wire
from converters.core.bodies import Text
from converters.core.model import Delivery, Echo, Event, conversation_key, direct
from converters.core.operations import Post
from converters.files.media import MediaResult
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import DeadLetter
from streams.deliver.ledger_schema import Entry, dump
from streams.kafka.local.ports import free_port
from tests import succeeding, warm_python
from tests.stack import Role
from tests.waiting import until

PARTITIONS = 2
SECRET = "S3cr3t-of-the-target"


def refused(reason: str, app: str = "new") -> str:
    """The metric of echoes that are no evidence."""
    return f'im_relay_marks_refused_total{{app="{app}",reason="{reason}",stage="deliver"}}'


NO_INTENT = refused("no-intent")


def app(name: str, url: str) -> str:
    """One more app on the target's platform, as lines of the settings."""
    account = f'{{org = "o", app = "a", client_id = "i", client_secret = "ssssssssssssssss", callback_secret = "cccccccccccccccc", base_url = "{url}"}}'
    return f'[apps.{name}]\nplatform = "easemob"\ntarget = "old"\naccount = {account}\n'


def event_id(number: str) -> str:
    return f"yunxin:old:direct:{number}:post"


def delivery(receiver: str, text: str, number: str = "", **more: Any) -> Delivery:
    """A text on its way to *receiver* at the target; *number* makes the event id, by default a new one."""
    number, now = number or uuid4().hex[:16], int(time.time() * 1000)
    event = Event(
        id=event_id(number),
        source="old",
        remote_id=number,
        conversation=direct("alice", receiver),
        sender="alice",
        at=now,
        operation=Post(Text(text)),
    )
    given: dict[str, Any] = {"event": event, "target": "new", "sender": "alice", "receiver": receiver, "received": now}
    return Delivery(**given | more)


class Raw(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Worker:
    """A context manager; *deliver* are lines of the section `[deliver]`, *apps* more sections. Its names are its own."""

    def __init__(self, bootstrap: str, directory: Path, target: str, *, deliver: str = "", apps: str = "") -> None:
        self.bootstrap = bootstrap
        self.directory = directory
        self.prefix = f"t{uuid4().hex[:8]}."
        self.group = f"{self.prefix}deliver.easemob"
        self.state = directory / "state"
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "relay.toml"
        config.write_text(f"""\
kafka = {{bootstrap = "{bootstrap}", prefix = "{self.prefix}", partitions = {PARTITIONS}, session_timeout = 6}}
observe = {{host = "127.0.0.1"}}
[deliver]
state = "{self.state}"
backoff = 0.02
backoff_max = 0.1
{deliver}
[apps.old]
platform = "yunxin"
target = "new"
account = {{app_key = "k", app_secret = "{SECRET}"}}
[apps.new]
platform = "easemob"
target = "old"
[apps.new.account]
org = "o"
app = "a"
client_id = "i"
client_secret = "{SECRET}"
callback_secret = "{SECRET}"
base_url = "{target}"
{apps}
""")
        arguments = ["deliver", "--platform", "easemob", "--config", str(config)]
        self.role = Role("deliver", arguments, free_port(), directory / "deliver.log", {})
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def __enter__(self) -> Self:
        create = ["topics", "create", "--bootstrap", self.bootstrap, "--partitions", str(PARTITIONS)]
        succeeding.said(warm_python.run(*create, "--prefix", self.prefix), "no topics")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.role.stop()

    # -- life

    def start(self) -> None:
        self.role.start()
        until(self.role.ready, why=self.role.tail)

    def stop(self) -> None:
        assert self.role.stop() == 0, self.role.tail()

    def kill(self) -> None:
        assert self.role.child is not None
        self.role.child.kill()
        self.role.child.wait()

    def forget_state(self) -> None:
        shutil.rmtree(self.state)

    def forget_offsets(self) -> None:
        """While it is stopped: it will read every delivery again. What it committed is gone with its group."""

        def gone() -> bool:
            try:
                self._admin.delete_consumer_groups([self.group])[self.group].result(10)
            except Exception:
                return False  # the coordinator may still count it as a member
            return True

        until(gone)

    def metric(self, name: str) -> float:
        """*name* with its labels, in their order."""
        lines = self.role.metrics().splitlines()
        return sum(float(line.removeprefix(f"{name} ")) for line in lines if line.startswith(f"{name} "))

    # -- in

    def send(self, *deliveries: Delivery) -> None:
        for one in deliveries:
            self.put("deliveries.easemob", conversation_key(one.event.conversation), wire.dump(one))
        self._flush()

    def echo(self, of: Delivery, remote_id: str = "777", **more: Any) -> None:
        """The target calls back about *of*."""
        given: dict[str, Any] = {"event": of.event.id, "target": of.target, "remote_id": remote_id, "at": 1_700_000_000_000}
        seen = Echo(**given | more)
        self.put("echoes.easemob", conversation_key(of.event.conversation), wire.dump(seen))
        self._flush()

    def brought(self, of: Delivery, place: int = 0, **more: Any) -> None:
        """A media job of the event *of* has ended: *more* is of `MediaResult`."""
        result = MediaResult(event=of.event.id, place=place, target=of.target, **more)
        self.put("media.results.easemob", conversation_key(of.event.conversation), wire.dump(result))
        self._flush()

    def put(self, topic: str, key: bytes, value: bytes | None, headers: dict[str, bytes] | None = None) -> None:
        self._producer.produce(self.prefix + topic, value, key, crc32(key) % PARTITIONS, headers=headers or {})

    def _flush(self) -> None:
        assert not self._producer.flush(30)

    # -- out

    def settled(self) -> None:
        """Return once everything that was put in is committed as done."""
        until(lambda: self._is_settled("deliveries.easemob", "echoes.easemob"), why=self.role.tail)

    def migrated(self, of: Delivery, entry: Entry) -> None:
        """A migration has put *of* there; return once it is taken in."""
        key = conversation_key(of.event.conversation)
        self._producer.produce(f"{self.prefix}imported.easemob", dump(entry), of.event.id.encode(), crc32(key) % PARTITIONS)
        until(lambda: self._is_settled("imported.easemob"), why=self.role.tail)

    def _is_settled(self, *topics: str) -> bool:
        self._flush()
        where = [TopicPartition(self.prefix + topic, number) for topic in topics for number in range(PARTITIONS)]
        reader = self._reader()
        try:
            ends = {(tp.topic, tp.partition): reader.get_watermark_offsets(tp, timeout=10)[1] for tp in where}
        finally:
            reader.close()
        asked = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(self.group, where)])
        done = asked[self.group].result(10).topic_partitions
        # Only plain producers write into these topics, so no marker takes an offset.
        return all(max(tp.offset, 0) >= ends[tp.topic, tp.partition] for tp in done)

    def ledger(self) -> dict[str, dict[str, Any]]:
        """The last entry of each event."""
        found = {}
        for one in self.read("ledger.easemob"):
            found[(one.key or b"").decode()] = msgspec.json.decode(one.value or b"null")
        return found

    def letters(self) -> list[DeadLetter]:
        return [dead_letter.load(one.value or b"") for one in self.read("dead-letters")]

    def letter(self, event: Delivery) -> DeadLetter:
        """The one dead letter of *event*."""
        own = [one for one in self.letters() if event.event.id.encode() in one.value]
        assert len(own) == 1, own
        return own[0]

    def outcome(self, event: Delivery) -> str:
        return str(self.ledger()[event.event.id]["outcome"]["outcome"])

    def read(self, topic: str) -> list[Raw]:
        """All that is committed there now."""
        reader = self._reader()
        where = [TopicPartition(self.prefix + topic, number, 0) for number in range(PARTITIONS)]
        found: list[Raw] = []
        try:
            reader.assign(where)
            ended: set[int] = set()
            while len(ended) < PARTITIONS:
                message = reader.poll(10)
                assert message is not None, "the broker is silent"
                if message.error() is not None:
                    assert message.error().name() == "_PARTITION_EOF", message.error()
                    ended.add(message.partition())
                else:
                    found.append(Raw(message.key(), message.value(), tuple(message.headers() or ())))
        finally:
            reader.close()
        return found

    def end(self, topic: str, partition: int) -> int:
        """The offset after the last record, committed or not."""
        reader = self._reader()
        try:
            return int(reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1])
        finally:
            reader.close()

    def _reader(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": f"{self.prefix}test",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 10,
            }
        )


def ids(deliveries: Iterable[Delivery]) -> list[str]:
    return [one.event.id for one in deliveries]
