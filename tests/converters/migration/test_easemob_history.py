"""Messages imported over HTTP into the simulator: order, kinds, files, and how a refusal is told."""

import base64
import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from converters.core import bodies
from converters.core.bodies import Body, File
from converters.core.model import NOTHING, Conversation, Delivery, Direct, Event, Group, Room, StoredFile, TargetContext
from converters.core.operations import Post, Quote, Recall, Ref
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.history import Placed, Skipped, Stopped, place, stamp
from converters.migration import BeforeGroup, ImportOf, ImportOutcome, NotLater
from converters.platform import Callback, OwnEcho, Reply
from converters.probing import Findings
from tests.converters.migration.wired import Wired, wired
from tests.waiting import until

HOUR = 3_600_000
AT = int(time.time() * 1000) - 48 * HOUR
PEOPLE = ["alice", "bob", "carol"]


@pytest.fixture
def target() -> Iterator[Wired]:
    with wired("easemob", users=PEOPLE, group={"6001": PEOPLE}) as one:
        yield one


@pytest.fixture(scope="module")
def shared() -> Iterator[Wired]:
    with wired("easemob", users=PEOPLE) as one:
        yield one


@pytest.fixture(scope="module")
def later() -> Iterator[int]:
    """Times of which each is behind the one before."""
    return itertools.count(AT, 10)


TALK = Direct(("alice", "bob"))
UNPROBED = Findings()


def delivery(body: Body | None = None, at: int = AT, where: Conversation = TALK, **more: Any) -> Delivery:
    to = {"direct": "bob", "group": "6001", "room": "7001"}[str(where.__struct_config__.tag)]
    post = more.pop("operation", None) or Post(body or bodies.Text("hello"), ext=more.pop("ext", {}), quote=more.pop("quote", None))
    event = Event(
        id=f"yunxin:old:direct:{at}:post", source="old", remote_id=str(at), conversation=where, sender="alice", at=at, operation=post
    )
    return Delivery(event=event, target="new", sender="alice", receiver=more.pop("receiver", to), received=at, **more)


def imported(
    target: Wired, said: Delivery, at: int | None = None, there: TargetContext = NOTHING, findings: Findings = UNPROBED, **how: Any
) -> list[ImportOutcome]:
    history = target.platform.history
    assert history is not None
    encoded = history.encode(said, target.account, there, ImportOf(at=said.event.at if at is None else at, **how))
    outcomes = []
    for request in encoded.requests:
        reply = target.send(request)
        assert reply is not None
        outcomes.append(history.read(request, reply, findings))
    return outcomes


def test_a_message_has_its_time_its_sender_and_our_mark(target: Wired) -> None:
    (outcome,) = imported(target, delivery(ext={"k": 1}))
    assert isinstance(outcome, Delivered)
    assert outcome.at is None  # it is where it was put
    (entry,) = target.journal("import")
    assert (entry["id"], entry["from"], entry["to"], entry["at"], entry["text"], entry["type"]) == (
        outcome.remote_id,
        "alice",
        "bob",
        AT,
        "hello",
        "person",
    )
    assert entry["ext"]["k"] == 1
    assert entry["ext"]["relay"]["id"] == delivery().event.id
    assert "em_ignore_notification" not in entry["ext"]


def test_an_import_that_is_called_back_is_known_as_ours() -> None:
    with wired("easemob", users=PEOPLE, import_callbacks=True) as target:
        (outcome,) = imported(target, delivery())
        (entry,) = target.journal("import")
        body = {
            "callId": "demo#relay_1",
            "eventType": "chat",
            "timestamp": AT,
            "chat_type": "chat",
            "from": "alice",
            "to": "bob",
            "msg_id": entry["id"],
            "payload": {"ext": entry["ext"], "bodies": [{"type": "txt", "msg": "hello"}], "from": "alice", "to": "bob"},
        }
        from converters.core import wire

        (echo,) = target.platform.decode(Callback("new", wire.dump_any(body), AT), target.account)
    assert isinstance(echo, OwnEcho)
    assert (echo.event_id, echo.remote_id) == (delivery().event.id, entry["id"])
    assert isinstance(outcome, Delivered)


