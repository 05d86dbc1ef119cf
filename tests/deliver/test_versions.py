"""Records name their version; what is newer than this release is set aside with these words, and nothing is guessed."""

import pytest

from converters.core import wire
from converters.core.model import conversation_key
from streams.kafka.record_kinds import VERSION
from tests.deliver.worker import Worker, delivery

pytestmark = pytest.mark.kafka


def test_a_delivery_of_a_newer_version_is_a_dead_letter_and_the_next_one_goes(worker: Worker, bob: str) -> None:
    newer, known = delivery(bob, "of tomorrow"), delivery(bob, "of today")
    for one, version in ((newer, b"2"), (known, b"1")):
        worker.put("deliveries.easemob", conversation_key(one.event.conversation), wire.dump(one), {VERSION: version})
    worker.settled()
    letters = [letter for letter in worker.letters() if letter.cause == "newer-version"]
    assert [(letter.whose, wire.load_any(letter.value)["event"]["id"]) for letter in letters] == [("ours", newer.event.id)]
    assert letters[0].detail.endswith("has version 2; this release reads up to 1: upgrade this worker")
    assert worker.outcome(known) == "delivered"
    assert newer.event.id not in worker.ledger()


def test_what_is_written_names_its_version(worker: Worker, bob: str) -> None:
    worker.send(one := delivery(bob, "hello"))
    worker.settled()
    assert worker.outcome(one) == "delivered"
    assert all(dict(one.headers)[VERSION] == b"1" for one in worker.read("ledger.easemob"))
    assert all(dict(one.headers)[VERSION] == b"1" for one in worker.read("dead-letters"))
