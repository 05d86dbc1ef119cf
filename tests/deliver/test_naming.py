"""Recalls, answers and receipts name a message by its id on their own side; the target's is found, whichever side it was said on."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from msgspec import structs

from converters import PLATFORMS
from converters.core.bodies import Text
from converters.core.fingerprint import fingerprints
from converters.core.model import NOTHING, Delivery, Event, Group, TargetMessage, conversation_key, direct
from converters.core.operations import Edit, GroupChanged, GroupCreated, MembersAdded, Operation, Post, Quote, Reaction, Read, Recall, Ref
from converters.core.outcome import Delivered, Refused
from converters.text import echo_mark
from streams.deliver import ledger_records
from streams.deliver.conversations import OpenEvent
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_rows import packed
from streams.deliver.ledger_schema import Intent, Settled, dump
from streams.deliver.message_index import UNDATED, MessageIndex, Row
from streams.deliver.pending_references import PendingReferences, mark_late, prepared
from streams.deliver.settings import DeliverSettings
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord

NOW = int(time.time() * 1000)
REACH = 35.0
TALK = direct("alice", "bob")
LANE = OffsetTracker(TopicPartition("deliveries", 0), live=True)


def delivery(number: str, operation: Operation, source: str = "old", **more: Any) -> Delivery:
    """*operation* as message *number* of the app *source*, on its way to the other of `old` and `new`."""
    target = "new" if source == "old" else "old"
    sender, receiver = ("alice", "bob") if source == "old" else ("bob", "alice")
    conversation = more.pop("conversation", TALK)
    event = Event(
        id=f"{source}:{number}",
        source=source,
        remote_id=number,
        conversation=conversation,
        sender=sender,
        at=NOW,
        operation=operation,
        **more,
    )
    return Delivery(
        event=event, target=target, sender=f"{sender}-there", receiver=f"{receiver}-there", received=NOW, author=f"{sender}-here"
    )


def opened(one: Delivery) -> OpenEvent:
    return OpenEvent(LANE, 0, conversation_key(one.event.conversation), OutputRecord(None, None, []), one)


class Side:
    """The local state of the worker that delivers to *target*: its own ledger, and the other's read along."""

    def __init__(self, path: Path, target: str) -> None:
        self.store = LedgerStore(path.parent, path.name, DeliverSettings())
        # Only what was carried to the app from which its deliveries come can be named in them.
        self.mirrored = frozenset({"old" if target == "new" else "new"})
        self.naming = MessageIndex(self.store, self.mirrored, REACH)

    def carried(self, one: Delivery, *remote_ids: str) -> None:
        """The ledger, whichever, says that *one* arrived under *remote_ids*."""
        event = opened(one)
        parts = tuple(Delivered(remote_id, NOW + 5) for remote_id in remote_ids)
        event.outcome, event.arrived = parts[-1], parts
        event.does = self.naming.does(one)
        key, entry = ledger_records.ended(event)
        self.put(key, entry)

    def put(self, key: bytes, entry: Settled) -> None:
        self.learn([(key, packed(dump(entry), 0, entry)), *self.naming.rows(key, entry)])

    def learn(self, rows: Iterable[Row]) -> None:
        self.store.put(rows, NOW)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is now, however long the tests before have taken."""
    monkeypatch.setattr(ledger_records, "_now", lambda: NOW)


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
    assert there.message == (TargetMessage("901", "alice-there", NOW + 5),)


def test_every_part_of_a_long_message_is_found(to_new: Side) -> None:
    to_new.carried(delivery("1", Post(Text("long"))), "901", "902", "903")
    there = to_new.naming.there(delivery("2", Recall(ref("1"))))
    assert [sent.id for sent in there.message] == ["901", "902", "903"]


def test_a_message_that_was_carried_to_this_side_is_found_under_its_own_id(to_new: Side) -> None:
    said = delivery("77", Post(Text("from there")), source="new")
    to_new.carried(said, "12", "13")  # two parts arrived in `old`
    for part in ("12", "13"):
        there = to_new.naming.there(delivery("2", Reaction(ref(part), "like")))
        assert there.message == (TargetMessage("77", "bob-here", NOW),)
    quoting = to_new.naming.there(delivery("3", Post(Text("yes"), Quote(ref("12")))))
    assert quoting.quoted == (TargetMessage("77", "bob-here", NOW),)


def test_an_imported_message_is_found_by_what_the_target_calls_it(tmp_path: Path) -> None:
    """A migration tells of it as of an echo; whoever reads it there takes it back there, or answers it, each part of it."""
    side, said = Side(tmp_path / "old", "old"), delivery("1", Post(Text("from before")))
    parts = (Delivered("901", NOW), Delivered("902", NOW + 1))
    side.put(b"old:1", Settled(outcome=parts[-1], target="new", at=NOW, by="echo", names=ledger_records.names(said), arrived=parts))
    for part in ("901", "902"):
        assert side.naming.there(delivery("77", Recall(Ref(part)), source="new")).message == (TargetMessage("1", "alice-here", NOW),)
    assert side.naming.there(delivery("78", Post(Text("yes"), Quote(Ref("901"))), source="new")).quoted == (
        TargetMessage("1", "alice-here", NOW),
    )
    assert side.naming.there(delivery("79", Recall(Ref("903")), source="new")).message == ()
    side.store.close()


def test_another_conversations_message_of_the_same_id_is_not_meant(to_new: Side) -> None:
    to_new.carried(delivery("77", Post(Text("x")), source="new", conversation=Group("team")), "12")
    assert to_new.naming.there(delivery("2", Recall(Ref("12")))).message == ()


def test_a_client_id_finds_it_too(to_new: Side) -> None:
    to_new.carried(delivery("1", Post(Text("hi")), client_id="c-1"), "901")
    assert to_new.naming.there(delivery("2", Recall(Ref("", client_id="c-1")))).message[0].id == "901"


def test_reading_a_whole_conversation_means_the_last_that_was_carried_here(to_new: Side) -> None:
    assert to_new.naming.there(delivery("9", Read())).message == ()
    for later, number in enumerate(("77", "78")):
        said = delivery(number, Post(Text("x")), source="new")
        to_new.carried(structs.replace(said, event=structs.replace(said.event, at=NOW + later)), f"1{number}")
    assert to_new.naming.there(delivery("9", Read())).message == (TargetMessage("78", "bob-here", NOW + 1),)
    assert to_new.naming.there(delivery("9", Read(ref("unknown")))).message[0].id == "78"


def test_what_was_refused_is_not_there(to_new: Side) -> None:
    event = opened(delivery("1", Post(Text("hi"))))
    event.outcome = Refused("no")
    to_new.put(*ledger_records.ended(event))
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
    key, intent = ledger_records.intent(one, 0)
    back_side.learn(back_side.naming.rows(key, intent))
    echo = delivery("902", back, source="new")
    does = back_side.naming.does(echo)
    assert does
    assert back_side.naming.ours(echo, does)
    assert not back_side.naming.ours(echo, does), "a person did the same again"
    forth.store.close()
    back_side.store.close()


TEAM = Group("team")
RENAME = GroupChanged(name="Team")


def doing(number: str, at: int = NOW) -> tuple[bytes, Intent]:
    """The ledger's entry of a rename that the relay is about to do in `new`, written at *at*."""
    one = opened(delivery(number, RENAME, source="old", conversation=TEAM))
    one.does = fingerprints(one.delivery.event)
    key, entry = ledger_records.intent(one, 0)
    assert isinstance(entry, Intent)
    return key, structs.replace(entry, at=at)