def test_the_order_of_a_conversation_is_kept_by_a_millisecond(target: Wired) -> None:
    previous = 0
    for number, at in enumerate((AT, AT, AT - 5, AT + 1)):
        previous = stamp(at, previous)
        assert isinstance(imported(target, delivery(bodies.Text(str(number)), at), previous)[0], Delivered)
    assert [(entry["text"], entry["at"] - AT) for entry in target.journal("import")] == [("0", 0), ("1", 1), ("2", 2), ("3", 3)]
    (late,) = imported(target, delivery(), AT)
    assert late == NotLater("400 illegal_argument")
    (other_way,) = imported(target, delivery(), AT + 3)
    assert other_way == NotLater("400 illegal_argument")


def test_a_long_text_goes_in_parts_each_a_millisecond_later(target: Wired) -> None:
    said = delivery(bodies.Text("长" * 3000))
    history = target.platform.history
    assert history is not None
    encoded = history.encode(said, target.account, NOTHING, ImportOf(at=AT))
    assert len(imported(target, said)) == len(encoded.requests) == 4
    entries = target.journal("import")
    assert [entry["at"] - AT for entry in entries] == [0, 1, 2, 3]
    assert "".join(entry["text"] for entry in entries) == "长" * 3000
    assert history.last(encoded, AT) == AT + 3
    assert isinstance(imported(target, delivery(), AT + 4)[0], Delivered)


def test_what_may_be_answered_already_is_told_by_the_same_timestamp(target: Wired) -> None:
    target.simulator.mood(accept_but_lose_answer=1.0, count=1)
    history = target.platform.history
    assert history is not None
    (request,) = history.encode(delivery(), target.account, NOTHING, ImportOf(at=AT)).requests
    assert not request.repeatable
    assert target.send(request) is None
    again = target.send(request)
    assert again is not None
    assert history.read(request, again, Findings(repeat="refused")) == NotLater("400 illegal_argument")
    assert len(target.journal("import")) == 1


@pytest.mark.parametrize(("repeat", "stored"), [("swallowed", 1), ("doubled", 2)])
def test_the_other_readings_of_a_repeat(repeat: str, stored: int) -> None:
    with wired("easemob", users=PEOPLE, import_repeat=repeat) as target:
        one, other = imported(target, delivery())[0], imported(target, delivery())[0]
        assert isinstance(one, Delivered)
        assert isinstance(other, Delivered)
        assert (one.remote_id == other.remote_id) is (stored == 1)
        assert len(target.journal("import")) == stored
        assert isinstance(imported(target, delivery(), AT - 1)[0], NotLater)


GROUP = Group("6001")


def test_before_the_group_was_there(target: Wired) -> None:
    (refused,) = imported(target, delivery(where=GROUP))
    assert refused == BeforeGroup("400 illegal_argument")
    now = int(time.time() * 1000)
    created = now - 5
    moved = place(AT, 0, created, now, "restamp")
    assert isinstance(moved, Placed)
    until(lambda: int(time.time() * 1000) > now + 1)
    (done,) = imported(target, delivery(where=GROUP), int(time.time() * 1000) - 1, restamped=True)
    assert isinstance(done, Delivered)
    assert target.journal("import")[-1]["ext"]["relay_said_at"] == AT


def test_where_groups_take_older_messages() -> None:
    with wired("easemob", users=PEOPLE, group={"6001": PEOPLE}, import_before_group="accepted") as target:
        assert isinstance(imported(target, delivery(where=GROUP))[0], Delivered)
        assert target.journal("import")[-1]["type"] == "group"


