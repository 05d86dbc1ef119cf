"""What the last owner of a partition wrote and did not commit: its successor believes it, and writes it once more."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from aiokafka import ConsumerRecord
from msgspec import structs

from converters.core.model import Delivery, conversation_key
from converters.core.outcome import Delivered, Refused
from streams.deliver import ledger_records
from streams.deliver.ledger_schema import Intent, Settled, dump
from streams.deliver.uncommitted_tail import UncommittedTail, mark
from streams.exactly_once.producers import Headers, Outputs, Producers, ProducerSettings
from tests.deliver.conftest import LEASE
from tests.deliver.target import Target
from tests.deliver.worker import PARTITIONS, Worker, delivery

# -- the marks


def record(offset: int, key: bytes, value: bytes | None = b"{}", headers: Headers | None = None) -> ConsumerRecord:
    return ConsumerRecord("ledger", 0, offset, 0, 0, key, value, 0, 0, 0, tuple(headers or ()))


def tail(since: int | None, *found: ConsumerRecord) -> UncommittedTail:
    made = UncommittedTail(since)
    for each in found:
        made.take(each)
    return made


def test_without_a_mark_all_is_committed() -> None:
    found = tail(None, record(0, b"a"), record(1, b"b"))
    assert found.entries() == {}
    assert found.begins(2) == 2


def test_what_the_local_state_knows_to_be_committed_needs_no_mark() -> None:
    found = tail(1, record(1, b"b", b"old"), record(2, b"c"), record(3, b"b", b"new"))
    assert found.entries() == {b"b": b"new", b"c": b"{}"}
    assert found.begins(4) == 1


def test_what_lies_before_the_last_mark_is_committed() -> None:
    found = tail(None, record(5, b"a", headers=mark(5)), record(6, b"b"), record(8, b"c", headers=mark(6)), record(9, b"d"))
    assert list(found.entries()) == [b"b", b"c", b"d"]
    assert found.begins(11) == 6


def test_an_older_mark_takes_nothing_back() -> None:
    """The next owner marks with what was committed before its last one, until it has written the tail once more."""
    found = tail(7, record(8, b"a", headers=mark(3)))
    assert found.begins(9) == 7


def test_a_long_ledger_is_not_kept_in_memory() -> None:
    found = tail(None, *(record(n, b"%d" % n, headers=mark(n)) for n in range(10_000)))
    assert found.entries() == {b"9999": b"{}"}
    assert len(found._entries) <= 2001


# -- the next owner, on a real broker


@pytest.fixture(scope="module")
def same(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    with Worker(kafka, directory / "heir", target.url, deliver=f"{LEASE}echo_wait = 1.0") as one:
        yield one


@pytest.fixture(params=["with its local state", "on another machine"])
def heir(same: Worker, request: pytest.FixtureRequest) -> Iterator[Worker]:
    """Does not run yet, and has committed something before."""
    same.send(delivery("carol", "before"))
    same.settled()
    same.stop()
    if request.param == "on another machine":
        same.forget_state()
    yield same
    if same.role.child is None or same.role.child.poll() is not None:
        same.start()


def left_open(worker: Worker, of: Delivery, *values: bytes) -> None:
    """An owner of the partition of *of* writes *values* about it, and is no more."""
    partition = crc32(conversation_key(of.event.conversation)) % PARTITIONS

    async def write() -> None:
        dying = Producers(ProducerSettings(worker.bootstrap), f"{worker.group}-{partition}", worker.group)
        await dying.start()
        for number, value in enumerate(values):
            outputs = Outputs()
            outputs.add(f"{worker.prefix}ledger.easemob", partition, of.event.id.encode(), value, mark(end) if not number else [])
            await dying.write(outputs)
        await dying.close()

    end = worker.end(f"{worker.prefix}ledger.easemob", partition)
    asyncio.run(write())


def intent(of: Delivery) -> bytes:
    return dump(Intent(target=of.target, at=of.received))


def ended(of: Delivery, outcome: Delivered | Refused) -> bytes:
    return dump(Settled(outcome=outcome, target=of.target, at=of.received, names=ledger_records.names(of)))


@pytest.mark.kafka
def test_a_request_whose_intent_was_never_committed_is_in_doubt(heir: Worker, target: Target, bob: str) -> None:
    one, behind = delivery(bob, "0"), delivery(bob, "1")
    heir.send(one, behind)
    left_open(heir, one, intent(one))
    assert one.event.id not in heir.ledger()
    heir.echo(one, "4711")
    heir.start()
    heir.settled()
    assert [took.text for took in target.to(bob)] == ["1"]
    entry = heir.ledger()[one.event.id]
    assert (entry["outcome"]["remote_id"], entry["by"]) == ("4711", "echo")


@pytest.mark.kafka
def test_what_arrived_is_not_sent_again_although_nobody_committed_it_and_then_it_is(heir: Worker, target: Target, bob: str) -> None:
    one, behind = delivery(bob, "0"), delivery(bob, "1")
    heir.send(one, behind)
    left_open(heir, one, intent(one), ended(one, Delivered("4711")))
    assert one.event.id not in heir.ledger()
    heir.start()
    heir.settled()
    assert [took.text for took in target.to(bob)] == ["1"]
    assert heir.ledger()[one.event.id]["outcome"]["remote_id"] == "4711"
    # And whoever comes after that, and knows what is committed only, does not send it either.
    heir.stop()
    heir.forget_state()
    heir.forget_offsets()
    heir.start()
    heir.settled()
    assert [took.text for took in target.to(bob)] == ["1"]


@pytest.mark.kafka
def test_what_goes_to_other_topics_with_an_end_is_not_lost_with_it(heir: Worker, target: Target, bob: str) -> None:
    one = structs.replace(delivery(bob, "welcome"), newcomer=True)
    heir.send(one)
    left_open(heir, one, intent(one), ended(one, Delivered("4711")))
    heir.start()
    heir.settled()
    assert target.to(bob) == []
    assert any(b"made" in (entry.key or b"") and b"alice" in (entry.key or b"") for entry in heir.read("identities"))


@pytest.mark.kafka
def test_what_was_refused_and_not_buried_is_tried_again(heir: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "0")
    heir.send(one)
    left_open(heir, one, intent(one), ended(one, Refused("no such user")))
    heir.start()
    heir.settled()
    assert [took.text for took in target.to(bob)] == ["0"]
    assert heir.outcome(one) == "delivered"