def called_back(number: str, at: int = NOW, received: int = NOW + 7) -> Delivery:
    """`new` tells of that rename, which was done there at *at*."""
    one = delivery(number, RENAME, source="new", conversation=TEAM)
    return structs.replace(one, event=structs.replace(one.event, at=at), received=received)


@pytest.fixture
def to_old(tmp_path: Path) -> Iterator[Side]:
    side = Side(tmp_path / "old", "old")
    yield side
    side.store.close()


def judged(side: Side, one: Delivery) -> bool:
    """Whether *one* ends as the relay's own, as a worker finds it; that is written down then."""
    event = opened(one)
    prepared(event, side.naming, PendingReferences(0, 0.0), 0.0)
    if event.outcome is None:
        return False
    key, entry = ledger_records.ended(event)
    side.put(key, entry)
    side.naming.spent(event.spent)
    return event.by == "ours"


def test_a_doing_is_spent_at_once_and_for_the_next_owner_once_that_is_in_the_ledger(to_old: Side) -> None:
    to_old.learn(to_old.naming.rows(*doing("5")))
    asked = called_back("6")
    does = to_old.naming.does(asked)
    spent = to_old.naming.ours(asked, does)
    assert spent
    assert not to_old.naming.ours(called_back("7"), does), "a person did the same again"
    # A worker that dies before that is written reads the callback once more: it is ours still.
    to_old.naming = MessageIndex(to_old.store, to_old.mirrored, REACH)
    assert judged(to_old, asked)
    to_old.naming = MessageIndex(to_old.store, to_old.mirrored, REACH)
    assert not judged(to_old, called_back("7"))


def test_the_same_done_twice_is_called_back_twice_and_no_more(to_old: Side) -> None:
    to_old.learn(to_old.naming.rows(*doing("5")))
    to_old.learn(to_old.naming.rows(*doing("6", NOW + 10)))
    found = [judged(to_old, called_back(f"9{number}")) for number in range(3)]
    assert found == [True, True, False]


