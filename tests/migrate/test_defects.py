"""Two hundred defects of every kind, planted into an export that has none: each is found where it is, and none is invented."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converters import PLATFORMS
from converters.migration_problems import KINDS
from streams.migrate.files import open_path
from tests.migrate.exports import DAY, NOW, checked, places, said, user, write

USERS, GROUPS, MESSAGES, DEFECTS = 300, 30, 600, 200
Export = dict[str, list[Any]]
Plant = Callable[[Export, int], tuple[str, str]]
"""(export, number of the defect): adds one; what is found of it."""


def sound() -> Export:
    users = [user(f"user{n}", push_name=f"U{n}") for n in range(USERS)]
    friends = [{"owner": f"user{n}", "friend": f"user{(n + 1) % USERS}", "remark": "friend"} for n in range(USERS)]
    groups = [{"id": f"g{n}", "owner": f"user{n}", "name": "Group", "created": NOW - 80 * DAY} for n in range(GROUPS)]
    members = [{"group": f"g{n}", "user": f"user{n + k}"} for n in range(GROUPS) for k in range(1, 9)]
    messages = []
    for n in range(MESSAGES):
        at = NOW - 60 * DAY + n * 1000
        messages.append(
            said(n, f"user{n % 30}", group=f"g{n % 30}", at=at) if n % 3 == 0 else said(n, f"user{n % 90}", f"user{n % 90 + 1}", at=at)
        )
    return {
        "users": users,
        "friends": friends,
        "groups": groups,
        "members": members,
        "messages": messages,
        "blocks": [],
        "settings": [],
        "rooms": [],
    }


def at_end(export: Export, kind: str, row: Any) -> str:
    export[kind].append(row)
    return f"{kind}.jsonl:{len(export[kind])}"


def gone(word: str) -> str:
    return f"ghost-{word}"


PLANTS: dict[str, Plant] = {
    "broken json": lambda e, n: ("line", at_end(e, "users", '{"id": "x\n')),
    "no object": lambda e, n: ("line", at_end(e, "groups", "[1]\n")),
    "no id": lambda e, n: ("line", at_end(e, "users", {"name": "x"})),
    "a number for a name": lambda e, n: ("line", at_end(e, "users", {"id": f"n{n}", "name": 7})),
    "a control character": lambda e, n: ("id", at_end(e, "users", user(f"a\tb{n}"))),
    "upper case": lambda e, n: ("case", at_end(e, "users", user(f"User{200 + n}"))),
    "another user of that id": lambda e, n: ("same-id", at_end(e, "users", user(f"user{100 + n}", sign=f"other {n}"))),
    "the same user": lambda e, n: ("double", at_end(e, "users", e["users"][n % 50 + 40])),
    "a phone": lambda e, n: ("phone", at_end(e, "users", user(f"138{n:08}"))),
    "a sign that the id cannot have": lambda e, n: ("changed-id", at_end(e, "users", user(f"with space {n}"))),
    "a long id": lambda e, n: ("hashed-id", at_end(e, "users", user("用户" * 20 + str(n)))),
    "a long name": lambda e, n: ("text", at_end(e, "users", {**user(f"long{n}"), "name": "x" * 65})),
    "large attributes": lambda e, n: ("attributes", at_end(e, "users", user(f"large{n}", attributes={"a": "x" * 2100}))),
    "seconds": lambda e, n: ("seconds", at_end(e, "users", user(f"sec{n}", created=1_700_000_000))),
    "tomorrow": lambda e, n: ("future", at_end(e, "users", user(f"late{n}", created=NOW + DAY))),
    "an owner who is not": lambda e, n: ("owner", at_end(e, "groups", {"id": f"bad{n}", "owner": gone("owner")})),
    "a member who is not": lambda e, n: ("member", at_end(e, "members", {"group": f"g{n % GROUPS}", "user": gone(f"m{n}")})),
    "a group that is not": lambda e, n: ("no-group", at_end(e, "members", {"group": gone(f"g{n}"), "user": "user1"})),
    "a second owner": lambda e, n: (
        "two-owners",
        at_end(e, "members", {"group": f"g{n % GROUPS}", "user": f"user{150 + n}", "role": "owner"}),
    ),
    "a friend who is not": lambda e, n: ("friend", at_end(e, "friends", {"owner": "user1", "friend": gone(f"f{n}")})),
    "the same friendship": lambda e, n: ("double", at_end(e, "friends", e["friends"][n])),
    "another remark": lambda e, n: ("same-id", at_end(e, "friends", {**e["friends"][50 + n], "remark": f"other {n}"})),
    "a friend of oneself": lambda e, n: ("self", at_end(e, "friends", {"owner": f"user{n}", "friend": f"USER{n}"})),
    "a block who is not": lambda e, n: ("block", at_end(e, "blocks", {"owner": gone("b"), "blocked": f"user{n}"})),
    "a setting of nobody": lambda e, n: ("setting", at_end(e, "settings", {"user": gone(f"s{n}"), "mode": "none"})),
    "no time zone": lambda e, n: (
        "zone",
        at_end(e, "settings", {"user": f"user{n}", "quiet_from": "22:00", "quiet_to": "07:00", "zone": "Mars/Phobos"}),
    ),
    "no hours": lambda e, n: (
        "zone",
        at_end(e, "settings", {"user": f"user{n}", "peer": "user299", "quiet_from": "10pm", "quiet_to": "07:00"}),
    ),
    "a room's owner": lambda e, n: ("owner", at_end(e, "rooms", {"id": f"r{n}", "owner": gone("r")})),
    "a sender who is not": lambda e, n: ("sender", at_end(e, "messages", said(f"s{n}", gone("s"), group="g1"))),
    "a sender of others": lambda e, n: ("sender", at_end(e, "messages", {**said(f"o{n}", "user1", "user2"), "sender": "user3"})),
    "somebody who is not": lambda e, n: ("conversation", at_end(e, "messages", said(f"c{n}", "user1", gone(f"c{n}")))),
    "in no group": lambda e, n: ("conversation", at_end(e, "messages", said(f"g{n}", "user1", group=gone(f"x{n}")))),
    "the id of another": lambda e, n: ("same-id", at_end(e, "messages", {**e["messages"][100 + n], "at": NOW - DAY + n})),
    "said twice": lambda e, n: ("double", at_end(e, "messages", e["messages"][n])),
    "in seconds": lambda e, n: ("seconds", at_end(e, "messages", said(f"t{n}", "user1", "user2", at=1_700_000_000 + n))),
    "not yet": lambda e, n: ("future", at_end(e, "messages", said(f"f{n}", "user1", "user2", at=NOW + DAY + n))),
    "too large": lambda e, n: ("message-size", at_end(e, "messages", said(f"l{n}", "user1", "user2", at=NOW - n, text="字" * 2000))),
    "an edit of nothing": lambda e, n: (
        "no-message",
        at_end(e, "messages", {**said(f"e{n}", "user1", "user2"), "operation": {"op": "recall", "message": {"id": gone(f"{n}")}}}),
    ),
    "an empty id": lambda e, n: ("line", at_end(e, "messages", {**said("", "user1", "user2"), "id": ""})),
    "a conversation of one": lambda e, n: (
        "line",
        at_end(e, "messages", {**said(f"one{n}", "user1"), "conversation": {"kind": "direct", "users": ["user1"]}}),
    ),
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[tuple[str, str]]]:
    export, expected = sound(), set[tuple[str, str]]()
    names = list(PLANTS) * (DEFECTS // len(PLANTS))
    random.Random(7).shuffle(names)
    times = Counter[str]()
    for name in names:
        expected.add(PLANTS[name](export, times[name]))
        times[name] += 1
    folder = tmp_path_factory.mktemp("planted") / "export"
    for kind, rows in export.items():
        write(folder / f"{kind}.jsonl", rows)
    assert len(names) == DEFECTS
    return folder, expected


def test_a_sound_export_has_no_problem(tmp_path: Path) -> None:
    for kind, rows in sound().items():
        write(tmp_path / "export" / f"{kind}.jsonl", rows)
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert places(bundle) == set()
        assert bundle.count("user") == USERS
        assert bundle.count("message") == MESSAGES


def test_each_of_two_hundred_is_found_and_none_invented(planted: tuple[Path, set[tuple[str, str]]], tmp_path: Path) -> None:
    folder, expected = planted
    assert len(expected) == DEFECTS
    with checked(folder, tmp_path) as bundle:
        assert sorted(places(bundle) - expected) == []
        assert sorted(expected - places(bundle)) == []
        bundle.verify()


def test_every_kind_that_is_found_is_declared(planted: tuple[Path, set[tuple[str, str]]]) -> None:
    assert {kind for kind, _ in planted[1]} <= set(KINDS)
    assert open_path(planted[0]).notes() == []


def test_what_needs_something_that_stays_out_goes_along_and_is_counted(tmp_path: Path) -> None:
    export = sound()
    export["users"].append(user("13812345678"))
    export["groups"].append({"id": "phone", "owner": "13812345678"})
    export["members"] += [{"group": "phone", "user": "user1"}, {"group": "g1", "user": "13812345678"}]
    export["friends"].append({"owner": "user1", "friend": "13812345678"})
    export["messages"] += [said("a", "user1", group="phone"), said("b", "13812345678", "user1"), said("c", "13812345678", group="g1")]
    for kind, rows in export.items():
        write(tmp_path / "export" / f"{kind}.jsonl", rows)
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert bundle.meta.problems == {"phone": 1, "along": 7}
        assert bundle.meta.stops == 1
    with checked(tmp_path / "export", tmp_path, skipped=frozenset({"phone"})) as bundle:
        assert (bundle.meta.stops, bundle.count("message")) == (0, MESSAGES)
    with checked(tmp_path / "export", tmp_path / "2", accepted=frozenset({"phone"})) as bundle:
        assert (bundle.meta.problems, bundle.count("message")) == ({}, MESSAGES + 3)


@pytest.mark.parametrize(
    ("kind", "rows", "problem", "kept"),
    [
        ("friends", [{"owner": "user0", "friend": f"user{n}"} for n in range(1, 121)], "friends", 100),
        ("blocks", [{"owner": "user0", "blocked": f"user{n % 299 + 1}x{n // 299}"} for n in range(510)], "blocks", 500),
        ("members", [{"group": "g", "user": f"user{n}"} for n in range(1, 151)], "members", 100),
    ],
)
def test_what_is_beyond_a_limit_of_the_edition_stays_out(tmp_path: Path, kind: str, rows: list[Any], problem: str, kept: int) -> None:
    users = [user(f"user{n}") for n in range(300)] + [user(f"user{n % 299 + 1}x{n // 299}") for n in range(510)]
    write(tmp_path / "export" / "users.jsonl", users)
    write(tmp_path / "export" / "groups.jsonl", [{"id": "g", "owner": "user299"}])
    write(tmp_path / "export" / f"{kind}.jsonl", rows)
    with checked(tmp_path / "export", tmp_path, edition="free") as bundle:
        tag = {"friends": "friendship", "blocks": "block", "members": "member"}[kind]
        assert (bundle.count(tag), set(bundle.meta.problems)) == (kept, {problem})
        assert bundle.meta.problems[problem] == len(rows) - kept + (kind == "members")


def test_each_kind_says_itself_in_both_languages() -> None:
    for about in KINDS.values():
        assert about.says("en") != about.says("zh")
    assert PLATFORMS["easemob"].migration is not None
