"""Recalls, answers and receipts name a message by its id on their own side; the target's is found, whichever side it was said on."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from msgspec import structs

from converters import mark
from converters.bodies import Text
from converters.fingerprint import fingerprints
from converters.model import Delivery, Event, Group, Sent, conversation_key, direct
from converters.operations import (
    Edit,
    GroupChanged,
    GroupCreated,
    MembersAdded,
    Operation,
    Post,
    Quote,
    Reaction,
    Read,
    Recall,
    Ref,
)
from converters.outcome import Delivered, Refused
from streams.deliver import records
from streams.deliver.conversations import Open
from streams.deliver.entries import Ended, dump
from streams.deliver.lanes import Lane
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_rows import packed
from streams.deliver.naming import REMEMBERED, Naming
from streams.deliver.waiting import Waiting, mark_late, prepared
from streams.exact.producers import Record
from streams.settings import Deliver

NOW = int(time.time() * 1000)
TALK = direct("alice", "bob")
LANE = Lane(TopicPartition("deliveries", 0), live=True)


def delivery(number: str, operation: Operation, source: str = "old", **more: Any) -> Delivery:
    """*operation* as message *number* of the app *source*, on its way to the other of `old` and `new`."""
    target = "new" if source == "old" else "old"
    sender, receiver = ("alice", "bob") if source == "old" else ("bob", "alice")
    conversation = more.pop("conversation", TALK)
    event = Event(
        id=f"{source}:{number}", source=source, remote_id=number, conversation=conversation, sender=sender, at=NOW,
        operation=operation, **more,
    )  # fmt: skip
    return Delivery(
        event=event, target=target, sender=f"{sender}-there", receiver=f"{receiver}-there", received=NOW, author=f"{sender}-here"
    )


def opened(one: Delivery) -> Open:
    return Open(LANE, 0, conversation_key(one.event.conversation), Record(None, None, []), one)


class Side:
    """The local state of the worker that delivers to *target*: its own ledger, and the other's read along."""

    def __init__(self, path: Path, target: str) -> None:
        self.store = LedgerStore(path.parent, path.name, Deliver())
        # Only what was carried to the app from which its deliveries come can be named in them.
        self.naming = Naming(self.store, frozenset({"old" if target == "new" else "new"}))

    def carried(self, one: Delivery, *remote_ids: str) -> None:
        """The ledger, whichever, says that *one* arrived under *remote_ids*."""
        event = opened(one)
        parts = tuple(Delivered(remote_id, NOW + 5) for remote_id in remote_ids)
        event.outcome, event.arrived = parts[-1], parts
        event.does = self.naming.does(one)
        key, entry = records.ended(event)
        self.put(key, entry)

    def put(self, key: bytes, entry: Ended) -> None:
        self.store.put([(key, packed(dump(entry), 0, entry)), *self.naming.rows(key, entry)], entry.at)


@pytest.fixture
def to_new(tmp_path: Path) -> Iterator[Side]:
    side = Side(tmp_path / "new", "new")
    yield side
    side.store.close()


def ref(number: str, source: str = "old") -> Ref:
    return Ref(id=number, event=f"{source}:{number}")


def test_a_message_said_here_is_found_by_what_the_target_called_it(to_new: Side) -> None:
    to_new.carried(delivery("1", Post(Text("hi"))), "901")
    there = to_new.naming.there(delivery("2", Recall(ref("1"))))
    assert there.message == (Sent("901", "alice-there", NOW + 5),)


def test_every_part_of_a_long_message_is_found(to_new: Side) -> None:
    to_new.carried(delivery("1", Post(Text("long"))), "901", "902", "903")
    there = to_new.naming.there(delivery("2", Recall(ref("1"))))
    assert [sent.id for sent in there.message] == ["901", "902", "903"]


def test_a_message_that_was_carried_to_this_side_is_found_under_its_own_id(to_new: Side) -> None:
    said = delivery("77", Post(Text("from there")), source="new")
    to_new.carried(said, "12", "13")  # two parts arrived in `old`
    for part in ("12", "13"):
        there = to_new.naming.there(delivery("2", Reaction(ref(part), "like")))
        assert there.message == (Sent("77", "bob-here", NOW),)
    quoting = to_new.naming.there(delivery("3", Post(Text("yes"), Quote(ref("12")))))
    assert quoting.quoted == (Sent("77", "bob-here", NOW),)


