"""Idempotent producers: started, and thrown away without waiting for what the brokers do not take."""

import asyncio
from contextlib import suppress
from typing import Any

from streams.kafka import clients
from streams.kafka.cluster import Where

START = 10.0
"""Seconds a producer may take to start."""


async def start(where: Where, **options: Any) -> Any:
    """A started producer, with aiokafka's *options*. Raises KafkaError, TimeoutError."""
    producer = clients.producer(where, acks="all", enable_idempotence=True, **options)
    try:
        async with asyncio.timeout(START):
            await producer.start()
    except BaseException:
        await discard(producer)
        raise
    return producer


class DiscardedProducers:
    """Those that are being thrown away, while their owner works on with others."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, producer: Any) -> None:
        task = asyncio.get_running_loop().create_task(discard(producer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait(self) -> None:
        """Until all of them are gone."""
        if self._tasks:
            await asyncio.wait(self._tasks)


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
