"""What is read from Yunxin, over HTTP out of the simulator."""

from collections.abc import Iterator
from typing import Any

import pytest

from converters.core.bodies import Text
from converters.core.operations import Post
from converters.inventory import Block, Friendship, Group, GroupMember, Room, RoomMember, Setting, User
from converters.migration import Cursor, Found
from converters.platform import Callback, DecodedEvent, FoundCallback, TimeRange
from tests.converters.migration.wired import Wired, wired
from tests.simulation.yunxin_calls import call, dumped

PEOPLE = ["alice", "bob", "carol"]


@pytest.fixture
def source() -> Iterator[Wired]:
    with wired("yunxin", users=PEOPLE, group={"6001": PEOPLE}, superteam={"9001": PEOPLE}) as one:
        yield one


def of(kind: type, found: list[Any]) -> list[Any]:
    return [one for one in found if isinstance(one, kind)]


def test_users(source: Wired) -> None:
    call(
        source.simulator,
        "user/updateUinfo",
        {
            "accid": "alice",
            "name": "爱丽丝",
            "icon": "https://i.example/a",
            "sign": "s",
            "email": "a@b",
            "birth": "1990-01-02",
            "mobile": "+86-1",
            "gender": "2",
            "ex": dumped({"level": 7, "vip": "y"}),
        },
    )
    call(source.simulator, "user/updateUinfo", {"accid": "bob", "ex": "no json"})
    call(source.simulator, "user/block", {"accid": "carol"})
    found, unseen = source.read("users", ["alice", "bob", "carol", "ghost"])
    assert unseen == ""
    assert found[0] == User(
        id="alice",
        name="爱丽丝",
        avatar="https://i.example/a",
        sign="s",
        mail="a@b",
        birth="1990-01-02",
        phone="+86-1",
        gender="female",
        attributes={"level": "7", "vip": "y"},
    )
    assert (found[1].attributes, found[2].state) == ({"ex": "no json"}, "banned")


def test_friends_and_lists(source: Wired) -> None:
    call(source.simulator, "friend/add", {"accid": "alice", "faccid": "bob", "type": 1})
    call(source.simulator, "friend/update", {"accid": "alice", "faccid": "bob", "alias": "Bobby"})
    for kind, whom in (("1", "bob"), ("2", "carol")):
        call(source.simulator, "user/setSpecialRelation", {"accid": "alice", "targetAcc": whom, "relationType": kind, "value": "1"})
    friends, _ = source.read("friends", ["alice", "bob"])
    assert [(one.owner, one.friend, one.remark) for one in of(Friendship, friends)] == [("alice", "bob", "Bobby"), ("bob", "alice", "")]
    lists, _ = source.read("blocks", ["alice"])
    assert lists == [Block(owner="alice", blocked="bob"), Setting(user="alice", peer="carol", mode="none")]


def test_a_team_with_all_that_its_members_are(source: Wired) -> None:
    act = {"tid": "6001", "owner": "alice"}
    call(
        source.simulator,
        "team/update",
        act
        | {
            "tname": "Ops",
            "intro": "i",
            "announcement": dumped([{"title": "T", "content": "C"}]),
            "joinmode": "1",
            "invitemode": "1",
            "beinvitemode": "1",
            "icon": "https://i.example/t",
            "custom": "{}",
        },
    )
    call(source.simulator, "team/addManager", act | {"members": dumped(["bob"])})
    call(source.simulator, "team/muteTlist", act | {"accid": "carol", "mute": "1"})
    call(source.simulator, "team/updateTeamNick", act | {"accid": "carol", "nick": "C.", "custom": "x"})
    call(source.simulator, "team/muteTlistAll", act | {"muteType": "1"})
    call(source.simulator, "team/muteTeam", {"tid": "6001", "accid": "bob", "ope": "1"})
    found, unseen = source.read("groups", ["6001"])
    assert unseen == ""
    (team,) = of(Group, found)
    assert (team.name, team.description, team.announcement, team.approval, team.invites, team.invite_confirm, team.owner, team.muted) == (
        "Ops",
        "i",
        "T\nC",
        True,
        True,
        False,
        "alice",
        True,
    )
    assert [(one.user, one.role, one.name, one.muted, one.attributes) for one in of(GroupMember, found)] == [
        ("alice", "owner", "alice", False, {}),
        ("bob", "admin", "bob", False, {}),
        ("carol", "member", "C.", True, {"custom": "x"}),
    ]
    assert source.read("settings", ["bob"])[0] == [Setting(user="bob", group="6001", mode="none")]


