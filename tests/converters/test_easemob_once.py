"""What Easemob signs is good for one body; of its pairs both are taken, in whichever order they come."""

from itertools import permutations
from typing import Any

import pytest

from converters import PLATFORMS
from converters.platform import Accepted, Incoming, Rejected, SingleUse
from streams.ingress.once import SignatureTable, UsedSignature
from tests.converters.shapes import NOW, shape

EASEMOB = PLATFORMS["easemob"]
ACCOUNT = EASEMOB.example()


def signed(**fields: Any) -> bytes:
    said = {"callId": "demo#relay_1", "timestamp": NOW, "msg_id": "1", "eventType": "chat"} | fields
    body: bytes = shape("easemob").signed(said, ACCOUNT.callback_secret, {}).body
    return body


def once(body: bytes) -> SingleUse:
    incoming = Incoming({}, "", body)
    assert isinstance(EASEMOB.check(incoming, ACCOUNT, NOW), Accepted)
    assert EASEMOB.once is not None
    found = EASEMOB.once(incoming, ACCOUNT, NOW)
    assert found is not None
    return found


def judged(*bodies: bytes) -> list[str]:
    known = SignatureTable(None)
    said: list[str] = []
    for body in bodies:
        one = once(body)
        said.append(known.judge("app", one))
        if said[-1] == "new":
            known.stored(UsedSignature.of("app", one))
    return said


def friend(operation: str, sender: str, to: str) -> bytes:
    return signed(chat_type="roster", payload={"operation": operation}, **{"from": sender, "to": to})


@pytest.mark.parametrize("answer", ["accept", "decline"])
@pytest.mark.parametrize("own", ["alice", "dave"])
def test_who_asked_is_told_in_whichever_order_the_pair_comes(answer: str, own: str) -> None:
    copy, told = friend(answer, own, "dave"), friend(f"remote_{answer}", "dave", "alice")
    assert judged(copy, told, copy, told) == ["new", "new", "known", "known"]
    assert judged(told, copy, told) == ["new", "known", "known"]


def test_no_third_is_taken() -> None:
    copy, told = friend("accept", "dave", "dave"), friend("remote_accept", "dave", "alice")
    forged = friend("remote_accept", "mallory", "alice")
    assert "new" not in [judged(*first, forged)[-1] for first in permutations((copy, told))]


BROKEN = [
    lambda body: body.replace(b'"hi"', b'"he said "hi""'),
    lambda body: body.replace(b'"hi"', b'"hi'),
    lambda body: body + b" x",
    lambda body: body.replace(b'"hi"', b"[" * 2000),
    lambda body: body[:-1],
    lambda body: b"[" + body,
]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_what_is_signed_and_broken_is_taken_once(broken: Any) -> None:
    body = broken(signed(chat_type="chat", payload={"bodies": [{"type": "txt", "msg": "hi"}]}, **{"from": "alice", "to": "bob"}))
    other = body.replace(b"alice", b"carol")
    assert judged(body, body, other) == ["new", "known", "replayed"]


def test_a_signature_within_what_somebody_wrote_is_used_up_with_its_own_body() -> None:
    """Known to somebody who saw one: whatever he puts around it, it is good for one body."""
    seen = signed(chat_type="chat", payload={}, **{"from": "alice", "to": "bob"})
    forged = [b'{"callId":{},"callId":"x%d","timestamp":5,"security":"y","payload":%b}' % (number, seen) for number in range(3)]
    taken = [body for body in forged if isinstance(EASEMOB.check(Incoming({}, "", body), ACCOUNT, NOW), Accepted)]
    assert taken
    assert judged(seen, *taken) == ["new", *["replayed"] * len(taken)]
    assert judged(*taken)[1:] == ["replayed"] * (len(taken) - 1)


def test_nobody_makes_it_work_long() -> None:
    for body in (b'"callId":' * 100_000, b'{"callId":"' + b"\\" * 500_000, b'"security":' + b" " * 900_000, b'"' * 1_000_000):
        assert isinstance(EASEMOB.check(Incoming({}, "", body), ACCOUNT, NOW), Rejected)
