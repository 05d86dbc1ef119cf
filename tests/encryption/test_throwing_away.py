"""Keys that are thrown away: by a person's erasure, by age, and what becomes of those who still use them; on the real broker."""

import asyncio

import pytest
from msgspec import structs

from streams.encryption import key_records
from streams.encryption.headers import owner
from streams.encryption.key_records import new_period
from streams.encryption.master_key_form import MasterKeyError
from streams.encryption.upkeep import discard, rewrap, status
from streams.exactly_once.producers import Outputs, Producers, ProducerSettings
from streams.kafka import admin, clients, record_kinds, topics
from streams.kafka.cluster import Cluster
from streams.operate.topic_reader import OperateError
from tests.encryption.ground import Ground, master

ALICE, BOB = owner("yunxin", "alice"), owner("yunxin", "bob")


def link(cluster: Cluster) -> ProducerSettings:
    return ProducerSettings(cluster, headers=record_kinds.headers_of)


async def test_what_alice_wrote_is_gone_and_what_bob_wrote_is_not(ground: Ground) -> None:
    one = ground.process()
    await ground.write(one, topics.DELIVERIES, ("alice", b"of alice"), ("bob", b"of bob"), ("Alice", b"of alice again"))
    assert await discard(ground.cipher(one).ring, link(one), ground.prefix, [ALICE]) == 1
    for reader in (one, ground.process()):
        records, lost = await ground.read(reader, topics.DELIVERIES)
        assert ([record.value for record in records], lost) == ([b"of bob"], 2)
    await ground.write(one, topics.DELIVERIES, ("alice", b"she is back"))
    assert await ground.values(ground.process()) == [b"of bob", b"she is back"], "under a new key"


async def test_others_who_are_at_work_know_it(ground: Ground) -> None:
    one, other = ground.process(), ground.process()
    ring = ground.cipher(other).ring
    ring.enter()
    try:
        await ring.prepare([ALICE, BOB])
        before = ring.person(ALICE)
        assert await discard(ground.cipher(one).ring, link(one), ground.prefix, [ALICE]) == 1
        await ring.caught_up()
        assert (ring.person(ALICE), ring.person(BOB) is not None) == (None, True)
        await ring.prepare([ALICE])
        assert ring.person(ALICE) not in (None, before)
    finally:
        await ring.leave()


async def test_nothing_of_a_key_that_was_thrown_away_can_be_written_again(ground: Ground) -> None:
    """A person rotates the master key while another erases somebody."""
    second = master()
    one = ground.process()
    await ground.write(one, topics.DELIVERIES, ("alice", b"of alice"))
    rotating = ground.process(second, ground.first)
    ring = ground.cipher(rotating).ring
    ring.enter()
    try:
        slow = Producers(link(rotating), f"{ground.prefix}operate.keys", "")
        await slow.start()
        await ring.caught_up()
        assert len(ring.old) == 3, "nobody's, alice's, and the period's"
        await discard(ground.cipher(one).ring, link(one), ground.prefix, [ALICE])
        outputs = Outputs()
        outputs.add(ring.topic, 0, b"u" + bytes(16), b"the same key again")
        with pytest.raises(Exception, match=r"(?i)fence|error"):
            await slow.commit(outputs, {})
        await slow.close()
    finally:
        await ring.leave()
    assert await ground.values(ground.process()) == []


async def test_after_all_is_wrapped_anew_the_old_master_key_is_not_needed(ground: Ground) -> None:
    second = master()
    await ground.write(ground.process(), topics.DELIVERIES, ("alice", b"of alice"), ("bob", b"of bob"))
    with pytest.raises(MasterKeyError):
        await ground.values(ground.process(second))
    rotating = ground.process(second, ground.first)
    ring = ground.cipher(rotating).ring
    assert (await status(ring)).old == 4
    assert await rewrap(ring, link(rotating), ground.prefix) == (4, 0)
    assert (await status(ring)).old == 0
    assert await ground.values(ground.process(second)) == [b"of alice", b"of bob"]
    with pytest.raises(MasterKeyError):
        await ground.values(ground.process())


async def test_what_is_too_old_is_thrown_away_by_whoever_makes_the_next_key(ground: Ground) -> None:
    one = ground.process(kept_days=1)
    ring = ground.cipher(one).ring
    old = new_period(1)
    async with clients.producer(one, acks="all") as producer:
        name, value = key_records.dump(old, ring.masters.first)
        await producer.send_and_wait(ring.topic, value, name, partition=0)
    ring.enter()
    try:
        await ring.prepare([ALICE])
        assert old.id not in ring.table.periods
    finally:
        await ring.leave()
    lying = [(record.key, record.value) for record in await ground.raw(topics.KEYS) if record.key == name]
    assert lying == [(name, value), (name, None)]


async def test_a_worker_waits_for_a_key_that_it_has_not_read_yet(ground: Ground) -> None:
    """Its record is there at once, its key only after the follower has read on: nothing is taken for gone."""
    reader, writer = ground.process(), ground.process()
    ring = ground.cipher(reader).ring
    ring.enter()
    try:
        await ring.start()
        for number in range(20):
            await ground.write(writer, topics.DELIVERIES, (f"person {number}", b"%d" % number))
            records, lost = await ground.read(reader, topics.DELIVERIES)
            assert ([record.value for record in records], lost) == ([b"%d" % each for each in range(number + 1)], 0)
    finally:
        await ring.leave()


async def test_two_who_change_keys_at_once_do_not_both_succeed_unseen(ground: Ground) -> None:
    one, other = ground.process(), ground.process()
    await ground.write(one, topics.DELIVERIES, ("alice", b"of alice"), ("bob", b"of bob"))
    done = await asyncio.gather(
        discard(ground.cipher(one).ring, link(one), ground.prefix, [ALICE]),
        discard(ground.cipher(other).ring, link(other), ground.prefix, [BOB]),
        return_exceptions=True,
    )
    assert all(each == 1 or isinstance(each, OperateError) for each in done)
    gone = {name for name, each in zip((b"of alice", b"of bob"), done, strict=True) if each == 1}
    assert set(await ground.values(ground.process())).isdisjoint(gone)
    assert gone, "one of both"


@pytest.mark.slow
async def test_brokers_delete_what_was_thrown_away(kafka: str) -> None:
    """With the settings that `topics create` gives the topic, but for seconds in place of an hour."""
    ground = Ground(kafka)
    (spec,) = [one for one in topics.wanted(["easemob"], prefix=ground.prefix, partitions=1) if one.topic is topics.KEYS]
    hours = {name for name, value in spec.configs.items() if value == str(topics.HOUR)}
    assert hours == {"segment.ms", "max.compaction.lag.ms"}
    await admin.create(kafka, [structs.replace(spec, configs={**spec.configs, **dict.fromkeys(hours, "2000")})])
    one = ground.process()
    ring = ground.cipher(one).ring
    ring.enter()
    try:
        await ring.prepare([ALICE])
        name = key_records.person_record(ring.person(ALICE) or b"")
        await discard(ring, link(one), ground.prefix, [ALICE])
        values: list[bytes | None] = [b"not read yet"]
        number = 0
        while any(values):  # a broker begins a new segment only when something is written
            number += 1
            await ring.prepare([b"%d" % number])
            await asyncio.sleep(1.0)
            values = [record.value for record in await ground.raw(topics.KEYS, 1) if record.key == name]
        assert values == [None], "its deletion is still told"
    finally:
        await ring.leave()
