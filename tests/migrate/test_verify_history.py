"""The history beside what was accepted, and what the target's files show of it, message by message."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec import structs

from converters import PLATFORMS
from converters.core.model import Event, Group, Room, direct
from converters.core.wire import Malformed
from converters.differences import Difference
from converters.platform import Callback, FoundCallback, Ignored, OwnEcho, TimeRange
from converters.routing.route import App
from streams.migrate.bundle import Bundle
from streams.migrate.verify_history import LATE, LOOKS, HistoryVerifier, SeenImports, span_of
from streams.migrate.verify_records import HistoryResult, Look
from tests.migrate.bundles import made, said
from tests.migrate.listed import SOURCE, Listed, Verification

AT = 1_764_000_000_000
TALK, GROUP, ROOM, QUIET = direct("ann", "bob"), Group("901"), Room("701"), direct("ann", "cy")
EVENTS: list[Event] = [
    *(said(TALK, "ann", number, AT + number, f"hello {number}") for number in range(4)),
    *(said(GROUP, "bob", 100 + number, AT + number, "hello all") for number in range(2)),
    said(ROOM, "bob", 200, AT + 9, "hello room"),
    *(said(QUIET, "cy", 300 + number, AT + number, "…") for number in range(3)),
]
LANES = {"talk": TALK, "group": Group("~yunxin-901"), "room": Room("~yunxin-701"), "quiet": QUIET}
SPAN = TimeRange(AT, AT + 10 * LATE)


def chain(*events: Event) -> str:
    found = ""
    for event in events:
        found = blake2b(f"{found}\x1f{event.id}\x1fin".encode(), digest_size=16).hexdigest()
    return found


class History:
    def __init__(self, bundle: Bundle, directory: Path) -> None:
        self.verification = Verification(bundle, Listed(), directory)
        self.verification.sides.remove()
        self.noted: list[Difference] = []
        self.said: list[tuple[str, int, int]] = []
        one = self.verification
        self.verifier = HistoryVerifier(bundle, SOURCE, one.view, one.identities, cast("Any", one.done), self.noted.extend)

    def lane(self, name: str, **fields: Any) -> None:
        self.verification.lane(LANES[name], **fields)

    def all_accepted(self) -> None:
        self.lane("talk", count=4, chain=chain(*EVENTS[:4]), at=AT + 3)
        self.lane("group", count=2, chain=chain(*EVENTS[4:6]), at=AT + 1)
        self.lane("room", count=1, chain=chain(EVENTS[6]), at=AT + 9)
        self.lane("quiet", count=3, chain=chain(*EVENTS[7:]), at=AT + 2)

    def accepted(self) -> HistoryResult:
        return self.verifier.accepted(lambda kind, done, of: self.said.append((kind, done, of)))

    def seen(self, *events: Event, doubled: tuple[Event, ...] = (), by_import: bool = True, span: TimeRange = SPAN) -> HistoryResult:
        result = HistoryResult()
        files = Files({event.id for event in events}, {event.id for event in doubled})
        self.verifier.seen(cast("SeenImports", files), span, result, by_import=by_import)
        return result


class Files:
    """In place of what the target's files show."""

    def __init__(self, seen: set[str], doubled: set[str]) -> None:
        self._seen, self.doubled = seen, doubled

    def __contains__(self, event: str) -> bool:
        return event in self._seen


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    with Bundle.open(made(tmp_path_factory.mktemp("bundle"), [], EVENTS)) as one:
        yield one


@pytest.fixture
def history(bundle: Bundle, tmp_path: Path) -> History:
    return History(bundle, tmp_path)


# -- as the target answered


def test_what_was_accepted_whole_is_chained(history: History) -> None:
    history.all_accepted()
    assert history.accepted() == HistoryResult(conversations=4, expected=10, accepted=10, chained=4)
    assert (history.noted, history.said) == ([], [])


def test_messages_about_which_nothing_is_decided_are_open(history: History) -> None:
    history.lane("talk", count=1, live=1, skipped=1, doubts=1)
    assert history.accepted() == HistoryResult(conversations=4, expected=10, accepted=1, live=1, left_out=1, doubts=1, open=1 + 2 + 1 + 3)
    assert history.noted == []


def test_what_was_left_out_or_live_is_not_open_and_has_no_chain(history: History) -> None:
    history.all_accepted()
    history.lane("talk", count=2, live=1, skipped=1, chain="what is left of it")
    result = history.accepted()
    assert (result.open, result.chained, result.broken) == (0, 3, 0)


def test_more_than_there_are_is_never_less_than_nothing_open(history: History) -> None:
    history.all_accepted()
    history.lane("room", count=1, live=2)
    assert history.accepted().open == 0


