"""Users, relations, groups, rooms and settings, written over HTTP to the simulator, and what it says of each."""

from collections.abc import Iterator
from typing import Any

import pytest

from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.inventory import Block, Friendship, Group, GroupBlock, GroupMember, Room, RoomMember, Setting, User
from converters.migration import Bisect, Present
from converters.platform import Reply
from converters.probing import Findings
from tests.converters.migration.wired import Wired, wired

DONE = Delivered("")


@pytest.fixture
def target() -> Iterator[Wired]:
    with wired("easemob") as one:
        yield one


def people(*names: str) -> list[User]:
    return [User(id=name) for name in names]


def test_users_with_all_that_belongs_to_them(target: Wired) -> None:
    users = [
        User(
            id="alice",
            name="爱丽丝",
            avatar="https://img.example/a.png",
            gender="female",
            phone="+86-1",
            mail="a@b.example",
            sign="hi & bye",
            birth="1990-01-02",
            attributes={"level": "7"},
            push_name="Alice",
            push_style="content",
        ),
        User(id="bob", name="Bob"),
        User(id="carol", state="banned"),
        User(id="gone", state="deleted"),
    ]
    found = target.apply(users)
    assert set(found.values()) == {DONE}
    assert {name for place, name in found if place == 0} == {"user", "attributes", "push-name", "push-style"}
    assert not [name for place, name in found if place == 3]
    assert [entry["user"] for entry in target.journal("user.create")] == ["alice", "bob", "carol"]
    read, unseen = target.read("users")
    assert unseen == ""
    assert [(one.id, one.push_name, one.push_style, one.state) for one in read] == [
        ("alice", "Alice", "content", ""),
        ("bob", "Bob", "", ""),
        ("carol", "", "", "banned"),
    ]
    (alice, bob, carol), _ = target.read("attributes", ["alice", "bob", "carol"])
    assert (alice.name, alice.avatar, alice.gender, alice.phone, alice.mail, alice.sign, alice.birth, alice.attributes) == (
        "爱丽丝",
        "https://img.example/a.png",
        "female",
        "+86-1",
        "a@b.example",
        "hi & bye",
        "1990-01-02",
        {"level": "7"},
    )
    assert (bob.name, carol.name) == ("Bob", "")


def test_a_call_takes_59_users_until_the_probe_has_seen_60(target: Wired) -> None:
    target.apply(people(*(f"u{n}" for n in range(60))))
    assert [len(request.body.split(b"username")) - 1 for request in target.sent if request.api == "users"] == [59, 1]
    target.sent.clear()
    target.apply(people(*(f"v{n}" for n in range(60))), target.context(findings=Findings(full_batch=True)))
    assert [len(request.body.split(b"username")) - 1 for request in target.sent if request.api == "users"] == [60]


def test_users_who_are_there_are_told_from_new_ones(target: Wired) -> None:
    target.apply(people("alice", "bob"))
    assert target.apply(people("alice", "carol", "bob")) == {(0, "user"): Present(), (1, "user"): DONE, (2, "user"): Present()}
    assert target.apply(people("alice")) == {(0, "user"): Present()}


def test_one_illegal_id_costs_itself(target: Wired) -> None:
    """Ids that Easemob takes are all that the rule writes: here it is told to write another."""
    context = target.context(user=lambda name: "no spaces" if name == "u30" else name)
    found = target.apply(people(*(f"u{n}" for n in range(59))), context)
    assert [place for (place, _), outcome in found.items() if outcome != DONE] == [30]
    assert found[30, "user"] == Refused("400 illegal_argument")
    assert len(target.journal("user.create")) == 58


def test_an_error_that_quotes_passwords_is_not_repeated(target: Wired) -> None:
    """Two ids that become one are refused together; alone the second one is there already."""
    inventory = target.platform.inventory
    assert inventory is not None
    context = target.context(user=lambda name: "same", password=lambda name: f"secret-{name}")
    pieces = [piece for user in people("one", "two") for piece in inventory.pieces(user, target.account).pieces]
    request = inventory.encode(pieces, target.account, context)
    reply = target.send(request)
    assert reply is not None
    assert b"secret-one" in reply.body
    assert inventory.read(pieces, request, reply) == (Bisect("400 duplicate_unique_property_exists"),) * 2
    assert target.apply(people("one", "two"), context) == {(0, "user"): DONE, (1, "user"): Present()}


