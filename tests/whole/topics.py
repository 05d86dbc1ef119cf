"""What lies in the relay's topics."""

from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

from tests.stack import Stack


class Lying(NamedTuple):
    partition: int
    offset: int
    value: bytes | None


def read(stack: Stack, topic: str) -> list[Lying]:
    """All that is committed there now, each partition in its order."""
    reader = Consumer(
        {
            "bootstrap.servers": stack.bootstrap,
            "group.id": f"{stack.prefix}test",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
    )
    found: list[Lying] = []
    ended: set[int] = set()
    try:
        reader.assign([TopicPartition(f"{stack.prefix}{topic}", number, 0) for number in range(stack.partitions)])
        while len(ended) < stack.partitions:
            message = reader.poll(10)
            assert message is not None, "the broker is silent"
            if message.error() is None:
                found.append(Lying(message.partition(), message.offset(), message.value()))
            else:
                assert message.error().name() == "_PARTITION_EOF", message.error()
                ended.add(message.partition())
    finally:
        reader.close()
    return found