def test_a_conversation_that_was_stopped_waits_for_a_person(history: History) -> None:
    history.all_accepted()
    history.lane("group", count=1, stopped="refused")
    history.lane("room", stopped="refused")
    result = history.accepted()
    assert (result.stopped, result.open) == (2, 2)


@pytest.mark.parametrize(
    ("lane", "chained", "named"),
    [
        ("talk", chain(*EVENTS[1:4]), "direct\x1fann\x1fbob"),
        ("group", chain(EVENTS[5], EVENTS[4]), "group\x1f901"),
        ("room", "", "room\x1f701"),
    ],
)
def test_another_chain_is_a_difference_of_its_conversation(history: History, lane: str, chained: str, named: str) -> None:
    history.all_accepted()
    history.lane(lane, count={"talk": 4, "group": 2, "room": 1}[lane], chain=chained)
    result = history.accepted()
    assert (result.chained, result.broken) == (3, 1)
    assert history.noted == [Difference(sort="different", kind="conversation", item=named, fields=("chain",))]


def test_how_far_it_is_is_said_each_thousand_conversations(tmp_path: Path) -> None:
    events = [said(direct("ann", f"u{number:04}"), "ann", number, AT, "hi") for number in range(1001)]
    with Bundle.open(made(tmp_path, [], events)) as bundle:
        history = History(bundle, tmp_path / "out")
        assert history.accepted().conversations == 1001
        assert history.said == [("message", 1000, 1001)]
        looks = history.verifier.looks()
        assert len(looks) == LOOKS == len(set(looks))
        assert looks != tuple(sorted(looks, key=lambda look: look.ids)), "drawn, and not the first ones"
        assert looks == History(bundle, tmp_path / "again").verifier.looks()


# -- as its files show


def test_what_the_files_show_is_there(history: History) -> None:
    history.all_accepted()
    assert history.seen(*EVENTS) == HistoryResult(looked_for=10, seen=10)
    assert history.noted == []


def test_what_the_files_do_not_show_is_missing_and_named(history: History) -> None:
    history.all_accepted()
    result = history.seen(*EVENTS[:5], *EVENTS[6:], doubled=(EVENTS[0],))
    assert result == HistoryResult(looked_for=10, seen=9, missing=1, doubled=1)
    assert history.noted == [
        Difference(sort="doubled", kind="message", item=EVENTS[0].id),
        Difference(sort="missing", kind="message", item=EVENTS[5].id),
    ]


def test_where_nothing_was_accepted_nothing_is_looked_for(history: History) -> None:
    history.lane("room", count=1, at=AT + 9)
    assert history.seen() == HistoryResult(looked_for=1, missing=1)


def test_behind_the_last_one_that_was_decided_only_what_is_there_is_looked_for(history: History) -> None:
    history.lane("talk", count=2, at=AT + 1)
    result = history.seen(EVENTS[0], EVENTS[3])
    assert (result.looked_for, result.seen, result.missing) == (3, 2, 1)
    assert [one.item for one in history.noted] == [EVENTS[1].id]


@pytest.mark.parametrize("left", [{"live": 1}, {"skipped": 1}])
def test_where_something_was_left_out_nobody_knows_which(history: History, left: Mapping[str, int]) -> None:
    history.lane("talk", count=3, at=AT + 3, **left)
    assert history.seen(EVENTS[0]) == HistoryResult(looked_for=1, seen=1)


@pytest.mark.parametrize(
    ("since", "until", "missing"),
    [(AT, AT + LATE + 4, [0, 1, 2, 3]), (AT, AT + LATE + 3, [0, 1, 2]), (AT + 1, AT + LATE + 3, [1, 2]), (AT + 4, AT + LATE + 4, [])],
)
def test_files_that_go_by_the_time_of_a_message_show_those_of_their_span(
    history: History, since: int, until: int, missing: list[int]
) -> None:
    history.lane("talk", count=4, at=AT + 3)
    assert history.seen(by_import=False, span=TimeRange(since, until)).missing == len(missing)
    assert [one.item for one in history.noted] == [EVENTS[number].id for number in missing]


def test_what_is_seen_outside_of_the_span_is_seen(history: History) -> None:
    history.lane("talk", count=4, at=AT + 3)
    assert history.seen(EVENTS[2], by_import=False, span=TimeRange(0, 1)) == HistoryResult(looked_for=1, seen=1)


# -- for a person


def test_a_person_is_shown_the_conversations_in_the_targets_ids(history: History) -> None:
    history.lane("talk", count=3)
    history.lane("group", count=2)
    looks = history.verifier.looks()
    assert sorted(looks, key=lambda look: (look.kind, look.ids)) == [
        Look(kind="direct", ids=("ann", "bob"), count=3, first=AT, last=AT + 3),
        Look(kind="direct", ids=("ann", "cy"), count=0, first=AT, last=AT + 2),
        Look(kind="group", ids=("g-901",), count=2, first=AT, last=AT + 1),
        Look(kind="room", ids=("r-701",), count=0, first=AT + 9, last=AT + 9),
    ]


