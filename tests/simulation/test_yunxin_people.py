"""The Yunxin simulator: profiles, friends, and the black list."""

from functools import partial
from typing import Any

from tests.simulation.conftest import Start
from tests.simulation.receiver import Receiver
from tests.simulation.yunxin_calls import HTTP, call, call_v2, copies, signed
from tests.simulators.client import SimulatorClient


def test_a_profile_is_made_changed_and_cleared(start: Start) -> None:
    simulator = start("yunxin")
    made = {"accid": "Dave", "name": "Dave", "icon": "https://example.test/d.png", "gender": 1, "ex": "{}"}
    assert call(simulator, "user/create", made)["code"] == 200
    assert call(simulator, "user/updateUinfo", {"accid": "dave", "name": "D", "icon": "", "sign": "hi"}) == {"code": 200}
    (shown,) = call(simulator, "user/getUinfos", {"accids": '["DAVE"]'})["uinfos"]
    assert shown == {"accid": "dave", "name": "D", "gender": 1, "ex": "{}", "sign": "hi", "valid": True}
    assert call(simulator, "user/updateUinfo", {"accid": "ghost", "name": "x"})["code"] == 414
    assert call(simulator, "user/updateUinfo", {"accid": "dave", "name": "x" * 65})["code"] == 414
    assert call(simulator, "user/updateUinfo", {"accid": "dave", "gender": 3})["code"] == 414
    updates = [entry for entry in simulator.journal("accepted") if entry["api"] == "user.update"]
    assert [(entry["user"], entry["sign"]) for entry in updates] == [("dave", "hi")]


def test_what_making_an_account_refuses(start: Start) -> None:
    simulator = start("yunxin")
    refused: tuple[dict[str, Any], ...] = (
        {"accid": ""},
        {"accid": "x" * 33},
        {"accid": "no spaces"},
        {"accid": "ok", "sign": "x" * 257},
        {"accid": "ok", "gender": "f"},
        {"accid": "ok", "ex": "x" * 1025},
    )
    for form in refused:
        assert call(simulator, "user/create", form)["code"] == 414, form


def test_friends_are_made_named_and_parted(start: Start, receiver: Receiver) -> None:
    simulator: SimulatorClient = start("yunxin")
    pair = {"accid": "alice", "faccid": "bob"}
    assert call(simulator, "friend/update", pair | {"alias": "B"})["code"] == 404
    assert call(simulator, "friend/add", pair | {"type": 2, "msg": "hello"}) == {"code": 200}
    everything = {"accid": "alice", "updatetime": 0}
    assert call(simulator, "friend/get", everything) == {"code": 200, "size": 0, "friends": []}
    assert call(simulator, "friend/add", {"accid": "bob", "faccid": "alice", "type": 3}) == {"code": 200}
    assert call(simulator, "friend/update", pair | {"alias": "B"}) == {"code": 200}
    (friend,) = call(simulator, "friend/get", everything)["friends"]
    assert (friend["faccid"], friend["alias"], friend["bidirection"]) == ("bob", "B", True)
    assert call(simulator, "friend/get", everything | {"updatetime": 9_000_000_000_000})["size"] == 0
    assert call(simulator, "friend/delete", pair) == {"code": 200}
    assert call(simulator, "friend/delete", pair)["code"] == 404
    for change in ({"type": 5}, {"faccid": "ghost"}, {"faccid": "alice"}, {"msg": "x" * 257}):
        assert call(simulator, "friend/add", pair | {"type": 1} | change)["code"] == 414, change
    got = copies(simulator, receiver)
    assert [(copy["msgType"], copy["attach"], copy["body"]) for copy in got] == [
        ("FRIEND_ADD", '{"vt":2}', "hello"),
        ("FRIEND_ADD", '{"vt":3}', ""),
        ("FRIEND_DELETE", "", ""),
    ]
    assert {copy["fromClientType"] for copy in got} == {"REST"}
    apis = [entry["api"] for entry in simulator.journal("accepted")]
    assert apis == ["friend.add", "friend.add", "friend.update", "friend.delete"]


def test_the_black_list_and_the_mute_list_are_kept_apart_and_not_copied(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    form = {"accid": "bob", "targetAcc": "alice", "relationType": 1, "value": 1}
    for change, code in (
        ({}, 200),
        ({"relationType": 2, "targetAcc": "carol"}, 200),
        ({"relationType": 3}, 414),
        ({"value": 2}, 414),
        ({"targetAcc": "ghost"}, 414),
    ):
        assert call(simulator, "user/setSpecialRelation", form | change)["code"] == code, change
    lists = call(simulator, "user/listBlackAndMuteList", {"accid": "bob"})
    assert lists == {"code": 200, "mutelist": ["carol"], "blacklist": ["alice"]}
    assert call(simulator, "user/setSpecialRelation", form | {"value": 0})["code"] == 200
    assert call(simulator, "user/listBlackAndMuteList", {"accid": "bob"})["blacklist"] == []
    assert copies(simulator, receiver) == []
    assert [entry["api"] for entry in simulator.journal("accepted")] == ["user.relation"] * 3


def test_v2_answers_as_the_official_sdk_reads_it(start: Start) -> None:
    simulator = start("yunxin")
    call(simulator, "friend/add", {"accid": "alice", "faccid": "bob", "type": 1})
    call(simulator, "friend/update", {"accid": "alice", "faccid": "bob", "alias": "Bobby", "ex": "x"})
    call(simulator, "user/setSpecialRelation", {"accid": "alice", "targetAcc": "carol", "relationType": 1, "value": 1})
    call(simulator, "msg/sendMsg", {"from": "alice", "ope": 0, "to": "bob", "type": 0, "body": '{"msg":"hi"}', "ext": "e"})
    get = partial(call_v2, simulator, "GET")
    assert get("block_contacts", account_id="alice")["data"]["items"] == ["carol"]
    url = f"{simulator.url}/im/v2.1"
    (friend,) = HTTP.get(f"{url}/friends", params={"account_id": "alice"}, headers=signed()).json()["data"]["items"]
    assert friend == {"friend_account_id": "bob", "alias": "Bobby", "extension": "x"}
    (message,) = HTTP.get(f"{url}/conversations/alice%7C1%7Cbob/messages", headers=signed()).json()["data"]["items"]
    assert (
        message.items()
        >= {"conversation_type": 1, "sender_id": "alice", "receiver_id": "bob", "message_type": 0, "text": "hi", "extension": "e"}.items()
    )
    nowhere = HTTP.post(f"{simulator.url}/nimserver/no/such.action", headers=signed())
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, 404)


def test_sessions_lie_within_data_or_beside_the_code(start: Start) -> None:
    for where, within in (("within", True), ("beside", False)):
        simulator = start("yunxin", sessions=where)
        call(simulator, "msg/sendMsg", {"from": "alice", "ope": 0, "to": "bob", "type": 0, "body": '{"msg":"hi"}'})
        answer = call(simulator, "history/querySessionList", {"accid": "alice"})
        assert [one["accid"] for one in (answer["data"] if within else answer)["sessions"]] == ["bob"]
