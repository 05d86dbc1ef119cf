"""Topics for the hop's benchmarks: filled, empty, counted."""

import time
from collections.abc import Callable
from zlib import crc32

import orjson
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 4
KEYS = 1000

Headers = list[tuple[str, bytes]]


def trivial_record(number: int) -> bytes:
    return orjson.dumps({"i": number, "pad": "x" * 400})


class Topics:
    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        self.made: list[str] = []

    def make(self, name: str) -> str:
        self._admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result()
        self.made.append(name)
        return name

    def fill(self, name: str, count: int, record: Callable[[int], bytes] = trivial_record, headers: Headers | None = None) -> str:
        """*count* records of *record*(0 … count - 1), spread over the keys. Raises RuntimeError if any was not taken."""
        failed: list[str] = []

        def done(error: KafkaError | None, message: Message) -> None:
            del message
            if error is not None:
                failed.append(str(error))

        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 20, "queue.buffering.max.messages": 1_000_000})
        self.make(name)
        for number in range(count):
            key = str(number % KEYS).encode()
            while True:
                try:
                    producer.produce(name, record(number), key, crc32(key) % PARTITIONS, on_delivery=done, headers=headers or [])
                    break
                except BufferError:
                    producer.poll(0.1)
            if number % 100 == 0:
                producer.poll(0)
        if producer.flush(60) or failed:
            raise RuntimeError(f"{name} could not be filled: {failed[:1]}")
        return name

    def committed(self, name: str) -> int:
        """Records in *name* that a read-committed reader gets."""
        parts = [TopicPartition(name, number, 0) for number in range(PARTITIONS)]
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": "nobody", "enable.auto.commit": False, "isolation.level": "read_committed"}
        )
        try:
            consumer.assign(parts)
            count, quiet_since = 0, time.monotonic()
            while time.monotonic() - quiet_since < 2.0:
                if messages := consumer.consume(10_000, 0.5):
                    count += sum(1 for message in messages if message.error() is None)
                    quiet_since = time.monotonic()
            return count
        finally:
            consumer.close()

    def remove(self) -> None:
        gone, self.made = self.made, []
        for removing in (self._admin.delete_topics(gone) if gone else {}).values():
            removing.result()
