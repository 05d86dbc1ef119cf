"""The way back to a cluster that has moved, was away, or whose connections were forgotten on the way: every kind of client, on the real broker."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, SaslAuthenticationFailed

from converters.core.localized import Localized
from streams.exactly_once.producers import Outputs, Producers, ProducerSettings
from streams.kafka import clients, keepalive, rebootstrap
from streams.kafka.keepalive import ConnectionTimings, KeepaliveConnection
from streams.kafka.local.ports import free_port
from streams.kafka.log_reader import LogReader
from streams.kafka.reachability import REACH, SILENT, Reachability
from streams.kafka.rebootstrap import Ask, first_of
from streams.observe.metric_types import REGISTRY
from streams.roles.startup import is_final
from tests.exactly_once.conftest import DEADLINE, Cluster, cluster  # noqa: F401 - a fixture
from tests.exactly_once.hosted import Hosted
from tests.gateway import Gateway

pytestmark = pytest.mark.kafka

QUICK = ConnectionTimings(connect_timeout=1.0, request_timeout=1.0, keepalive=0.2)


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    before = keepalive.ways()
    keepalive.use(QUICK)
    yield
    keepalive.use(before)


@pytest.fixture
async def gateway(kafka: str) -> AsyncIterator[Gateway]:
    async with Gateway(kafka) as way:
        yield way


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not what():
            await asyncio.sleep(0.02)


def outputs(topic: str, value: bytes) -> Outputs:
    made = Outputs()
    made.add(topic, 0, b"k", value)
    return made


@pytest.mark.parametrize("lean", [True, False], ids=["as of Kafka 4", "as before"])
async def test_transactions_find_brokers_that_have_moved(cluster: Cluster, gateway: Gateway, lean: bool) -> None:
    topic, group = await cluster.topic(), cluster.name()
    producers = Producers(ProducerSettings(gateway.bootstrap, request_timeout=2.0, lean=lean), group, group)
    try:
        await producers.start()
        await producers.commit(outputs(topic, b"before"), {TopicPartition(topic, 0): 1})
        await gateway.shut()
        await gateway.come()
        await producers.commit(outputs(topic, b"after"), {TopicPartition(topic, 0): 2})
    finally:
        await producers.close()
    assert [record.value for record in await cluster.committed(topic)] == [b"before", b"after"]
    assert await cluster.offset(group, TopicPartition(topic, 0)) == 2


async def test_a_worker_of_a_group_finds_brokers_that_have_moved(cluster: Cluster, gateway: Gateway) -> None:
    topic = await cluster.topic()
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
        one = Hosted(gateway.bootstrap, cluster.name(), [topic])
        async with one.running():
            await producer.send_and_wait(topic, b"before", partition=0)
            await until(lambda: b"before" in one.values)
            await gateway.shut()
            await gateway.come()
            await producer.send_and_wait(topic, b"after", partition=0)
            await until(lambda: b"after" in one.values)
            await until(lambda: one.commits >= 2)
    assert one.code == 0


async def test_a_plain_producer_and_a_reader_of_logs_find_brokers_that_have_moved(cluster: Cluster, gateway: Gateway) -> None:
    topic = await cluster.topic()
    reader = LogReader(gateway.bootstrap, committed=True)
    async with clients.producer(gateway.bootstrap, enable_idempotence=True) as producer:
        try:
            await producer.send_and_wait(topic, b"before", partition=0)
            await reader.start()
            assert len((await reader.read(TopicPartition(topic, 0), 0)).records) == 1
            await gateway.shut()
            await gateway.come()
            await producer.send_and_wait(topic, b"after", partition=0)
            assert len((await reader.read(TopicPartition(topic, 0), 0)).records) == 2
        finally:
            await reader.stop()


async def test_a_client_that_has_moved_on_asks_nobody_of_the_settings(cluster: Cluster, gateway: Gateway) -> None:
    """The address of the settings may be gone as long as some broker that is known answers."""
    topic = await cluster.topic()
    async with clients.producer(gateway.bootstrap) as producer:
        await producer.send_and_wait(topic, b"1", partition=0)
        await gateway.close(gateway.door)
        assert await producer.client.force_metadata_update()
        await producer.send_and_wait(topic, b"2", partition=0)


async def test_of_several_addresses_one_that_answers_is_enough_whichever_it_is(kafka: str) -> None:
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0)
    mute = silent.sockets[0].getsockname()[1]
    async with silent, asyncio.timeout(DEADLINE):
        admin = clients.admin(f"127.0.0.1:{free_port()},127.0.0.1:{mute},{kafka}")
        await admin.start()
        await admin.close()


async def test_a_name_is_looked_up_anew_each_time_and_all_its_addresses_are_tried(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, (_, port) = asyncio.get_running_loop(), kafka.rsplit(":", 1)
    resolve, addresses = loop.getaddrinfo, ["127.0.0.9"]

    async def resolved(host: str, port: int, **options: Any) -> list[Any]:
        if host != "kafka.example":
            return await resolve(host, port, **options)
        return [found for address in addresses for found in await resolve(address, port, **options)]

    monkeypatch.setattr(loop, "getaddrinfo", resolved)
    client = clients.client(f"kafka.example:{port}")
    try:
        with pytest.raises(KafkaError, match=r"kafka\.example"):
            await client.bootstrap()
        addresses.append("127.0.0.1")  # behind one that is dead
        await client.bootstrap()
        await client.close()
        addresses.remove("127.0.0.9")
        await client.bootstrap()
    finally:
        await client.close()


async def test_what_answers_and_is_no_broker_is_said_and_ends_no_task(kafka: str, gateway: Gateway) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"\0\0\0\4abcd")
        await reader.read()
        writer.close()

    async with clients.producer(gateway.bootstrap) as producer:
        named = gateway.named
        await gateway.shut()
        async with await asyncio.start_server(other, "127.0.0.1", named):
            assert not await producer.client.force_metadata_update()
            with pytest.raises(KafkaError):
                await KeepaliveConnection("127.0.0.1", named, request_timeout_ms=1000).connect()
        await gateway.come()
        assert await producer.client.force_metadata_update()


async def test_a_balancer_forgets_no_connection_at_rest(cluster: Cluster) -> None:
    """Each is tried more often than the balancer forgets: after many of its times, none was forgotten."""
    topic, idle = await cluster.topic(), 1.0
    async with Gateway(cluster.bootstrap, idle) as gateway:
        group = cluster.name()
        producers = Producers(ProducerSettings(gateway.bootstrap), group, group)
        try:
            await producers.start()
            await producers.commit(outputs(topic, b"1"), {TopicPartition(topic, 0): 1})
            flows = list(gateway.flows)
            assert flows
            rested = asyncio.get_running_loop().time() + 4 * idle
            await until(lambda: all(flow.moved > rested for flow in flows))
            await producers.commit(outputs(topic, b"2"), {TopicPartition(topic, 0): 2})
            assert (gateway.forgotten, sum(flow.lost for flow in gateway.flows)) == (0, 0)
        finally:
            await producers.close()


async def test_a_connection_that_was_forgotten_is_found_out_before_it_is_needed(cluster: Cluster, gateway: Gateway) -> None:
    topic, group = await cluster.topic(), cluster.name()
    producers = Producers(ProducerSettings(gateway.bootstrap), group, group)
    try:
        await producers.start()
        await producers.commit(outputs(topic, b"1"), {TopicPartition(topic, 0): 1})
        forgotten = gateway.forget()
        assert forgotten
        await until(lambda: not any(flow in gateway.flows for flow in forgotten))
        tried = sum(flow.lost for flow in forgotten)
        await producers.commit(outputs(topic, b"2"), {TopicPartition(topic, 0): 2})
        assert sum(flow.lost for flow in forgotten) == tried, "nothing that matters went that way"
    finally:
        await producers.close()


async def test_the_kernel_probes_every_connection(kafka: str) -> None:
    import socket

    host, port = kafka.rsplit(":", 1)
    connection = KeepaliveConnection(host, int(port))
    await connection.connect()
    try:
        made = connection._writer.get_extra_info("socket")
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 1
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > 0
    finally:
        connection.close()


async def test_an_answer_that_a_broker_can_give_at_once_is_not_waited_for_as_long_as_a_join(kafka: str, gateway: Gateway) -> None:
    del kafka
    async with clients.producer(gateway.bootstrap, request_timeout_ms=3_600_000) as producer:
        connection = await producer.client._get_conn(1)
        gateway.forget()
        assert not await asyncio.wait_for(producer.client.ready(99), DEADLINE)
        await until(lambda: not connection.connected())


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_cluster_is_away_when_nobody_answers_and_there_when_anybody_does() -> None:
    clock, wall = Time(), Time()
    reach = Reachability(clock, wall)
    assert reach.away() == "", "nobody has tried"
    reach.heard()
    clock.now += SILENT - 1
    assert reach.away() == ""
    clock.now += 2
    assert reach.away() == "Kafka cannot be reached since 1970-01-01T00:16:24+00:00: no broker has answered"
    reach.heard()
    assert reach.away() == ""
    clock.now += 3
    wall.now += 3
    reach.lost("a:1: refused")
    assert reach.away() == "", "another client may be well"
    clock.now += 3600
    wall.now += 3600
    reach.lost("b:1: refused")
    assert reach.away() == "Kafka cannot be reached since 1970-01-01T00:16:40+00:00: b:1: refused"
    reach.heard()
    assert reach.away() == ""


async def test_what_brokers_hold_back_is_counted_and_waited_for(kafka: str) -> None:
    host, port = kafka.rsplit(":", 1)
    connection = KeepaliveConnection(host, int(port))
    await connection.connect()

    class Answer:
        throttle_time_ms = 2500

    class Asked:
        API_KEY = 0
        RESPONSE_TYPE = Answer

        def parse_response_header(self, data: object) -> object:
            return type("Header", (), {"correlation_id": 7})

    Answer.decode = lambda _: Answer()  # type: ignore[attr-defined]
    before = REGISTRY.get_sample_value("im_relay_broker_throttled_seconds_total", {"api": "0"}) or 0.0
    try:
        connection._requests.append((7, Asked(), asyncio.get_running_loop().create_future()))
        connection._handle_frame(b"\0\0\0\7")
        assert REGISTRY.get_sample_value("im_relay_broker_throttled_seconds_total", {"api": "0"}) == before + 2.5
        assert connection._muted > 0
    finally:
        connection.close()
    assert REACH.away() == ""


def test_what_waiting_does_not_mend_is_told_from_what_it_may() -> None:
    refused = clients.UnreachableError(Localized("the broker refuses the password"))
    refused.__cause__ = SaslAuthenticationFailed()
    away = clients.UnreachableError(Localized("no broker answers there"))
    away.__cause__ = ConnectionRefusedError()
    assert is_final(refused)
    assert not is_final(away)
    assert not is_final(TimeoutError())


def test_of_several_failures_at_once_none_is_left_that_nobody_has_looked_at() -> None:
    """Or the log tells of a defect where a broker is away."""
    unseen: list[object] = []

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
        begun = 0

        def asked(fails: bool) -> Ask:
            async def ask() -> str:
                nonlocal begun
                begun += 1
                while begun < 3:
                    await asyncio.sleep(0)
                if fails:
                    raise KafkaConnectionError("away")
                return "there"

            return ask

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rebootstrap, "STAGGER", 0.001)
            assert await first_of([asked(True), asked(False), asked(True)]) == "there"
        gc.collect()

    asyncio.run(play())
    assert unseen == []
