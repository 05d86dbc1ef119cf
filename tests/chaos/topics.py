"""What is done to topics: their records are deleted before anybody has read them, or are very many."""

import shutil
import time
from collections.abc import Iterable, Iterator

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from converters.core import wire
from converters.core.model import Delivery
from converters.core.outcome import Delivered
from streams.deliver.ledger_schema import MessageIds, Settled, dump
from tests.chaos.accounts import Account
from tests.chaos.evidence import lines
from tests.chaos.rig import Rig, Story
from tests.chaos.scenario import Stage, scenario
from tests.chaos.workers import Worker

TALKS = 10_000
"""Conversations of generated events."""
AGED = "1000000"
"""What the ids of generated events begin with."""


@scenario(
    "retention", "both deliver of a platform are away, and retention deletes half of what they have not read", messages=6_000, rate=300
)
def retention(stage: Stage) -> None:
    rig = stage.build(tireless=True)
    deleting = Deleting(rig)
    rig.load(stage.messages, stage.rate)
    rig.play(deleting.story())
    stage.excused["lost"] = deleting.all_told


class Deleting:
    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._topic = f"{rig.prefix}deliveries.easemob"
        self._events: set[str] = set()
        self._offsets = 0

    def story(self) -> Story:
        rig = self._rig
        yield 3.0
        gone = away(rig, "deliver-easemob")
        while any(worker.alive for worker in gone):
            yield 0.2
        yield 4.0
        self._delete()
        back(gone)

    def _delete(self) -> None:
        group = f"{self._rig.prefix}deliver.easemob"
        consumer = Consumer({"bootstrap.servers": self._rig.bootstrap, "group.id": group, "enable.auto.commit": False})
        try:
            for number in range(self._rig.partitions):
                tp = TopicPartition(self._topic, number)
                start = consumer.committed([tp], timeout=20)[0].offset
                _, end = consumer.get_watermark_offsets(tp, timeout=20)
                middle = (start + end) // 2
                if 0 <= start < middle:
                    self._events |= set(_events(consumer, TopicPartition(self._topic, number, start), middle))
                    self._offsets += middle - start
                    admin = AdminClient({"bootstrap.servers": self._rig.bootstrap})
                    for done in admin.delete_records([TopicPartition(self._topic, number, middle)]).values():
                        done.result(20)
        finally:
            consumer.close()
        self._rig.log(f"{len(self._events)} deliveries are deleted unread")
        self._rig.counts["deliveries deleted unread"] = len(self._events)

    def all_told(self, account: Account) -> list[str]:
        """What is lost was deleted, and the log tells how much was.

        Some of that may be there: what was sent behind another message that still waited was not passed over when its worker left.
        """
        told = sum(
            line["end"] - line["start"]
            for line in lines(self._rig.directory.glob("deliver-*.log"))
            if line.get("event") == "records were deleted before they were read" and line["topic"] == self._topic
        )
        wrong = [] if told == self._offsets else [f"{self._offsets} offsets were deleted unread, and {told} told"]
        if strangers := set(account.lost) - self._events:
            wrong.append(f"{len(strangers)} messages are lost that were not deleted, such as {sorted(strangers)[:3]}")
        if not account.lost:
            wrong.append("nothing is lost: nothing was tried")
        return wrong


def _events(consumer: Consumer, start: TopicPartition, end: int) -> Iterator[str]:
    consumer.assign([start])
    while consumer.position([TopicPartition(start.topic, start.partition)])[0].offset < end:
        message = consumer.poll(20)
        if message is None:
            raise TimeoutError(f"the broker is silent; {start} is not read to {end}")
        if message.error() is None and message.offset() < end:
            yield wire.load(message.value() or b"", Delivery).event.id


@scenario(
    "restore",
    "the ledger grows by a million entries and the local state is lost; deliver is killed again and again while it is made anew",
    messages=6_000,
    rate=80,
    rest=90.0,
)
def restore(stage: Stage) -> None:
    rig = stage.build(tireless=True)
    rig.load(stage.messages, stage.rate)
    rig.play(_restoring(rig, 100_000 if stage.short else 1_000_000, 2 if stage.short else 6))
    stage.patience = 300.0
    # A ledger that was written by nobody's deliveries tells of messages that no target has.
    stage.excused["phantom"] = lambda account: [event for event in account.phantom if AGED not in event][:3]


def _restoring(rig: Rig, entries: int, kills: int) -> Story:
    yield 2.0
    gone = away(rig, "deliver-easemob")
    while any(worker.alive for worker in gone):
        yield 0.2
    for state in (rig.directory / "state").glob("*deliver.easemob-*"):
        for part in [one for one in state.iterdir() if one.is_dir()]:
            shutil.rmtree(part)
            rig.counts["states deleted"] += 1
    _grow(rig, entries)
    rig.counts["entries added"] = entries
    back(gone)
    for _ in range(kills):
        yield rig.random.uniform(7.0, 12.0)  # a session and a start, and it is at work
        if (victim := rig.victim("deliver-easemob")) is not None:
            rig.kill(victim)


def _grow(rig: Rig, entries: int) -> None:
    producer = Producer({"bootstrap.servers": rig.bootstrap, "acks": "all", "linger.ms": 50})
    source, now = rig.platforms[0], int(time.time() * 1000)
    for number in range(entries):
        native, at, pair = f"{AGED}{number:012}", now - entries + number, f"x{number % TALKS}"
        # Nobody of the load's: when a conversation last said something is known from the ledger, too.
        author, conversation = f"{pair}a", f"direct\x1f{pair}a\x1f{pair}b"
        names = MessageIds(source="old", id=native, author=author, sender=author, at=at, conversation=conversation)
        entry = Settled(outcome=Delivered(native, at), target="new", at=at, names=names)
        key = f"{source}:old:direct:{native}:post".encode()
        producer.produce(f"{rig.prefix}ledger.easemob", dump(entry), key, number % rig.partitions)
        if number % 10_000 == 0:
            producer.poll(0)
            while len(producer) > 80_000:
                producer.poll(0.1)
    if left := producer.flush(120):
        raise TimeoutError(f"{left} entries are not written")


def away(rig: Rig, *kinds: str) -> list[Worker]:
    """All of these *kinds* leave, and stay away."""
    found = [worker for worker in rig.workers if worker.kind in kinds]
    for worker in found:
        rig.leave(worker)
    return found


def back(workers: Iterable[Worker]) -> None:
    for worker in workers:
        worker.wanted = True
