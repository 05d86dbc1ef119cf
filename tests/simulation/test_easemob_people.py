"""Contacts, block lists and user attributes, against "Easemob: manage contacts", "block lists" and "user attributes"."""

import pytest

from tests.simulation.conftest import Start
from tests.simulation.easemob_api import Api
from tests.simulation.receiver import Receiver

NO_USER = (404, "service_resource_not_found", "Service resource not found")


@pytest.fixture
def alone(start: Start) -> Api:
    """An API whose users know nobody, with room for three friends each."""
    users = ["alice", "bob", "carol", "dave", "erin"]
    return Api(start("easemob", users=users, max_friends=3))


def test_friends_are_mutual_at_once_and_have_remarks(alone: Api) -> None:
    assert alone.call("POST", "users/alice/contacts/users/bob").status_code == 200
    assert alone.call("POST", "users/alice/contacts/users/carol").status_code == 200
    assert alone.data("GET", "users/bob/contacts/users") == ["alice"]
    assert alone.call("PUT", "user/alice/contacts/users/bob", {"remark": "Bobby"}).json()["status"] == "ok"
    assert alone.refused("PUT", "user/alice/contacts/users/erin", {"remark": "x"})[0] == 400
    paging = {"limit": "1", "needReturnRemark": "true"}
    first = alone.data("GET", "user/alice/contacts", params=paging)
    assert first["contacts"] == [{"username": "bob", "remark": "Bobby"}]
    second = alone.data("GET", "user/alice/contacts", params=paging | {"cursor": first["cursor"]})
    assert second == {"contacts": [{"username": "carol", "remark": None}]}
    assert alone.call("DELETE", "users/bob/contacts/users/alice").status_code == 200
    assert alone.data("GET", "users/alice/contacts/users") == ["carol"]
    assert alone.refused("POST", "users/alice/contacts/users/ghost") == NO_USER
    assert [entry["api"] for entry in alone.accepted()] == ["contact.add", "contact.add", "contact.remark", "contact.remove"]


def test_an_import_of_friends_succeeds_in_part(alone: Api, receiver: Receiver) -> None:
    path = "users/alice/contacts/import"
    answer = alone.call("POST", path, {"usernames": ["bob", "carol", "ghost"]}, params={"isSendNotice": "false"}).json()
    assert answer["status"] == "ok"
    assert answer["data"] == {"UnKnowFailed": [], "success": ["bob", "carol"], "NotExistFailed": ["ghost"], "maxLimitFailed": []}
    full = alone.data("POST", path, {"usernames": ["dave", "erin"]})
    assert (full["success"], full["maxLimitFailed"]) == (["dave"], ["erin"])
    assert alone.refused("POST", path, {"usernames": ["erin"]})[::2] == (403, "Inviter's contact max count.")
    many = [f"u{n}" for n in range(11)]
    assert alone.refused("POST", path, {"usernames": many})[::2] == (400, "request user over flow limit:10.")
    assert alone.refused("POST", "users/ghost/contacts/import", {"usernames": ["bob"]})[0] == 404
    assert alone.refused("POST", "users/alice/contacts/users/erin")[:2] == (403, "exceed_limit")
    alone.simulator.settled()
    assert receiver.got == []


def test_blocks(alone: Api) -> None:
    assert alone.data("POST", "users/alice/blocks/users", {"usernames": ["bob", "carol"]}) == ["bob", "carol"]
    assert alone.data("GET", "users/alice/blocks/users") == ["carol", "bob"]
    assert alone.call("DELETE", "users/alice/blocks/users/carol").status_code == 200
    assert alone.data("GET", "users/alice/blocks/users") == ["bob"]
    assert alone.refused("POST", "users/alice/blocks/users", {"usernames": ["ghost"]}) == NO_USER
    assert [entry["api"] for entry in alone.accepted()] == ["block.add", "block.remove"]


def test_removals_and_blocks_by_a_server_are_called_back_and_others_if_asked_for(start: Start, receiver: Receiver) -> None:
    Api(start("easemob")).call("POST", "users/alice/contacts/users/bob")
    api = Api(start("easemob", friend_callbacks=True))
    api.call("POST", "users/alice/contacts/users/bob")
    api.call("DELETE", "users/alice/contacts/users/bob")
    api.call("POST", "users/alice/blocks/users", {"usernames": ["bob"]})
    api.call("DELETE", "users/alice/blocks/users/bob")
    events = [got.body for got in receiver.wait(4)]
    assert [event["payload"]["operation"] for event in events] == ["accept", "remove", "ban", "allow"]
    assert {event["from"] for event in events} == {"demo#relay_alice@easemob.com"}


def test_attributes_are_a_form_and_add_up(api: Api) -> None:
    form = {"nickname": "Alice", "avatarurl": "https://img.example/a.png"}
    answer = api.call("PUT", "metadata/user/alice", data=form).json()
    assert answer.keys() == {"timestamp", "data", "duration"}
    assert answer["data"] == form
    api.data("PUT", "metadata/user/alice", data={"sign": "你好"})
    assert api.data("GET", "metadata/user/alice") == form | {"sign": "你好"}
    wanted = {"targets": ["alice", "ghost"], "properties": ["nickname", "birth"]}
    assert api.data("POST", "metadata/user/get", wanted) == {"alice": {"nickname": "Alice"}, "ghost": {}}
    assert api.refused("PUT", "metadata/user/alice", {"nickname": "x"})[0] == 415
    assert api.refused("PUT", "metadata/user/alice", data={"ext": "x" * 2048})[:2] == (403, "FORBIDDEN")
    assert api.refused("PUT", "metadata/user/ghost", data=form) == NO_USER
    assert api.data("DELETE", "metadata/user/alice") is True
    assert api.data("GET", "metadata/user/alice") == {}
    assert [entry["api"] for entry in api.accepted()] == ["metadata.set", "metadata.set", "metadata.drop"]