def test_another_conversations_message_of_the_same_id_is_not_meant(to_new: Side) -> None:
    to_new.carried(delivery("77", Post(Text("x")), source="new", conversation=Group("team")), "12")
    assert to_new.naming.there(delivery("2", Recall(Ref("12")))).message == ()


def test_a_client_id_finds_it_too(to_new: Side) -> None:
    to_new.carried(delivery("1", Post(Text("hi")), client_id="c-1"), "901")
    assert to_new.naming.there(delivery("2", Recall(Ref("", client_id="c-1")))).message[0].id == "901"


def test_reading_a_whole_conversation_means_the_last_that_was_carried_here(to_new: Side) -> None:
    assert to_new.naming.there(delivery("9", Read())).message == ()
    for number in ("77", "78"):
        to_new.carried(delivery(number, Post(Text("x")), source="new"), f"1{number}")
    assert to_new.naming.there(delivery("9", Read())).message == (Sent("78", "bob-here", NOW),)
    assert to_new.naming.there(delivery("9", Read(ref("unknown")))).message[0].id == "78"


def test_what_was_refused_is_not_there(to_new: Side) -> None:
    event = opened(delivery("1", Post(Text("hi"))))
    event.outcome = Refused("no")
    to_new.put(*records.ended(event))
    assert to_new.naming.there(delivery("2", Recall(ref("1")))).message == ()


OPERATIONS = {
    "recall": (Recall(ref("1")), Recall(ref("901", "new"))),
    "edit": (Edit(ref("1"), Text("new words")), Edit(ref("901", "new"), Text("new words"))),
    "rename": (GroupChanged(name="Team"), GroupChanged(name="Team")),
    "two members": (MembersAdded(("eve", "dan")), MembersAdded(("dan", "eve"), how="invited")),
}


@pytest.mark.parametrize(("done", "back"), OPERATIONS.values(), ids=OPERATIONS)
def test_our_own_doing_is_known_when_it_is_called_back_once(tmp_path: Path, done: Operation, back: Operation) -> None:
    """`old` to `new` is done; `new` calls it back; the worker that delivers to `old` reads the ledger of `new` along."""
    said = delivery("1", Post(Text("hi")))
    forth, back_side = Side(tmp_path / "new", "new"), Side(tmp_path / "old", "old")
    forth.carried(said, "901")
    back_side.carried(said, "901")
    one = opened(delivery("2", done))
    one.does = forth.naming.does(one.delivery)
    key, intent = records.intent(one, 0)
    back_side.store.put(back_side.naming.rows(key, intent))
    echo = delivery("902", back, source="new")
    does = back_side.naming.does(echo)
    assert does
    assert back_side.naming.ours(echo, does)
    assert not back_side.naming.ours(echo, does), "a person did the same again"
    forth.store.close()
    back_side.store.close()


def test_our_doing_is_forgotten_only_when_that_is_committed(to_new: Side) -> None:
    """A worker that dies in between reads the callback once more: it is ours still."""
    rename = delivery("5", GroupChanged(name="Team"), source="new", conversation=Group("team"))
    one = opened(rename)
    one.does = fingerprints(rename.event)
    key, intent = records.intent(one, 0)
    to_new.store.put(to_new.naming.rows(key, intent))
    asked = delivery("6", GroupChanged(name="Team"), conversation=Group("team"))
    does = to_new.naming.does(asked)
    assert to_new.naming.ours(asked, does)
    next_owner = Naming(to_new.store, frozenset({"new"}))
    assert next_owner.ours(asked, does)
    to_new.store.put(next_owner.forget(asked, does))
    assert not Naming(to_new.store, frozenset({"new"})).ours(asked, does)
    # Done once more before the first callback is written down: the second one is ours as well.
    to_new.store.put(to_new.naming.rows(key, structs.replace(intent, at=NOW + 1)))
    assert to_new.naming.ours(asked, does)
    to_new.store.put(to_new.naming.rows(key, structs.replace(intent, at=NOW + 2)))
    to_new.store.put(to_new.naming.forget(asked, does))
    assert to_new.naming.ours(asked, does)