def test_places() -> None:
    assert place(50_000, 0, 0, 90_000, "stop") == Placed(50_000)
    assert place(50_000, 60_000, 0, 90_000, "stop") == Placed(60_001)
    assert place(50_000, 0, 60_000, 90_000, "stop") == Stopped("before-group")
    assert place(50_000, 0, 60_000, 90_000, "skip") == Skipped("before-group")
    assert place(50_000, 0, 60_000, 90_000, "restamp") == Placed(60_001, restamped=True)
    assert place(50_000, 60_005, 60_000, 90_000, "restamp") == Placed(60_006)
    assert place(50_000, 0, 60_000, 90_000, "import") == Placed(50_000)
    assert place(95_000, 0, 60_000, 90_000, "restamp") == Stopped("future")
    assert place(50_000, 0, 90_000, 90_000, "restamp") == Stopped("future")
    assert place(7, 0, 0, 90_000, "stop") == Placed(1000)


def test_words_that_nobody_knows_are_known_as_the_probe_met_them() -> None:
    with wired("easemob", users=PEOPLE, group={"6001": PEOPLE}, import_words="codes") as target:
        imported(target, delivery())
        assert imported(target, delivery())[0] == Refused("400 illegal_argument")
        history = target.platform.history
        assert history is not None
        from converters.platforms.easemob.history import digest

        (request,) = history.encode(delivery(), target.account, NOTHING, ImportOf(at=AT)).requests
        known = Findings(
            repeat_said=digest(request, 400, "illegal parameter, code 7013"),
            before_said=digest(request, 400, "illegal parameter, reason b"),
        )
        assert imported(target, delivery(), findings=known)[0] == NotLater("400 illegal_argument")
        assert imported(target, delivery(where=GROUP), findings=known)[0] == BeforeGroup("400 illegal_argument")
        assert imported(target, delivery(), int(time.time() * 1000) + HOUR, findings=known)[0] == Refused("400 illegal_argument")


LYING = "https://old.example/f/9"
FILE = File(url=LYING, name="9.bin", size=7)
KINDS: list[tuple[Body, str]] = [
    (bodies.Text("hi"), "txt"),
    (bodies.Image(FILE, 4, 3), "img"),
    (bodies.Gif(FILE, 4, 3), "img"),
    (bodies.Voice(FILE, 5000), "audio"),
    (bodies.Video(FILE, 5000, thumbnail=File(url="https://old.example/t/9")), "video"),
    (bodies.Document(FILE), "file"),
    (bodies.Sticker("set", "smile", FILE), "img"),
    (bodies.Location(31.2, 121.4, "Shanghai"), "loc"),
    (bodies.Custom("order", {"id": "1"}), "custom"),
    (bodies.Card("carol", "Carol"), "custom"),
    (bodies.Forwarded("Chat", ("a: b",)), "txt"),
    (bodies.Link("https://l.example", "t"), "txt"),
    (bodies.Notice("joined"), "txt"),
    (bodies.Call(video=True, state="completed", duration=1000), "txt"),
    (bodies.Unknown("RC:Odd"), "txt"),
]


@pytest.mark.parametrize(
    ("body", "kind"),
    KINDS,
    ids=lambda value: str((getattr(type(value), "__struct_config__", None) and value.__struct_config__.tag) or value),
)
@pytest.mark.parametrize("files", ["fetch", "link"])
def test_every_kind(shared: Wired, later: Iterator[int], body: Body, kind: str, files: str) -> None:
    target = shared
    (outcome,) = imported(target, delivery(body, next(later)), files=files)
    assert isinstance(outcome, Delivered)
    entry = target.journal("import")[-1]
    assert entry["name"] == kind
    if bodies.files_of(body):
        fetched = entry["body"]["url"] != LYING
        assert fetched is (files == "fetch")
        assert b'"need_download":true' in target.sent[-1].body or files == "link"


def test_a_file_that_the_platform_fetches_lies_there(target: Wired) -> None:
    """Its source is the simulator's own journal page, so that nothing else is needed."""
    source = f"{target.simulator.url}/_journal?kind=said"
    imported(target, delivery(bodies.Document(File(url=source, name="j.json"))), files="fetch")
    (fetched,) = until(lambda: target.simulator.journal("file"))
    assert (fetched["what"], fetched["good"]) == ("fetched", True)
    answer = target.client.get(target.journal("import")[0]["body"]["url"], headers={"Authorization": f"Bearer {target.token}"})
    assert answer.content == b"[]"


