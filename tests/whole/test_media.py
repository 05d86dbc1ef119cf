"""Files over the whole relay: fetched, made into what the other side shows, put there, and each in its place among the words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests import attachments
from tests.attachments import Sample
from tests.simulators.process import SimulatorProcess
from tests.stack import Stack
from tests.waiting import until
from tests.whole.crossing import IMPATIENT, Exchange, accepted

SAMPLES = [
    attachments.picture(1),
    attachments.picture(2, "png"),
    attachments.gif(3),
    attachments.voice(4, "amr"),
    attachments.voice(5, "aac"),
    attachments.video(6),
    attachments.document(7),
]
UPLOADS = ("file.upload", "msg/fileUpload", "msg/upload")
MEDIA = "patience = 12.0\nread_timeout = 0.5\nconnect_timeout = 2.0\nfetch_timeout = 20.0"


@pytest.fixture(scope="module")
def stack(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IM_RELAY_KAFKA__SESSION_TIMEOUT", "6")
        one = Stack(
            tmp_path_factory.mktemp("stack"),
            bootstrap=kafka,
            prefix=f"m{uuid4().hex[:8]}.",
            partitions=2,
            settings=f"{IMPATIENT}\norder_hold = 60",
            media=MEDIA,
        )
        with one:
            yield one


@contextmanager
def files_of(side: SimulatorProcess, **mood: float) -> Iterator[None]:
    side.file_mood(**mood)
    try:
        yield
    finally:
        side.file_mood()


def left(stack: Stack) -> list[Path]:
    """Temporary files of the media role."""
    return [path for path in (stack.directory / "media").rglob("*") if path.name != "lock" and path.is_file()]


def talked(exchange: Exchange, *samples: Sample) -> None:
    """Both sides send each of them, with words before and behind."""
    source = exchange.stack.platforms[0]
    for number, sample in enumerate(samples):
        to = "team" if number % 2 else "bob"
        exchange.say(source, "alice", to, f"before {number}")
        exchange.send(source, "alice", to, sample)
        exchange.say(source, "alice", to, f"behind {number}")
        to = "team" if number % 2 else "alice"
        exchange.send("easemob", "bob", to, sample)
        exchange.say("easemob", "bob", to, f"behind it {number}")


def test_every_kind_crosses_both_ways_and_in_order(exchange: Exchange, stack: Stack) -> None:
    talked(exchange, *SAMPLES)
    found = exchange.all_arrived()
    assert (found.lost, found.doubled, found.out_of_order, found.strange) == ([], [], [], [])
    assert exchange.spoiled() == []
    until(lambda: left(stack) == [])


def test_what_is_called_back_twice_is_brought_over_once(exchange: Exchange, stack: Stack) -> None:
    before = {name: sum(len(accepted(side, api)) for api in UPLOADS) for name, side in stack.sides.items()}
    for side in stack.sides.values():
        side.mood(double_callbacks=1.0)
    try:
        exchange.send(stack.platforms[0], "alice", "bob", attachments.document(20))
        exchange.send("easemob", "bob", "alice", attachments.document(21))
        found = exchange.all_arrived()
    finally:
        for side in stack.sides.values():
            side.mood()
    assert (found.lost, found.doubled) == ([], [])
    assert exchange.spoiled() == []
    counts = {name: sum(len(accepted(side, api)) for api in UPLOADS) - before[name] for name, side in stack.sides.items()}
    # What a person sends is an upload of the app, and not of the relay.
    assert counts["easemob"] <= 2
    stack.roles["media"].counts('outcome="reused"')


@pytest.mark.parametrize("fault", ["file_missing", "file_forbidden", "file_stall", "file_reset", "file_short"])
def test_what_cannot_be_fetched_is_shown_by_name_in_its_place(exchange: Exchange, stack: Stack, fault: str) -> None:
    name, number = stack.platforms[0], 30 + len(fault)
    sample = attachments.document(number)
    with files_of(stack.source, **{fault: 1.0}):
        exchange.say(name, "alice", "bob", "before")
        sent = exchange.send(name, "alice", "bob", sample)
        exchange.say(name, "alice", "bob", "behind")
        exchange.read()
        exchange.has_arrived(3)
    (shown,) = [one for one in accepted(stack.easemob, "send") if sent in str(one["ext"])]
    assert shown["name"] == "txt"
    assert sample.name in shown["text"]
    found = exchange.all_arrived(name)
    assert (found.lost, found.doubled, found.out_of_order) == ([], [], [])


@pytest.mark.parametrize(
    "fault", ["file_reset", "file_short", "file_stall", "upload_401", "upload_throttle", "upload_500", "upload_lose_answer"]
)
def test_what_passes_is_waited_for(exchange: Exchange, stack: Stack, fault: str) -> None:
    name = stack.platforms[0]
    side = stack.easemob if fault.startswith("upload") else stack.source
    with files_of(side, **{fault: 1.0, "count": 2}):
        exchange.say(name, "alice", "bob", "before")
        exchange.send(name, "alice", "bob", attachments.picture(40 + len(fault)))
        exchange.say(name, "alice", "bob", "behind")
        found = exchange.all_arrived(name)
    assert (found.lost, found.doubled, found.out_of_order, found.strange) == ([], [], [], [])
    assert exchange.spoiled() == []


def test_a_file_that_the_target_does_not_take_is_shown_by_name(exchange: Exchange, stack: Stack) -> None:
    name = stack.platforms[0]
    with files_of(stack.easemob, upload_413=1.0):
        sent = exchange.send(name, "alice", "bob", attachments.document(60))
        exchange.read()
        exchange.has_arrived(1)
    (shown,) = [one for one in accepted(stack.easemob, "send") if sent in str(one["ext"])]
    assert "plan-60.pdf" in shown["text"]


def test_killed_with_files_in_hand_each_is_there_once_and_nothing_is_left_behind(exchange: Exchange, stack: Stack) -> None:
    media = stack.roles["media"]
    with files_of(stack.source, file_slow=1.0, slow=2.0, count=6):
        for number in range(4):
            exchange.say(stack.platforms[0], "alice", "bob", f"before {number}")
            exchange.send(stack.platforms[0], "alice", "bob", attachments.document(70 + number, size=1_000_000))
        until(lambda: left(stack), why=media.tail)
        assert media.child is not None
        media.child.kill()
        media.child.wait()
        assert left(stack), "it was killed in the middle"
        media.start()
        found = exchange.all_arrived(stack.platforms[0])
    assert (found.lost, found.doubled, found.out_of_order, found.strange) == ([], [], [], [])
    assert exchange.spoiled() == []
    until(lambda: left(stack) == [])


def test_sigterm_leaves_nothing_behind(exchange: Exchange, stack: Stack) -> None:
    media = stack.roles["media"]
    with files_of(stack.source, file_slow=1.0, slow=3.0, count=2):
        exchange.send(stack.platforms[0], "alice", "bob", attachments.document(80, size=1_000_000))
        until(lambda: left(stack), why=media.tail)
        assert media.stop() == 0, media.tail()
    assert left(stack) == []
    media.start()
    found = exchange.all_arrived(stack.platforms[0])
    assert (found.lost, found.doubled) == ([], [])
    assert exchange.spoiled() == []
