"""Messages with files: they wait for them, hold the later ones up for a while, and say what became of a file that never came."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from converters.core.bodies import File, Image, Video
from converters.core.model import Delivery, StoredFile
from converters.core.operations import Post
from tests.deliver.conftest import LEASE
from tests.deliver.target import Target
from tests.deliver.worker import Worker, delivery
from tests.waiting import until

THERE = "https://files.example/there.jpg"


@pytest.fixture(scope="module")
def patient(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    """It waits for longer than any test does."""
    with Worker(kafka, directory / "patient", target.url, deliver=f"{LEASE}order_hold = 300\nmedia_wait = 300") as one:
        yield one


@pytest.fixture(scope="module")
def polite(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    """It lets the others pass at once, and waits on."""
    with Worker(kafka, directory / "polite", target.url, deliver=f"{LEASE}order_hold = 0\nmedia_wait = 300\nwindow = 8") as one:
        yield one


@pytest.fixture(scope="module")
def hurried(kafka: str, directory: Path, target: Target) -> Iterator[Worker]:
    with Worker(kafka, directory / "hurried", target.url, deliver=f"{LEASE}order_hold = 0\nmedia_wait = 0.2") as one:
        yield one


def picture(receiver: str, **more: Any) -> Delivery:
    one = delivery(receiver, "")
    body = Image(File(url="https://old.example/cat.jpg", name="cat.jpg", size=1000), **more)
    return structs.replace(one, event=structs.replace(one.event, operation=Post(body)))


def came(worker: Worker, target: Target, receiver: str, count: int) -> list[str]:
    until(lambda: len(target.texts(receiver)) >= count, why=worker.role.tail)
    return target.texts(receiver)


def messages(worker: Worker, fate: str) -> float:
    found = re.findall(rf'^im_relay_media_messages_total{{.*fate="{fate}".*}} (.*)$', worker.role.metrics(), re.MULTILINE)
    return sum(map(float, found))


def losses(worker: Worker, what: str) -> float:
    return sum(map(float, re.findall(rf'^im_relay_losses_total{{.*what="{what}".*}} (.*)$', worker.role.metrics(), re.MULTILINE)))


def test_a_message_waits_for_its_file_and_the_later_ones_behind_it(patient: Worker, target: Target, bob: str) -> None:
    first = picture(bob)
    patient.send(first, delivery(bob, "behind it"), delivery(f"{bob}2", "elsewhere"))
    assert came(patient, target, f"{bob}2", 1) == ["elsewhere"]
    assert target.texts(bob) == []
    patient.brought(first, carried=StoredFile(THERE, secret="s3"))
    assert came(patient, target, bob, 2) == [THERE, "behind it"]
    patient.settled()
    assert patient.outcome(first) == "delivered"


def test_both_of_its_files_are_waited_for(patient: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "")
    small = File(url="https://old.example/small.jpg", name="small.jpg")
    video = Video(File(url="https://old.example/a.mp4", name="a.mp4"), duration=2000, thumbnail=small)
    first = structs.replace(one, event=structs.replace(one.event, operation=Post(video)))
    patient.send(first, delivery(bob, "behind it"), delivery(f"{bob}2", "elsewhere"))
    patient.brought(first, carried=StoredFile(THERE))
    assert came(patient, target, f"{bob}2", 1) == ["elsewhere"]
    patient.send(delivery(f"{bob}2", "and more"))
    assert came(patient, target, f"{bob}2", 2) == ["elsewhere", "and more"]
    assert target.texts(bob) == []
    patient.brought(first, place=1, carried=StoredFile("https://files.example/small.jpg"))
    assert came(patient, target, bob, 2) == [THERE, "behind it"]


def test_a_file_that_could_not_be_brought_over_is_shown_by_name(patient: Worker, target: Target, bob: str) -> None:
    first = picture(bob)
    before = messages(patient, "not-found")
    patient.send(first)
    patient.brought(first, reason="not-found")
    (text,) = came(patient, target, bob, 1)
    assert "cat.jpg" in text
    patient.settled()
    assert messages(patient, "not-found") == before + 1


@pytest.mark.parametrize("place", [0, 1], ids=["the file", "its thumbnail"])
@pytest.mark.parametrize("reason", ["infected", "unscanned"])
def test_a_file_that_must_reach_nobody_is_withheld_and_counted(patient: Worker, target: Target, bob: str, reason: str, place: int) -> None:
    small = File(url="https://old.example/small.jpg", name="small.jpg")
    one, video = delivery(bob, ""), Video(File(url="https://old.example/cat.mp4", name="cat.mp4"), thumbnail=small)
    first = structs.replace(one, event=structs.replace(one.event, operation=Post(video)))
    before = losses(patient, "withheld")
    patient.send(first, delivery(bob, "behind it"))
    for number in (0, 1):
        more = {"reason": reason} if number == place else {"carried": StoredFile(THERE)}
        patient.brought(first, place=number, **more)
    text, behind = came(patient, target, bob, 2)
    assert ("cat.mp4" in text, behind) == (True, "behind it")
    assert not any("old.example" in str(request) or THERE in str(request) for request in target.requests if bob in str(request))
    patient.settled()
    assert patient.outcome(first) == "delivered"
    assert losses(patient, "withheld") == before + 1


@pytest.mark.parametrize(
    ("more", "what"), [({"as_file": True}, "as-file"), ({"lost": "colours"}, "colours"), ({"lost": "thumbnail"}, "thumbnail")]
)
def test_what_a_file_lost_on_its_way_is_counted(patient: Worker, target: Target, bob: str, more: dict[str, Any], what: str) -> None:
    first = picture(bob)
    before = losses(patient, what)
    patient.send(first)
    patient.brought(first, carried=StoredFile(THERE, **more))
    came(patient, target, bob, 1)
    patient.settled()
    assert patient.outcome(first) == "delivered"
    assert losses(patient, what) == before + 1


def test_a_result_that_is_there_before_its_message_outlives_the_worker_and_its_disk(patient: Worker, target: Target, bob: str) -> None:
    first, probe = picture(bob), picture(f"{bob}2")
    patient.brought(first, carried=StoredFile(THERE))
    # What lies behind it was read, so that it was too.
    patient.brought(probe, carried=StoredFile(THERE))
    patient.send(probe)
    came(patient, target, f"{bob}2", 1)
    patient.stop()
    patient.forget_state()
    patient.send(first)
    patient.start()
    assert came(patient, target, bob, 1) == [THERE]


def test_results_of_one_conversation_that_came_while_nobody_delivered_are_all_there(patient: Worker, target: Target, bob: str) -> None:
    """They have one key: a restore takes in each."""
    sent = [picture(bob) for _ in range(3)]
    patient.stop()
    patient.send(*sent)
    for one in sent:
        patient.brought(one, carried=StoredFile(THERE))
    patient.start()
    assert came(patient, target, bob, 3) == [THERE] * 3


def test_after_a_while_the_later_ones_pass_and_it_comes_late_with_its_file(polite: Worker, target: Target, bob: str) -> None:
    first = picture(bob)
    behind = delivery(bob, "behind it")
    behind = structs.replace(behind, event=structs.replace(behind.event, at=first.event.at + 1000))
    polite.send(first, behind)
    assert came(polite, target, bob, 1) == ["behind it"]
    polite.brought(first, carried=StoredFile(THERE))
    assert came(polite, target, bob, 2) == ["behind it", THERE]
    polite.settled()
    assert [mark.get("late", False) for mark in target.marks(bob)] == [False, True]


def test_where_too_many_wait_the_oldest_goes_without(polite: Worker, target: Target, bob: str) -> None:
    waiting = [picture(bob) for _ in range(5)]
    polite.send(*waiting)
    # Of eight that may be open, half may stand aside.
    (text,) = came(polite, target, bob, 1)
    assert "cat.jpg" in text
    assert target.marks(bob)[0]["id"] == waiting[0].event.id
    for one in waiting[1:]:
        polite.brought(one, carried=StoredFile(THERE))
    assert came(polite, target, bob, 5) == [text, *[THERE] * 4]


def test_one_that_never_comes_is_shown_by_name_in_the_end(hurried: Worker, target: Target, bob: str) -> None:
    first = picture(bob)
    hurried.send(first)
    (text,) = came(hurried, target, bob, 1)
    assert "cat.jpg" in text
    hurried.settled()
    assert hurried.outcome(first) == "delivered"
    assert messages(hurried, "no-result") >= 1
    # It comes after all: nobody waits for it any more.
    hurried.brought(first, carried=StoredFile(THERE))
    hurried.send(delivery(bob, "afterwards"))
    assert came(hurried, target, bob, 2) == [text, "afterwards"]
