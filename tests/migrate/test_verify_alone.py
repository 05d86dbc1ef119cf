"""What `verify` says of lists that the test writes itself: each thing that can be wrong, alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from converters.inventory import AnyItem, Block, Friendship, Group, GroupBlock, GroupMember, Room, RoomMember, Setting, User
from converters.migration import Found
from streams.migrate.bundle import Bundle
from streams.migrate.verify import HISTORY
from streams.migrate.verify_records import KindResult, Verified
from tests.migrate.bundles import made
from tests.migrate.listed import SILENT, Listed, Verification, sorts

ITEMS: list[AnyItem] = [
    *(User(id=name, name=name.upper(), sign="hello", attributes={"city": "Shenzhen"}) for name in ("ann", "bob", "cy", "dan")),
    User(id="gone", state="deleted"),
    Friendship(owner="ann", friend="bob", remark="pal", friend_remark="boss"),
    Friendship(owner="ann", friend="cy"),
    Block(owner="ann", blocked="dan"),
    Block(owner="bob", blocked="dan"),
    Group(id="901", name="one", owner="ann", announcement="welcome"),
    Group(id="902", name="two", owner="bob"),
    GroupMember(group="901", user="ann", role="owner"),
    GroupMember(group="901", user="bob", role="admin", name="Bobby"),
    GroupMember(group="901", user="cy", muted=True),
    GroupMember(group="902", user="bob", role="owner"),
    GroupMember(group="902", user="dan"),
    GroupBlock(group="901", user="dan"),
    Room(id="701", name="lobby", owner="ann"),
    RoomMember(room="701", user="bob", role="admin"),
    RoomMember(room="701", user="cy"),
    Setting(user="ann", mode="none"),
    Setting(user="bob", peer="ann", mode="all"),
    Setting(user="cy", group="901", mode="mentions"),
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    with Bundle.open(made(tmp_path_factory.mktemp("bundle"), ITEMS)) as one:
        yield one


@pytest.fixture
def listed() -> Listed:
    one = Listed()
    one.hold(ITEMS)
    return one


@pytest.fixture
def verification(bundle: Bundle, listed: Listed, tmp_path: Path) -> Iterator[Verification]:
    one = Verification(bundle, listed, tmp_path)
    yield one
    one.sides.remove()
    assert not (tmp_path / "sides").exists()


async def test_of_a_target_that_has_everything_nothing_is_said(verification: Verification, listed: Listed) -> None:
    assert await verification.run() == []
    assert verification.verified.kinds == {
        "user": KindResult(expected=4, seen=4, sampled=4),
        "friendship": KindResult(expected=4, seen=4),
        "block": KindResult(expected=2, seen=2),
        "group": KindResult(expected=2, seen=2, sampled=2),
        "member": KindResult(expected=5, seen=5, sampled=1),
        "group-block": KindResult(expected=1, seen=1),
        "room": KindResult(expected=1, seen=1, sampled=1),
        "room-member": KindResult(expected=1, seen=1),
        "setting": KindResult(expected=3, sampled=3),
    }
    assert (verification.verified.faults, verification.verified.unknown) == (0, 0)
    assert (verification.verified.step, verification.verified.after) == (HISTORY, "")
    assert len(listed.asked) == len(set(listed.asked)), "what is as it was to be is asked for once"


async def test_what_is_taken_away_is_missing(verification: Verification, listed: Listed) -> None:
    del listed.lists["users", ""][3]
    del listed.lists["friends", "bob"]
    del listed.lists["blocks", "ann"]
    del listed.lists["groups", ""][1]
    del listed.lists["members", "g-901"][1]
    del listed.lists["group-blocks", "g-901"]
    del listed.lists["rooms", ""]
    del listed.lists["room-members", "r-701"]
    found = await verification.run()
    assert sorts(found) == {
        ("missing", "user", "user|dan"): 1,
        ("missing", "friendship", "friendship|ann|bob"): 1,
        ("missing", "block", "block|ann|dan"): 1,
        ("missing", "group", "group|902"): 1,
        ("missing", "member", "member|901|bob"): 1,
        ("missing", "group-block", "group-block|901|dan"): 1,
        ("missing", "room", "room|701"): 1,
        ("missing", "room-member", "room-member|701|bob"): 1,
    }
    assert set(verification.counts("missing").values()) == {1}
    assert verification.counts("seen") == {"user": 3, "friendship": 3, "block": 1, "group": 1, "member": 4}
    assert verification.verified.faults == 8
    assert {one.known for one in found} == {""}, "each was written, by our own records"


async def test_what_is_another_is_different_and_its_fields_are_named(verification: Verification, listed: Listed) -> None:
    listed.change("users", "", 0, push_name="somebody")
    listed.change("attributes", "bob", 0, sign="else")
    listed.change("friends", "ann", 0, remark="foe")
    listed.change("members", "g-901", 1, role="member")
    listed.change("members", "g-901", 2, muted=False)
    listed.change("group-details", "g-901", 0, name="other")
    listed.change("member-attributes", "g-901|bob", 0, name="Rob")
    listed.change("room-details", "r-701", 0, name="hall")
    listed.change("settings", "ann||", 0, mode="all")
    found = await verification.run()
    assert {(one.sort, one.kind, one.item.replace("\x1f", "|"), one.fields) for one in found} == {
        ("different", "user", "user|ann", ("push_name",)),
        ("different", "user", "user|bob", ("sign",)),
        ("different", "friendship", "friendship|ann|bob", ("remark",)),
        ("different", "member", "member|901|bob", ("role",)),
        ("different", "member", "member|901|cy", ("muted",)),
        ("different", "group", "group|901", ("name",)),
        ("different", "member", "member|901|bob", ("name",)),
        ("different", "room", "room|701", ("name",)),
        ("different", "setting", "setting|ann|all", ("mode",)),
    }
    assert verification.counts("different") == {"user": 2, "friendship": 1, "member": 3, "group": 1, "room": 1, "setting": 1}
    assert verification.verified.faults == 9


async def test_of_each_side_of_a_friendship_the_remark_is_its_own(verification: Verification, listed: Listed) -> None:
    listed.change("friends", "bob", 0, remark="pal")
    assert [(one.sort, one.fields) for one in await verification.run()] == [("different", ("remark",))]


async def test_who_is_there_besides_is_told_and_is_no_fault(verification: Verification, listed: Listed) -> None:
    listed.hold(
        [User(id="new"), GroupMember(group="902", user="new"), Friendship(owner="new", friend="ann"), Block(owner="ann", blocked="bob")]
    )
    listed.lists["groups", ""] += listed.lists["rooms", ""]
    found = await verification.run()
    assert sorts(found) == {
        ("besides", "friendship", "friendship|ann|new"): 1,
        ("besides", "block", "block|ann|bob"): 1,
        ("besides", "member", "member|g-902|new"): 1,
    }
    assert verification.counts("besides") == {"user": 1, "friendship": 1, "block": 1, "member": 1, "group": 1}
    assert verification.verified.faults == 0
    assert ("blocks", ("ann",)) in listed.asked
    assert listed.asked.count(("blocks", ("ann",))) == 1, "nobody asks twice about who is there besides"


async def test_somebody_who_is_listed_twice_is_doubled_or_was_on_two_pages(verification: Verification, listed: Listed) -> None:
    listed.lists["members", "g-902"].append(listed.lists["members", "g-902"][1])
    listed.lists["users", ""].append(listed.lists["users", ""][0])
    assert sorts(await verification.run()) == {("doubled", "member", "member|902|dan"): 1}
    assert verification.verified.kinds["user"] == KindResult(expected=4, seen=4, sampled=4)


async def test_a_user_who_was_on_two_pages_is_different_once(verification: Verification, listed: Listed) -> None:
    listed.change("users", "", 0, push_name="somebody")
    listed.lists["users", ""].append(listed.lists["users", ""][0])
    assert sorts(await verification.run()) == {("different", "user", "user|ann"): 1}
    assert verification.verified.faults == 1


async def test_who_was_there_before_and_is_gone_is_missing(verification: Verification, listed: Listed) -> None:
    """What `apply` leaves as it was found may differ; it has to be there."""
    verification.done.words = {b"user\x1fann": "there"}
    del listed.lists["users", ""][0]
    assert [(one.sort, one.known) for one in await verification.run()] == [("missing", "there")]
    assert verification.verified.kinds["user"] == KindResult(expected=4, seen=3, missing=1, sampled=4)
    assert verification.verified.faults == 1


async def test_what_differs_is_asked_for_once_more(verification: Verification, listed: Listed) -> None:
    """A page that was read while somebody moved to another one has no gap the second time."""
    for name, subject in (("members", "g-901"), ("attributes", "ann"), ("friends", "ann")):
        listed.later[name, subject] = list(listed.lists[name, subject])
    del listed.lists["members", "g-901"][2]
    del listed.lists["friends", "ann"][0]
    verification.sample = 1
    listed.lists["members", "g-901"].append(structs.replace(listed.lists["members", "g-901"][0], user="eve", role="member"))
    assert await verification.run() == []


async def test_what_the_target_does_not_tell_is_unseen_and_not_missing(verification: Verification, listed: Listed) -> None:
    for name, subject in (("users", ""), ("groups", ""), ("friends", "bob"), ("members", "g-902"), ("settings", "ann||")):
        listed.silent[name, subject] = SILENT
    listed.lists["users", ""] = listed.lists["users", ""][:1]
    listed.lists["groups", ""] = []
    found = await verification.run()
    assert sorts(found) == {
        **{("unseen", "user", f"user|{name}"): 1 for name in ("bob", "cy", "dan")},
        ("unseen", "group", "group|901"): 1,
        ("unseen", "group", "group|902"): 1,
        ("unseen", "friendship", "friendship|ann|bob"): 1,
        ("unseen", "member", "member|902|bob"): 1,
        ("unseen", "member", "member|902|dan"): 1,
        ("unseen", "setting", "setting|ann|all"): 1,
    }
    assert verification.verified.faults == 0
    assert verification.verified.unseen == {"no answer": 5}
    assert verification.verified.unknown == 5 + 9
    assert verification.counts("seen")["member"] == 3


async def test_a_list_that_the_target_does_not_give_out_is_said(bundle: Bundle, listed: Listed, tmp_path: Path) -> None:
    names = ("users", "friends", "groups", "settings", "group-details")
    one = Verification(bundle, listed, tmp_path, without=names)
    assert await one.run() == []
    assert one.counts("unseen") == {"user": 5, "friendship": 2 * 2, "group": 2}
    assert one.counts("expected") == {
        "user": 5,
        "friendship": 4,
        "block": 2,
        "group": 2,
        "member": 5,
        "group-block": 1,
        "room": 1,
        "room-member": 1,
        "setting": 3,
    }
    assert one.verified.unseen == {"no list tells settings": 1, "no list tells group-details": 1}
    one.sides.remove()


async def test_what_was_not_written_is_told_with_what_our_records_say(verification: Verification, listed: Listed) -> None:
    verification.done.words = {
        b"user\x1fdan": "refused",
        b"member\x1f902\x1fdan": "not tried",
        b"user\x1fann": "there",
        b"user\x1fbob": "changed",
    }
    del listed.lists["users", ""][3]
    listed.change("users", "", 0, push_name="as she was")
    listed.change("users", "", 1, push_name="as he was not")
    del listed.lists["members", "g-902"][1]
    found = await verification.run()
    assert {(one.item.replace("\x1f", "|"), one.sort, one.known) for one in found} == {
        ("user|dan", "missing", "refused"),
        ("member|902|dan", "missing", "not tried"),
        ("user|ann", "different", "there"),
        ("user|bob", "different", ""),
    }
    assert verification.verified.kinds["user"].left_alone == 1, "`apply` leaves what it finds"
    assert verification.verified.kinds["user"].different == 1


async def test_a_group_that_is_not_there_has_none_of_its_members(
    bundle: Bundle, listed: Listed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.migrate.listed.PLACES", {"group": {"901": "g-901"}, "room": {"701": "r-701"}})
    one = Verification(bundle, listed, tmp_path)
    found = sorts(await one.run())
    assert found == {
        ("missing", "group", "group|902"): 2,  # of the list, and of the sample
        ("missing", "member", "member|902|bob"): 1,
        ("missing", "member", "member|902|dan"): 1,
    }
    one.sides.remove()


async def test_of_a_group_that_is_not_there_no_members_are_asked_for(
    bundle: Bundle, listed: Listed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.migrate.listed.PLACES", {"group": {"901": "g-901"}, "room": {"701": "r-701"}})
    one = Verification(bundle, listed, tmp_path)
    await one.run()
    assert [subjects for name, subjects in listed.asked if name == "members"] == [("g-901",)]
    one.sides.remove()


async def test_of_what_the_bundle_has_none_there_is_no_result(tmp_path: Path) -> None:
    items: list[AnyItem] = [User(id="ann"), Block(owner="ann", blocked="bob")]
    listed = Listed()
    listed.hold(items)
    with Bundle.open(made(tmp_path, items)) as other:
        one = Verification(other, listed, tmp_path / "out")
        assert await one.run() == []
        assert one.verified.kinds.keys().isdisjoint({"friendship", "member", "group", "group-block", "room", "room-member"})
        one.sides.remove()


async def test_an_owner_cannot_be_silenced_and_needs_no_leave(bundle: Bundle, tmp_path: Path) -> None:
    items: list[AnyItem] = [
        User(id="ann"),
        User(id="bob"),
        Group(id="901", name="one", owner="ann"),
        GroupMember(group="901", user="ann", role="owner", muted=True, allowed=True),
    ]
    listed = Listed()
    listed.hold(items)
    listed.change("members", "g-901", 0, muted=False, allowed=False)
    with Bundle.open(made(tmp_path, items)) as other:
        one = Verification(other, listed, tmp_path / "out")
        assert await one.run() == []
        one.sides.remove()


async def test_of_what_the_bundle_has_none_nothing_is_asked_and_nothing_is_missed(tmp_path: Path) -> None:
    items: list[AnyItem] = [User(id="ann"), User(id="bob"), Friendship(owner="ann", friend="bob")]
    listed = Listed()
    listed.hold(items)
    listed.lists["groups", ""] = [Found("group", "g-1")]
    with Bundle.open(made(tmp_path, items)) as other:
        one = Verification(other, listed, tmp_path / "out", without=("friends", "blocks", "members", "rooms"))
        assert await one.run() == []
        assert {name for name, _ in listed.asked} == {"users", "attributes"}
        assert one.verified.unseen == {}
        assert one.counts("unseen") == {"friendship": 2}, "from both sides"
        assert one.counts("besides") == {}
        one.sides.remove()


async def test_what_was_stopped_goes_on_where_it_was(verification: Verification, listed: Listed) -> None:
    verification.verified.step, verification.verified.after = "member", "901"
    verification.verified.of("member").expected = 3
    listed.lists.pop(("users", ""))
    assert await verification.run() == [], "users are done"
    asked = [name for name, _ in listed.asked]
    assert not {"users", "friends", "blocks", "groups"} & set(asked)
    assert [subjects for name, subjects in listed.asked if name == "members"] == [("g-902",)]
    assert verification.verified.of("member").expected == 5
    assert {"member-attributes", "group-blocks", "rooms", "room-members", "room-details", "settings"} <= set(asked)


STEPS = {
    "user": ["users"],
    "attributes": ["attributes"],
    "friendship": ["friends"],
    "block": ["blocks"],
    "group": ["groups"],
    "member": ["members"],
    "member-attributes": ["member-attributes"],
    "group-block": ["group-blocks"],
    "room": ["rooms"],
    "room-member": ["room-members"],
    "details": ["group-details", "room-details"],
    "setting": ["settings"],
}


@pytest.mark.parametrize("number", range(len(STEPS)), ids=list(STEPS))
async def test_each_step_is_gone_on_with_and_none_before_it(number: int, verification: Verification, listed: Listed) -> None:
    """Also where it was a process of another release that was stopped: it has noted the same words."""
    verification.verified.step = list(STEPS)[number]
    kept: list[str] = []
    keep = verification.notebook.keep

    def noting(verified: Verified, noted: Any) -> Any:
        kept.append(verified.step)
        return keep(verified, noted)

    verification.notebook.keep = noting  # type: ignore[method-assign]
    assert await verification.run() == []
    asked = dict.fromkeys(name for name, _ in listed.asked)
    assert sorted(asked) == sorted(name for lists in list(STEPS.values())[number:] for name in lists)
    assert list(dict.fromkeys(kept)) == [*list(STEPS)[number:], "history"]


async def test_what_begins_as_the_last_one_did_is_not_done_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.migrate.listed.PLACES", {"group": {"901": "g-901", "9010": "g-9010"}, "room": {}})
    items: list[AnyItem] = [
        Group(id="901", owner="ann"),
        Group(id="9010", owner="ann"),
        *(GroupMember(group=name, user="ann") for name in ("901", "9010")),
    ]
    listed = Listed()
    listed.hold(items)
    with Bundle.open(made(tmp_path, items)) as other:
        one = Verification(other, listed, tmp_path / "out")
        one.verified.step, one.verified.after = "member", "901"
        await one.run()
        assert [subjects for name, subjects in listed.asked if name == "members"] == [("g-9010",)]
        one.sides.remove()


async def test_what_is_no_user_and_no_group_is_none_of_the_list(verification: Verification, listed: Listed) -> None:
    listed.lists["users", ""].insert(0, Block(owner="eve", blocked="ann"))
    listed.lists["groups", ""].insert(0, User(id="eve"))
    assert await verification.run() == []
    assert verification.counts("besides") == {}


async def test_friends_go_on_behind_the_user_who_was_done(verification: Verification, listed: Listed) -> None:
    verification.verified.step, verification.verified.after = "friendship", "ann"
    await verification.run()
    assert [subjects for name, subjects in listed.asked if name == "friends"] == [("bob",), ("cy",)]


async def test_what_is_compared_is_not_compared_again(verification: Verification, listed: Listed) -> None:
    verification.verified.step = HISTORY
    assert await verification.run() == []
    assert listed.asked == []


async def test_how_far_it_is_is_noted_and_said_as_it_goes(tmp_path: Path) -> None:
    users = [f"u{number:04}" for number in range(1001)]
    items: list[AnyItem] = [*(User(id=name) for name in users), *(Block(owner=name, blocked="u0000") for name in users[1:252])]
    listed = Listed()
    listed.hold(items)
    with Bundle.open(made(tmp_path, items)) as bundle:
        one = Verification(bundle, listed, tmp_path / "out", sample=10)
        kept: list[str] = []
        keep = one.notebook.keep

        def noting(verified: Verified, noted: Any) -> Any:
            kept.append(f"{verified.step} {verified.after}")
            return keep(verified, noted)

        one.notebook.keep = noting  # type: ignore[method-assign]
        assert await one.run() == []
        one.sides.remove()
    assert [said for said in one.said if said[0] in ("user", "block")] == [("user", 1000, 1001), ("block", 100, 251), ("block", 200, 251)]
    assert [said for said in one.said if said[0] == "attributes"] == [("attributes", 10, 10)]
    assert [each for each in kept if each.startswith("block")] == ["block u0100", "block u0200", "block u0251"]
    assert one.verified.kinds["user"].sampled == 10


async def test_a_sample_is_drawn_by_the_bundle_alone(bundle: Bundle, listed: Listed, tmp_path: Path) -> None:
    drawn = []
    for run in ("1", "2"):
        listed.asked = []
        one = Verification(bundle, listed, tmp_path / run, sample=2)
        await one.run()
        one.sides.remove()
        drawn.append([subjects for name, subjects in listed.asked if name == "attributes"])
    assert drawn[0] == drawn[1]
    assert len(drawn[0][0]) == 2


async def test_of_whom_nothing_is_told_the_fields_that_were_written_are_different(verification: Verification, listed: Listed) -> None:
    del listed.lists["attributes", "cy"]
    assert [(one.sort, one.item, one.fields) for one in await verification.run()] == [
        ("different", "user\x1fcy", ("name", "sign", "attributes"))
    ]


async def test_nothing_is_noted_twice_and_all_is_on_disk(verification: Verification, listed: Listed) -> None:
    del listed.lists["users", ""][3]
    assert len(await verification.run()) == 1
    lines = verification.notebook.differences.read_bytes().splitlines()
    assert len(lines) == 1
    assert verification.verified.written == verification.notebook.differences.stat().st_size
    assert verification.notebook.read() == verification.verified
    assert msgspec.json.decode(lines[0]) == {"sort": "missing", "kind": "user", "item": "user\x1fdan"}
