"""Groups and rooms over REST, against "Easemob: manage groups", "manage group members" and "manage chat rooms"."""

from typing import Any

import pytest

from tests.simulation.easemob_api import Api
from tests.simulation.receiver import Receiver

Made = tuple[Api, str, str]


@pytest.fixture(params=["chatgroups", "chatrooms"])
def made(request: pytest.FixtureRequest, api: Api, receiver: Receiver) -> Made:
    """A group or room of alice and bob: the API, its path, and its id."""
    base = request.param
    given = {"owner": "alice", "members": ["bob"], "public": False, "groupname": "Team", "name": "Team"}
    data = api.data("POST", base, given | {"description": "demo", "allowinvites": True})
    (made,) = data.values()
    receiver.wait(2)
    return api, f"{base}/{made}", made


def events(receiver: Receiver, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The last *count* after the two of the making, all by the app's admin."""
    got = [one.body for one in receiver.wait(2 + count)[2:]]
    assert {event["operator"] for event in got} == {"@ppAdmin"}
    return [(event["operation"], event.get("payload", {})) for event in got]


def test_making_one_is_two_events(made: Made, receiver: Receiver) -> None:
    api, path, group = made
    created, joined = (got.body for got in receiver.wait(2))
    assert (created["operation"], created["payload"]["role"]) == ("CREATE", {"alice": "owner"})
    assert created["payload"]["info"]["allow_user_invites"] == "true"
    assert joined["payload"] == {"type": "DIRECT", "member": ["bob"]}
    assert (joined["operation"], joined["member_count"], joined["id"]) == ("JOIN", 2, group)
    (shown,) = api.data("GET", path)
    assert (shown["id"], shown["name"], shown["description"]) == (group, "Team", "demo")
    assert shown["affiliations"] == [{"member": "bob"}, {"owner": "alice"}]


def test_members_come_and_go(made: Made, receiver: Receiver) -> None:
    api, path, group = made
    one = api.data("POST", f"{path}/users/carol", params={"need_notify": "false"})
    assert (one["result"], one["action"], one["user"]) == (True, "add_member", "carol")
    assert one["id" if path.startswith("chatrooms") else "groupid"] == group
    again = f"can not join this group, reason:user: carol already in group: {group}"
    assert api.refused("POST", f"{path}/users/carol") == (403, "forbidden_op", again)
    ghost = api.refused("POST", f"{path}/users", {"usernames": ["ghost"]})
    assert ghost == (404, "resource_not_found", "username ghost doesn't exist!")
    removed = api.data("DELETE", f"{path}/users/carol,zed")
    assert [(one["user"], one["result"], one.get("reason")) for one in removed] == [
        ("carol", True, None),
        ("zed", False, "user zed doesn't exist."),
    ]
    owner = (403, "forbidden_op", "forbidden operation on group owner!")
    assert api.refused("DELETE", f"{path}/users/alice") == owner
    assert api.data("GET", f"{path}/users", params={"pagesize": "1"}) == [{"owner": "alice"}]
    assert api.data("GET", f"{path}/user/bob/is_joined") is True
    assert events(receiver, 2) == [("JOIN", {"type": "DIRECT", "member": ["carol"]}), ("LEAVE", {"type": "KICK", "member": ["carol"]})]
    assert [entry["api"].split(".")[1] for entry in api.accepted()] == ["create", "add", "remove"]


def test_names_owners_and_the_end(made: Made, receiver: Receiver) -> None:
    api, path, group = made
    name = "groupname" if path.startswith("chatgroups") else "name"
    changed = api.data("PUT", path, {name: "Team 2", "custom": "c", "maxusers": 3})
    assert changed == {"groupname": True, "custom": True, "maxusers": True}
    assert api.refused("PUT", path, {"newowner": "alice"})[:2] == (403, "forbidden_op")
    outside = (403, "forbidden_op", "users [carol] are not members of this group!")
    assert api.refused("PUT", path, {"newowner": "carol"}) == outside
    assert api.data("PUT", path, {"newowner": "bob"}) == {"newowner": True}
    assert api.data("POST", f"{path}/disable") == {"disabled": True}
    assert api.data("POST", f"{path}/enable") == {"disabled": False}
    (shown,) = api.data("GET", path)
    assert (shown["owner"], shown["name"], shown["maxusers"]) == ("bob", "Team 2", 3)
    assert api.data("DELETE", path)["success"] is True
    assert api.refused("GET", path) == (404, "resource_not_found", f"grpID {group} does not exist!")
    assert api.refused("DELETE", path)[0] == 404
    (info, *others) = events(receiver, 6)
    assert (info[0], info[1]["type"], info[1]["info"]["title"]) == ("UPDATE", "INFO", "Team 2")
    assert (info[1]["info"]["max_users"], info[1]["info"]["custom"]) == ("3", "c")
    assert others == [
        ("UPDATE", {"type": "OWNER", "owner": "alice", "new_owner": "bob"}),
        ("UPDATE", {"type": "DISABLE", "disable": True}),
        ("UPDATE", {"type": "DISABLE", "disable": False}),
        ("LEAVE", {"type": "DELETE", "member": ["bob", "alice"]}),
        ("DELETE", {}),
    ]


def test_admins_mutes_and_the_announcement(made: Made, receiver: Receiver) -> None:
    api, path, _ = made
    assert api.data("POST", f"{path}/admin", {"newadmin": "bob"})["newadmin"] == "bob"
    assert api.refused("POST", f"{path}/admin", {"newadmin": "bob"})[:2] == (403, "forbidden_op")
    assert api.refused("POST", f"{path}/admin", {"newadmin": "carol"})[:2] == (403, "forbidden_op")
    assert api.data("GET", f"{path}/admin") == ["bob"]
    assert api.data("DELETE", f"{path}/admin/bob")["oldadmin"] == "bob"
    (muted,) = api.data("POST", f"{path}/mute", {"usernames": ["bob"], "mute_duration": 60_000})
    assert (muted["result"], muted["user"]) == (True, "bob")
    assert api.data("GET", f"{path}/mute") == [{"expire": muted["expire"], "user": "bob"}]
    assert api.data("DELETE", f"{path}/mute/bob") == [{"result": True, "user": "bob"}]
    assert api.data("POST", f"{path}/ban") == {"mute": True}
    assert api.data("DELETE", f"{path}/ban") == {"mute": False}
    api.data("POST", f"{path}/announcement", {"announcement": "Welcome"})
    assert api.data("GET", f"{path}/announcement") == {"announcement": "Welcome"}
    assert api.refused("POST", f"{path}/announcement", {"announcement": "x" * 513})[0] == 400
    assert events(receiver, 7) == [
        ("ADMIN", {"type": "ADD", "admin": ["bob"]}),
        ("ADMIN", {"type": "REMOVE", "admin": ["bob"]}),
        ("MUTE", {"type": "ADD", "member": ["bob"], "expire_timestamp": muted["expire"]}),
        ("MUTE", {"type": "REMOVE", "member": ["bob"], "expire_timestamp": 0}),
        ("UPDATE", {"type": "MUTE", "mute": True}),
        ("UPDATE", {"type": "MUTE", "mute": False}),
        ("UPDATE", {"type": "ANNOUNCEMENT", "announcement": "Welcome"}),
    ]


def test_the_lists_of_the_blocked_and_the_allowed(made: Made, receiver: Receiver) -> None:
    api, path, _ = made
    api.data("POST", f"{path}/white/users", {"usernames": ["bob"]})
    assert api.data("GET", f"{path}/white/users") == ["bob"]
    api.data("DELETE", f"{path}/white/users/bob")
    room = path.startswith("chatrooms")
    blocked = api.data("POST", f"{path}/blocks/users/bob")
    assert (blocked["result"], blocked["action"]) == (True, "add_blocks")
    assert ("chatroomid" if room else "groupid") in blocked
    assert api.data("GET", f"{path}/blocks/users") == ["bob"]
    assert api.data("GET", f"{path}/user/bob/is_joined") is False
    assert api.data("DELETE", f"{path}/blocks/users/bob")["user"] == "bob"
    names = [(name, payload["type"]) for name, payload in events(receiver, 5)]
    assert names == [("WHITE", "ADD"), ("WHITE", "REMOVE"), ("LEAVE", "BLOCK"), ("BLOCK", "ADD"), ("BLOCK", "REMOVE")]


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("chatgroups", {"owner": ""}, (400, "invalid_parameter", "owner must be provided")),
        ("chatrooms", {"description": ""}, (400, "invalid_parameter", "name and description must be provided")),
        ("chatgroups", {"groupid": "6001"}, (400, "illegal_argument", "group ID 6001 already exists!")),
        ("chatgroups", {"members": ["ghost"]}, (404, "resource_not_found", "username ghost doesn't exist!")),
        ("chatgroups", {"maxusers": 1}, (403, "exceed_limit", "members size is greater than max user size !")),
    ],
)
def test_what_a_creation_refuses(api: Api, path: str, change: dict[str, Any], expected: tuple[int, str, str]) -> None:
    given = {"owner": "alice", "members": ["bob", "carol"], "public": True, "name": "n", "description": "d"}
    assert api.refused("POST", path, given | change) == expected


