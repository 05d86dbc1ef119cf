"""What becomes of the others while keys cannot be read or made, on the real broker."""

import asyncio
import time
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from streams.encryption.headers import LOST, owner
from streams.encryption.key_ring import KeyRing
from streams.encryption.upkeep import discard
from streams.exactly_once.ending import ended
from streams.exactly_once.producers import ProducerSettings
from streams.ingress.store import CallbackStore
from streams.kafka import admin, clients, record_kinds, topics
from streams.kafka.record_writer import RecordWriter
from streams.kafka.topic_follower import TopicFollower
from tests.encryption.ground import PARTITIONS, Ground

ALICE, BOB = owner("yunxin", "alice"), owner("yunxin", "bob")


async def unfollowed(ring: KeyRing) -> None:
    """As after a defect: all is read anew at the next start."""
    assert ring._following is not None
    await ended([ring._following])


async def refused(*_: Any, **__: Any) -> None:
    raise KafkaError("refused")


async def test_a_record_that_says_it_lost_its_content_is_somebody_elses_and_ends_nothing(ground: Ground) -> None:
    cluster = ground.process()
    ring = ground.cipher(cluster).ring
    async with ring.used():
        await ring.prepare([ALICE])
        async with clients.producer(cluster, acks="all") as producer:
            headers = [(LOST, b"discarded")]
            await producer.send_and_wait(ring.topic, b"made up", b"u" + bytes(16), partition=0, headers=headers)
        await ring.caught_up()
        await ring.prepare([BOB])
        assert ring.person(BOB) is not None
    fresh = ground.cipher(ground.process()).ring
    async with fresh.used():
        await fresh.caught_up()
        assert fresh.table.persons == 3, "nobody's, alice's, bob's"


async def test_keys_are_made_again_once_the_brokers_take_them(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed leaves no producer behind whose sequence has a hole."""
    ring = ground.cipher(ground.process()).ring
    async with ring.used():
        await ring.prepare([])
        with monkeypatch.context() as patched:
            patched.setattr(ring._writer, "_seconds", 0.0)
            with pytest.raises(KafkaError, match="not stored in"):
                await ring.prepare([ALICE])
        before = ring._writer._producer
        await ring.prepare([ALICE])
        assert ring._writer._producer is not before
        assert ring.person(ALICE) is not None
    assert (ring._writer._producer, ring._writer._discarded._tasks) == (None, set())


async def test_what_was_known_is_known_until_all_has_been_read_anew(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = ground.cipher(ground.process()).ring
    async with ring.used():
        await ring.prepare([ALICE])
        await unfollowed(ring)
        known = ring.person(ALICE)
        with monkeypatch.context() as patched:
            patched.setattr(TopicFollower, "connect", refused)
            with pytest.raises(KafkaError):
                await ring.start()
        assert ring.person(ALICE) == known
        await ring.start()
        assert ring.person(ALICE) == known


async def test_what_is_read_anew_without_a_key_opens_nothing_any_more(ground: Ground) -> None:
    one, other = ground.process(), ground.process()
    await ground.write(one, topics.DELIVERIES, ("alice", b"of alice"))
    ring = ground.cipher(other).ring
    async with ring.used():
        assert await ground.values(other) == [b"of alice"]
        await unfollowed(ring)
        assert await discard(ground.cipher(one).ring, ProducerSettings(one, headers=record_kinds.headers_of), ground.prefix, [ALICE]) == 1
        await ring.start()
        assert await ground.values(other) == []


async def test_callbacks_of_known_persons_are_stored_while_no_key_can_be_made(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = topics.wanted(["yunxin"], prefix=ground.prefix, partitions=PARTITIONS)
    await admin.create(ground.bootstrap, [one for one in specs if one.topic is topics.CALLBACKS])
    topic = topics.CALLBACKS.name("yunxin", prefix=ground.prefix)
    whose = {topic: lambda body: owner("yunxin", body.decode())}
    store = CallbackStore(ground.process(), [topic], timeout=5.0, limit=100, tell=lambda _: None, owners=whose)
    await store.start()

    async def put(name: str) -> str:
        return await store.put(topic, b"key", name.encode(), [], time.time_ns() // 1_000_000)

    try:
        assert await put("alice") == "stored"
        healthy = store._producer
        with monkeypatch.context() as patched:
            patched.setattr(RecordWriter, "write", refused)
            assert await asyncio.gather(*map(put, ["alice", "bob", "alice", "carol", "alice"])) == [
                "stored", "down", "stored", "down", "stored",
            ]  # fmt: skip
            assert await put("bob") == "down"
        assert (store.down, store._producer) == ("", healthy)
        async with asyncio.timeout(30):
            while await put("bob") != "stored":
                await asyncio.sleep(0.05)
        assert store._producer is healthy
    finally:
        await store.close(5.0)
