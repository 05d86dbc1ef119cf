"""`in_doubt = "hold"`: what a person decides about goes nowhere until that, whatever comes once more and whoever dies."""

import threading
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from converters.core import wire
from converters.core.model import Delivery, conversation_key
from converters.core.outcome import Unsure
from streams.dead_letters import dead_letter
from streams.deliver import ledger_records
from streams.deliver.ledger_schema import Settled, dump
from tests.deliver.conftest import LEASE
from tests.deliver.target import CUT, Say, Target
from tests.deliver.test_tail import left_open
from tests.deliver.worker import PARTITIONS, Worker, delivery
from tests.waiting import until

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def holding(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    with Worker(kafka, directory / "holding", target.url, deliver=f'{LEASE}echo_wait = 0.3\nin_doubt = "hold"') as one:
        yield one


def held(worker: Worker, target: Target, bob: str, text: str = "0") -> Delivery:
    """A message that is held."""
    one = delivery(bob, text)
    target.plan(bob, *(Say() for _ in range(len(text) // 5000)), Say(CUT))
    worker.send(one)
    worker.settled()
    assert worker.outcome(one) == "unsure"
    return one


def put_back(worker: Worker, one: Delivery) -> None:
    """As `im-relay dead replay` does it with the newest letter of *one*."""
    letter = [each for each in worker.letters() if one.event.id.encode() in each.value][-1]
    place = dead_letter.place(letter.topic, letter.partition, letter.offset).encode()
    worker.put("deliveries.easemob", letter.key, letter.value, letter.headers | {dead_letter.RELEASED: place})
    worker.settled()


def still_held(worker: Worker) -> float:
    name = 'im_relay_held_duplicates_total{platform="easemob"} '
    return sum(float(line.removeprefix(name)) for line in worker.role.metrics().splitlines() if line.startswith(name))


def test_a_second_copy_and_a_replay_go_nowhere_and_are_counted(holding: Worker, target: Target, bob: str) -> None:
    one = held(holding, target, bob)
    before = still_held(holding)
    holding.send(one)
    holding.put("backfill.easemob", conversation_key(one.event.conversation), wire.dump(one))
    until(lambda: still_held(holding) == before + 2)
    holding.settled()
    assert [took.text for took in target.to(bob)] == ["0"]
    holding.letter(one)  # one letter
    assert holding.outcome(one) == "unsure"


def test_nor_does_a_second_copy_for_the_next_owner(holding: Worker, target: Target, bob: str) -> None:
    one = held(holding, target, bob)
    holding.stop()
    holding.forget_state()
    holding.start()
    holding.send(one, delivery(bob, "next"))
    holding.settled()
    assert [took.text for took in target.to(bob)] == ["0", "next"]
    holding.letter(one)


@pytest.mark.parametrize("state", ["with its local state", "on another machine"])
def test_a_kill_between_the_letter_and_its_commit_leaves_it_held(holding: Worker, target: Target, bob: str, state: str) -> None:
    holding.send(delivery(bob, "before"))
    holding.settled()
    holding.stop()
    if state == "on another machine":
        holding.forget_state()
    one = delivery(bob, "0")
    partition = crc32(conversation_key(one.event.conversation)) % PARTITIONS
    place = dead_letter.place(
        f"{holding.prefix}deliveries.easemob", partition, holding.end(f"{holding.prefix}deliveries.easemob", partition)
    )
    holding.send(one)
    left_open(
        holding, one, dump(Settled(outcome=Unsure("cut"), target=one.target, at=one.received, names=ledger_records.names(one), held=place))
    )
    holding.start()
    holding.settled()
    assert [took.text for took in target.to(bob)] == ["before"], "not sent again"
    letter = holding.letter(one)
    assert (letter.cause, dead_letter.place(letter.topic, letter.partition, letter.offset)) == ("in-doubt", place)
    assert holding.outcome(one) == "unsure"
    put_back(holding, one)
    assert [took.text for took in target.to(bob)] == ["before", "0"]


def test_a_kill_in_doubt_leaves_it_in_doubt(holding: Worker, target: Target, bob: str) -> None:
    admission = threading.Event()
    target.plan(bob, Say(CUT, after=admission))
    one = delivery(bob, "0")
    try:
        holding.send(one)
        until(lambda: target.to(bob))
        holding.kill()
    finally:
        admission.set()
    holding.start()
    holding.send(one)
    holding.settled()
    assert [took.text for took in target.to(bob)] == ["0"]
    holding.letter(one)


def test_an_echo_that_comes_later_settles_it_and_then_it_is_not_sent_even_if_put_back(holding: Worker, target: Target, bob: str) -> None:
    one = held(holding, target, bob)
    holding.echo(one, "4711")
    put_back(holding, one)
    entry = holding.ledger()[one.event.id]
    assert (entry["outcome"]["outcome"], entry["outcome"]["remote_id"], entry["by"]) == ("delivered", "4711", "echo")
    assert entry["names"]["id"] == one.event.remote_id, "a recall finds it"
    assert [took.text for took in target.to(bob)] == ["0"]


def test_what_a_person_puts_back_is_sent_once(holding: Worker, target: Target, bob: str) -> None:
    one = held(holding, target, bob)
    put_back(holding, one)
    assert [took.text for took in target.to(bob)] == ["0", "0"]
    assert holding.outcome(one) == "delivered"
    put_back(holding, one)
    assert len(target.to(bob)) == 2


def test_what_was_put_back_and_came_to_be_in_doubt_again_needs_another_word(holding: Worker, target: Target, bob: str) -> None:
    one = held(holding, target, bob)
    target.plan(bob, Say(CUT))
    put_back(holding, one)
    assert holding.outcome(one) == "unsure"
    # Its record is read again, header and all: that word was about the first letter.
    holding.stop()
    holding.forget_offsets()
    holding.start()
    holding.settled()
    assert [took.text for took in target.to(bob)] == ["0", "0"]
    put_back(holding, one)
    assert [took.text for took in target.to(bob)] == ["0", "0", "0"]


def test_of_a_long_text_only_what_may_be_missing_is_sent_again(holding: Worker, target: Target, bob: str) -> None:
    one = held(holding, target, bob, "".join(letter * 2250 for letter in "abcd"))
    put_back(holding, one)
    assert [took.text[0] for took in target.to(bob)] == ["a", "b", "b", "c", "d"]
    entry = holding.ledger()[one.event.id]
    assert len(entry["arrived"]) == 4


def test_what_was_refused_after_its_first_part_goes_on_behind_it(holding: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "a" * 9000)
    target.plan(bob, Say(), Say(400, {"error": "message_send_error", "error_description": "no"}))
    holding.send(one)
    holding.settled()
    put_back(holding, one)
    assert "".join(target.texts(bob)) == "a" * 9000, "each part once"
