"""What flows through the hop under test: numbered records in at a steady rate, and what readers see of them."""

import threading
import time
from collections import Counter
from zlib import crc32

import orjson
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from tests.chaos.checker import Seen

KEYS = 200


class Source(threading.Thread):
    """Writes `{"k", "n", "t"}` (key, its number, ms since 1970) at *rate* a second for *seconds*, in the key's partition."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, rate: int, seconds: float) -> None:
        super().__init__(name="source", daemon=True)
        self.sent: Counter[str] = Counter()
        self.failed: list[str] = []
        self._topic, self._partitions, self._rate, self._total = topic, partitions, rate, int(rate * seconds)
        # Idempotent and patient: what is tested is the hop, and a restarting broker must not disturb the source.
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": 120_000,
                "queue.buffering.max.messages": 1_000_000,
                "log_level": 0,
            }
        )

    def run(self) -> None:
        start = time.monotonic()
        for number in range(self._total):
            key = f"k{number % KEYS}"
            value = orjson.dumps({"k": key, "n": self.sent[key], "t": time.time_ns() // 1_000_000})
            self._producer.produce(
                self._topic, value, key.encode(), partition=crc32(key.encode()) % self._partitions, on_delivery=self._done
            )
            self.sent[key] += 1
            if number % 20 == 0:
                ahead = number / self._rate - (time.monotonic() - start)
                self._producer.poll(max(0.0, ahead))
                if (ahead := number / self._rate - (time.monotonic() - start)) > 0:
                    time.sleep(ahead)
        self._producer.flush(120)

    def _done(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failed.append(str(error))


class Reader:
    """Reads *topic* from its beginning, committed records only."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.seen: list[Seen] = []
        self.newest = dict.fromkeys(range(partitions), 0)
        """By partition, the `t` of the last record."""
        self._parts = [TopicPartition(topic, number, 0) for number in range(partitions)]
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "nobody",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "auto.offset.reset": "error",
                "enable.partition.eof": False,
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            }
        )
        self._consumer.assign(self._parts)

    def read(self, timeout: float) -> int:
        messages = self._consumer.consume(5000, timeout)
        for message in messages:
            if (error := message.error()) is not None:
                if error.code() == KafkaError._AUTO_OFFSET_RESET:
                    raise RuntimeError(str(error))
                continue  # the broker is away: the client goes on by itself
            value = orjson.loads(message.value())
            self.seen.append(Seen(value["k"], value["n"], f"{message.partition()}@{message.offset()}"))
            self.newest[message.partition()] = value["t"]
        return len(messages)

    def ends(self) -> int:
        """Sum of the offsets after the last record, markers included."""
        return sum(self._consumer.get_watermark_offsets(part, timeout=10)[1] for part in self._parts)

    def read_to_end(self, deadline: float) -> None:
        """Until the position in every partition is its end, or *deadline* seconds have passed."""
        ends = {part.partition: self._consumer.get_watermark_offsets(part, timeout=10)[1] for part in self._parts}
        give_up = time.monotonic() + deadline
        while time.monotonic() < give_up:
            read = self.read(0.3)
            positions = {part.partition: part.offset for part in self._consumer.position(self._parts)}
            # The position stays before a marker at the very end: nothing more for a while is the end, too.
            if not read and all(positions[number] >= end - 2 for number, end in ends.items() if end):
                return
        raise TimeoutError(f"the target could not be read to its end: {positions} of {ends}")

    def close(self) -> None:
        self._consumer.close()


class Along(threading.Thread):
    """A reader that is there while it happens."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(name="along", daemon=True)
        self.reader = reader
        self.recoveries: list[float] = []
        """Seconds from each mark until every partition has shown a record that was sent after it."""
        self._marks: list[float] = []
        self._over = threading.Event()

    def mark(self) -> None:
        self._marks.append(time.time())

    def run(self) -> None:
        while not self._over.is_set():
            self.reader.read(0.05)
            oldest = min(self.reader.newest.values()) / 1000
            for mark in [mark for mark in self._marks if mark < oldest]:
                self._marks.remove(mark)
                self.recoveries.append(time.time() - mark)

    def stop(self) -> None:
        self._over.set()
        self.join(30)