def test_a_carried_file_is_named_as_it_lies_there(target: Wired) -> None:
    upload = target.client.post(
        f"{target.simulator.url}/demo/relay/chatfiles",
        files={"file": ("v.amr", base64.b64decode("IyFBTVIK"))},
        headers={"Authorization": f"Bearer {target.token}"},
    ).json()
    entity = upload["entities"][0]
    carried = StoredFile(url=f"{upload['uri']}/{entity['uuid']}", secret=entity["share-secret"], name="v.amr", size=6, duration=3000)
    (outcome,) = imported(target, delivery(bodies.Voice(FILE, 3000)), there=TargetContext(files=(carried,)))
    assert isinstance(outcome, Delivered)
    assert target.journal("import")[0]["body"]["secret"] == entity["share-secret"]


def test_what_lies_behind_a_secret_or_inline_does_not_come_along(target: Wired) -> None:
    history = target.platform.history
    assert history is not None
    for file in (File(url=LYING, secret="s"), File(inline="AAAA")):
        encoded = history.encode(delivery(bodies.Voice(file, 1000)), target.account, NOTHING, ImportOf(at=AT, files="fetch"))
        assert [loss.what for loss in encoded.losses] == ["file"]
        assert b"secret" not in encoded.requests[0].body


def test_an_answer_keeps_what_it_answers(target: Wired) -> None:
    from converters.core.model import TargetMessage

    quote = Quote(Ref("m1", author="bob"), "earlier")
    imported(target, delivery(bodies.Text("yes"), quote=quote), there=TargetContext(quoted=(TargetMessage("139", "bob"),)))
    assert target.journal("import")[0]["ext"]["msgQuote"]["msgID"] == "139"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (delivery(bodies.Command("refresh")), "command"),
        (delivery(where=Room("7001")), "room-history"),
        (delivery(where=GROUP, receiver=""), "group-missing"),
        (delivery(operation=Recall(Ref("1"))), "recall"),
    ],
)
def test_what_is_not_imported_is_counted(target: Wired, said: Delivery, what: str) -> None:
    history = target.platform.history
    assert history is not None
    encoded = history.encode(said, target.account, NOTHING, ImportOf(at=AT))
    assert (encoded.requests, [loss.what for loss in encoded.losses]) == ((), [what])
    assert history.last(encoded, AT) == AT


@pytest.mark.parametrize(("mood", "kind"), [({"throttle": 1.0}, NotSent), ({"error_500": 1.0}, Unsure)])
def test_other_answers(target: Wired, mood: dict[str, Any], kind: type) -> None:
    target.simulator.mood(**mood)
    assert isinstance(imported(target, delivery())[0], kind)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"{}", Unsure("unreadable answer")),
        (200, b'{"data":{"msg_id":"1"},"error":"x"}', Refused("answered 200, and that it is not done")),
        (200, b"no json", Unsure("unreadable answer")),
        (400, b'{"error":"illegal_argument","error_description":"message body not allow empty"}', Refused("400 illegal_argument")),
        (404, b'{"error":"resource_not_found","error_description":"grpID 1 does not exist!"}', Refused("404 resource_not_found")),
        (502, b"<html>", Unsure("502")),
    ],
)
def test_answers_by_their_bytes(target: Wired, status: int, body: bytes, expected: ImportOutcome) -> None:
    history = target.platform.history
    assert history is not None
    (request,) = history.encode(delivery(), target.account, NOTHING, ImportOf(at=AT)).requests
    assert history.read(request, Reply(status, {}, body), Findings()) == expected


def test_a_swallowed_import_is_answered_as_good(target: Wired) -> None:
    target.simulator.mood(swallow=1.0, count=1)
    assert isinstance(imported(target, delivery())[0], Delivered)
    assert target.journal("import") == []


def test_a_doubled_import_is_there_twice(target: Wired) -> None:
    target.simulator.mood(double=1.0, count=1)
    assert isinstance(imported(target, delivery())[0], Delivered)
    assert len(target.journal("import")) == 2
