"""What `check` makes of an export: in order, without doubles, and the same whoever reads it."""

from pathlib import Path

import pytest

from converters.core.model import Event, conversation_key, direct
from converters.core.model import Group as GroupTalk
from converters.core.operations import Post
from converters.inventory import Friendship, GroupMember, User
from streams.migrate.bundle import Bundle
from streams.migrate.errors import BundleError
from tests.migrate.exports import DAY, NOW, check, checked, places, said, user, write

TALK = conversation_key(direct("ann", "bob"))


def texts(bundle: Bundle, key: bytes = TALK, after: bytes = b"") -> list[str]:
    return [one.event.operation.body.text for one in bundle.messages(key, after)]  # type: ignore[union-attr]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    write(folder / "users.jsonl", [user("Ann"), user("bob"), user("cid")])
    return folder


def test_messages_come_by_time_and_within_a_millisecond_as_the_source_has_them(export: Path, tmp_path: Path) -> None:
    at = NOW - DAY
    rows = [said(3, "bob", "Ann", at=at + 2, text="3"), said(1, "Ann", "bob", at=at, text="1"), said(2, "Ann", "bob", at=at, text="2")]
    write(export / "messages.jsonl", rows)
    with checked(export, tmp_path) as bundle:
        assert texts(bundle) == ["1", "2", "3"]
        assert [keyed.key for keyed in bundle.conversations()] == [TALK]
        talk = bundle.talk(TALK)
        assert talk is not None
        assert (talk.count, talk.first, talk.last) == (3, at, at + 2)


def test_reading_goes_on_behind_a_position(export: Path, tmp_path: Path) -> None:
    write(export / "messages.jsonl", [said(n, "Ann", "bob", at=NOW - DAY + n, text=str(n)) for n in range(5)])
    with checked(export, tmp_path) as bundle:
        second = list(bundle.messages(TALK))[1]
        assert texts(bundle, after=second.key) == ["2", "3", "4"]
        rows = list(bundle.items("user"))
        assert [row.item.id for row in bundle.items("user", after=rows[0].key)] == ["bob", "cid"]  # type: ignore[union-attr]
        assert list(bundle.conversations(after=TALK)) == []


def test_a_message_has_the_id_that_its_callback_had(export: Path, tmp_path: Path) -> None:
    write(export / "messages.jsonl", [said(1, "Ann", "BOB")])
    with checked(export, tmp_path) as bundle:
        (one,) = bundle.messages(TALK)
        assert isinstance(one.event, Event)
        assert one.event.id == "own:old:direct:m1:post"
        assert (one.event.sender, one.event.conversation) == ("ann", direct("ann", "bob"))


def test_a_recalled_message_stays_out_and_an_edited_one_is_as_it_was_last(export: Path, tmp_path: Path) -> None:
    def done(number: int, of: str, at: int, **what: object) -> dict[str, object]:
        return {**said(number, "Ann", "bob", at=at), "operation": {"message": {"id": of}, **what}}

    edits = [
        done(8, "m2", NOW - 5, op="edit", body={"kind": "text", "text": "later"}),
        done(7, "m2", NOW - 9, op="edit", body={"kind": "text", "text": "sooner"}),
    ]
    write(
        export / "messages.jsonl",
        [*edits, said(1, "Ann", "bob", text="gone"), said(2, "Ann", "bob", text="first"), done(9, "m1", NOW - 1, op="recall")],
    )
    with checked(export, tmp_path) as bundle:
        assert texts(bundle) == ["later"]
        assert places(bundle) == {("recalled", "messages.jsonl:5"), ("edited", "messages.jsonl:1")}
        bundle.verify()


def test_both_sides_of_a_friendship_are_one(export: Path, tmp_path: Path) -> None:
    write(export / "friends.jsonl", [{"owner": "bob", "friend": "Ann", "remark": "A."}, {"owner": "Ann", "friend": "bob", "remark": "B."}])
    with checked(export, tmp_path) as bundle:
        (row,) = bundle.items("friendship")
        assert row.item == Friendship(owner="ann", friend="bob", remark="B.", friend_remark="A.")
        assert places(bundle) == set()


