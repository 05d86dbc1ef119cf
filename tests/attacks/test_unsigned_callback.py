"""Somebody who knows no secret posts what only the platform may say: groups are ended, strangers added, words taken back."""

import json
from typing import Any

import httpx
import pytest

from tests.ingress import client
from tests.ingress.conftest import Running
from tests.stack import EASEMOB_GROUP, Stack
from tests.whole.crossing import Exchange
from tests.whole.topics import read

GROUP: dict[str, Any] = {"type": "GROUP", "id": EASEMOB_GROUP, "event": "group_op_event", "msg_id": "1"}
PUSH: dict[str, Any] = {"step": "push"}
REACTION = {
    "type": "reaction",
    "data": [
        {"messageId": "1", "from": "alice", "reactions": [{"reaction": "heart", "op": [{"reactionType": "create", "operator": "bob"}]}]}
    ],
}
TALK: dict[str, Any] = {"from": "alice", "to": "bob", "msg_id": "1", "timestamp": 1, "appkey": "demo#relay", "eventType": "chat"}

REACTED = json.dumps({"chat_type": "notify", "from": "alice", "to": "bob", "msg_id": "1", "timestamp": 1, "payload": REACTION}).encode()

BODIES: dict[str, dict[str, Any]] = {
    "the end of a group as a push result": PUSH | GROUP | {"operation": "DELETE"},
    "a stranger in a group as a push result": PUSH | GROUP | {"operation": "JOIN", "payload": {"type": "DIRECT", "member": ["mallory"]}},
    "another owner as a push result": PUSH | GROUP | {"operation": "UPDATE", "payload": {"type": "OWNER", "new_owner": "mallory"}},
    "an announcement as a push result": PUSH | GROUP | {"operation": "UPDATE", "payload": {"type": "ANNOUNCEMENT", "announcement": "x"}},
    "the end of a group as a reaction": GROUP | {"operation": "DELETE", "chat_type": "notify", "payload": REACTION},
    "the end of a group as a thread": GROUP | {"operation": "DELETE", "chat_type": "notify", "payload": {"type": "thread"}},
    "who is there as a push result": PUSH | {"status": "online", "user": "demo#relay_alice@easemob.com/ios_a", "event": "x"},
    "a reaction": TALK | {"chat_type": "notify", "payload": REACTION},
    "a recall as a reaction": TALK | {"chat_type": "recall", "recall_id": "1", "payload": REACTION},
    "a message as a push result": TALK | PUSH | {"chat_type": "chat", "payload": {"bodies": [{"type": "txt", "msg": "x"}]}},
    "a friend": TALK | {"chat_type": "roster", "payload": {"operation": "accept"}},
    "the end of a group in the older form": TALK | {"chat_type": "muc", "group_id": EASEMOB_GROUP, "payload": {"operation": "destroy"}},
    "an edit": TALK | {"chat_type": "edit", "payload": {"edit_message_id": "1", "bodies": [{"type": "txt", "msg": "x"}]}},
    "half a signature": TALK | {"chat_type": "recall", "recall_id": "1", "security": "0" * 32},
    "an empty secret's signature": TALK
    | {"callId": "", "chat_type": "recall", "recall_id": "1", "security": "d41d8cd98f00b204e9800998ecf8427e"},
    "nothing at all": {},
}


@pytest.mark.parametrize("app", ["new", "old"])
@pytest.mark.parametrize("what", BODIES)
def test_it_is_refused_on_every_address(stack: Stack, what: str, app: str) -> None:
    answer = httpx.post(f"{stack.ingress}/callbacks/{app}", json=BODIES[what], trust_env=False)
    if app == "old" and not BODIES[what]:
        assert answer.status_code == 200, "the console's trial, of which nothing is stored"
    else:
        assert answer.status_code == 401


def test_and_nothing_of_it_happens(stack: Stack) -> None:
    exchange = Exchange(stack)
    before = {platform: len(read(stack, f"callbacks.{platform}")) for platform in stack.platforms}
    done = {platform: len(stack.sides[platform].journal("accepted")) for platform in stack.platforms}
    for body in BODIES.values():
        for app in ("new", "old"):
            httpx.post(f"{stack.ingress}/callbacks/{app}", json=body, trust_env=False)
    assert {platform: len(read(stack, f"callbacks.{platform}")) for platform in stack.platforms} == before
    for number in range(4):
        exchange.say("easemob", "alice", "bob", f"honest {number}")
        exchange.say("yunxin", "carol", "team", f"honest too {number}")
    found = exchange.all_arrived()
    assert found.good, found
    accepted = [
        one["api"]
        for platform in stack.platforms
        for one in stack.sides[platform].journal("accepted")[done[platform] :]
        if "text" not in one and one["api"] != "token"
    ]
    assert accepted == [], "something was done that nobody had said"


async def test_what_the_platform_itself_sends_unsigned_is_not_refused_until_it_stops_calling(ingress: Running) -> None:
    """90 failures in half a minute ban the receiver, and the honest with it."""
    reply = [await client.ask(ingress.port, client.post(ingress.easemob, REACTED)) for _ in range(60)]
    assert [one.status for one in reply[:20]] == [401] * 20
    assert {one.status for one in reply} == {200, 401}
    assert ingress.counted(ingress.easemob, 200, "unsigned") >= 1
    assert await ingress.records("easemob") == []
    for _ in range(40):
        assert (await client.ask(ingress.port, client.post(ingress.easemob, b'{"step":"push","event":"group_op_event"}'))).status == 401