@pytest.mark.parametrize("change", [{"groupid": "Upper"}, {"members": "bob"}, {"groupname": "x" * 129}])
def test_a_malformed_creation(api: Api, change: dict[str, Any]) -> None:
    assert api.refused("POST", "chatgroups", {"owner": "alice", "public": True} | change)[1] == "invalid_request_body"


def test_a_chosen_id_and_the_list_of_all(api: Api, receiver: Receiver) -> None:
    api.call("POST", "users", {"username": "dora1", "password": "p"})
    for name in ("list1", "list2"):
        given = {"owner": "dora1", "public": True, "groupid": name, "allowinvites": True}
        assert api.data("POST", "chatgroups", given) == {"groupid": name}
    newest = api.call("GET", "chatgroups", params={"limit": "1"}).json()
    assert [group["groupid"] for group in newest["data"]] == ["list2"]
    following = api.data("GET", "chatgroups", params={"limit": "1", "cursor": newest["cursor"]})
    assert [group["groupid"] for group in following] == ["list1"]
    of_dora = api.call("GET", "chatgroups/user/dora1").json()["entities"]
    assert [group["groupId"] for group in of_dora] == ["list1", "list2"]
    both = api.data("GET", "chatgroups/list1,list2,list3")
    assert [(group["id"], group["allowinvites"]) for group in both] == [("list1", False), ("list2", False)]


def test_attributes_of_a_member(api: Api) -> None:
    given = {"metaData": {"role": "lead"}}
    assert api.data("PUT", "metadata/chatgroup/6001/user/bob", given) == {"role": "lead"}
    assert api.refused("PUT", "metadata/chatgroup/6001/user/ghost", given)[0] == 404
    assert api.refused("PUT", "metadata/chatgroup/6001/user/bob", {"metaData": {"role": "x" * 4096}})[0] == 400
