"""Records that are encrypted, on the real broker: what lies there, who can read it, and what is left once a key is thrown away."""

import pytest

from streams.encryption.headers import AUTHOR, SEALED, SEALED_VERSION
from streams.encryption.master_key_form import MasterKeyError
from streams.kafka import topics
from streams.kafka.record_kinds import VERSION, TooNewError, check
from streams.operate.topic_reader import OperateError
from tests.encryption.ground import Ground, master

WORDS = b"what alice has said"


async def test_what_lies_there_tells_nothing_and_is_read_by_another_process(ground: Ground) -> None:
    await ground.write(ground.process(), topics.DELIVERIES, ("alice", WORDS), ("bob", b"and bob"))
    lying = await ground.raw(topics.DELIVERIES)
    assert len(lying) == 2
    for record in lying:
        assert WORDS not in record.value
        assert dict(record.headers)[VERSION] == b"%d" % (SEALED_VERSION + 1)
        assert not any(b"alice" in value for _, value in record.headers)
        assert AUTHOR not in dict(record.headers)
    records, lost = await ground.read(ground.process(), topics.DELIVERIES)
    assert ([record.value for record in records], lost) == ([WORDS, b"and bob"], 0)
    assert [dict(record.headers)[VERSION] for record in records] == [b"1", b"1"]


async def test_topics_without_words_stay_as_they_are(ground: Ground) -> None:
    await ground.write(ground.process(), topics.LEDGER, ("alice", b"an entry"))
    (record,) = await ground.raw(topics.LEDGER)
    assert record.value == b"an entry"


async def test_on_and_off_again_with_records_of_all_times(ground: Ground) -> None:
    await ground.write(ground.plain(), topics.DELIVERIES, ("alice", b"before"))
    on, off = ground.process(), ground.process(enabled=False)
    await ground.write(on, topics.DELIVERIES, ("alice", b"while on"))
    await ground.write(off, topics.DELIVERIES, ("alice", b"after"))
    for reader in (on, off, ground.process()):
        assert await ground.values(reader) == [b"before", b"while on", b"after"]
    assert [SEALED in dict(record.headers) for record in await ground.raw(topics.DELIVERIES)] == [False, True, False]


async def test_what_follows_is_under_the_same_person_s_key(ground: Ground) -> None:
    await ground.write(ground.process(), topics.DELIVERIES, ("alice", WORDS))
    (read,), _ = await ground.read(ground.process(), topics.DELIVERIES)
    await ground.write(ground.process(), topics.MIGRATION, ("bob", b"what comes of it"), headers=[read.headers[0]])
    (first,), (second,) = await ground.raw(topics.DELIVERIES), await ground.raw(topics.MIGRATION)
    person = dict(first.headers)[SEALED][:16]
    assert dict(second.headers)[SEALED] == person, "and under no period's, as that topic is kept without end"
    assert await ground.values(ground.process(), topics.MIGRATION) == [b"what comes of it"]


async def test_a_process_without_a_master_key_says_what_is_missing(ground: Ground) -> None:
    await ground.write(ground.process(), topics.DELIVERIES, ("alice", WORDS))
    with pytest.raises(OperateError, match="master_key_file"):
        await ground.values(ground.plain())
    (record,) = await ground.raw(topics.DELIVERIES)
    with pytest.raises(TooNewError):
        check(record.topic, record.headers)


async def test_a_wrong_master_key_is_told_and_takes_nothing_for_gone(ground: Ground) -> None:
    await ground.write(ground.process(), topics.DELIVERIES, ("alice", WORDS))
    wrong = ground.process(master())
    with pytest.raises(MasterKeyError, match="fingerprint") as told:
        await ground.values(wrong)
    assert ground.first not in str(told.value)
    assert await ground.values(ground.process()) == [WORDS]


async def test_rotation_with_two_master_keys(ground: Ground) -> None:
    second = master()
    await ground.write(ground.process(), topics.DELIVERIES, ("alice", b"one"))
    before, after = ground.process(ground.first, second), ground.process(second, ground.first)
    await ground.write(after, topics.DELIVERIES, ("alice", b"two"), ("bob", b"three"))
    for reader in (before, after):
        assert await ground.values(reader) == [b"one", b"two", b"three"]


async def test_a_record_that_was_moved_or_changed_is_not_taken_for_one(ground: Ground) -> None:
    await ground.write(ground.process(), topics.DELIVERIES, ("alice", WORDS))
    (record,) = await ground.raw(topics.DELIVERIES)
    moved = ground.plain()
    await ground.write(moved, topics.MIGRATION, ("", record.value), headers=record.headers)
    assert await ground.read(ground.process(), topics.MIGRATION) == ([], 1)
