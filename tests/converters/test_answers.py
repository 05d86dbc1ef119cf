"""An answer with status 200 is success only where it says so, of each thing that was asked for; on every platform, for every call."""

from typing import Any

import pytest

from converters import PLATFORMS
from converters.core import urlencoded, wire
from converters.core.model import Loss
from converters.core.operations import GroupCreated, MembersAdded, MembersRemoved, Muted, Operation
from converters.core.outcome import Delivered, Refused, Unsure
from converters.platform import Partial, Reply, Request
from tests.converters.examples import OPERATIONS, VARIANTS, account_of, delivery_of, there_of

NAMES = sorted(PLATFORMS)
EVERY = [one for kind, first in OPERATIONS.items() for one in (first, *VARIANTS.get(kind, ()))]
SAY_NOTHING: tuple[Any, ...] = (
    "",
    "OK",
    "<html>",
    [],
    None,
    {},
    {"data": None},
    {"data": {}},
    {"data": []},
    {"result": False},
    {"status": "ok"},
    {"data": {"result": False, "success": False, "newowner": False}},
    {"data": [{"result": False, "reason": "no"}]},
    {"action": "post", "duration": 3},
)


def requests_of(name: str, operation: Operation) -> tuple[Request, ...]:
    account = account_of(name)
    return PLATFORMS[name].encode(delivery_of(operation), account, there_of(name, operation)).requests


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_does_not_say_that_it_is_done_is_never_delivered(name: str) -> None:
    asked = [request for operation in EVERY for request in requests_of(name, operation)]
    assert asked
    for request in asked:
        for said in SAY_NOTHING:
            raw = said.encode() if isinstance(said, str) else wire.dump_any(said)
            if name == "own" and request.api == "event" and not raw.startswith(b"<"):
                continue  # docs/own.md: what adds no message needs no body
            outcome = PLATFORMS[name].read_reply(request, Reply(200, {}, raw))
            assert isinstance(outcome, Unsure | Refused) or (isinstance(outcome, Partial) and outcome.done is None), (request.api, said)
            assert not isinstance(outcome, Unsure | Refused) or outcome.reason


CROWD = tuple(f"user{number}" for number in range(1, 8))
BATCHES: tuple[Operation, ...] = (
    MembersAdded(CROWD, "invited"),
    MembersRemoved(CROWD, "kicked"),
    Muted(CROWD),
    Muted(CROWD, muted=False),
    GroupCreated("team", "alice", CROWD),
)
REFUSALS = {
    "easemob": (404, {"error": "resource_not_found", "error_description": "username user3 doesn't exist!"}),
    "yunxin": (200, {"code": 414, "desc": "user3 not register"}),
}


@pytest.mark.parametrize("name", sorted(REFUSALS))
@pytest.mark.parametrize("operation", BATCHES, ids=lambda one: type(one).__name__)
def test_one_unknown_user_does_not_cost_the_others_their_place(name: str, operation: Operation) -> None:
    status, said = REFUSALS[name]
    for request in requests_of(name, operation):
        if b"user3" not in request.body + request.path.encode() or b"user4" not in request.body + request.path.encode():
            continue  # one call for each user
        outcome = PLATFORMS[name].read_reply(request, Reply(status, {}, wire.dump_any(said)))
        assert isinstance(outcome, Partial)
        assert outcome.losses == (Loss("member", "user3"),)
        (rest,) = outcome.rest
        text = rest.body.decode() + rest.path
        assert "user3" not in text
        assert all(user in text for user in CROWD if user != "user3")
        assert rest.repeatable == request.repeatable
        assert rest.headers.get("RequestId", "x") != request.headers.get("RequestId", ""), "the same id is given the first answer"


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_however_they_are_refused_it_comes_to_an_end(name: str) -> None:
    """Whatever one is refused for without a name, the halves get smaller until each is alone."""
    refusal = {"easemob": (403, {"error": "exceed_limit", "error_description": "full"}), "yunxin": (200, {"code": 801})}[name]
    (request,) = requests_of(name, MembersAdded(CROWD, "invited"))
    left, calls = [request], 0
    lost: list[Loss] = []
    while left:
        outcome = PLATFORMS[name].read_reply(left.pop(0), Reply(refusal[0], {}, wire.dump_any(refusal[1])))
        calls += 1
        assert isinstance(outcome, Partial)
        assert outcome.done is None
        left[:0] = outcome.rest
        lost += outcome.losses
    assert [loss.detail for loss in lost] == list(CROWD)
    assert calls < 2 * len(CROWD)


def test_an_answer_of_rongcloud_for_another_receiver_is_no_evidence() -> None:
    body = urlencoded.write({"toUserId": "bob"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = Request("POST", "/message/private/publish.json", headers, body, "message/private/publish")

    def answered(user: str) -> Any:
        said = {"code": 200, "messageUIDs": [{"userId": user, "messageUID": "A"}]}
        return PLATFORMS["rongcloud"].read_reply(request, Reply(200, {}, wire.dump_any(said)))

    assert answered("bob") == Delivered("A")
    assert answered("carol") == Unsure("answered for somebody else")
