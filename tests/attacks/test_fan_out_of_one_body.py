"""One post that would make thousands of deliveries, or of names to remember: unsigned where the settings take that, or a user's message."""

import json
from typing import Any

import pytest

from converters import PLATFORMS
from converters.core.model import Loss
from converters.platform import Callback
from converters.platforms.rongcloud.operations import MOST
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityTable, record
from converters.routing.route import MOST_NAMED, App, Deliver, route
from tests.converters.shapes import NOW, body
from tests.ingress import client
from tests.ingress.conftest import Running, running


def reactions(count: int) -> bytes:
    change = {"op": [{"reactionType": "create", "operator": "u"}], "reaction": "x"}
    said: dict[str, Any] = {
        "chat_type": "notify",
        "from": "alice",
        "to": "bob",
        "msg_id": "9",
        "payload": {"type": "reaction", "data": [{"messageId": "5", "reactions": [change] * count}]},
    }
    return json.dumps(said, separators=(",", ":")).encode()


async def test_it_is_refused_and_a_person_s_one_is_taken(kafka: str) -> None:
    one = Running(kafka)
    one.more = {"unsigned_events": True}
    await one.make_topics()
    async with running(kafka, again=one, max_body=262_144):
        large = reactions(3_500)
        assert 200_000 < len(large) < 262_144
        for body, status in ((large, 401), (reactions(9), 401), (reactions(1), 200)):
            assert (await client.ask(one.port, client.post(one.easemob, body))).status == status
        assert one.counted(one.easemob, 401, "unsigned") == 1, "it is not even looked into: it has more than such a body ever has"
        assert one.counted(one.easemob, 401, "too-many-events") == 1
        assert [record.value for record in await one.records("easemob")] == [reactions(1)]


def routed(name: str, content: dict[str, Any], target: str) -> tuple[Any, ...]:
    """What one message to a group causes that a user's own client has sent on RongCloud."""
    fields = {
        "fromUserId": "mallory",
        "toUserId": "g1",
        "objectName": name,
        "content": json.dumps(content),
        "channelType": "GROUP",
        "msgTimestamp": str(NOW),
        "msgUID": "CRER-DAJI-0125-KAPS",
        "source": "iOS",
    }
    table = IdentityTable()
    for platform in PLATFORMS:
        table.apply(*record(platform, "group", "g1", "g1"))
    apps = {one: App(one, PLATFORMS[one], PLATFORMS[one].example(), other) for one, other in (("rongcloud", target), (target, "rongcloud"))}
    return route(Callback("rongcloud", body("rongcloud", fields), NOW), apps, table)


@pytest.mark.parametrize("target", sorted(set(PLATFORMS) - {"rongcloud"}))
@pytest.mark.parametrize(
    "dic",
    [{f"u{n}": ["1"] for n in range(3_000)}, {"bob": [str(n) for n in range(9_000)]}, {f"{'x' * 60}{n}": [str(n)] for n in range(1_500)}],
    ids=["many authors", "many messages", "many names to remember"],
)
def test_the_receipts_in_one_message_are_few(target: str, dic: dict[str, list[str]]) -> None:
    assert len(routed("RC:RRRspMsg", {"receiptMessageDic": dic}, target)) <= 2 * MOST


def test_and_of_many_the_last_are_told() -> None:
    ids = [str(n) for n in range(MOST + 5)]
    told = [one for one in routed("RC:RRRspMsg", {"receiptMessageDic": {"bob": ids}}, "own") if isinstance(one, Deliver)]
    named: list[Any] = [one.delivery.event.operation for one in told]
    assert [one.message.id for one in named] == ids[5:]
    assert [one.losses for one in told if one.losses] == [(Loss("read", "5 more"),)]


@pytest.mark.parametrize("target", ["yunxin", "easemob"])
def test_names_that_a_message_makes_up_are_not_all_remembered(target: str) -> None:
    """Each would lie in the topic and on every worker's disk for good."""
    called = [f"{'x' * 60}{number}" for number in range(2_000)]
    *minted, said = routed("RC:TxtMsg", {"content": "hi", "mentionedInfo": {"type": 2, "userIdList": called}}, target)
    assert all(isinstance(one, NewIdentity) for one in minted)
    assert len(minted) <= MOST_NAMED
    assert isinstance(said, Deliver)
    assert len(said.delivery.people) == 2_000, "they are called all the same"
