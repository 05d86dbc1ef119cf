"""A transaction of anybody holds back what is written behind it: it is seen, named, and ended, on the real broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from typer.testing import CliRunner

from streams.cli.app import app
from streams.exactly_once.producers import Outputs, Producers, ProducerSettings
from streams.kafka import open_transactions
from streams.kafka.open_transactions import OpenTransaction, TransactionWriter, client_of
from streams.kafka.reachability import REACH
from streams.observe import lag as lags
from streams.observe.lag import LagMonitor
from streams.observe.metric_types import REGISTRY
from streams.roles.health import Health
from streams.settings.root import load
from tests.exactly_once.conftest import DEADLINE, Cluster, cluster  # noqa: F401 - a fixture
from tests.exactly_once.hosted import Hosted

pytestmark = pytest.mark.kafka

APPS = """\
[kafka]
bootstrap = "{bootstrap}"
prefix = "{prefix}"
[apps.old]
platform = "own"
target = "new"
account = {{secret = "0123456789abcdef", base_url = "https://old.example.com"}}
[apps.new]
platform = "own"
target = "old"
account = {{secret = "0123456789abcdef", base_url = "https://new.example.com"}}
"""


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not what():
            await asyncio.sleep(0.05)


@pytest.fixture
async def stranger(cluster: Cluster) -> AsyncIterator[AIOKafkaProducer]:
    """Of another program, with a transactional id of its own."""
    producer = AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=cluster.name())
    await producer.start()
    yield producer
    await producer.stop()


def name_of(producer: AIOKafkaProducer) -> str:
    return str(producer._txn_manager.transactional_id)


async def test_the_one_that_is_oldest_is_named_with_whose_it_is(cluster: Cluster, stranger: AIOKafkaProducer) -> None:
    topic = await cluster.topic(2)
    tps = [TopicPartition(topic, number) for number in range(2)]
    async with client_of(cluster.bootstrap) as client:
        assert await open_transactions.writers(client, tps) == []
        await stranger.begin_transaction()
        await stranger.send_and_wait(topic, b"first", partition=1)
        async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=cluster.name()) as second, second.transaction():
            await second.send_and_wait(topic, b"second", partition=1)
            found = await open_transactions.named(client, await open_transactions.writers(client, tps))
        assert [(one.writer.tp.partition, one.writer.start, one.name) for one in found] == [
            (1, 0, name_of(stranger)),
            (1, 1, name_of(second)),
        ]
        first = await open_transactions.oldest(client, tps[1])
        assert first is not None
        assert first.name == name_of(stranger)
        assert 0 <= first.age() < DEADLINE
        assert name_of(stranger) in str(first)
        assert await open_transactions.oldest(client, tps[0]) is None
        await stranger.abort_transaction()
        assert await open_transactions.over(client, first.writer)


async def test_a_stage_that_is_held_back_says_by_whom_counts_it_as_behind_and_is_no_restart(
    cluster: Cluster, stranger: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lags, "BLOCKED", 0.2)
    monkeypatch.setattr(lags, "FRESH", 0.0)
    topic = await cluster.topic()
    one, health = Hosted(cluster.bootstrap, cluster.name(), [topic]), Health()
    health.ready(True)
    lag = LagMonitor(one.app, "held", health, lambda: None)
    labels = {"stage": "held", "topic": topic, "partition": "0"}

    def sample(name: str) -> float:
        return REGISTRY.get_sample_value(f"im_relay_{name}", labels) or 0.0

    async def looked(what: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not what():
                await lag.look()
                await asyncio.sleep(0.05)

    async with one.running(), AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
        await producer.send_and_wait(topic, b"read", partition=0)
        await until(lambda: one.values == [b"read"])
        await looked(lambda: sample("lag_records") == 0 and not lag.behind())
        await stranger.begin_transaction()
        await stranger.send_and_wait(topic, b"open", partition=0)
        for number in range(5):
            await producer.send_and_wait(topic, b"%d" % number, partition=0)
        await looked(health.unready)
        assert sample("lag_records") == 6
        assert sample("blocked_seconds") > 0
        assert not lag.behind(), "there is nothing that could be read: a restart would not help"
        (why,) = health.unready().values()
        assert name_of(stranger) in why
        assert "im-relay transactions list" in why
        await stranger.commit_transaction()
        await until(lambda: len(one.values) == 7)
        await looked(lambda: not health.unready() and sample("lag_records") == 0)
        assert sample("blocked_seconds") == 0
    assert one.code == 0


async def test_a_topic_that_is_read_beside_the_inputs_is_watched_too(
    cluster: Cluster, stranger: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work waits for it: that is told, and is no reason for a restart."""
    monkeypatch.setattr(lags, "BLOCKED", 0.2)
    monkeypatch.setattr(lags, "FRESH", 0.0)
    topic, beside, clock = await cluster.topic(), await cluster.topic(3), SimpleNamespace(now=0.0)
    one, health = Hosted(cluster.bootstrap, cluster.name(), [topic]), Health(lambda: clock.now, REACH)
    health.ready(True)
    lag = LagMonitor(one.app, "held", health, lambda: None, (beside,))
    async with one.running():
        await stranger.begin_transaction()
        await stranger.send_and_wait(beside, b"open", partition=2)
        told = REACH.troubled
        async with asyncio.timeout(DEADLINE):
            while not (health.unready() and REACH.troubled > told):
                await lag.look()
                await asyncio.sleep(0.05)
        assert f"{beside}, partition 2" in health.unready()["transactions"]
        assert name_of(stranger) in REACH.trouble
        assert not lag.behind()