def test_friends_by_ten_and_what_became_of_each(target: Wired) -> None:
    target.apply(people(*(f"f{n:02}" for n in range(13)), "alice"))
    found = target.apply(
        [
            Friendship(owner="alice", friend=f"f{n:02}", remark="Pal" if n == 1 else "", friend_remark="Al" if n == 2 else "")
            for n in range(13)
        ]
        + [Friendship(owner="alice", friend="ghost")]
    )
    assert found[13, "friend"] == Refused("no such user")
    assert [outcome for (place, part), outcome in found.items() if place != 13] == [DONE] * 15
    assert [request.api for request in target.sent].count("contacts/import") == 2
    seen, _ = target.read("friends", ["alice", "f02"])
    assert {(one.owner, one.friend): one.remark for one in seen if one.remark} == {("alice", "f01"): "Pal", ("f02", "alice"): "Al"}
    assert len([one for one in seen if one.owner == "alice"]) == 13


def test_a_full_list_of_friends() -> None:
    with wired("easemob", max_friends=2) as target:
        target.apply(people("a", "b", "c", "d", "e"))
        found = target.apply([Friendship(owner="a", friend=name) for name in "bcd"])
        assert list(found.values()) == [DONE, DONE, Refused("too many friends")]
        assert list(target.apply([Friendship(owner="a", friend="e")]).values()) == [Refused("403 exceed_limit")]


def test_blocks_bisect_around_who_is_not_there(target: Wired) -> None:
    target.apply(people("alice", *(f"b{n:02}" for n in range(60))))
    found = target.apply([Block(owner="alice", blocked=f"b{n:02}") for n in range(60)] + [Block(owner="alice", blocked="ghost")])
    assert [place for (place, _), outcome in found.items() if outcome != DONE] == [60]
    seen, _ = target.read("blocks", ["alice"])
    assert len([one for one in seen if isinstance(one, Block)]) == 60


GROUP = Group(
    id="team",
    name="团队",
    description="d",
    avatar="https://img.example/g.png",
    owner="alice",
    public=True,
    invites=True,
    max=500,
    announcement="hello",
    ext='{"k":1}',
    muted=True,
)


def test_a_group_and_its_members(target: Wired) -> None:
    names = ["alice", *(f"m{n:03}" for n in range(130))]
    target.apply(people(*names))
    members = [GroupMember(group="team", user="alice", role="owner", name="Boss")]
    members += [GroupMember(group="team", user=name) for name in names[1:128]]
    members += [
        GroupMember(group="team", user="m127", role="admin", attributes={"rank": "1"}, allowed=True),
        GroupMember(group="team", user="m128", muted=True, name="M"),
        GroupMember(group="team", user="ghost"),
    ]
    found = target.apply([GROUP, *members, GroupBlock(group="team", user="m129")])
    assert {key: outcome for key, outcome in found.items() if not isinstance(outcome, Delivered)} == {
        (131, "member"): Refused("404 resource_not_found")
    }
    team = target.groups["team"]
    (group,), _ = target.read("group-details", [team])
    assert (group.name, group.owner, group.public, group.invites, group.max, group.announcement, group.muted) == (
        "团队",
        "alice",
        True,
        True,
        500,
        "hello",
        True,
    )
    assert '"k":1' in group.ext
    seen, unseen = target.read("members", [team])
    assert unseen == ""
    assert {one.user for one in seen} == set(names) - {"m129"}
    assert {one.user: one.role for one in seen if one.role != "member"} == {"alice": "owner", "m127": "admin"}
    assert [one.user for one in seen if one.muted] == ["m128"]
    assert [one.user for one in seen if one.allowed] == ["m127"]
    attributes, _ = target.read("member-attributes", [f"{team}|alice", f"{team}|m127", f"{team}|m128"])
    assert [(one.name, one.attributes) for one in attributes] == [("Boss", {}), ("", {"rank": "1"}), ("M", {})]
    assert [one.user for one in target.read("group-blocks", [team])[0]] == ["m129"]
    assert all("need_notify=false" in request.path for request in target.sent if request.api == "chatgroups/users/add")
    # What is done once more is as it is.
    assert {type(outcome) for outcome in target.apply(members[1:128]).values()} == {Present}


def test_a_group_that_may_have_been_made_is_found_by_its_mark(target: Wired) -> None:
    target.apply(people("alice"))
    inventory = target.platform.inventory
    assert inventory is not None
    context = target.context()
    for number in range(25):
        target.apply([Group(id=f"other{number}", owner="alice")])
    (piece, *_) = inventory.pieces(GROUP, target.account).pieces
    assert target.drive(inventory.find(piece, target.account, context))[1] == NotSent("not there")
    target.simulator.mood(accept_but_lose_answer=1.0, count=1)
    assert target.send(inventory.encode([piece], target.account, context)) is None
    found = target.drive(inventory.find(piece, target.account, context))[1]
    assert isinstance(found, Delivered)
    assert found.remote_id == target.journal("group.create")[-1]["group"]
    target.simulator.mood(error_500=1.0)
    assert target.drive(inventory.find(piece, target.account, context))[1] is None


