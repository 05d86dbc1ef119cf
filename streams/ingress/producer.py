"""The idempotent producer of the ingress: started, asked, and thrown away."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError

from converters.core.localized import ReportedError, localized, text_of
from streams.kafka import clients, permissions
from streams.kafka.acls import AclGrant
from streams.kafka.cluster import Where

START = 10.0
"""Seconds a producer may take to start."""

# Bytes; well under the topic's limit. A single record may be larger.
MAX_BATCH = 512 * 1024


class StoreError(ReportedError):
    """The ingress cannot start on this cluster; the text says what to do."""


async def start(bootstrap: Where, request_timeout: float) -> Any:
    """A started producer. Raises KafkaError, TimeoutError."""
    producer = clients.producer(
        bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=MAX_BATCH,
        request_timeout_ms=int(request_timeout * 1000),
        retry_backoff_ms=50,
    )
    try:
        async with asyncio.timeout(START):
            await producer.start()
    except BaseException:
        await discard(producer)
        raise
    return producer


async def partitions(bootstrap: Where, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each topic has. Raises StoreError where one is missing, or may not be written to; KafkaError, TimeoutError."""
    topics, client = list(topics), clients.client(bootstrap)
    try:
        async with asyncio.timeout(START):
            await client.bootstrap()
            await permissions.require(client, [AclGrant("topic", topic, "Write") for topic in topics])
            counts = await permissions.visible(client, topics)
    except permissions.NotPermittedError as error:
        raise StoreError(text_of(error)) from None
    finally:
        with suppress(Exception):
            await client.close()
    if missing := sorted(topic for topic, count in counts.items() if not count):
        raise StoreError(localized("no such topic: {missing}; make them with: im-relay topics create", missing=", ".join(missing)))
    return counts


async def answers(producer: Any, patience: float) -> bool:
    """Whether some broker gives metadata within *patience* seconds."""
    try:
        async with asyncio.timeout(patience):
            return bool(await producer.client.force_metadata_update())
    except (KafkaError, TimeoutError):
        return False


async def discard(producer: Any) -> None:
    """Stop without waiting for what the broker has not taken; it may have been taken all the same."""
    # stop() flushes first, and an idempotent producer tries for ever: its sender has to end before, and its connections
    # before that, or the sender waits for their answers.
    sender = producer._sender.sender_task  # noqa: SLF001 - there is no public way to give up
    if sender is not None:
        sender.cancel()
    for close in (producer.client.close, producer.stop):
        with suppress(Exception):
            async with asyncio.timeout(5.0):
                await close()
