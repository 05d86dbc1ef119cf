"""What is read from RongCloud, over HTTP out of the simulator."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from converters.inventory import Block, Friendship, Group, GroupMember, Setting
from converters.migration import Cursor, Found
from converters.platform import Callback, DecodedEvent, FoundCallback, TimeRange
from tests.converters.migration.wired import Wired, wired
from tests.simulation.rongcloud_calls import call, send
from tests.simulators.rongcloud.fields import dumped

PEOPLE = ["alice", "bob", "carol"]
WHOLE = TimeRange(1, 1 << 50)


@pytest.fixture
def source() -> Iterator[Wired]:
    with wired("rongcloud", users=PEOPLE, group={"6001": PEOPLE}, hosted=True) as one:
        yield one


def of(kind: type, found: list[Any]) -> list[Any]:
    return [one for one in found if isinstance(one, kind)]


def test_users_and_whom_they_know(source: Wired) -> None:
    call(source.simulator, "user/refresh", {"userId": "alice", "name": "爱丽丝", "portraitUri": "https://i.example/a"})
    call(source.simulator, "friend/add", {"userId": "alice", "targetId": "bob", "optType": "1"})
    call(source.simulator, "friend/profile/set", {"userId": "alice", "targetId": "bob", "remarkName": "Bobby"})
    call(source.simulator, "user/blacklist/add", {"userId": "alice", "blackUserId": "carol"})
    (alice,), unseen = source.read("users", ["alice", "ghost"])
    assert (alice.id, alice.name, alice.avatar, unseen) == ("alice", "爱丽丝", "https://i.example/a", "user/info: 1 users are not known")
    assert alice.created // 1000 == source.simulator.journal("accepted")[0]["time"] // 1000 or alice.created > 0
    friends, _ = source.read("friends", ["alice", "bob"])
    assert [(one.owner, one.friend, one.remark) for one in of(Friendship, friends)] == [("alice", "bob", "Bobby"), ("bob", "alice", "")]
    assert source.read("blocks", ["alice"]) == ([Block(owner="alice", blocked="carol")], "")


def test_a_long_list_of_friends_and_of_the_blocked() -> None:
    names = ["alice", *(f"f{n:03}" for n in range(230))]
    with wired("rongcloud", users=names, hosted=True) as source:
        for name in names[1:]:
            call(source.simulator, "friend/add", {"userId": "alice", "targetId": name})
        for begin in range(1, 231, 20):
            call(source.simulator, "user/blacklist/add", {"userId": "alice", "blackUserId": names[begin : begin + 20]})
        friends, _ = source.read("friends", ["alice"])
        assert {one.friend for one in of(Friendship, friends)} == set(names[1:])
        on, _ = source.read("friends", ["alice"], of(Cursor, friends)[0].text)
        assert [one.friend for one in of(Friendship, on)] == names[101:]
        blocked, _ = source.read("blocks", ["alice"])
        assert {one.blocked for one in of(Block, blocked)} == set(names[1:])


def test_services_that_are_off_say_so() -> None:
    with wired("rongcloud", users=PEOPLE, history=False, log=False) as source:
        assert source.read("friends", ["alice"]) == ([], "friend/get: not switched on")
        assert source.read("history", ["direct:alice|bob"], span=WHOLE) == ([], "v3/message/private/query: not switched on")
        now = source.simulator.journal("accepted")
        assert now == []
        assert source.read("logs", span=TimeRange(1_790_000_000_000, 1_790_000_000_001)) == ([], "message log: not switched on")


def test_a_group_its_members_and_who_may_not_speak(source: Wired) -> None:
    call(source.simulator, "group/user/gag/add", {"userId": "bob", "groupId": "6001", "minute": "30"})
    call(source.simulator, "group/ban/add", {"groupId": "6001"})
    call(source.simulator, "group/user/ban/whitelist/add", {"groupId": "6001", "userId": "carol"})
    found, unseen = source.read("members", ["6001"])
    assert unseen == ""
    (group,) = of(Group, found)
    assert (group.id, group.owner, group.muted) == ("6001", "", True)
    members = {one.user: one for one in of(GroupMember, found)}
    assert {name: (one.role, one.muted, one.allowed) for name, one in members.items()} == {
        "alice": ("member", False, False),
        "bob": ("member", True, False),
        "carol": ("member", False, True),
    }
    assert 25 * 60_000 < members["bob"].muted_until - source.simulator.journal("accepted")[-1]["time"] < 31 * 60_000
    source.account = msgspec.structs.replace(source.account, operator="alice")
    again, _ = source.read("members", ["6001"])
    assert {one.user: one.role for one in of(GroupMember, again)} == {"alice": "owner", "bob": "member", "carol": "member"}
    assert of(Group, again)[0].owner == "alice"
    assert source.read("joined", ["bob"])[0][0] == Found("group", "6001")
    assert source.read("members", ["ultra-1"]) == ([], "members of ultra groups are in no list")


def test_a_hosted_group_has_an_owner_managers_names_and_a_profile() -> None:
    crowd = [*PEOPLE, *(f"m{number:03}" for number in range(230))]
    with wired("rongcloud", users=crowd, group={"6001": crowd, "6002": PEOPLE}, hosted=True) as source:
        profile = {"introduction": "who we are", "announcement": "be kind", "portraitUrl": "https://i.example/g"}
        call(
            source.simulator,
            "entrust/group/import",
            {
                "groupId": "6001",
                "owner": "bob",
                "name": "Ops",
                "groupProfile": dumped(profile),
                "groupExtProfile": dumped({"level": "7"}),
                "permissions": dumped({"joinPerm": 2}),
            },
        )
        call(source.simulator, "entrust/group/manager/add", {"groupId": "6001", "userIds": "carol,m229"})
        call(source.simulator, "entrust/group/member/set", {"groupId": "6001", "userId": "alice", "nickname": "Al"})
        call(source.simulator, "group/user/gag/add", {"userId": "m229", "groupId": "6001", "minute": "0"})
        listed, unseen = source.read("hosted", ["alice"])
        assert (unseen, listed[0]) == ("", Found("group", "6001")), "6002 is none of the service's"
        (group,) = of(Group, listed)
        assert (group.name, group.description, group.announcement, group.avatar, group.ext, group.approval) == (
            "Ops",
            "who we are",
            "be kind",
            "https://i.example/g",
            '{"level":"7"}',
            True,
        )
        assert group.created > 0
        source.account = msgspec.structs.replace(source.account, operator="alice")
        found, unseen = source.read("members", ["6001"])
        assert (unseen, of(Group, found)[0].owner) == ("", "bob"), "not the operator: the service knows better"
        members = {one.user: one for one in of(GroupMember, found)}
        assert set(members) == set(crowd)
        assert {name: one.role for name, one in members.items() if one.role != "member"} == {
            "bob": "owner",
            "carol": "admin",
            "m229": "admin",
        }
        assert (members["alice"].name, members["m229"].muted, members["m228"].muted) == ("Al", True, False)
        plain, _ = source.read("members", ["6002"])
        assert {one.user: one.role for one in of(GroupMember, plain)} == {"alice": "owner", "bob": "member", "carol": "member"}
    with wired("rongcloud", users=PEOPLE, group={"6001": PEOPLE}) as source:
        assert source.read("hosted", ["alice"]) == ([], "entrust/joined/group/query: not switched on")
        assert len(of(GroupMember, source.read("members", ["6001"])[0])) == 3


def test_do_not_disturb(source: Wired) -> None:
    call(source.simulator, "user/blockPushPeriod/set", {"userId": "alice", "startTime": "22:30:00", "period": "600", "level": "5"})
    call(
        source.simulator,
        "conversation/notification/set",
        {"conversationType": "3", "requestId": "alice", "targetId": "6001", "unpushLevel": "5"},
    )
    call(
        source.simulator,
        "conversation/notification/set",
        {"conversationType": "1", "requestId": "alice", "targetId": "bob", "unpushLevel": "1"},
    )
    assert source.read("settings", ["alice", "bob"]) == ([Setting(user="alice", quiet_from="22:30", quiet_to="08:30", zone="+08:00")], "")
    assert source.read("quiet", ["alice|group|6001", "alice|user|bob", "alice|user|carol", "alice||"]) == (
        [Setting(user="alice", group="6001", mode="none"), Setting(user="alice", peer="bob", mode="mentions")],
        "",
    )


def uids(source: Wired, found: list[Any]) -> list[str]:
    events = []
    for one in of(FoundCallback, found):
        (said,) = source.platform.decode(Callback("old", one.body, 0, one.headers), source.account)
        assert isinstance(said, DecodedEvent)
        events.append(said.event.remote_id)
    return events


def test_history_of_a_talk_by_page(source: Wired) -> None:
    said = source.simulator.say_all([{"from": ("alice", "bob")[n % 2], "to": ("bob", "alice")[n % 2], "text": str(n)} for n in range(230)])
    sent = send(source.simulator, "from the server", isIncludeSender="0")["messageUIDs"][0]["messageUID"]
    wanted = [one["id"] for one in said] + [sent]
    found, unseen = source.read("history", ["direct:alice|bob"], span=WHOLE)
    assert unseen == ""
    assert sorted(uids(source, found)) == sorted(wanted)
    times = [int(one.body.split(b"msgTimestamp=")[1].split(b"&")[0]) for one in of(FoundCallback, found)]
    assert times == sorted(times)
    cursor = of(Cursor, found)[0].text
    again, _ = source.read("history", ["direct:alice|bob"], cursor, WHOLE)
    assert set(uids(source, again)) == {uid for uid, at in zip(uids(source, found), times, strict=True) if at >= int(cursor)}


def test_history_of_a_group_and_the_logs_have_the_same_ids() -> None:
    with wired("rongcloud", users=PEOPLE, group={"6001": PEOPLE}, log_after=0.0) as source:
        said = source.simulator.say_all([{"from": "alice", "to": "6001", "type": "group", "text": str(n)} for n in range(120)])
        found, unseen = source.read("history", ["group:6001"], span=WHOLE)
        assert (unseen, sorted(uids(source, found))) == ("", sorted(one["id"] for one in said))
        span = TimeRange(said[0]["timestamp"], said[-1]["timestamp"] + 1)
        logged, _ = source.read("logs", span=span)
        assert sorted(uids(source, logged)) == sorted(uids(source, found))


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("users", "alice"),
        ("friends", "alice"),
        ("blocks", "alice"),
        ("joined", "alice"),
        ("members", "6001"),
        ("settings", "alice"),
        ("quiet", "alice|user|bob"),
    ],
)
def test_what_cannot_be_read_is_said(source: Wired, name: str, subject: str) -> None:
    source.simulator.mood(throttle=1.0)
    found, unseen = source.read(name, [subject])
    assert (found, unseen.endswith("code 1008")) == ([], True)
