"""A request that was sent and not answered: settled by the target's own callback, or by what the settings say."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deliver.conftest import LEASE
from tests.deliver.target import CUT, Say, Target
from tests.deliver.worker import NO_INTENT, Worker, delivery
from tests.waiting import until


@pytest.fixture(scope="module")
def patient(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    """Waits for an echo as long as a test may last."""
    with Worker(kafka, directory / "patient", target.url, deliver=f"{LEASE}echo_wait = 120\ntimeout = 2.0") as one:
        yield one


@pytest.fixture(scope="module")
def holding(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    """Leaves what stays in doubt to a person."""
    with Worker(kafka, directory / "hold", target.url, deliver=f'{LEASE}echo_wait = 0.3\nin_doubt = "hold"') as one:
        yield one


DOUBTFUL = {
    "cut off after it had left": Say(CUT),
    "answered 500": Say(500, b"oops"),
    "answered 502 in HTML": Say(502, b"<html>"),
    "answered 200 and nothing that can be read": Say(200, b"<html>"),
    "answered 200 and no id": Say(200, {"data": {}}),
}


@pytest.mark.parametrize("doubtful", DOUBTFUL.values(), ids=DOUBTFUL)
def test_without_an_echo_it_is_sent_again(worker: Worker, target: Target, bob: str, doubtful: Say) -> None:
    target.plan(bob, doubtful)
    one = delivery(bob, "0")
    worker.send(one, delivery(bob, "1"))
    worker.settled()
    assert [(took.text, took.event == one.event.id) for took in target.to(bob)] == [("0", True), ("0", True), ("1", False)]
    assert worker.outcome(one) == "delivered"


@pytest.mark.parametrize("doubtful", [Say(CUT), Say(500, b"oops")], ids=["cut off", "answered 500"])
def test_where_a_person_decides_it_is_a_dead_letter_and_the_next_goes_on(holding: Worker, target: Target, bob: str, doubtful: Say) -> None:
    target.plan(bob, doubtful)
    one = delivery(bob, "in doubt")
    holding.send(one, delivery(bob, "next"))
    holding.settled()
    assert [took.text for took in target.to(bob)] == ["in doubt", "next"]
    letter = holding.letter(one)
    assert (letter.stage, letter.cause) == ("deliver", "in-doubt")
    assert holding.outcome(one) == "unsure"


def test_the_echo_settles_it_with_one_request(patient: Worker, target: Target, bob: str) -> None:
    target.plan(bob, Say(CUT))
    one, behind, other = delivery(bob, "0"), delivery(bob, "1"), delivery(f"{bob}x", "other")
    patient.send(one, behind, other)
    until(lambda: 'im_relay_in_doubt_total{platform="easemob",step="opened"}' in patient.role.metrics())
    until(lambda: target.texts(other.receiver))
    assert [took.text for took in target.to(bob)] == ["0"]  # what is behind it waits
    patient.echo(one, "4711")
    patient.settled()
    assert [took.text for took in target.to(bob)] == ["0", "1"]
    entry = patient.ledger()[one.event.id]
    assert (entry["outcome"]["remote_id"], entry["by"]) == ("4711", "echo")


def test_an_echo_that_comes_before_the_connection_is_cut_counts_as_well(patient: Worker, target: Target, bob: str) -> None:
    admission = threading.Event()
    target.plan(bob, Say(CUT, after=admission))
    one, other = delivery(bob, "0"), delivery(f"{bob}x", "other")
    patient.send(one)
    until(lambda: target.to(bob))
    patient.echo(one)
    # An echo of another event in the same partition, which was never sent: by then ours was read, too.
    before = patient.metric(NO_INTENT)
    patient.echo(delivery(bob, "never sent"))
    until(lambda: patient.metric(NO_INTENT) > before)
    admission.set()
    patient.send(other)
    patient.settled()
    assert [took.text for took in target.to(bob)] == ["0"]
    assert patient.outcome(one) == "delivered"


def test_no_answer_in_time_is_in_doubt_too(patient: Worker, target: Target, bob: str) -> None:
    admission = threading.Event()
    target.plan(bob, Say(after=admission))
    one = delivery(bob, "slow")
    try:
        patient.send(one)
        until(lambda: target.to(bob))
        opened = _opened(patient)
        until(lambda: _opened(patient) > opened)
        patient.echo(one)
        patient.settled()
    finally:
        admission.set()
    assert [took.text for took in target.to(bob)] == ["slow"]
    assert patient.outcome(one) == "delivered"


def test_a_stop_leaves_the_doubt_to_the_next_owner(patient: Worker, target: Target, bob: str) -> None:
    target.plan(bob, Say(CUT))
    one = delivery(bob, "0")
    opened = _opened(patient)
    patient.send(one, delivery(bob, "1"))
    until(lambda: _opened(patient) > opened)
    patient.stop()
    patient.start()
    patient.echo(one)
    patient.settled()
    assert target.texts(bob) == ["0", "1"]


def _opened(worker: Worker) -> float:
    return worker.metric('im_relay_in_doubt_total{platform="easemob",step="opened"}')


def test_a_part_of_a_long_text_that_is_in_doubt_is_settled_by_its_own_echo(patient: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "a" * 9000)
    target.plan(bob, Say(), Say(CUT))
    patient.send(one)
    until(lambda: len(target.to(bob)) == 2)
    patient.echo(one, "4711", part=1, more=True)
    patient.settled()
    assert "".join(target.texts(bob)) == "a" * 9000, "each part once"
    entry = patient.ledger()[one.event.id]
    assert entry["arrived"][1]["remote_id"] == "4711"


def test_a_parts_echo_that_comes_while_nobody_owns_the_partition_counts_for_the_next_owner(
    patient: Worker, target: Target, bob: str
) -> None:
    one = delivery(bob, "b" * 9000)
    target.plan(bob, Say(), Say(CUT))
    opened = _opened(patient)
    patient.send(one)
    until(lambda: _opened(patient) > opened)
    patient.kill()
    patient.echo(one, "4711", part=1, more=True)
    patient.start()
    patient.settled()
    assert "".join(target.texts(bob)) == "b" * 9000, "each part once"


def test_an_event_that_lies_twice_in_its_topic_is_known_twice_by_one_echo(patient: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "once")
    target.plan(bob, Say(CUT))
    opened = _opened(patient)
    patient.send(one, one)
    until(lambda: _opened(patient) > opened)
    patient.kill()
    patient.echo(one, "4711")
    patient.start()
    patient.settled()
    assert target.texts(bob) == ["once"]
    assert patient.ledger()[one.event.id]["by"] == "echo"