def test_a_room_is_found_by_its_mark(target: Wired) -> None:
    target.apply(people("alice", "bob"))
    inventory = target.platform.inventory
    assert inventory is not None
    room = Room(id="lobby", name="Lobby", owner="bob", announcement="hi", muted=True)
    found = target.apply(
        [
            Room(id="first", name="F", owner="alice"),
            room,
            Room(id="last", owner="bob"),
            RoomMember(room="lobby", user="alice", role="admin"),
        ]
    )
    assert {type(outcome) for outcome in found.values()} == {Delivered}
    (piece, *_) = inventory.pieces(room, target.account).pieces
    assert target.drive(inventory.find(piece, target.account, target.context()))[1] == Delivered(target.groups["lobby"])
    (seen,), _ = target.read("room-details", [target.groups["lobby"]])
    assert (seen.name, seen.owner, seen.announcement, seen.muted) == ("Lobby", "bob", "hi", True)
    assert [(one.user, one.role) for one in target.read("room-members", [target.groups["lobby"]])[0]] == [("alice", "admin")]
    assert {one.id for one in target.read("rooms")[0]} == {target.groups[name] for name in ("lobby", "first", "last")}


def test_a_groups_id_is_kept_where_it_may_be(target: Wired) -> None:
    target.apply(people("alice"))
    context = target.context(findings=Findings(custom_ids=True))
    assert target.apply([GROUP], context)[0, "group"] == Delivered("team")
    assert target.apply([GROUP], context)[0, "group"] == Present("team")


def test_do_not_disturb(target: Wired) -> None:
    target.apply([*people("alice", "bob"), Group(id="team", owner="alice")])
    now = target.context().now
    found = target.apply(
        [
            Setting(user="alice", mode="mentions", quiet_from="22:00", quiet_to="07:30", zone="+09:00", language="zh"),
            Setting(user="alice", peer="bob", mode="none", until=now + 3_600_000),
            Setting(user="alice", group="team"),
            Setting(user="alice", group="team", mode="all"),
            Setting(user="ghost", mode="none"),
        ]
    )
    assert {key: outcome for key, outcome in found.items() if outcome != DONE} == {(4, "setting"): Refused("400")}
    team = target.groups["team"]
    (alone, peer, group), _ = target.read("settings", ["alice||", "alice|user|bob", f"alice|group|{team}"])
    assert (alone.mode, alone.quiet_from, alone.quiet_to) == ("mentions", "21:00", "06:30")
    assert (peer.mode, peer.until // 1000) == ("none", (now + 3_600_000) // 1000) or abs(peer.until - now - 3_600_000) < 60_000
    assert group.mode == "all"


def test_lists_go_on_where_they_were_left(target: Wired) -> None:
    target.apply(people(*(f"u{n:03}" for n in range(250))))
    whole, _ = target.read("users")
    names = [one.id for one in whole if isinstance(one, User)]
    assert len(names) == 250
    second = [one.text for one in whole if not isinstance(one, User)][1]
    rest, _ = target.read("users", cursor=second)
    assert [one.id for one in rest if isinstance(one, User)] == names[200:]
    target.simulator.mood(error_500=1.0)
    assert target.read("users") == ([], "users/list: 500 internal_error")


@pytest.mark.parametrize(("mood", "kind"), [({"throttle": 1.0}, NotSent), ({"error_500": 1.0}, Unsure)])
def test_what_is_no_answer_about_it_says_so_of_each(target: Wired, mood: dict[str, Any], kind: type) -> None:
    inventory = target.platform.inventory
    assert inventory is not None
    pieces = [piece for user in people("a", "b", "c") for piece in inventory.pieces(user, target.account).pieces]
    request = inventory.encode(pieces, target.account, target.context())
    target.simulator.mood(**mood)
    reply = target.send(request)
    assert isinstance(reply, Reply)
    assert [type(outcome) for outcome in inventory.read(pieces, request, reply)] == [kind] * 3


def test_users_and_push_names_share_one_quota() -> None:
    """A worker's gates hold it: here nobody does, and the simulator says so."""
    with wired("easemob", limit_calls=5.0) as target:
        target.apply([User(id="alice", name="A")])
        replies = [target.send(target.sent[-1]) for _ in range(6)]
        assert {reply.status for reply in replies if reply is not None} == {200, 429}
    shared = next(limit for limit in target.platform.limits if limit.name == "users")
    inventory = target.platform.inventory
    assert inventory is not None
    assert {part.api for part in inventory.parts if part.kind == "user"} - set(shared.apis) == {"users/attributes"}
