"""Callbacks that come out of order: put right where that is still possible, marked where it is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from converters.core.model import Delivery
from tests.deliver.conftest import LEASE
from tests.deliver.target import Target
from tests.deliver.worker import Worker, delivery


@pytest.fixture(scope="module")
def waiting(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    """Each message waits four seconds for what was said before it."""
    with Worker(kafka, directory / "waiting", target.url, deliver=f"{LEASE}echo_wait = 0.3\nreorder_wait = 4.0") as one:
        yield one


def said(receiver: str, seconds: int, **more: Any) -> Delivery:
    one = delivery(receiver, str(seconds), **more)
    return structs.replace(one, event=structs.replace(one.event, at=one.event.at + 1000 * seconds))


def test_within_the_wait_order_is_as_it_was_said(waiting: Worker, target: Target, bob: str) -> None:
    waiting.send(*(said(bob, at) for at in (3, 1, 4, 0, 2)))
    waiting.settled()
    assert target.texts(bob) == ["0", "1", "2", "3", "4"]


def test_what_comes_after_a_later_one_was_sent_is_marked_late(worker: Worker, target: Target, bob: str) -> None:
    first, early, last = said(bob, 5), said(bob, 3), said(bob, 6)
    worker.send(first)
    worker.settled()
    worker.send(early)
    worker.settled()
    worker.send(last)
    worker.settled()
    assert target.texts(bob) == ["5", "3", "6"]
    entries = worker.ledger()
    assert [entries[one.event.id].get("late", False) for one in (first, early, last)] == [False, True, False]
    assert [mark.get("late", False) for mark in target.marks(bob)] == [False, True, False]
    worker.role.counts('im_relay_out_of_order_total{app="new"} ')
