"""What is written for Yunxin, sent to its simulator: it is taken, and its copies are read as what was done."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from converters import PLATFORMS
from converters.core.bodies import Text
from converters.core.model import Conversation, Delivery, Direct, Event, Group, Room, StoredFile, TargetContext, TargetMessage
from converters.core.operations import (
    AdminsChanged,
    BlockChanged,
    Edit,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Muted,
    Operation,
    OwnerChanged,
    Post,
    Quote,
    Read,
    Recall,
    Ref,
    Typing,
)
from converters.core.outcome import Delivered
from converters.platform import Callback, Decoded, DecodedEvent, Encoded, Ignored, OwnEcho, Reply, Signed
from tests.converters.examples import BODIES, there_of
from tests.narrowed import of_kind, required
from tests.simulation.conftest import running
from tests.simulation.receiver import Receiver
from tests.simulators.client import SimulatorClient

YUNXIN = PLATFORMS["yunxin"]
LOOK_UP = required(YUNXIN.look_up)
SIGNED = of_kind(Signed, YUNXIN.auth)
USERS = ["alice", "bob", "carol", "dave"]
ENDS: dict[str, tuple[Conversation, str]] = {
    "direct": (Direct(("alice", "bob")), "bob"),
    "team": (Group("g"), "6001"),
    "superteam": (Group("g"), "super-9001"),
    "room": (Room("r"), "9911"),
}
GENERATIONS = ("v1", "v2")


class Server:
    """The simulator, and what it has copied to us."""

    def __init__(self, simulator: SimulatorClient, receiver: Receiver, api: str) -> None:
        self.simulator, self.receiver = simulator, receiver
        self.account = msgspec.structs.replace(YUNXIN.example(), api=api, typing=True)
        self.seen = 0
        self.number = 0

    def delivery(self, where: str, operation: Operation, sender: str = "alice", receiver: str = "") -> Delivery:
        self.number += 1
        conversation, to = ENDS[where]
        event = Event(
            id=f"easemob:old:{where}:{self.number}:x",
            source="old",
            remote_id=str(self.number),
            conversation=conversation,
            sender=sender,
            at=1,
            operation=operation,
        )
        return Delivery(event=event, target="new", sender=sender, receiver=receiver or to, received=1)

    def send(self, delivery: Delivery, there: TargetContext = TargetContext()) -> list[Delivered]:  # noqa: B008 - it never changes
        encoded: Encoded = YUNXIN.encode(delivery, self.account, there)
        assert encoded.requests, encoded.losses
        outcomes = []
        with httpx.Client(trust_env=False) as client:
            for request in encoded.requests:
                headers = request.headers | SIGNED.headers(self.account, int(time.time()), "n")
                url = f"{self.simulator.url}/nimserver{request.path}"
                answer = client.request(request.method, url, content=request.body, headers=headers)
                outcomes.append(of_kind(Delivered, YUNXIN.read_reply(request, Reply(answer.status_code, {}, answer.content))))
        return outcomes

    def copied(self, count: int = 1) -> list[Decoded]:
        got = self.receiver.wait(self.seen + count)
        new, self.seen = got[self.seen :], len(got)
        return [one for copy in new for one in YUNXIN.decode(Callback("new", copy.raw, 1), self.account)]

    def nothing_carried(self) -> None:
        """Copies come in order: until that of a message said now, there is none of which anything would come."""
        self.send(self.delivery("direct", Post(Text("hello"))))
        found: list[Decoded] = []
        while not (found and isinstance(found[-1], OwnEcho)):
            found += self.copied()
            assert all(isinstance(one, Ignored) for one in found[:-1]), found
            assert isinstance(found[-1], Ignored | OwnEcho), found

    def said(self, where: str = "direct", sender: str = "alice") -> TargetMessage:
        """A message that is there, as delivery would know it."""
        delivery = self.delivery(where, Post(Text("hello")), sender, "alice" if sender == "bob" and where == "direct" else "")
        (outcome,) = self.send(delivery)
        (echo,) = self.copied()
        assert isinstance(echo, OwnEcho)
        assert isinstance(outcome, Delivered)
        client_id = json.loads(self.receiver.got[-1].raw)["msgidClient"]
        return TargetMessage(outcome.remote_id, sender, outcome.at or 0, client_id)


@pytest.fixture(params=GENERATIONS)
def server(request: pytest.FixtureRequest, listening: Receiver) -> Iterator[Server]:
    listening.reset()
    options: dict[str, Any] = {"users": USERS, "aac_only": True, "edit_pause": 0.0, "limit_calls": 0.0}
    options |= {"group": {"6001": USERS[:3]}, "superteam": {"9001": USERS[:3]}, "room": {"9911": USERS[:3]}}
    with running("yunxin", callback_url=listening.url, **options) as simulator:
        yield Server(simulator, listening, request.param)


@pytest.fixture(scope="module")
def listening() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


def only(decoded: list[Decoded]) -> Event:
    (said,) = decoded
    assert isinstance(said, DecodedEvent), said
    return said.event


@pytest.mark.parametrize("where", ENDS)
def test_every_message_is_taken_and_comes_back_as_ours(server: Server, where: str) -> None:
    kinds = [kind for kind in BODIES if (kind, where) != ("command", "room")]
    for kind in kinds:
        operation = Post(BODIES[kind])
        there = there_of("yunxin", operation)
        if kind == "voice":
            there = TargetContext(files=(StoredFile("https://nim-nosdn.netease.im/v", mime="audio/aac", size=9, duration=3000),))
        delivery = server.delivery(where, operation)
        server.send(delivery, there)
        (echo,) = server.copied()
        assert isinstance(echo, OwnEcho), (kind, echo)
        assert echo.event_id == delivery.event.id


def test_a_long_text_comes_back_part_by_part(server: Server) -> None:
    delivery = server.delivery("team", Post(Text("早 \n" * 3000), ext={"k": 1}))
    outcomes = server.send(delivery)
    *parts, last = server.copied(len(outcomes))
    assert [(one.part, one.more) for one in parts if isinstance(one, OwnEcho)] == [(n, True) for n in range(len(outcomes) - 1)]
    assert isinstance(last, OwnEcho)


@pytest.mark.parametrize("where", ["direct", "team", "superteam"])
def test_answers_recalls_and_edits(server: Server, where: str) -> None:
    sent = server.said(where)
    server.send(server.delivery(where, Post(Text("yes"), Quote(Ref("1")))), TargetContext(quoted=(sent,)))
    server.copied()
    ours = json.loads(server.receiver.got[-1].raw)
    theirs = ours | {"fromClientType": "IOS"}
    (said,) = YUNXIN.decode(Callback("new", json.dumps(theirs).encode(), 1), server.account)
    assert isinstance(said, DecodedEvent)
    assert isinstance(said.event.operation, Post)
    assert said.event.operation.quote is not None
    assert said.event.operation.quote.message.id == sent.id
    server.send(server.delivery(where, Edit(Ref("1"), Text("better"), {"k": 1})), TargetContext(message=(sent,)))
    edit = only(server.copied()).operation
    assert isinstance(edit, Edit)
    assert (edit.message.id, edit.body, edit.ext) == (sent.id, Text("better"), {"k": 1})
    server.send(server.delivery(where, Recall(Ref("1"), "gone")), TargetContext(message=(sent,)))
    recall = only(server.copied()).operation
    assert isinstance(recall, Recall)
    assert (recall.message.id, recall.message.at) == (sent.id, sent.at)


def test_a_receipt_between_two(server: Server) -> None:
    sent = server.said(sender="bob")
    for known in (sent, msgspec.structs.replace(sent, client_id="")):
        server.send(server.delivery("direct", Read(Ref("1"))), TargetContext(message=(known,)))
        event = only(server.copied())
        assert isinstance(event.operation, Read)
        assert event.operation.message is not None
        assert (event.sender, event.operation.message.client_id) == ("alice", sent.client_id)


def test_a_receipt_in_a_team_has_no_copy(server: Server) -> None:
    server.send(server.delivery("team", Read(Ref("1")), sender="bob"), TargetContext(message=(server.said("team"),)))
    server.nothing_carried()


@pytest.mark.parametrize("where", ["team", "superteam"])
def test_the_life_of_a_team(server: Server, where: str) -> None:
    changes: list[tuple[Operation, str]] = [
        (GroupChanged(name="Ops", description="about", announcement="news"), "alice"),
        (MembersAdded(("dave",), "invited"), "alice"),
        (AdminsChanged(("bob", "carol")), "alice"),
        (AdminsChanged(("carol",), added=False), "alice"),
        (Muted(("carol",)), "bob"),
        (Muted(("carol",), muted=False), "bob"),
        (MembersRemoved(("dave",), "kicked"), "bob"),
        (MembersRemoved(("carol",), "left"), "carol"),
        (OwnerChanged("bob"), "alice"),
        (GroupDismissed(), "bob"),
    ]
    for operation, sender in changes:
        server.send(server.delivery(where, operation, sender))
        event = only(server.copied())
        assert (event.operation, event.sender) == (operation, sender)


def test_all_of_a_team_are_muted_without_a_word(server: Server) -> None:
    for where in ("team", "superteam"):
        for muted in (True, False):
            server.send(server.delivery(where, Muted(muted=muted)))
            server.nothing_carried()


def test_a_new_team_comes_back_as_ours(server: Server) -> None:
    made = server.delivery("team", GroupCreated("Ops", "alice", ("bob", "carol"), "about"))
    made = msgspec.structs.replace(made, receiver="")
    (outcome,) = server.send(made)
    assert isinstance(outcome, Delivered)
    (echo,) = server.copied()
    assert isinstance(echo, OwnEcho), echo
    assert (echo.event_id, echo.remote_id) == (made.event.id, outcome.remote_id)
    asked = required(LOOK_UP.ask(made, server.account, 0, 1))
    headers = asked.headers | SIGNED.headers(server.account, int(time.time()), "n")
    answer = httpx.post(f"{server.simulator.url}/nimserver{asked.path}", content=asked.body, headers=headers, trust_env=False)
    assert LOOK_UP.read(made, server.account, Reply(200, {}, answer.content), 0) == Delivered(outcome.remote_id)


def test_friends_and_blocked_people(server: Server) -> None:
    for what in ("requested", "added", "removed"):
        server.send(server.delivery("direct", FriendChanged("bob", what, "hello")))
        changed = only(server.copied()).operation
        assert isinstance(changed, FriendChanged)
        assert (changed.user, changed.what) == ("bob", what)
    for blocked in (True, False):
        server.send(server.delivery("direct", BlockChanged("bob", blocked)))
        server.nothing_carried()


def test_typing_is_not_copied(server: Server) -> None:
    for where in ("direct", "team", "superteam"):
        server.send(server.delivery(where, Typing()))
        server.nothing_carried()


@pytest.mark.parametrize("where", ENDS)
@pytest.mark.parametrize("kind", ["text", "image", "notice", "custom"])
def test_a_message_is_looked_up(server: Server, where: str, kind: str) -> None:
    operation = Post(BODIES[kind])
    delivery = server.delivery(where, operation)
    (outcome,) = server.send(delivery, there_of("yunxin", operation))
    assert isinstance(outcome, Delivered)
    now = int(time.time() * 1000)
    asked = required(LOOK_UP.ask(delivery, server.account, now - 60_000, now + 60_000))
    headers = asked.headers | SIGNED.headers(server.account, int(time.time()), "n")
    answer = httpx.post(f"{server.simulator.url}/nimserver{asked.path}", content=asked.body, headers=headers, trust_env=False)
    found = LOOK_UP.read(delivery, server.account, Reply(200, {}, answer.content), 0)
    assert isinstance(found, Delivered), answer.text
    assert found.remote_id == outcome.remote_id