async def test_work_that_can_be_read_is_behind_also_in_front_of_an_open_transaction() -> None:
    health, tp = Health(), TopicPartition("t", 0)
    ends: dict[str, int] = {"stable": 5, "end": 9}

    class Kafka:
        def last_stable_offset(self, _: TopicPartition) -> int:
            return ends["stable"]

        def highwater(self, _: TopicPartition) -> int:
            return ends["end"]

        async def position(self, _: TopicPartition) -> int:
            return 5

        async def end_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
            return dict.fromkeys(tps, ends["stable"])

        def assignment(self) -> set[TopicPartition]:
            return {tp}

    async def asked(tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, ends["end"])

    task = SimpleNamespace(inputs=[tp], committed={tp: 3}, read={tp: 5})
    consumer = SimpleNamespace(kafka=Kafka(), starts={}, ends=asked)
    lag = LagMonitor(
        SimpleNamespace(consumer=consumer, transport=SimpleNamespace(manager=SimpleNamespace(tasks={0: task}))), "a", health, lambda: None
    )
    await lag.look()
    assert lag.behind()
    task.committed[tp] = 5
    await lag.look()
    assert not lag.behind()
    ends["stable"] = 9
    await lag.look()
    assert lag.behind()


@pytest.fixture
def config(cluster: Cluster, tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text(APPS.format(bootstrap=cluster.bootstrap, prefix=f"{cluster.name()}."))
    return path


async def command(*arguments: str, said: str = "") -> tuple[int, str]:
    done = await asyncio.to_thread(CliRunner().invoke, app, ["transactions", *arguments], input=said, env={"COLUMNS": "250"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


async def made(cluster: Cluster, config: Path) -> str:
    from aiokafka.admin import NewTopic

    name = f"{load(config).kafka.prefix}deliveries.own"
    await cluster._admin.create_topics([NewTopic(name, 1, 1)])
    return name


async def test_a_strangers_is_listed_and_aborted_once_a_person_says_so(
    cluster: Cluster, stranger: AIOKafkaProducer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await made(cluster, config)
    where = ["-c", str(config)]
    assert (await command("list", "--older", "0", *where))[0] == 0
    assert await command("abort", topic, "0", *where) == (0, f"{topic}, partition 0: no transaction is open\n")
    await stranger.begin_transaction()
    await stranger.send_and_wait(topic, b"open", partition=0)
    code, said = await command("list", "--older", "0", *where)
    assert (code, name_of(stranger) in said, topic in said) == (1, True, True)
    assert (await command("list", "--older", "3600", *where))[0] == 0
    code, said = await command("abort", topic, "0", *where, said="y\n")
    assert (code, "say --yes" in said) == (1, True), "an answer from a file is none of a person's"
    monkeypatch.setattr("streams.cli.common.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    code, said = await command("abort", topic, "0", *where, said="n\n")
    assert code == 1
    assert "none of the relay" in said
    assert (await command("list", "--older", "0", *where))[0] == 1, "it was left as it is"
    code, said = await command("abort", topic, "0", *where, said="y\n")
    assert (code, said.endswith("aborted\n")) == (0, True)
    assert (await command("list", "--older", "0", *where))[0] == 0
    with pytest.raises(Exception, match=r"Fenced|Epoch"):
        await stranger.commit_transaction()
    assert await cluster.committed(topic) == []


async def test_one_of_ours_is_said_to_be_and_its_worker_is_fenced(cluster: Cluster, config: Path) -> None:
    topic, prefix = await made(cluster, config), load(config).kafka.prefix
    producers = Producers(ProducerSettings(cluster.bootstrap), f"{prefix}convert-7", f"{prefix}convert")
    outputs = Outputs()
    outputs.add(topic, 0, b"k", b"v")
    try:
        await producers.start()
        await producers.write(outputs)
        code, said = await command("abort", topic, "0", "--yes", "-c", str(config))
        assert code == 0
        assert f"{prefix}convert, partition 7" in said
        assert "exit code 1" in said
        from streams.exactly_once.producers import FencedError

        with pytest.raises(FencedError):
            await producers.commit(Outputs(), {TopicPartition(topic, 0): 1})
    finally:
        await producers.close()


async def test_a_topic_that_is_not_there_is_named(cluster: Cluster, config: Path) -> None:
    assert await command("abort", "nothing", "0", "--yes", "-c", str(config)) == (
        2,
        "im-relay: there is no topic nothing; see im-relay transactions list\n",
    )


def test_one_that_no_coordinator_shows_says_so() -> None:
    now = time.time()
    one = OpenTransaction(TransactionWriter(TopicPartition("t", 1), 5, 9, 0, 3, int(now * 1000) - 4000))
    assert 3 < one.age(now) < 5
    assert "no coordinator shows" in str(one)


async def test_the_marker_of_one_that_no_coordinator_knows_is_written(cluster: Cluster, stranger: AIOKafkaProducer) -> None:
    topic = await cluster.topic()
    await stranger.begin_transaction()
    await stranger.send_and_wait(topic, b"open", partition=0)
    async with client_of(cluster.bootstrap) as client:
        (one,) = await open_transactions.writers(client, [TopicPartition(topic, 0)])
        await open_transactions.end_unknown(client, one)
        assert await open_transactions.over(client, one)
    assert await cluster.committed(topic) == []