def test_chat_rooms_and_who_has_a_role_in_them() -> None:
    crowd = [*PEOPLE, *(f"m{number:03}" for number in range(230))]
    with wired("yunxin", users=crowd) as source:
        made = call(source.simulator, "chatroom/create", {"creator": "alice", "name": "Lounge", "announcement": "hi", "ext": "x"})[
            "chatroom"
        ]
        closed = call(source.simulator, "chatroom/create", {"creator": "alice", "name": "Old"})["chatroom"]
        room, act = str(made["roomid"]), {"roomid": str(made["roomid"]), "operator": "alice", "optvalue": "true"}
        call(source.simulator, "chatroom/toggleCloseStat", {"roomid": str(closed["roomid"]), "operator": "alice", "valid": "false"})
        for opt, target in [
            ("1", "bob"),
            ("-2", "carol"),
            ("-1", "m001"),
            *(("2", name) for name in crowd[4:110]),
            ("1", "m225"),
            ("-2", "m229"),
        ]:
            call(source.simulator, "chatroom/setMemberRole", act | {"opt": opt, "target": target})
        call(source.simulator, "chatroom/muteRoom", {"roomid": room, "operator": "alice", "mute": "true"})
        assert source.read("rooms", ["alice", "bob"]) == ([Found("room", room)], "")
        found, unseen = source.read("room-members", [room])
        assert of(Room, found) == [Room(id=room, name="Lounge", owner="alice", announcement="hi", ext="x", muted=True)]
        ranked = [
            RoomMember(room=room, user="m229", muted=True),
            RoomMember(room=room, user="m225", role="admin"),
            RoomMember(room=room, user="carol", muted=True),
            RoomMember(room=room, user="bob", role="admin"),
        ]
        assert of(RoomMember, found) == ranked
        assert unseen == "chatroom/membersByPage: 1 members are blocked, or muted for a while, in a room: that is not moved"
        # It goes on where it was.
        first, *_ = of(Cursor, found)
        again, _ = source.read("room-members", [room], first.text)
        assert of(RoomMember, again) == ranked[2:]
        assert source.read("room-members", ["77"]) == ([], "chatroom/get: code 404")


def test_a_superteam_and_whose_teams_there_are(source: Wired) -> None:
    call(source.simulator, "superteam/addManager", {"tid": "9001", "owner": "alice", "managerAccids": dumped(["bob"])})
    found, unseen = source.read("groups", ["super-9001"])
    assert unseen == ""
    assert [(one.group, one.user, one.role) for one in of(GroupMember, found)] == [
        ("super-9001", "alice", "owner"),
        ("super-9001", "bob", "admin"),
        ("super-9001", "carol", "member"),
    ]
    assert source.read("teams", ["alice"])[0] == [Found("group", "6001"), Found("group", "super-9001")]


def test_a_superteam_of_many_pages() -> None:
    names = [f"u{n:03}" for n in range(250)]
    with wired("yunxin", users=names, superteam={"9001": names}) as source:
        found, unseen = source.read("groups", ["super-9001"])
        assert (unseen, [one.user for one in of(GroupMember, found)]) == ("", names)
        cursor = of(Cursor, found)[0].text
        again, _ = source.read("groups", ["super-9001"], cursor)
        assert {one.user for one in of(GroupMember, again)} >= set(names[100:])


@pytest.mark.parametrize("where", ["within", "beside"])
def test_conversations_by_the_list_of_sessions(where: str) -> None:
    names = ["alice", *(f"p{n:03}" for n in range(130))]
    with wired("yunxin", users=names, group={"6001": ["alice", "p000"]}, sessions=where) as source:
        for begin in range(1, 131, 13):  # not all of them in one millisecond
            source.simulator.say_all([{"from": name, "to": "alice", "text": "hi"} for name in names[begin : begin + 13]])
        source.simulator.say("p000", "6001", "all", type="group")
        found, unseen = source.read("conversations", ["alice"])
        assert unseen == ""
        assert {one.id for one in of(Found, found)} >= {f"direct:alice|{name}" for name in names[1:]} | {"group:6001"}
        assert of(Cursor, found)


def texts(source: Wired, found: list[Any]) -> list[str]:
    said = []
    for one in of(FoundCallback, found):
        (event,) = source.platform.decode(Callback("old", one.body, 0), source.account)
        assert isinstance(event, DecodedEvent)
        assert isinstance(event.event.operation, Post)
        assert isinstance(event.event.operation.body, Text)
        said.append(event.event.operation.body.text)
    return said


def test_history_by_page_and_on_from_a_cursor(source: Wired) -> None:
    for begin in range(0, 250, 50):  # not all of them in one millisecond
        source.simulator.say_all(
            [{"from": ("alice", "bob")[n % 2], "to": ("bob", "alice")[n % 2], "text": str(n)} for n in range(begin, begin + 50)]
        )
    span = TimeRange(1, 1 << 50)
    found, unseen = source.read("history", ["direct:alice|bob"], span=span)
    assert (unseen, texts(source, found)) == ("", [str(n) for n in range(250)])
    cursor = of(Cursor, found)[0].text
    again, _ = source.read("history", ["direct:alice|bob"], cursor, span)
    rest = texts(source, again)
    assert rest[-1] == "249"
    assert int(rest[0]) <= 100
    assert source.read("history", ["direct:alice|bob"], cursor, None) == ([], "")
    source.simulator.say("carol", "6001", "team", type="group")
    assert "team" in texts(source, source.read("history", ["group:6001"], span=span)[0])


@pytest.mark.parametrize("name", ["users", "friends", "blocks", "teams", "settings", "conversations"])
def test_what_cannot_be_read_is_said(source: Wired, name: str) -> None:
    source.simulator.mood(error_500=1.0)
    found, unseen = source.read(name, ["alice"])
    assert found == []
    assert unseen.endswith("code 500")