def test_what_a_person_does_is_not_ours(to_new: Side) -> None:
    rename = delivery("5", GroupChanged(name="Team"), source="new", conversation=Group("team"))
    one = opened(rename)
    one.does = fingerprints(rename.event)
    to_new.store.put(to_new.naming.rows(*records.intent(one, 0)))
    for other in (GroupChanged(name="Teams"), GroupChanged(name="Team", avatar="x"), MembersAdded(("Team",))):
        asked = delivery("6", other, conversation=Group("team"))
        assert not to_new.naming.ours(asked, to_new.naming.does(asked)), other
    elsewhere = delivery("6", GroupChanged(name="Team"), conversation=Group("other"))
    assert not to_new.naming.ours(elsewhere, to_new.naming.does(elsewhere))


def test_our_doing_is_forgotten_after_some_minutes(to_new: Side) -> None:
    rename = delivery("5", GroupChanged(name="Team"), source="new", conversation=Group("team"))
    one = opened(rename)
    one.does = fingerprints(rename.event)
    key, intent = records.intent(one, 0)
    to_new.store.put(to_new.naming.rows(key, structs.replace(intent, at=NOW - REMEMBERED - 1000)))
    asked = delivery("6", GroupChanged(name="Team"), conversation=Group("team"))
    assert not to_new.naming.ours(asked, to_new.naming.does(asked))


def test_a_recall_before_its_message_waits_and_then_finds_it(to_new: Side) -> None:
    waiting = Waiting(10, 10.0)
    recall = opened(delivery("2", Recall(ref("1"))))
    assert prepared(recall, to_new.naming, waiting, 100.0) is None

    def is_there(event: Open) -> bool:
        return bool(to_new.naming.there(event.delivery).message)

    assert waiting.over(101.0, is_there, {}) == []
    to_new.carried(delivery("1", Post(Text("hi"))), "901")
    assert waiting.over(102.0, is_there, {}) == [recall]
    there = prepared(recall, to_new.naming, waiting, 102.0)
    assert there is not None
    assert there.message[0].id == "901"
    assert not recall.in_vain


def test_the_wait_ends_unless_the_message_itself_is_on_its_way(to_new: Side) -> None:
    waiting = Waiting(10, 10.0)
    recall = opened(delivery("2", Recall(ref("1"))))
    assert prepared(recall, to_new.naming, waiting, 100.0) is None
    assert waiting.over(111.0, lambda _: False, {"old:1"}) == []
    assert waiting.over(112.0, lambda _: False, {}) == [recall]
    there = prepared(recall, to_new.naming, waiting, 112.0)
    assert there is not None
    assert recall.in_vain
    assert there.message == ()


def test_where_too_many_wait_the_next_does_not(to_new: Side) -> None:
    waiting = Waiting(1, 10.0)
    first, second = opened(delivery("2", Recall(ref("1")))), opened(delivery("3", Recall(ref("0"))))
    assert prepared(first, to_new.naming, waiting, 100.0) is None
    assert prepared(second, to_new.naming, waiting, 100.0) is not None
    assert second.in_vain


def test_messages_of_a_group_made_at_the_target_go_to_its_new_id(to_new: Side) -> None:
    team = Group("~old-5")
    made = structs.replace(delivery("5", GroupCreated("Team", "alice"), conversation=team), receiver="")
    talk = structs.replace(delivery("6", Post(Text("hi")), conversation=team), receiver="")
    early = opened(talk)
    prepared(early, to_new.naming, Waiting(1, 1.0), 0.0)
    assert early.outcome == Refused(records.UNMAPPED)
    to_new.carried(made, "270001")
    event = opened(talk)
    prepared(event, to_new.naming, Waiting(1, 1.0), 0.0)
    assert (event.outcome, event.delivery.receiver) == (None, "270001")


def test_a_message_said_before_one_that_was_sent_is_late_and_its_mark_says_so(to_new: Side) -> None:
    naming = to_new.naming
    first = delivery("1", Post(Text("x")))
    early, same = (structs.replace(first, event=structs.replace(first.event, at=at)) for at in (NOW - 1, NOW))
    assert not naming.is_late(first)
    naming.said(first)
    for _ in range(2):
        assert (naming.is_late(early), naming.is_late(same)) == (True, False)
        naming.said(early)
        to_new.store.put(naming.order())
    event = opened(early)
    mark_late(event)
    key, entry = records.intent(event, 0)
    assert event.late
    assert mark.make("e", "a", "b", late=event.delivery.late)["late"] is True
    event.outcome = Delivered("901")
    assert records.ended(event)[1].late
    assert (key, entry.part) == (b"old:1", 0)
