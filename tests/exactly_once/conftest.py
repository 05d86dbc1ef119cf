"""Topics on the real broker, a task without Faust around it, and a proxy that loses answers."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

DEADLINE = 60.0


class Cluster:
    def __init__(self, bootstrap: str, admin: AIOKafkaAdminClient) -> None:
        self.bootstrap = bootstrap
        self._admin = admin

    def name(self) -> str:
        return f"exact-{uuid.uuid4().hex[:8]}"

    async def topic(self, partitions: int = 1) -> str:
        name = self.name()
        await self._admin.create_topics([NewTopic(name, partitions, 1)])
        return name

    async def readable(self, topic: str) -> int:
        """How many records of partition 0 a read-committed reader can have by now; each transaction ends with a `4`, and a marker."""
        where = TopicPartition(topic, 0)
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed") as consumer:
            stable = int((await consumer.end_offsets([where]))[where])
        return stable - sum(bool(record.value == b"4") for record in await self.written(topic) if record.offset < stable)

    async def committed(self, topic: str) -> list[ConsumerRecord]:
        """What a read-committed reader finds in partition 0, once no transaction is open there any more."""
        return await self._read(topic, "read_committed")

    async def written(self, topic: str) -> list[ConsumerRecord]:
        """What anybody else finds in partition 0."""
        return await self._read(topic, "read_uncommitted")

    async def _read(self, topic: str, isolation: str) -> list[ConsumerRecord]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level=isolation, max_partition_fetch_bytes=8 << 20)
        where = TopicPartition(topic, 0)
        try:
            await consumer.start()
            consumer.assign([where])
            await consumer.seek_to_beginning(where)
            raw = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
            await raw.start()
            try:
                end = (await raw.end_offsets([where]))[where]
            finally:
                await raw.stop()
            found: list[ConsumerRecord] = []
            async with asyncio.timeout(DEADLINE):
                while await consumer.position(where) < end:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += records
            return found
        finally:
            await consumer.stop()

    async def offset(self, group: str, where: TopicPartition) -> int | None:
        """What *group* has committed of *where*."""
        offsets = await self._admin.list_consumer_group_offsets(group, partitions=[where])
        return offsets[where].offset if offsets[where].offset >= 0 else None


@pytest.fixture
async def cluster(kafka: str) -> AsyncIterator[Cluster]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        yield Cluster(kafka, admin)
    finally:
        await admin.close()


PRODUCE = 0
END_TXN = 26
TXN_OFFSET_COMMIT = 28
FIND_COORDINATOR = 10
METADATA = 3


class LossyProxy:
    """Between a client and the broker: the answer to the next request of one kind is lost, and the connection with it, once armed.

    The broker names its own address in Metadata and FindCoordinator; both addresses are `127.0.0.1` with a port, which is
    replaced in those answers. Source: Apache Kafka, "Protocol guide": size, api key, version, correlation id.
    """

    def __init__(self, bootstrap: str) -> None:
        self._host, port = bootstrap.rsplit(":", 1)
        self._port = int(port)
        self._armed: int | None = None
        self.lost = asyncio.Event()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def arm(self, api: int = END_TXN) -> None:
        self._armed = api

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        asked: dict[bytes, int] = {}
        drop: set[bytes] = set()

        async def up(frame: bytes) -> bytes | None:
            api, correlation = int.from_bytes(frame[:2], "big"), frame[4:8]
            asked[correlation] = api
            if api == self._armed:
                self._armed = None
                drop.add(correlation)
            return frame

        async def down(frame: bytes) -> bytes | None:
            correlation = frame[:4]
            if correlation in drop:
                self.lost.set()
                return None
            if asked.pop(correlation, None) in (METADATA, FIND_COORDINATOR):
                return frame.replace(self._port.to_bytes(4, "big"), self.port.to_bytes(4, "big"))
            return frame

        try:
            ways = (_pump(reader, up_writer, up), _pump(up_reader, writer, down))
            await asyncio.wait([asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer.close()
            up_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], Awaitable[bytes | None]]) -> None:
    """Frame by frame, until one side is gone or *change* gives None."""
    try:
        while True:
            size = await reader.readexactly(4)
            frame = await change(await reader.readexactly(int.from_bytes(size, "big")))
            if frame is None:
                return
            writer.write(size + frame)
            await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        return
