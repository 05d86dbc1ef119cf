"""A user of RongCloud tries what only the server, an administrator or somebody else may do, and a user of Easemob forges marks: every role is at work."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from converters.text import echo_mark
from converters.text.echo_mark import MarkedMessage
from tests.apps import APPS
from tests.attacks.test_forging_a_mark import guessed
from tests.stack import Stack
from tests.waiting import until
from tests.whole.conftest import relay
from tests.whole.crossing import Exchange, accepted

__all__ = ["relay"]
pytestmark = pytest.mark.kafka
TEAM = APPS["rongcloud"].group


@pytest.fixture(scope="module")
def stack(relay: Callable[..., Stack]) -> Iterator[Stack]:
    with relay("attacked", source="rongcloud") as one:
        yield one


@pytest.fixture
def exchange(stack: Stack) -> Exchange:
    return Exchange(stack)


def counted(stack: Stack, role: str, name: str, **labels: str) -> float:
    lines = [line for line in stack.roles[role].metrics().splitlines() if line.startswith(f"im_relay_{name}_total{{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(f'{label}="{value}"' in line for label, value in labels.items()))


def client(stack: Stack, to: str, kind: str, content: dict[str, Any], where: str) -> None:
    """What carol's client sends as it likes."""
    stack.source.say("carol", to, type=where, kind=kind, body=content, payload={"source": "Android"})


@pytest.mark.parametrize(("where", "to"), [("person", "bob"), ("group", TEAM)])
def test_a_command_to_recall_what_alice_said(exchange: Exchange, stack: Stack, where: str, to: str) -> None:
    easemob, text = stack.target, f"to stay {where} {time.time_ns()}"
    said = stack.source.say("alice", to, text, type=where)
    (there,) = until(lambda: accepted(easemob, "send", text=text))
    before = counted(stack, "deliver-easemob", "denied", kind="recall")
    content = {"messageUId": said["id"], "conversationType": 1 if where == "person" else 3, "targetId": to, "sentTime": 1, "isAdmin": True}
    client(stack, to, "RC:RcCmd", content, where)
    client(stack, to, "RC:RcCmd", {**content, "conversationType": 3, "targetId": TEAM}, where)
    until(lambda: counted(stack, "deliver-easemob", "denied", kind="recall") >= before + 1, 30, stack.roles["deliver-easemob"].tail)
    exchange.say("rongcloud", "carol", "team", f"after {text}")
    until(lambda: accepted(easemob, "send", text=f"after {text}"), 30, stack.roles["deliver-easemob"].tail)
    assert not accepted(easemob, "recall", id=there["id"])
    # And she can.
    stack.source.say("alice", to, type=where, kind="recall", recalls=said["id"])
    until(lambda: accepted(easemob, "recall", id=there["id"]), 30, stack.roles["deliver-easemob"].tail)


def test_notices_in_the_name_of_the_groups_owner(exchange: Exchange, stack: Stack) -> None:
    easemob = stack.target
    calls = {one["api"] for one in easemob.journal("accepted")}
    for what, data in (("Dismiss", {}), ("Kicked", {"targetUserIds": ["bob"]}), ("Transfer", {"newCreatorId": "carol"})):
        content = {"operatorUserId": "alice", "operation": what, "data": json.dumps(data), "message": f"so it is: {what}"}
        client(stack, TEAM, "RC:GrpNtf", content, "group")
    client(
        stack,
        "bob",
        "RC:ContactNtf",
        {"operation": "AcceptResponse", "sourceUserId": "alice", "targetUserId": "bob", "message": ""},
        "person",
    )
    exchange.say("rongcloud", "carol", "team", "after all of it")
    until(lambda: accepted(easemob, "send", text="after all of it"), 30, stack.roles["deliver-easemob"].tail)
    assert {one["api"] for one in easemob.journal("accepted")} - calls <= {"send", "token"}


def test_marks_that_a_user_has_made(exchange: Exchange, stack: Stack) -> None:
    """The one of a recall that alice will make, those of messages to come, and one that was copied from a message of the relay's."""
    easemob, text = stack.target, f"seen by all {time.time_ns()}"
    before = counted(stack, "convert", "marks_refused", app="new")
    stack.source.say("alice", "bob", text, type="person")
    (there,) = until(lambda: accepted(easemob, "send", text=text))
    forged = [
        guessed(f"rongcloud:old:direct:{number}:{word}", MarkedMessage("new", "direct", "dave", "alice"))
        for number in range(3)
        for word in ("post", "recall")
    ]
    copied = [one["ext"]["relay"] for one in easemob.journal("accepted") if one.get("text") == text and isinstance(one.get("ext"), dict)]
    for number, held in enumerate([*forged, *copied]):
        easemob.say("dave", "alice", f"mine {number} {text}", type="person", ext={"relay": held})
    count = len(forged) + len(copied)
    until(
        lambda: sum(bool(accepted(stack.source, "send", text=f"mine {number} {text}")) for number in range(count)) == count,
        30,
        stack.roles["convert"].tail,
    )
    assert counted(stack, "convert", "marks_refused", app="new") >= before + count
    assert stack.roles["convert"].says("mark rejected")
    assert text not in stack.roles["convert"].log.read_text()
    assert there


def test_no_secret_of_the_marks_is_written_anywhere(stack: Stack) -> None:
    for role in stack.roles.values():
        assert "of-the-marks-of-the-tests" not in role.log.read_text(), role.name
    assert echo_mark.UNFIT
