"""Parts of a migration that need no broker."""

from pathlib import Path

import pytest
from aiokafka import TopicPartition
from msgspec import structs

from converters import PLATFORMS
from converters.addressing import address, delivery_of
from converters.core.bodies import Text
from converters.core.fingerprint import fingerprints
from converters.core.model import Event, Group, conversation_key, direct
from converters.core.operations import MembersAdded, Post
from converters.doings import doings
from converters.inventory import Block, Friendship, GroupMember, Setting, User
from converters.inventory import Group as GroupItem
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityTable, record
from converters.routing.route import App
from streams.migrate.credentials import Passwords, derived, written
from streams.migrate.orders import Hours, HoursError
from streams.migrate.records import ItemTask, MessageTask, Progress, Task, dump, lane_key, load_done, load_task, task_key
from streams.migrate.state import State
from streams.settings.root import SettingsError
from tests.converters.examples import account_of

NOON = 1_760_011_200.0  # 12:00 UTC


def app(name: str, platform: str, target: str) -> App:
    return App(name=name, platform=PLATFORMS[platform], account=account_of(platform), target=target)


OLD, NEW = app("old", "yunxin", "new"), app("new", "easemob", "old")


@pytest.mark.parametrize(
    ("between", "zone", "is_open"),
    [
        ("", "", True),
        ("11:00-13:00", "", True),
        ("12:00-12:01", "", True),
        ("11:00-12:00", "", False),
        ("23:00-13:00", "", True),
        ("13:00-11:00", "", False),
        ("19:00-21:00", "+08:00", True),
        ("19:00-21:00", "Asia/Shanghai", True),
        ("11:00-13:00", "-05:00", False),
    ],
)
def test_requests_leave_in_the_hours_that_were_given(between: str, zone: str, *, is_open: bool) -> None:
    assert Hours(between, zone).open_at(NOON) is is_open


@pytest.mark.parametrize(
    ("between", "zone"), [("1-7", ""), ("01:00", ""), ("01:99-07:00", ""), ("01:00-07:00", "Mars"), ("01:00-07:00", "+8")]
)
def test_hours_that_are_none_are_refused_with_what_is_expected(between: str, zone: str) -> None:
    with pytest.raises(HoursError, match="expected as"):
        Hours(between, zone)


def test_given_passwords_are_found_and_all_others_derived(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_bytes(written([(f"user{number}", f"pass {number}") for number in range(200)] + [("a", "ä\t\n")]))
    file.chmod(0o600)
    passwords = Passwords(file)
    assert [passwords.of(NEW, f"user{number}") for number in range(200)] == [f"pass {number}" for number in range(200)]
    assert passwords.of(NEW, "a") == "ä\t\n"
    assert passwords.of(NEW, "user") == derived(NEW, "user") == Passwords(None).of(NEW, "user")
    assert len({derived(NEW, "user"), derived(NEW, "user1")}) == 2
    assert len(derived(NEW, "user")) <= 64


def test_a_file_of_passwords_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_bytes(written([("a", "b")]))
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        Passwords(file)


def test_a_group_without_a_name_is_named_as_live_does_and_its_place_is_known_once_it_is_made() -> None:
    table, minted = IdentityTable(), list[NewIdentity]()
    member = GroupMember(group="77", user="bob")
    first = address(member, OLD, NEW, table, minted)
    assert (first.conversation, first.place) == (Group("~yunxin-77"), "")
    assert [one.record for one in minted] == [record("yunxin", "group", "77", "~yunxin-77")]
    for key, value in (*(one.record for one in minted), record("easemob", "group", "6001", "~yunxin-77")):
        table.apply(key, value)
    later = list[NewIdentity]()
    found = address(member, OLD, NEW, table, later)
    assert (found.key, found.place, later) == (conversation_key(Group("~yunxin-77")), "6001", [])
    assert address(GroupItem(id="77", owner="bob"), OLD, NEW, table, later).key == found.key, "with its members in one partition"


def test_a_batch_of_one_owner_lies_in_one_partition() -> None:
    table = IdentityTable()
    keys = {
        address(item, OLD, NEW, table, []).key
        for item in (
            Friendship(owner="ann", friend="bob"),
            Friendship(owner="ann", friend="carol"),
            Block(owner="ann", blocked="x"),
            Setting(user="ann"),
            User(id="ann"),
        )
    }
    assert keys == {b"user\x1fann"}


def test_a_message_goes_to_its_group_or_waits_for_it() -> None:
    event = Event(
        id="yunxin:old:group:1:post",
        source="old",
        remote_id="1",
        conversation=Group("77"),
        sender="Bob".lower(),
        at=5,
        operation=Post(Text("hi", mentions=("ann",))),
    )
    table = IdentityTable()
    assert delivery_of(event, OLD, NEW, table, []) is None
    table.apply(*record("yunxin", "group", "77", "team"))
    table.apply(*record("easemob", "group", "6001", "team"))
    found = delivery_of(event, OLD, NEW, table, [])
    assert found is not None
    assert (found.event.conversation, found.receiver, found.author, found.people, found.origin) == (
        Group("team"),
        "6001",
        "bob",
        {"ann": "ann"},
        "77",
    )
    talk = structs.replace(event, conversation=direct("ann", "bob"))
    direct_one = delivery_of(talk, OLD, NEW, table, [])
    assert direct_one is not None
    assert (direct_one.sender, direct_one.receiver) == ("bob", "ann")


def test_what_the_target_calls_back_is_known_as_our_own() -> None:
    member = GroupMember(group="77", user="bob", role="admin", muted=True)
    ours = {one for event in doings(member, "old", Group("team"), 5) for one in fingerprints(event)}
    called_back = Event(
        id="x", source="new", remote_id="9", conversation=Group("team"), sender="", at=9, operation=MembersAdded(("bob",), "invited")
    )
    assert set(fingerprints(called_back)) <= ours
    somebody = structs.replace(called_back, operation=MembersAdded(("carol",)))
    assert not set(fingerprints(somebody)) & ours


def test_tasks_are_read_as_they_were_written() -> None:
    event = Event(
        id="yunxin:old:direct:1:post",
        source="old",
        remote_id="1",
        conversation=direct("a", "b"),
        sender="a",
        at=5,
        operation=Post(Text("x")),
    )
    delivery = delivery_of(event, OLD, NEW, IdentityTable(), [])
    assert delivery is not None
    tasks: list[Task] = [
        ItemTask(run="r", app="new", source="old", item=User(id="a"), digest="d", late=True),
        MessageTask(run="r", delivery=delivery, after="", live=True),
    ]
    assert [load_task(dump(task)) for task in tasks] == tasks
    assert task_key(tasks[0]) == b"user\x1fa\x1flate"  # type: ignore[arg-type]


def test_what_is_done_is_counted_once_however_often_it_is_written(tmp_path: Path) -> None:
    state = State(tmp_path / "rows", TopicPartition("migrated.x", 0))
    key = lane_key(b"direct\x1fa\x1fb")
    for count in (1, 2, 2):
        state.take([(key, dump(Progress(last=str(count), count=count, stopped="why" if count == 1 else "")))], count)
    assert (state.counts["lane", "count"], state.counts["lane", "stopped"], state.offset) == (2, 0, 2)
    state.close()
    again = State(tmp_path / "rows", TopicPartition("migrated.x", 0))
    found = again.get(key)
    assert isinstance(found, Progress)
    assert load_done(dump(found)) == found
    again.close()
