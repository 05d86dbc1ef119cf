"""The history of one conversation, message by message, against a target that answers as the test says; no broker."""

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from converters import PLATFORMS
from converters.addressing import delivery_of
from converters.core import wire
from converters.core.model import conversation_key, direct
from converters.core.outcome import Delivered, NotSent, Unsure
from converters.migration import ImportOutcome, NotLater
from converters.probing import Findings
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App
from streams.deliver.ledger_schema import Settled
from streams.deliver.settings import DeliverSettings
from streams.exactly_once.shutdown import Shutdown
from streams.migrate.book import Raw
from streams.migrate.conversation_imports import ConversationImports
from streams.migrate.records import MessageTask, Progress, lane_key
from streams.state.stateful_stage import BackgroundTasks
from tests.migrate.bundles import said

AT = 1_790_000_000_000
TALK = direct("ann", "bob")
KEY = conversation_key(TALK)
APPS = {
    "old": App("old", PLATFORMS["yunxin"], PLATFORMS["yunxin"].example(), "new"),
    "new": App("new", PLATFORMS["easemob"], PLATFORMS["easemob"].example(), "old"),
}
LONG = "word " * 1500
"""Three parts."""


class Played:
    """A lane of a new worker, that finds *progress*; *answers* are those of its requests in turn."""

    def __init__(self, progress: Progress, *answers: ImportOutcome, **findings: Any) -> None:
        self.done: dict[bytes, Any] = {lane_key(KEY): progress}
        self.answers = deque(answers)
        self.stamps: list[int] = []
        """Of what was sent."""
        self.told: list[Settled] = []
        self.letters: list[str] = []
        around: Any = SimpleNamespace(
            apps=APPS,
            platform="easemob",
            settings=DeliverSettings(backoff=0.001, backoff_max=0.001),
            recent=10**15,
            findings=lambda _: Findings(**findings),
            fuse=SimpleNamespace(passed=lambda _: None, died=lambda *_: None),
        )
        book: Any = SimpleNamespace(
            get=self.done.get,
            put=self.done.__setitem__,
            settle=lambda _: None,
            count=lambda *_: None,
            tell=lambda event, key, entry: self.told.append(entry),
            bury=lambda raw, key, cause, detail, whose, attempts: self.letters.append(f"{key.decode()} {cause}"),
        )
        self.over = asyncio.Event()
        known = asyncio.Event()
        known.set()
        leaving: Any = SimpleNamespace(one=self._one)
        carrying: Any = SimpleNamespace()
        self.lanes = ConversationImports(
            around, book, leaving, carrying, Shutdown(asyncio.Event()), known, BackgroundTasks(self.over.set, told=True)
        )

    async def _one(self, request: Any, app: App, source: bytes, read: Any, *, again: bool, ready: Any) -> ImportOutcome:
        ready()
        self.stamps.append(wire.load_any(request.body)["msg_timestamp"])
        return self.answers.popleft()

    async def play(self, *messages: tuple[int, str], after: str = "", released: bool = False) -> Progress:
        """(number, text), all of one millisecond, behind *after*."""
        for number, text in messages:
            event = said(TALK, "ann", number, AT, text)
            delivery = delivery_of(event, APPS["old"], APPS["new"], IdentityTable(), [])
            assert delivery is not None
            self.lanes.take(Raw(number, KEY, b"", ()), MessageTask(run="r", delivery=delivery, after=after), released=released)
            after = event.id
        await asyncio.wait_for(self.over.wait(), 30)
        return self.progress

    @property
    def progress(self) -> Progress:
        found = self.done[lane_key(KEY)]
        assert isinstance(found, Progress)
        return found


def event(number: int) -> str:
    return said(TALK, "ann", number, AT, "").id


BEFORE = Progress(last=event(1), at=AT, stamp=AT + 5, remote="800", count=1)


def sent(*ids: str) -> tuple[Delivered, ...]:
    return tuple(Delivered(name) for name in ids)


async def test_each_part_of_a_long_message_is_told_with_its_id_and_its_time() -> None:
    played = Played(BEFORE, *sent("901", "902", "903", "904"))
    done = await played.play((2, LONG), (3, "behind"), after=event(1))
    assert played.stamps == [AT + 6, AT + 7, AT + 8, AT + 9]
    long, behind = played.told
    assert long.arrived == (Delivered("901", AT + 6), Delivered("902", AT + 7), Delivered("903", AT + 8))
    assert (behind.outcome, behind.arrived) == (Delivered("904", AT + 9), ())
    assert (done.last, done.count, done.stamp, done.sending, done.arrived) == (event(3), 3, AT + 9, "", ())


async def test_a_worker_that_takes_over_in_the_middle_of_a_message_has_its_ids_and_no_others() -> None:
    interrupted = structs.replace(BEFORE, sending=event(2), sending_stamp=AT + 6, part=1, arrived=("901",))
    played = Played(interrupted, NotLater("later exists"), Delivered("903"))
    await played.play((2, LONG), after=event(1))
    assert played.stamps == [AT + 7, AT + 8], "the very timestamps; what was under way is sent once more"
    (entry,) = played.told
    assert [part.remote_id for part in entry.arrived] == ["901", "903"], "of the second one, nobody has told the id"
    first = structs.replace(BEFORE, sending=event(2), sending_stamp=AT + 6)
    again = Played(first, NotLater("later exists"))
    await again.play((2, "short"), after=event(1))
    assert [entry.outcome for entry in again.told] == [Delivered("", AT + 6)], "not that of the message before"


@pytest.mark.parametrize("repeat", ["", "refused", "swallowed"])
async def test_a_doubt_is_settled_by_the_same_timestamp_once_more(repeat: str) -> None:
    played = Played(BEFORE, Unsure("no answer"), NotSent("busy"), NotLater("later exists"), repeat=repeat)
    done = await played.play((2, "hi"), after=event(1))
    assert played.stamps == [AT + 6] * 3
    assert (done.count, done.doubts, done.stopped) == (2, 1, "")


async def test_where_repeats_are_stored_twice_a_doubt_is_held_and_nothing_is_put_where_it_may_lie() -> None:
    played = Played(BEFORE, Unsure("no answer"), repeat="doubled")
    done = await played.play((2, "hi"), (3, "behind"), after=event(1))
    assert (played.stamps, played.letters, done.stopped) == ([AT + 6], [f"{event(2)} in-doubt"], "in doubt: no answer")
    later = Played(done, Delivered("903"), repeat="doubled")
    later.lanes.skip(Raw(9, KEY, b"", ()), KEY, event(2))
    assert (later.progress.skipped, later.progress.stamp, later.progress.stopped) == (1, AT + 6, "")
    await later.play((3, "behind"), after=event(2))
    assert later.stamps == [AT + 7]


async def test_another_worker_holds_it_too_until_a_person_says_that_it_may_be_sent_once_more() -> None:
    under_way = structs.replace(BEFORE, sending=event(2), sending_stamp=AT + 6)
    played = Played(under_way, repeat="doubled")
    held = await played.play((2, "hi"), after=event(1))
    assert (played.stamps, held.stopped) == ([], "in doubt: a request of an earlier worker")
    released = Played(held, Delivered("902"), repeat="doubled")
    done = await released.play((2, "hi"), after=event(1), released=True)
    assert (released.stamps, done.count, done.stopped) == ([AT + 6], 2, "")
