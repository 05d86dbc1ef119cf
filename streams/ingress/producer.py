"""The idempotent producer of the ingress: started and asked."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError

from converters.core.localized import ReportedError, localized, text_of
from streams.kafka import clients, idempotent_producer, permissions
from streams.kafka.acls import AclGrant
from streams.kafka.cluster import Where

# Bytes; well under the topic's limit. A single record may be larger.
MAX_BATCH = 512 * 1024


class StoreError(ReportedError):
    """The ingress cannot start on this cluster; the text says what to do."""


async def start(bootstrap: Where, request_timeout: float) -> Any:
    """A started producer. Raises KafkaError, TimeoutError."""
    return await idempotent_producer.start(
        bootstrap, max_batch_size=MAX_BATCH, request_timeout_ms=int(request_timeout * 1000), retry_backoff_ms=50
    )


async def partitions(bootstrap: Where, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each topic has. Raises StoreError where one is missing, or may not be written to; KafkaError, TimeoutError."""
    topics, client = list(topics), clients.client(bootstrap)
    try:
        async with asyncio.timeout(idempotent_producer.START):
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