def test_an_owner_is_a_member_whoever_says_so(export: Path, tmp_path: Path) -> None:
    write(export / "groups.jsonl", [{"id": "G1", "owner": "Ann"}, {"id": "G2", "owner": "bob"}])
    write(export / "members.jsonl", [{"group": "G2", "user": "BOB"}, {"group": "G2", "user": "cid", "role": "owner"}])
    with checked(export, tmp_path) as bundle:
        members = [row.item for row in bundle.items("member")]
        assert members == [
            GroupMember(group="G1", user="ann", role="owner"),
            GroupMember(group="G2", user="bob", role="owner"),
            GroupMember(group="G2", user="cid", role="admin"),
        ]
        assert places(bundle) == {("two-owners", "members.jsonl:2")}


def test_older_messages_stay_out_or_go_to_the_devices_or_come_along(export: Path, tmp_path: Path) -> None:
    write(export / "messages.jsonl", [said(1, "Ann", "bob", at=NOW - 91 * DAY, text="old"), said(2, "Ann", "bob", text="new")])
    with checked(export, tmp_path / "1") as bundle:
        assert (texts(bundle), list(bundle.device_messages(TALK)), bundle.meta.problems) == (["new"], [], {"retention": 1})
    with checked(export, tmp_path / "2", devices=True) as bundle:
        old = [one.event.remote_id for one in bundle.device_messages(TALK)]
        assert (texts(bundle), old, bundle.count("device-message")) == (["new"], ["m1"], 1)
        bundle.verify()
    with checked(export, tmp_path / "3", older=True) as bundle:
        assert texts(bundle) == ["old", "new"]


@pytest.mark.parametrize(("before", "stops", "server"), [("stop", 2, 2), ("skip", 0, 0), ("restamp", 0, 2), ("import", 0, 2)])
def test_messages_before_their_group_existed_there_are_as_a_person_decides(
    export: Path, tmp_path: Path, before: str, stops: int, server: int
) -> None:
    write(export / "groups.jsonl", [{"id": "g", "owner": "Ann"}])
    write(export / "messages.jsonl", [said(1, "Ann", group="g"), said(2, "bob", group="g")])
    with checked(export, tmp_path, before_group=before, devices=before == "skip") as bundle:
        key = conversation_key(GroupTalk("g"))
        assert (bundle.meta.stops, len(list(bundle.messages(key)))) == (stops, server)
        assert len(list(bundle.device_messages(key))) == 2 - server


def test_the_same_export_has_the_same_hash_and_another_one_has_not(export: Path, tmp_path: Path) -> None:
    write(export / "messages.jsonl", [said(1, "Ann", "bob")])
    first, second = check(export, tmp_path / "1"), check(export, tmp_path / "2")
    assert first.name == second.name
    write(export / "messages.jsonl", [said(1, "Ann", "bob", text="hallo")])
    assert check(export, tmp_path / "3").name != first.name


def test_what_is_no_bundle_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle: im-relay migrate check makes one"):
        Bundle.open(tmp_path)


def test_a_bundle_that_was_changed_is_found(export: Path, tmp_path: Path) -> None:
    from streams.migrate.bundle import ROWS
    from streams.migrate.store import ITEMS, Store

    write(export / "messages.jsonl", [said(1, "Ann", "bob")])
    path = check(export, tmp_path)
    store = Store(path / ROWS)
    store.put(ITEMS, b"user\x1feve", b'{"item":"user","id":"eve"}')
    store.flush()
    store.close()
    with Bundle.open(path) as bundle, pytest.raises(BundleError, match="its hash is not"):
        bundle.verify()


def test_a_given_password_stays_in_the_source(export: Path, tmp_path: Path) -> None:
    write(
        export / "users.jsonl",
        [user("Ann", password="planted-a"), user("bob", password="planted-b", phone=5), user("13812345678", password="planted-c")],
    )
    write(export / "more" / "users.csv", ["id,password\n", "dan,planted-d\n", '"eve,planted-e\n'])
    path = check(export, tmp_path / "work")
    with Bundle.open(path) as bundle:
        assert {row.item.id for row in bundle.items("user") if isinstance(row.item, User) and row.item.password_given} == {"ann", "dan"}
        assert len(places(bundle)) == 3
        assert "planted" not in repr(list(bundle.problems()))
    files = [each for each in (tmp_path / "work").rglob("*") if each.is_file()]
    assert files
    assert [each.name for each in files if b"planted" in each.read_bytes()] == []


