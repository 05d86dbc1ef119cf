"""One conversation, and one person in many, get more messages than a partition's window holds, at a target that is slow for them."""

import threading
from collections.abc import Iterator
from functools import partial
from zlib import crc32

import pytest
from msgspec import structs

from converters.core.model import Delivery, conversation_key
from tests.deliver.target import Say, Target
from tests.deliver.worker import PARTITIONS, Worker, delivery
from tests.waiting import until

pytestmark = pytest.mark.kafka
WINDOW = 64


@pytest.fixture(scope="module")
def flooded(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Worker, Target]]:
    settings = f"window = {WINDOW}\nintents = 16\nin_flight = 64\nlease = 1.0\n"
    with Target() as target, Worker(kafka, tmp_path_factory.mktemp("flood") / "worker", target.url, deliver=settings) as worker:
        yield worker, target


def by(sender: str, receiver: str, text: str) -> Delivery:
    one = delivery(receiver, text)
    return structs.replace(one, event=structs.replace(one.event, sender=sender), sender=sender)


def beside(one: Delivery, prefix: str, count: int) -> list[str]:
    """Receivers whose conversations with alice lie in the partition of *one*."""

    def place(each: Delivery) -> int:
        return crc32(conversation_key(each.event.conversation)) % PARTITIONS

    names = (f"{prefix}{number}" for number in range(1000))
    return [name for name in names if place(delivery(name, "")) == place(one)][:count]


def has_come(target: Target, name: str, text: str) -> bool:
    return target.texts(name) == [text]


def test_others_of_its_partition_are_delivered_meanwhile_and_it_keeps_its_order(flooded: tuple[Worker, Target]) -> None:
    worker, target = flooded
    answer = threading.Event()
    target.plan("flooded", Say(after=answer))
    flood = [delivery("flooded", str(number)) for number in range(5 * WINDOW)]
    honest = beside(flood[0], "honest", 5)
    worker.send(*flood)
    until(lambda: len(target.to("flooded")) == 1)
    worker.send(*(by(f"friend-of-{name}", name, "hello") for name in honest))
    try:
        for name in honest:
            until(partial(has_come, target, name, "hello"))
        assert len(target.to("flooded")) == 1, "of the flood, one is on its way"
    finally:
        answer.set()
    until(lambda: len(target.texts("flooded")) == len(flood))
    assert target.texts("flooded") == [str(number) for number in range(len(flood))]


def test_one_person_in_a_hundred_conversations_leaves_slots_to_the_others(flooded: tuple[Worker, Target]) -> None:
    worker, target = flooded
    answer = threading.Event()
    victims = [f"victim{number}" for number in range(3 * WINDOW)]
    for name in victims:
        target.plan(name, Say(after=answer))
    worker.send(*(by("mallory", name, "spam") for name in victims))
    until(lambda: sum(bool(target.to(name)) for name in victims) >= 2)
    honest = [f"calm{number}" for number in range(6)]
    worker.send(*(by(f"friend-of-{name}", name, "hello") for name in honest))
    try:
        for name in honest:
            until(partial(has_come, target, name, "hello"))
        assert sum(len(target.to(name)) for name in victims) < len(victims), "most of the flood has not left"
    finally:
        answer.set()
    for name in victims:
        until(partial(has_come, target, name, "spam"))
