"""A consumer whose fetches wait for a broker that is away is closed all the same, and whoever closes it is not cancelled."""

import asyncio
from unittest.mock import AsyncMock

import pytest
from aiokafka.consumer.fetcher import Fetcher

from streams.kafka import clients


async def waits() -> None:
    await asyncio.sleep(3600)


@pytest.fixture
async def consumer() -> clients.KafkaConsumer:
    made: clients.KafkaConsumer = clients.consumer("127.0.0.1:1", enable_auto_commit=False)
    fetcher = Fetcher.__new__(Fetcher)
    fetcher._closed, fetcher._fetch_waiters = False, set()
    fetcher._fetch_task = asyncio.create_task(waits())
    fetcher._pending_tasks = {asyncio.create_task(waits()) for _ in range(3)}
    made._fetcher, made._client.close = fetcher, AsyncMock()
    await asyncio.sleep(0)
    return made


async def test_its_own_fetches_alone_are_cancelled(consumer: clients.KafkaConsumer) -> None:
    await consumer.stop()
    assert consumer._client.close.await_count == 1
    assert all(task.done() for task in (consumer._fetcher._fetch_task, *consumer._fetcher._pending_tasks))
    await consumer.stop()


async def test_whoever_is_cancelled_while_it_closes_is(consumer: clients.KafkaConsumer) -> None:
    closing = asyncio.Event()

    async def close() -> None:
        closing.set()
        await waits()

    consumer._client.close = close
    stopping = asyncio.create_task(consumer.stop())
    await closing.wait()
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
