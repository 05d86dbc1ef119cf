"""A ledger of any size, as a deliver role would have written it: an intent and an end of each message, in order of time."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from zlib import crc32

from aiokafka import AIOKafkaProducer

from converters.core.model import conversation_key, direct
from converters.core.outcome import Delivered
from streams.deliver.ledger_schema import Intent, MessageIds, Settled, dump
from streams.deliver.uncommitted_tail import mark

CYCLE = 40
"""Entries of one write of a partition."""


async def grow(
    bootstrap: str,
    topic: str,
    entries: int,
    *,
    partitions: int,
    span: float,
    source: str = "old",
    target: str = "new",
    seed: int = 1,
    people: int = 20_000,
) -> int:
    """*entries* in all, evenly over the last *span* seconds; the answer is the bytes of their values and keys."""
    chosen = random.Random(seed)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_batch_size=800_000, max_request_size=900_000, enable_idempotence=True
    )
    await producer.start()
    size = 0
    messages = entries // 2
    now = time.time() * 1000
    waiting: dict[int, list[tuple[bytes, bytes, int]]] = defaultdict(list)
    sent: list[asyncio.Future[object]] = []
    written: Counter[int] = Counter()
    try:
        for number in range(messages):
            one = f"user{chosen.randrange(people):06}"
            other = f"user{chosen.randrange(people):06}"
            said = int(now - span * 1000 * (messages - number) / messages)
            conversation = conversation_key(direct(one, other))
            partition = crc32(conversation) % partitions
            remote = 30_000_000_000_000_000 + number * 1_048_583 + chosen.randrange(1_000_000)
            key = f"yunxin:{source}:direct:{remote}:post".encode()
            told = said + chosen.randrange(5, 60)
            names = MessageIds(
                source=source,
                id=str(remote),
                author=one,
                sender=one,
                at=said,
                conversation=conversation.decode(),
                client_id=f"{chosen.getrandbits(128):032x}",
            )
            end = Settled(
                outcome=Delivered(str(1_300_000_000_000_000_000 + number * 4_194_319 + chosen.randrange(4_000_000)), told),
                target=target,
                at=told + 3,
                names=names,
            )
            queue = waiting[partition]
            queue += [(key, dump(Intent(target=target, at=said + 2)), said + 2), (key, dump(end), told + 3)]
            if len(queue) >= 2000 or number + 1 == messages:
                size += await _write(producer, topic, partition, queue, sent, written)
                queue.clear()
        for partition, queue in waiting.items():
            if queue:
                size += await _write(producer, topic, partition, queue, sent, written)
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return size


async def _write(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    queue: list[tuple[bytes, bytes, int]],
    sent: list[asyncio.Future[object]],
    written: Counter[int],
) -> int:
    size, start = 0, 0
    while start < len(queue):
        builder = producer.create_batch()
        for key, value, at in queue[start:]:
            # All that lies before was committed when it was written.
            headers = mark(written[partition]) if start % CYCLE == 0 else []
            if builder.append(timestamp=at, key=key, value=value, headers=headers) is None:
                break
            size += len(key) + len(value)
            start += 1
            written[partition] += 1
        sent.append(await producer.send_batch(builder, topic, partition=partition))
    if len(sent) > 200:
        await asyncio.gather(*sent)
        sent.clear()
    return size