def test_a_doing_that_took_several_attempts_is_called_back_once(to_old: Side) -> None:
    key, first = doing("5")
    to_old.learn(to_old.naming.rows(key, first))
    to_old.learn(to_old.naming.rows(key, structs.replace(first, at=NOW + 300_000)))
    assert judged(to_old, called_back("90", NOW + 1)), "the first attempt did it"
    to_old.learn(to_old.naming.rows(key, structs.replace(first, at=NOW + 300_001)))
    assert not judged(to_old, called_back("91", NOW + 300_002))


HOURS = 3 * 3600_000


def test_our_doing_called_back_hours_later_is_ours_still(to_old: Side) -> None:
    to_old.learn(to_old.naming.rows(*doing("5", NOW - HOURS)))
    assert judged(to_old, called_back("6", NOW - HOURS + 2_000))


@pytest.mark.parametrize("apart", [-REACH * 1000 - 1, REACH * 1000 + 1])
def test_what_a_person_does_before_or_after_is_a_persons_however_soon_it_comes(to_old: Side, apart: float) -> None:
    to_old.learn(to_old.naming.rows(*doing("5")))
    assert not judged(to_old, called_back("6", NOW + int(apart)))
    assert judged(to_old, called_back("7", NOW + int(apart * 0.99)))


def test_a_callback_that_tells_no_time_may_be_late_by_some_minutes(to_old: Side) -> None:
    to_old.learn(to_old.naming.rows(*doing("5")))
    late, too_late = NOW + UNDATED, NOW + UNDATED + int(REACH * 1000) + 1
    assert not judged(to_old, called_back("6", too_late, received=too_late))
    assert judged(to_old, called_back("7", late, received=late))


def test_what_was_refused_was_not_done_and_what_was_put_back_was(to_old: Side) -> None:
    key, intent = doing("5")
    to_old.learn(to_old.naming.rows(key, intent))
    refused = Settled(outcome=Refused("no"), target="new", at=NOW + 5, does=intent.does)
    to_old.learn(to_old.naming.rows(key, refused))
    assert not judged(to_old, called_back("6"))
    to_old.learn(to_old.naming.rows(key, structs.replace(intent, at=NOW + 10)))
    assert judged(to_old, called_back("7"))


def test_what_we_only_heard_of_we_have_not_done(to_old: Side) -> None:
    """Somebody in `old` renames, the relay does it in `new`, which calls back: the relay has done nothing in `old`."""
    to_old.learn(to_old.naming.rows(*doing("5")))
    asked = opened(called_back("6"))
    prepared(asked, to_old.naming, PendingReferences(0, 0.0), 0.0)
    key, entry = ledger_records.ended(asked)
    there = MessageIndex(to_old.store, frozenset({"old"}), REACH)
    assert list(there.rows(key, entry)) == [row for row in there.rows(key, entry) if row[0].endswith(b"spent")]


def test_in_whatever_order_a_ledger_is_read_back_the_same_is_ours(tmp_path: Path) -> None:
    spent = opened(called_back("90"))
    ledger = [doing("5"), doing("5", NOW + 1), doing("6", NOW + 2)]
    sides = [Side(tmp_path / name, "old") for name in ("forwards", "backwards")]
    sides[0].learn([row for pair in ledger for row in sides[0].naming.rows(*pair)])
    prepared(spent, sides[0].naming, PendingReferences(0, 0.0), 0.0)
    entries: list[ledger_records.Pair] = [*ledger, ledger_records.ended(spent)]
    for side, order in zip(sides, (entries, entries[::-1]), strict=True):
        side.learn([row for pair in order for row in side.naming.rows(*pair)])
        side.naming = MessageIndex(side.store, side.mirrored, REACH)
        assert [judged(side, called_back(f"9{number}")) for number in (1, 2)] == [True, False]
        side.store.close()


def test_what_a_person_does_is_not_ours(to_new: Side) -> None:
    rename = delivery("5", GroupChanged(name="Team"), source="new", conversation=Group("team"))
    one = opened(rename)
    one.does = fingerprints(rename.event)
    to_new.learn(to_new.naming.rows(*ledger_records.intent(one, 0)))
    for other in (GroupChanged(name="Teams"), GroupChanged(name="Team", avatar="x"), MembersAdded(("Team",))):
        asked = delivery("6", other, conversation=Group("team"))
        assert not to_new.naming.ours(asked, to_new.naming.does(asked)), other
    elsewhere = delivery("6", GroupChanged(name="Team"), conversation=Group("other"))
    assert not to_new.naming.ours(elsewhere, to_new.naming.does(elsewhere))


