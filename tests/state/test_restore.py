"""A store filled from a topic, the newest first: what it says that it knows, it knows; on a real broker."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from streams.kafka.log_reader import LogReader
from streams.observe.metric_types import REGISTRY
from streams.state.restore import Restore, RestoreSource
from streams.state.rows import RowFamily
from streams.state.store import Store
from streams.state.turns import FairTurns

pytestmark = pytest.mark.kafka
DAY = 86_400_000
NOW = int(time.time() * 1000)
CHUNK = 50


def later(key: bytes, there: bytes, comes: bytes) -> bytes | None:
    del key
    return comes if int(comes) > int(there) else None


class Ground:
    """A topic, a store, and what fills the one from the other."""

    def __init__(self, bootstrap: str, path: Path) -> None:
        self.bootstrap, self.path = bootstrap, path
        self.topic = f"restore-{uuid4().hex[:8]}"
        self.other = f"{self.topic}-other"
        self.reader = LogReader(bootstrap, committed=True)
        self.steps = 0

    def make(self, topic: str = "") -> None:
        admin, topic = AdminClient({"bootstrap.servers": self.bootstrap}), topic or self.topic
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)

    async def remove(self, topic: str) -> None:
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        admin.delete_topics([topic])[topic].result(10)
        while topic in admin.list_topics(timeout=10).topics:
            await asyncio.sleep(0.05)
        await self.reader.stop()
        self.reader = LogReader(self.bootstrap, committed=True)

    def write(self, records: list[tuple[bytes, bytes, int]], topic: str = "") -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "batch.num.messages": 7})
        for key, value, at in records:
            producer.produce(topic or self.topic, value, key, 0, timestamp=at)
        assert not producer.flush(20)

    def open(self, life: int = 30 * DAY, *, two: bool = False) -> None:
        """*two*: the store is filled from the other topic, too."""
        self.store = Store(self.path, [RowFamily("known", life, DAY, counted=True)], later, stage="test")
        source = RestoreSource(
            self.topic,
            self.reader,
            lambda key, value, _: [("known", key, value)] if value else [],
            told=lambda record: self.store.get("known", record.key) is not None,
        )
        sources = [source, RestoreSource(self.other, self.reader, source.rows)] if two else [source]
        self.restore = Restore(self.store, 0, sources, FairTurns(1), "test", self._moved, chunk=CHUNK)

    def _moved(self) -> None:
        self.steps += 1

    def since(self) -> float:
        return self.restore.since(self.topic)

    async def whole(self) -> None:
        """Until everything is restored."""
        async with self.running():
            async with asyncio.timeout(30):
                while self.restore.left:
                    await asyncio.sleep(0.005)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.restore.keep_on())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def ground(kafka: str, tmp_path: Path) -> AsyncIterator[Ground]:
    one = Ground(kafka, tmp_path / "store")
    one.make()
    one.open()
    yield one
    one.store.close()
    await one.reader.stop()


def numbered(count: int, first: int = 0, step: int = 1000) -> list[tuple[bytes, bytes, int]]:
    """One a second, the last one now."""
    return [(b"k%d" % n, b"%d" % n, NOW - (count + first - n) * step) for n in range(first, first + count)]


async def test_the_end_is_known_at_once_and_the_rest_from_the_newest_backwards(ground: Ground) -> None:
    ground.write(numbered(1000))
    await ground.restore.begin(ground.topic)
    assert ground.since() == NOW - CHUNK * 1000, "what lies in the last chunk, and nothing before"
    assert ground.restore.left == 1000 - CHUNK
    assert ground.store.get("known", b"k999") == b"999"
    assert ground.store.get("known", b"k0") is None
    await ground.whole()
    assert ground.since() == -inf
    assert all(ground.store.get("known", b"k%d" % n) == b"%d" % n for n in range(1000))


async def test_what_it_says_that_it_knows_it_knows_at_every_moment(ground: Ground) -> None:
    records = numbered(600)
    ground.write(records)
    await ground.restore.begin(ground.topic)
    seen = []
    async with ground.running():
        while ground.restore.left:
            seen.append(ground.since())
            assert all(ground.store.get("known", key) for key, _, at in records if at >= ground.since())
            await asyncio.sleep(0)
    assert seen == sorted(seen, reverse=True), "it only ever goes back"
    assert len(set(seen)) > 5


async def test_of_a_key_the_later_record_counts_whichever_is_read_first(ground: Ground) -> None:
    again = [(b"k%d" % n, b"%d" % (5000 + n), NOW) for n in range(0, 1000, 3)]
    ground.write(numbered(1000) + again)
    await ground.restore.begin(ground.topic)
    await ground.whole()
    expected = {b"k%d" % n: b"%d" % (5000 + n if n % 3 == 0 else n) for n in range(1000)}
    assert {key: ground.store.get("known", key) for key in expected} == expected


async def test_it_goes_on_where_it_was_and_takes_in_what_came_meanwhile(ground: Ground) -> None:
    ground.write(numbered(1000))
    await ground.restore.begin(ground.topic)
    before = ground.restore.left
    async with ground.running():
        while ground.restore.left > before // 2:
            await asyncio.sleep(0)
    left = ground.restore.left
    assert 0 < left <= before // 2
    ground.store.close()
    ground.write(numbered(500, first=1000, step=1))
    ground.open()
    await ground.restore.begin(ground.topic)
    assert ground.restore.left == left + 500 - CHUNK, "nothing twice"
    await ground.whole()
    assert all(ground.store.get("known", b"k%d" % n) for n in range(1500))


async def test_nothing_is_read_again_by_a_worker_that_was_away_for_a_moment(ground: Ground) -> None:
    ground.write(numbered(200))
    await ground.restore.begin(ground.topic)
    await ground.whole()
    ground.store.close()
    ground.write(numbered(10, first=200, step=1))
    ground.open()
    before = REGISTRY.get_sample_value("im_relay_state_restored_total", {"stage": "test"}) or 0.0
    await ground.restore.begin(ground.topic)
    assert ground.since() == -inf
    assert REGISTRY.get_sample_value("im_relay_state_restored_total", {"stage": "test"}) == before + 10


async def test_state_of_an_earlier_topic_is_not_believed(ground: Ground) -> None:
    """The topic was made anew, shorter or longer than what was taken in of the one before."""
    ground.write(numbered(200))
    await ground.restore.begin(ground.topic)
    await ground.whole()
    for count, why in ((20, "topic"), (400, "sample")):
        ground.store.close()
        await ground.remove(ground.topic)
        ground.make()
        ground.write([(b"%d-%d" % (count, n), b"%d" % n, NOW) for n in range(count)])
        ground.open()
        before = REGISTRY.get_sample_value("im_relay_state_rebuilt_total", {"stage": "test", "why": why}) or 0.0
        await ground.restore.begin(ground.topic)
        await ground.whole()
        assert REGISTRY.get_sample_value("im_relay_state_rebuilt_total", {"stage": "test", "why": why}) == before + 1
        assert ground.store.get("known", b"k5") is None
        assert ground.store.get("known", b"%d-5" % count) == b"5"


async def test_a_topic_that_was_made_anew_costs_no_rows_of_another_unseen(ground: Ground) -> None:
    ground.store.close()
    ground.make(ground.other)
    for count, topic in ((200, ""), (100, ground.other)):
        ground.write([(b"%d-%d" % (count, n), b"%d" % n, NOW) for n in range(count)], topic)
    ground.open(two=True)
    for topic in (ground.topic, ground.other):
        await ground.restore.begin(topic)
    await ground.whole()
    ground.store.close()
    await ground.remove(ground.other)
    ground.make(ground.other)
    ground.open(two=True)
    for topic in (ground.topic, ground.other):
        await ground.restore.begin(topic)
    await ground.whole()
    assert ground.since() == -inf
    assert [ground.store.get("known", b"200-%d" % n) for n in (0, 199)] == [b"0", b"199"], "it says that it knows them"
    assert ground.store.get("known", b"100-5") is None


async def test_what_is_older_than_remembered_is_restored_when_somebody_waits_for_it(ground: Ground) -> None:
    ground.store.close()
    ground.open(life=3 * DAY)
    ground.write(numbered(400, step=DAY // 20))  # twenty days
    await ground.restore.begin(ground.topic)
    await ground.whole()
    assert NOW - 5 * DAY <= ground.since() <= NOW - 3 * DAY, "as far back as it has to"
    assert ground.store.get("known", b"k0") is None
    async with ground.running():
        ground.restore.want(NOW - 15 * DAY)
        async with asyncio.timeout(20):
            while ground.since() > NOW - 15 * DAY:
                await asyncio.sleep(0.005)
        assert ground.store.get("known", b"k110") == b"110"
        ground.restore.want(-inf)
        async with asyncio.timeout(20):
            while ground.since() > -inf:
                await asyncio.sleep(0.005)
        assert ground.store.get("known", b"k0") == b"0"


async def test_a_batch_that_was_aborted_is_not_read(ground: Ground) -> None:
    producer = Producer({"bootstrap.servers": ground.bootstrap, "transactional.id": uuid4().hex})
    producer.init_transactions(20)
    for kept, commit in ((b"1", True), (b"2", False), (b"3", True)):
        producer.begin_transaction()
        producer.produce(ground.topic, kept, b"k" + kept, 0)
        producer.flush(20)  # what has not left would not be there at all
        (producer.commit_transaction if commit else producer.abort_transaction)(20)
    await ground.restore.begin(ground.topic)
    assert [ground.store.get("known", b"k" + n) for n in (b"1", b"2", b"3")] == [b"1", None, b"3"]
    everything = LogReader(ground.bootstrap, committed=False)
    await everything.start()
    part = await everything.read(TopicPartition(ground.topic, 0), 0)
    assert [(record.offset, record.value) for record in part.records] == [(0, b"1"), (2, b"2"), (4, b"3")]
    await everything.stop()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_RELAY_TEST_WRITE_BUFFER", "8192")


async def test_a_stretch_that_holds_more_than_was_thought_is_read_in_smaller_ones(ground: Ground) -> None:
    """After much that compaction has taken away, much is asked for at once."""
    ground.write(numbered(3000))
    await ground.restore.begin(ground.topic)
    ground.restore._known[ground.topic].span = 100_000
    await ground.whole()
    assert all(ground.store.get("known", b"k%d" % n) == b"%d" % n for n in range(3000))
