"""What an id in the ledger is worth: after any restart, with or without what was on the disk, nothing is sent twice."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deliver.conftest import LEASE
from tests.deliver.target import REFUSE, Say, Target
from tests.deliver.worker import Worker, delivery
from tests.waiting import until


@pytest.fixture(scope="module")
def same(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    with Worker(kafka, directory / "mortal", target.url, deliver=f"{LEASE}echo_wait = 1.0") as one:
        yield one


@pytest.fixture
def mortal(same: Worker) -> Worker:
    """Runs, however the last test has left it."""
    assert same.role.child is not None
    if same.role.child.poll() is not None:
        same.start()
    return same


@pytest.mark.parametrize("lost", ["the local state", "offsets and state", "offsets, and the state is garbage"])
def test_what_was_delivered_is_not_sent_again_after_a_restart_that_lost(mortal: Worker, target: Target, bob: str, lost: str) -> None:
    target.plan(bob, REFUSE)
    events = [delivery(bob, str(turn)) for turn in range(3)]
    mortal.send(*events)
    mortal.settled()
    mortal.stop()
    if "offsets" in lost:
        mortal.forget_offsets()
    if lost.endswith("state"):
        mortal.forget_state()
    if lost.endswith("garbage"):
        for path in mortal.state.rglob("*"):
            if path.name in {"CURRENT", "IDENTITY"} or path.name.startswith("MANIFEST"):
                path.write_bytes(b"garbage")
    before = len(target.requests)
    mortal.start()
    mortal.send(delivery(bob, "after"))
    mortal.settled()
    again = [took.text for took in target.requests[before:] if took.text != "after"]
    # What was refused is no delivery: a replay tries it once more, and only that.
    assert set(again) <= ({"0"} if "offsets" in lost else set())
    assert target.texts(bob)[:2] == ["1", "2"]
    assert target.texts(bob).count("1") == target.texts(bob).count("2") == target.texts(bob).count("after") == 1


def test_sigterm_finishes_what_is_under_way_and_a_restart_doubles_nothing(mortal: Worker, target: Target, bob: str) -> None:
    admission = threading.Event()
    many = [f"{bob}{number}" for number in range(6)]
    for who in many:
        target.plan(who, Say(after=admission))
    events = [delivery(who, str(turn)) for turn in range(3) for who in many]
    try:
        mortal.send(*events)
        until(lambda: all(target.to(who) for who in many))
        assert mortal.role.child is not None
        mortal.role.child.send_signal(signal.SIGTERM)
    finally:
        admission.set()
    assert mortal.role.child.wait(30) == 0
    came = {took.event for took in target.requests if took.receiver in many}
    assert came >= {event.event.id for event in events[: len(many)]}
    ledger = mortal.ledger()
    assert {ledger[name]["outcome"]["outcome"] for name in came} == {"delivered"}
    mortal.start()
    mortal.settled()
    for who in many:
        assert [took.text for took in target.to(who)] == ["0", "1", "2"]


def test_killed_with_requests_under_way_nothing_is_lost_and_the_echo_prevents_the_double(mortal: Worker, target: Target, bob: str) -> None:
    admission = threading.Event()
    many = [f"{bob}{number}" for number in range(6)]
    for who in many:
        target.plan(who, Say(after=admission))
    first = [delivery(who, "0") for who in many]
    try:
        mortal.send(*first, *(delivery(who, "1") for who in many))
        until(lambda: all(target.to(who) for who in many))
        mortal.kill()
    finally:
        admission.set()
    for one in first[1:]:
        mortal.echo(one)
    mortal.start()
    mortal.settled()
    # The first has no echo, and is sent again after the wait; the target has it twice, as has to be.
    assert [took.text for took in target.to(many[0])] == ["0", "0", "1"]
    for who in many[1:]:
        assert [took.text for took in target.to(who)] == ["0", "1"]


def test_killed_under_load_it_loses_nothing_and_keeps_the_order(mortal: Worker, target: Target, bob: str) -> None:
    many = [f"{bob}{number}" for number in range(10)]
    events = [delivery(who, f"{turn:03}") for turn in range(25) for who in many]
    mortal.send(*events)
    until(lambda: len([1 for took in target.requests if took.receiver in many]) > len(events) / 4)
    mortal.kill()
    mortal.start()
    mortal.settled()
    for who in many:
        texts = target.texts(who)
        assert sorted(set(texts)) == [f"{turn:03}" for turn in range(25)]
        # A double stands right behind its first, or nothing would be in order.
        assert texts == sorted(texts)
        assert len(texts) <= 25 + 1  # without an echo, at most the one that was under way