def test_a_recall_before_its_message_waits_and_then_finds_it(to_new: Side) -> None:
    waiting = PendingReferences(10, 10.0)
    recall = opened(delivery("2", Recall(ref("1"))))
    assert prepared(recall, to_new.naming, waiting, 100.0) is None

    def is_there(event: OpenEvent) -> bool:
        return bool(to_new.naming.there(event.delivery).message)

    assert waiting.over(101.0, is_there, lambda *_: False) == []
    to_new.carried(delivery("1", Post(Text("hi"))), "901")
    assert waiting.over(102.0, is_there, lambda *_: False) == [recall]
    there = prepared(recall, to_new.naming, waiting, 102.0)
    assert there is not None
    assert there.message[0].id == "901"
    assert not recall.in_vain


def test_what_may_be_elsewhere_is_done_only_where_the_message_is(to_new: Side) -> None:
    maybe = structs.replace(ref("1"), maybe=True)
    to_new.carried(delivery("1", Post(Text("hi"))), "901")
    found = opened(delivery("2", Edit(maybe, Text("ho"))))
    there = prepared(found, to_new.naming, PendingReferences(10, 0), 100.0)
    assert there is not None
    assert (there.message[0].id, found.outcome) == ("901", None)
    for operation in (Edit(maybe, Text("ho")), Recall(maybe), Reaction(maybe, "x"), Read(maybe, NOW)):
        other = opened(delivery("3", operation, conversation=Group("team")))
        there = prepared(other, to_new.naming, PendingReferences(10, 0), 100.0)
        assert (there, other.outcome, other.by) == (NOTHING, Refused("other-conversation"), "denied"), operation


def test_a_receipt_that_may_be_elsewhere_is_none_of_what_was_said_last(to_old: Side) -> None:
    to_old.carried(delivery("1", Post(Text("hi"))), "901")
    whole = opened(delivery("3", Read(Ref(id="77", event="new:77", maybe=True), NOW), source="new"))
    assert prepared(whole, to_old.naming, PendingReferences(10, 0), 100.0) == NOTHING
    assert whole.by == "denied"


def test_a_recall_takes_back_everything_that_the_message_held(to_new: Side) -> None:
    for number, name in enumerate(("e:old:direct:1:post", "e:old:direct:1:post-2", "e:old:direct:1:post-3"), 901):
        one = delivery("1", Post(Text(str(number))))
        to_new.carried(structs.replace(one, event=structs.replace(one.event, id=name)), str(number))
    named = Ref(id="1", event="e:old:direct:1:post")
    assert [one.id for one in to_new.naming.there(delivery("2", Recall(named))).message] == ["901", "902", "903"]
    assert [one.id for one in to_new.naming.there(delivery("2", Reaction(named, "x"))).message] == ["901"]


def test_the_wait_ends_unless_the_message_itself_is_on_its_way(to_new: Side) -> None:
    waiting = PendingReferences(10, 10.0)
    recall = opened(delivery("2", Recall(ref("1"))))
    assert prepared(recall, to_new.naming, waiting, 100.0) is None
    assert waiting.over(111.0, lambda _: False, lambda message, _: message == "old:1") == []
    assert waiting.over(112.0, lambda _: False, lambda *_: False) == [recall]
    there = prepared(recall, to_new.naming, waiting, 112.0)
    assert there is not None
    assert recall.in_vain
    assert there.message == ()


def test_where_too_many_wait_the_next_does_not(to_new: Side) -> None:
    waiting = PendingReferences(1, 10.0)
    first, second = opened(delivery("2", Recall(ref("1")))), opened(delivery("3", Recall(ref("0"))))
    assert prepared(first, to_new.naming, waiting, 100.0) is None
    assert prepared(second, to_new.naming, waiting, 100.0) is not None
    assert second.in_vain


def test_messages_of_a_group_made_at_the_target_go_to_its_new_id(to_new: Side) -> None:
    team = Group("~old-5")
    made = structs.replace(delivery("5", GroupCreated("Team", "alice"), conversation=team), receiver="")
    talk = structs.replace(delivery("6", Post(Text("hi")), conversation=team), receiver="")
    early = opened(talk)
    prepared(early, to_new.naming, PendingReferences(1, 1.0), 0.0)
    assert early.outcome == Refused(ledger_records.UNMAPPED)
    to_new.carried(made, "270001")
    event = opened(talk)
    prepared(event, to_new.naming, PendingReferences(1, 1.0), 0.0)
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
        to_new.learn(naming.order())
    event = opened(early)
    mark_late(event)
    key, entry = ledger_records.intent(event, 0)
    assert event.late
    assert echo_mark.of(event.delivery, PLATFORMS["easemob"].example(), "a")["late"] is True
    event.outcome = Delivered("901")
    assert ledger_records.ended(event)[1].late
    assert (key, entry.part) == (b"old:1", 0)