def test_media_and_mentions_are_kept_and_posts_of_other_kinds_counted(export: Path, tmp_path: Path) -> None:
    image = {"kind": "image", "file": {"url": "https://files.example/1.jpg"}}
    write(
        export / "messages.jsonl",
        [
            {**said(1, "Ann", "bob"), "operation": {"op": "post", "body": image}},
            {**said(2, "Ann", "bob"), "operation": {"op": "post", "body": {"kind": "text", "text": "hi", "mentions": ["BOB"]}}},
            {**said(3, "Ann", "bob"), "operation": {"op": "read", "until": NOW}},
        ],
    )
    with checked(export, tmp_path) as bundle:
        bodies = [one.event.operation.body for one in bundle.messages(TALK) if isinstance(one.event.operation, Post)]
        assert (bundle.meta.files, bundle.meta.problems) == (1, {"operation": 1})
        assert getattr(bodies[1], "mentions", None) == ("bob",)


def of_two_ids(folder: Path) -> None:
    """`Li` and `li` are two users of the source; everything of the second is written as its own id."""
    write(folder / "users.jsonl", [user("li"), user("Li"), user("bob")])
    write(folder / "friends.jsonl", [{"owner": "Li", "friend": "bob", "remark": "L."}, {"owner": "bob", "friend": "li", "remark": "l."}])
    write(folder / "blocks.jsonl", [{"owner": "bob", "blocked": "Li"}])
    write(folder / "groups.jsonl", [{"id": "G1", "owner": "bob"}, {"id": "G2", "owner": "Li"}, {"id": "G3", "owner": "li"}])
    write(folder / "members.jsonl", [{"group": "G1", "user": "Li", "role": "admin"}, {"group": "G3", "user": "LI", "name": "boss"}])
    rows = [
        said(1, "Li", "bob", text="L1"),
        said(2, "li", "BOB", text="l2"),
        said(3, "bob", "Li", text="L3"),
        said(4, "bob", "li", text="l4"),
    ]
    groups = [said(5, "Li", group="G1", text="L5"), said(6, "bob", group="G1", text="b6"), said(7, "li", group="G3", text="l7")]
    write(folder / "messages.jsonl", [*rows, *groups, said(8, "bob", group="G2", text="b8")])


def test_what_names_a_user_who_was_left_out_is_not_the_other_ones(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    of_two_ids(folder)
    with checked(folder, tmp_path / "bundles", skipped=frozenset({"case"})) as bundle:
        (friendship,) = bundle.items("friendship")
        assert friendship.item == Friendship(owner="bob", friend="li", remark="l.")
        assert bundle.count("block") == 0
        members = [(row.item.group, row.item.user, row.item.role) for row in bundle.items("member") if isinstance(row.item, GroupMember)]
        assert members == [("G1", "bob", "owner"), ("G3", "li", "owner")]
        assert texts(bundle, conversation_key(direct("bob", "li"))) == ["l2", "l4"]
        assert texts(bundle, conversation_key(GroupTalk("G1"))) == ["b6"]
        assert texts(bundle, conversation_key(GroupTalk("G3"))) == ["l7"]
        lost = {where for kind, where in places(bundle) if kind == "along"}
        assert lost == {
            "friends.jsonl:1", "blocks.jsonl:1", "groups.jsonl:2", "members.jsonl:1", "messages.jsonl:1", "messages.jsonl:3",
            "messages.jsonl:5", "messages.jsonl:8",
        }  # fmt: skip
        bundle.verify()


def test_where_a_person_says_that_they_are_the_same_all_is_that_users(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    of_two_ids(folder)
    with checked(folder, tmp_path / "bundles", accepted=frozenset({"case"}), skipped=frozenset({"same-id"})) as bundle:
        assert texts(bundle, conversation_key(direct("bob", "li"))) == ["L1", "l2", "L3", "l4"]
        assert texts(bundle, conversation_key(GroupTalk("G2"))) == ["b8"]
        assert bundle.count("block") == 1
        assert not {where for kind, where in places(bundle) if kind == "along"}
