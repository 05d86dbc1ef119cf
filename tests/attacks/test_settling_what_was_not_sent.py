"""Somebody makes the relay believe that a message is at its target, so that it never goes there: an echo settles only what has an intent,
and only for the app in which it was seen.
"""

import threading
from uuid import uuid4

import pytest

from tests.deliver.target import CUT, Say, Target
from tests.deliver.worker import NO_INTENT, Worker, delivery, refused
from tests.waiting import until

pytestmark = pytest.mark.kafka


def test_an_echo_of_a_message_that_has_yet_to_come(worker: Worker, target: Target, bob: str) -> None:
    before = worker.metric(NO_INTENT)
    one = delivery(bob, "wanted", uuid4().hex[:16])
    worker.echo(one)
    until(lambda: worker.metric(NO_INTENT) > before, why=worker.role.tail)
    worker.send(one)
    worker.settled()
    assert target.texts(bob) == ["wanted"]
    assert "by" not in worker.ledger()[one.event.id], "it is known by the answer"
    assert worker.role.says(one.event.id)


def test_the_next_owner_does_not_believe_it_either(worker: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "wanted")
    worker.echo(one)
    worker.settled()
    worker.stop()
    worker.start()
    worker.send(one)
    worker.settled()
    assert target.texts(bob) == ["wanted"]


FOREIGN = 'im_relay_foreign_records_total{stage="deliver",topic="echoes",why="app"}'
"""Convert writes no echo of an app on another platform, or of none."""


@pytest.mark.parametrize(("told", "name"), [("late", refused("other-app", "late")), ("old", FOREIGN), ("", FOREIGN)])
def test_an_echo_that_was_seen_in_another_app(worker: Worker, target: Target, bob: str, told: str, name: str) -> None:
    """The message is under way when it comes, its intent is known, and its answer stays away."""
    gate = threading.Event()
    target.plan(bob, Say(CUT, after=gate))
    one = delivery(bob, "in doubt")
    try:
        worker.send(one)
        until(lambda: target.to(bob))
        before = worker.metric(name)
        worker.echo(one, "4711", target=told)
        until(lambda: worker.metric(name) > before, why=worker.role.tail)
    finally:
        gate.set()
    worker.settled()
    assert [took.text for took in target.to(bob)] == ["in doubt"] * 2, "nothing settles it, and it is sent again"
    assert worker.ledger()[one.event.id]["outcome"]["remote_id"] != "4711"


def test_an_unkeyed_echo_of_what_bears_a_mark_with_a_key(worker: Worker, target: Target, bob: str) -> None:
    gate = threading.Event()
    target.plan(bob, Say(CUT, after=gate))
    one, name = delivery(bob, "in doubt"), refused("unkeyed")
    try:
        worker.send(one)
        until(lambda: target.to(bob))
        before = worker.metric(name)
        worker.echo(one, "4711", unkeyed=True)
        until(lambda: worker.metric(name) > before, why=worker.role.tail)
    finally:
        gate.set()
    worker.settled()
    assert [took.text for took in target.to(bob)] == ["in doubt"] * 2


def test_what_it_is_evidence_of_it_still_settles(worker: Worker, target: Target, bob: str) -> None:
    gate = threading.Event()
    target.plan(bob, Say(CUT, after=gate))
    one = delivery(bob, "in doubt")
    try:
        worker.send(one)
        until(lambda: target.to(bob))
        worker.echo(one, "4711")
        until(lambda: one.event.id in worker.ledger() and worker.ledger()[one.event.id]["entry"] == "ended", why=worker.role.tail)
    finally:
        gate.set()
    worker.settled()
    assert [took.text for took in target.to(bob)] == ["in doubt"]
    assert worker.ledger()[one.event.id]["outcome"]["remote_id"] == "4711"