def test_a_group_that_is_not_there_has_no_id(tmp_path: Path) -> None:
    with Bundle.open(made(tmp_path, [], [said(Group("955"), "ann", 1, AT, "hi")])) as bundle:
        assert [look.ids for look in History(bundle, tmp_path / "out").verifier.looks()] == [("",)]


# -- the files themselves

ECHOES = {
    b"one": (OwnEcho("p:a:direct:1:post", "r1", AT + 5, direct("ann", "bob")),),
    b"two": (
        OwnEcho("p:a:direct:2:post", "r2", AT + 3, direct("ann", "bob")),
        OwnEcho("p:a:direct:3:post", "r3", AT + 7, direct("ann", "bob")),
    ),
    b"one again": (OwnEcho("p:a:direct:1:post", "r9", AT + 6, direct("ann", "bob")),),
    b"second part": (OwnEcho("p:a:direct:2:post", "r5", AT + 8, direct("ann", "bob"), part=1),),
    b"a person's": (Ignored("not-ours"),),
    b"nothing": (),
}


def target(found: list[bytes], asked: list[TimeRange]) -> App:
    """Its files hold *found*."""
    platform = PLATFORMS["easemob"]
    assert platform.gaps is not None

    def ask(span: TimeRange, conversations: object, account: object) -> Any:
        asked.append(span)
        for body in found:
            yield FoundCallback(b"k", body, {"from": "file"})
        return "an hour is not there yet"

    def decode(callback: Callback, account: object) -> Any:
        assert (callback.app, callback.headers) == ("new", {"from": "file"})
        if callback.body == b"malformed":
            raise Malformed("no")
        if callback.body == b"a defect":
            raise ZeroDivisionError
        return ECHOES[callback.body]

    return App("new", structs.replace(platform, gaps=structs.replace(platform.gaps, ask=ask), decode=decode), platform.example(), "old")


async def read(directory: Path, *found: bytes) -> tuple[SeenImports, str, list[TimeRange]]:
    asked: list[TimeRange] = []
    files = SeenImports(directory)
    unseen = await files.read(target(list(found), asked), cast("Any", Nobody()), SPAN)
    return files, unseen, asked


class Nobody:
    async def ask(self, step: object) -> None:
        raise AssertionError(step)


async def test_what_the_files_hold_of_ours_is_found_again(tmp_path: Path) -> None:
    files, unseen, asked = await read(tmp_path / "seen", b"one", b"a person's", b"two", b"nothing")
    assert (unseen, asked) == ("an hour is not there yet", [SPAN])
    assert [f"p:a:direct:{number}:post" in files for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert (files.oldest, files.unread, files.doubled) == (AT + 3, 0, set())
    files.remove()
    assert not (tmp_path / "seen").exists()


async def test_two_messages_of_one_part_are_doubled_and_two_parts_are_not(tmp_path: Path) -> None:
    files, _, _ = await read(tmp_path / "seen", b"one", b"one", b"two", b"second part")
    assert files.doubled == set(), "the same message twice is one message"
    files.remove()
    files, _, _ = await read(tmp_path / "seen", b"one", b"two", b"one again", b"second part")
    assert files.doubled == {"p:a:direct:1:post"}
    files.remove()


async def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    files, _, _ = await read(tmp_path / "seen", b"malformed", b"one", b"a defect")
    assert (files.unread, files.oldest) == (2, AT + 5)
    files.remove()


async def test_what_an_earlier_verification_saw_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "junk").write_text("x")
    files, _, _ = await read(tmp_path / "seen")
    assert not (tmp_path / "seen" / "junk").exists()
    assert ("p:a:direct:1:post" in files, files.oldest) == (False, 0)
    files.remove()


async def test_a_platform_without_files_says_so(tmp_path: Path) -> None:
    platform = PLATFORMS["easemob"]
    app = App("new", structs.replace(platform, gaps=None), platform.example(), "old")
    files = SeenImports(tmp_path / "seen")
    assert await files.read(app, cast("Any", Nobody()), SPAN) == "the platform keeps no files"
    files.remove()


def test_files_reach_back_as_far_as_the_platform_says_and_forth_to_the_run() -> None:
    app = target([], [])
    gaps = app.platform.gaps
    assert gaps is not None
    now = AT
    span = span_of(app, 0, now)
    assert now - gaps.oldest * 1000 <= span.since < span.until <= now
    later = span_of(app, now + 5, now)
    assert (later.since, later.until) == (span.since, now + 5)
