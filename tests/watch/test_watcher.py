"""The watcher tells how old the oldest undelivered message is, from outside, on the real broker."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import TopicPartition as ConfluentPartition
from confluent_kafka.admin import AdminClient

from converters.core import wire
from streams.exactly_once.assignor import CopartitionAssignor
from streams.ingress.record import PAST
from streams.kafka.local.ports import free_port
from streams.watch.heads import OldestRecords
from tests.operate.conftest import callback, delivery
from tests.stack import ROOT
from tests.waiting import until
from tests.watch.conftest import Scene, run, value

pytestmark = pytest.mark.kafka

MINUTE = 60_000


def ago(milliseconds: int) -> int:
    return int(time.time() * 1000) - milliseconds


def oldest(**labels: str) -> float | None:
    return value("watch_oldest_seconds", **labels)


def test_an_undelivered_message_is_as_old_as_its_callback_and_gone_once_it_is_done(scene: Scene) -> None:
    """Nobody works: the age comes from the record at the committed offset, whoever should have committed it."""
    topic = scene.ground.names.deliveries
    message = delivery(1)
    old = type(message)(event=message.event, target="new", sender="alice", receiver="bob", received=ago(11 * MINUTE))

    async def play() -> None:
        await scene.put(topic, 1, wire.dump(old))
        async with scene.watching() as watcher:
            assert await watcher.look()
            age = oldest(stage="deliver", app="old", **{"class": "live"})
            assert age is not None
            assert 660 <= age < 700
            assert value("watch_lag_records", stage="deliver", topic=topic) == 1
            await scene.done("deliver.easemob", topic, 1, 1)
            await watcher.look()
            assert oldest(stage="deliver", app="old", **{"class": "live"}) == 0
            assert value("watch_lag_records", stage="deliver", topic=topic) == 0

    run(play())


def test_what_is_deleted_before_it_was_read_waits_no_more(scene: Scene) -> None:
    topic = scene.ground.names.deliveries
    tp = ConfluentPartition(topic, 1, -1)

    async def play() -> None:
        for number in range(2):
            await scene.put(topic, 1, wire.dump(delivery(number)))
        await scene.done("deliver.easemob", topic, 1, 1)
        async with scene.watching() as watcher:
            await watcher.look()
            assert value("watch_lag_records", stage="deliver", topic=topic) == 1
            assert (oldest(stage="deliver", app="old", **{"class": "live"}) or 0.0) > 0
            admin = AdminClient({"bootstrap.servers": scene.ground.bootstrap})
            await asyncio.to_thread(admin.delete_records([tp])[tp].result, 20)
            await watcher.look()
            assert value("watch_lag_records", stage="deliver", topic=topic) == 0
            assert oldest(stage="deliver", app="old", **{"class": "live"}) == 0

    run(play())


def test_a_callback_that_nobody_converts_is_seen_by_app_and_direction(scene: Scene) -> None:
    async def play() -> None:
        headers = [("app", b"old"), ("received", b"%d" % ago(5 * MINUTE))]
        await scene.put(scene.ground.names.callbacks, 0, callback(1), headers=headers, at=ago(5 * MINUTE))
        async with scene.watching() as watcher:
            await watcher.look()
            age = oldest(stage="convert", app="old", direction="yunxin>easemob")
            assert age is not None
            assert 300 <= age < 340
            assert oldest(stage="convert", app="new", direction="easemob>yunxin") == 0

    run(play())


def test_what_a_person_puts_back_is_as_old_as_its_being_put_back(scene: Scene) -> None:
    """It was said long ago, and nobody has waited for it here."""
    message = delivery(1)
    old = type(message)(event=message.event, target="new", sender="alice", receiver="bob", received=ago(60 * MINUTE))

    async def play() -> None:
        await scene.put(scene.ground.names.deliveries, 0, wire.dump(old), headers=[(PAST, b"1")])
        async with scene.watching() as watcher:
            await watcher.look()
            age = oldest(stage="deliver", app="old", **{"class": "live"})
            assert age is not None
            assert 0 < age < 30

    run(play())


def test_a_replay_is_told_from_what_is_live(scene: Scene) -> None:
    async def play() -> None:
        await scene.put(scene.ground.names.backfill, 0, wire.dump(delivery(1)), at=ago(10 * MINUTE))
        async with scene.watching() as watcher:
            await watcher.look()
            assert oldest(stage="deliver", **{"class": "live"}) == 0
            age = oldest(stage="deliver", app="old", **{"class": "backfill"})
            assert age is not None
            assert age >= 600

    run(play())


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b'{"event": 1}', b"\xff" * 100], ids=repr)
def test_a_record_that_is_none_of_ours_has_an_age_too(scene: Scene, junk: bytes) -> None:
    async def play() -> None:
        await scene.put(scene.ground.names.deliveries, 0, junk, at=ago(3 * MINUTE))
        async with scene.watching() as watcher:
            assert await watcher.look()
            age = oldest(stage="deliver", app="unknown")
            assert age is not None
            assert 180 <= age < 220

    run(play())


def test_an_app_name_that_a_stranger_writes_is_no_label(scene: Scene) -> None:
    async def play() -> None:
        await scene.put(scene.ground.names.callbacks, 0, callback(1), headers=[("app", b"x\nfoo 1")])
        async with scene.watching() as watcher:
            await watcher.look()
            assert oldest(stage="convert", app="unknown") is not None
            assert oldest(stage="convert", app="x\nfoo 1") is None

    run(play())


def test_markers_and_what_was_aborted_are_no_backlog(scene: Scene) -> None:
    """Both take offsets that no stage commits."""
    topic = scene.ground.names.deliveries

    async def play() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=scene.ground.bootstrap, transactional_id=f"{scene.ground.prefix}writer")
        await producer.start()
        try:
            async with producer.transaction():
                await producer.send_and_wait(topic, wire.dump(delivery(1)), b"k", 0)
            await scene.done("deliver.easemob", topic, 0, 1)
            await producer.begin_transaction()
            await producer.send_and_wait(topic, wire.dump(delivery(2)), b"k", 0)
            await producer.abort_transaction()
            async with scene.watching() as watcher:
                await watcher.look()
                assert value("watch_lag_records", stage="deliver", topic=topic) == 0
                assert oldest(stage="deliver", **{"class": "live"}) == 0
        finally:
            await producer.stop()

    run(play())


def test_what_an_open_transaction_holds_back_is_seen_and_goes_with_its_end(scene: Scene) -> None:
    topic = scene.ground.names.deliveries

    async def play() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=scene.ground.bootstrap, transactional_id=f"{scene.ground.prefix}writer")
        await producer.start()
        try:
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"of nobody", b"k", 0, timestamp_ms=ago(2 * MINUTE))
            await scene.put(topic, 0, wire.dump(delivery(1)))
            async with scene.watching() as watcher:
                await watcher.look()
                assert value("watch_lag_records", stage="deliver", topic=topic) == 2
                age = oldest(stage="deliver", **{"class": "live"})
                assert age is not None
                assert age >= 120
                assert value("watch_open_transactions", topic=topic) == 1
                await producer.abort_transaction()
                await watcher.look()
                assert value("watch_open_transactions", topic=topic) == 0
                age = oldest(stage="deliver", **{"class": "live"})
                assert age is not None
                assert age < 60, "the record behind the transaction is young"
        finally:
            await producer.stop()

    run(play())


def test_a_partition_that_commits_nothing_for_a_minute_is_stuck_and_others_are_not(scene: Scene) -> None:
    topic = scene.ground.names.deliveries

    async def play() -> None:
        for partition in (0, 1):
            await scene.put(topic, partition, wire.dump(delivery(1)), wire.dump(delivery(2)))
        async with scene.watching() as watcher:
            await watcher.look()
            scene.clock.now += 59
            await watcher.look()
            assert value("watch_stuck_partitions", topic=topic) == 0
            scene.clock.now += 2
            await scene.done("deliver.easemob", topic, 1, 1)
            await watcher.look()
            assert value("watch_stuck_partitions", topic=topic) == 1
            await scene.done("deliver.easemob", topic, 0, 2)
            await watcher.look()
            assert value("watch_stuck_partitions", topic=topic) == 0

    run(play())


def test_ages_grow_while_the_cluster_cannot_be_asked(scene: Scene) -> None:
    times = [time.time() + 60]  # behind the record's own time

    async def play() -> None:
        await scene.put(scene.ground.names.deliveries, 0, wire.dump(delivery(1)))
        async with scene.watching(lambda: times[-1]) as watcher:
            await watcher.look()
            before = oldest(stage="deliver", **{"class": "live"})
            times.append(times[-1] + 100)
            watcher.show()
            after = oldest(stage="deliver", **{"class": "live"})
            assert before is not None
            assert after == pytest.approx(before + 100, abs=0.01)

    run(play())


def test_partitions_without_an_owner_are_counted(scene: Scene) -> None:
    """As the group itself says: a worker that is gone cannot."""
    topic = scene.ground.names.callbacks
    other = topic.replace("yunxin", "easemob")

    async def play() -> None:
        async with scene.watching() as watcher:
            await watcher.look()
            assert (value("watch_unowned_partitions", stage="convert"), value("watch_members", stage="convert")) == (3, 0)
            member = AIOKafkaConsumer(
                topic,
                other,
                bootstrap_servers=scene.ground.bootstrap,
                group_id=f"{scene.ground.prefix}convert",
                partition_assignment_strategy=[CopartitionAssignor()],
                enable_auto_commit=False,
            )
            await member.start()
            try:
                await watcher.look()
                assert (value("watch_unowned_partitions", stage="convert"), value("watch_members", stage="convert")) == (0, 1)
            finally:
                await member.stop()
            await watcher.look()
            assert value("watch_unowned_partitions", stage="convert") == 3

    run(play())


def test_dead_letters_are_open_until_a_person_has_ended_them_whoever_looks(scene: Scene) -> None:
    """A watcher that begins anew finds what the one before it has found: the topic tells, and no counter."""
    scene.ground.bury(delivery(1), delivery(2))
    scene.ground.bury(delivery(3), cause="defect", whose="ours")

    def letters(cause: str) -> float | None:
        async def look() -> None:
            async with scene.watching() as watcher:
                assert await watcher.look()

        run(look())
        return value("watch_open_letters", cause=cause, app="old")

    assert (letters("refused"), letters("defect")) == (2, 1)
    assert value("watch_open_letters", whose="ours", stage="deliver") == 1
    done = scene.ground.im_relay("dead", "drop", "--cause", "refused", "--reason", "of no use", "--yes")
    assert done.exit_code == 0, done.output
    assert (letters("refused"), letters("defect")) == (0, 1)


def test_a_long_topic_of_dead_letters_is_read_in_steps_and_the_rest_is_seen_meanwhile(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.watch.letters.STEPS", 0)
    scene.ground.bury(delivery(1))

    async def play() -> None:
        async with scene.watching() as watcher:
            assert not await watcher.look()
            assert value("watch_lag_records", stage="deliver", topic=scene.ground.names.deliveries) == 1
            monkeypatch.undo()
            assert await watcher.look()
            assert value("watch_open_letters", cause="refused") == 1

    run(play())


def test_a_partition_that_stands_is_read_once(scene: Scene) -> None:
    """What costs is what moves: of a thousand partitions that stand, none is read again."""
    reads: list[Any] = []

    async def play() -> None:
        await scene.put(scene.ground.names.deliveries, 0, wire.dump(delivery(1)))
        async with scene.watching() as watcher:
            for log in watcher._logs:
                log.read = _counted(log.read, reads)
            await watcher.look()
            first = [tp for tp in reads if tp.topic == scene.ground.names.deliveries]
            await watcher.look()
            again = [tp for tp in reads if tp.topic == scene.ground.names.deliveries]
            assert (len(first), len(again)) == (1, 1)

    run(play())


def _counted(read: Any, into: list[Any]) -> Any:
    async def counting(tp: Any, *arguments: Any) -> Any:
        into.append(tp)
        return await read(tp, *arguments)

    return counting


def test_one_look_reads_a_bounded_number_of_partitions_and_the_next_goes_on(scene: Scene) -> None:
    async def play() -> None:
        for partition in range(3):
            await scene.put(scene.ground.names.deliveries, partition, wire.dump(delivery(1)))
        async with scene.watching() as watcher:
            watcher._oldest = {group: OldestRecords(watcher._logs[0], watcher._logs[1], reads=1) for group in watcher._oldest}
            for seen in (1, 2, 3):
                await watcher.look()
                assert value("watch_lag_records", topic=scene.ground.names.deliveries) == seen

    run(play())


def test_the_command_shows_it_and_ends_when_told(scene: Scene) -> None:
    run(scene.put(scene.ground.names.deliveries, 0, wire.dump(delivery(1)), at=ago(10 * MINUTE)))
    port = free_port()
    child = subprocess.Popen(
        [sys.executable, "-m", "streams", "watch", "-c", str(scene.ground.config)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "IM_RELAY_OBSERVE__PORT": str(port), "IM_RELAY_OBSERVE__HOST": "127.0.0.1", "IM_RELAY_WATCH__INTERVAL": "1"},
    )

    def page(path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    try:
        until(lambda: json.loads(page("/readyz") or "{}").get("ready"))
        text = page("/metrics")
        assert f'im_relay_watch_lag_records{{platform="easemob",stage="deliver",topic="{scene.ground.names.deliveries}"}} 1.0' in text
        assert "secret words" not in text
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=30)
        assert child.returncode == 0, out
        assert "Traceback" not in out
        assert "secret words" not in out
    finally:
        child.kill()
        child.wait()


def test_nothing_is_joined_or_committed(scene: Scene) -> None:
    """The groups are the stages' own: a watcher that joined one would take partitions away from them."""

    async def play() -> None:
        await scene.put(scene.ground.names.deliveries, 0, wire.dump(delivery(1)))
        async with scene.watching() as watcher:
            await watcher.look()
            await asyncio.gather(*(watcher._probe._committed(stage.group) for stage in watcher.stages))
            assert [await watcher._probe._committed(stage.group) for stage in watcher.stages] == [{} for _ in watcher.stages]
            assert value("watch_members", stage="deliver", platform="easemob") == 0

    run(play())
