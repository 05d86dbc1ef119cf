"""What a migration has put at the target, as the deliver role sees it, on a real broker."""

import time

from msgspec import structs

from converters.core.bodies import Text
from converters.core.model import Delivery
from converters.core.operations import Operation, Post, Quote, Recall, Ref
from converters.core.outcome import Delivered
from streams.deliver import ledger_records
from streams.deliver.ledger_schema import Settled
from tests.deliver.target import Target
from tests.deliver.worker import Worker, delivery
from tests.waiting import until


def imported(one: Delivery, *ids: str) -> Settled:
    """As a migration tells it: *ids* of the parts of one message."""
    parts = tuple(Delivered(name, one.event.at + number) for number, name in enumerate(ids))
    return Settled(
        outcome=parts[-1],
        target="new",
        at=int(time.time() * 1000),
        by="echo",
        names=ledger_records.names(one),
        arrived=parts if len(parts) > 1 else (),
    )


def said_of(one: Delivery, bob: str, operation: Operation) -> Delivery:
    """Somebody does *operation*, live, to a message that was imported."""
    later = delivery(bob, "")
    return structs.replace(later, event=structs.replace(later.event, operation=operation), author=one.author)


def ref(one: Delivery) -> Ref:
    return Ref(id=one.event.remote_id, event=one.event.id, author=one.event.sender)


def test_what_a_migration_has_put_there_is_not_sent_again(worker: Worker, target: Target, bob: str) -> None:
    one, other = delivery(bob, "from before"), delivery(bob, "after")
    worker.migrated(one, imported(one, "901"))
    worker.send(one, other)
    worker.settled()
    assert target.texts(bob) == ["after"]


def test_an_imported_message_is_taken_back_by_whoever_said_it_each_part_of_it(worker: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "a very long one", author="alice")
    worker.migrated(one, imported(one, f"{bob}-1", f"{bob}-2"))
    worker.send(said_of(one, bob, Recall(ref(one))))
    until(lambda: [name for name in target.recalled if name.startswith(f"{bob}-")] == [f"{bob}-1", f"{bob}-2"], why=worker.role.tail)


def test_an_imported_message_is_answered(worker: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "who comes?", author="alice")
    worker.migrated(one, imported(one, f"{bob}-7"))
    worker.send(said_of(one, bob, Post(Text(f"I do, {bob}"), Quote(ref(one), "who comes?", "text"))))
    until(lambda: target.answered.get(f"I do, {bob}") == f"{bob}-7", why=worker.role.tail)
