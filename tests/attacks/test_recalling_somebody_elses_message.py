"""Somebody names a message that is another's, or was said elsewhere: nothing is done to it, and its author can still do it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from converters.core.bodies import Text
from converters.core.model import NOTHING, Delivery, Group, conversation_key, direct
from converters.core.operations import Edit, Operation, Post, Read, Recall, Ref
from converters.core.outcome import Delivered, Refused
from streams.deliver import ledger_records, protocol
from streams.deliver.conversations import OpenEvent
from streams.deliver.intake import compete
from streams.deliver.ledger_rows import packed
from streams.deliver.ledger_schema import Settled, dump
from streams.deliver.pending_references import PendingReferences, prepared
from streams.deliver.protocol import DeliveryStep
from tests.deliver.test_naming import NOW, Side, delivery, opened
from tests.narrowed import of_kind


@pytest.fixture
def side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    monkeypatch.setattr(ledger_records, "_now", lambda: NOW)
    one = Side(tmp_path / "new", "new")
    one.carried(delivery("1", Post(Text("hi"))), "901")
    yield one
    one.store.close()


def by(user: str, operation: Operation, number: str = "2", **more: Any) -> Delivery:
    one = delivery(number, operation, **more)
    return structs.replace(one, event=structs.replace(one.event, sender=user), sender=f"{user}-there", author=f"{user}-here")


def ref(*, own: bool = True, number: str = "1") -> Ref:
    return Ref(id=number, event=f"old:{number}", own=own)


def done(side: Side, one: Delivery, waiting: PendingReferences | None = None) -> tuple[Any, OpenEvent]:
    event = opened(one)
    return prepared(event, side.naming, waiting or PendingReferences(0, 0.0), 0.0), event


@pytest.mark.parametrize("what", [Recall, lambda to: Edit(to, Text("I owe you")), Read], ids=["recall", "edit", "receipt"])
def test_it_is_not_done_to_what_another_wrote(side: Side, what: Any) -> None:
    there, event = done(side, by("mallory", what(ref())))
    assert (there, event.outcome, event.by) == (NOTHING, Refused("other-author"), "denied")
    assert ledger_records.verdict(event) is None, "nor is it a person's work"


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("where", [direct("alice", "carol"), Group("ops")])
def test_it_is_not_done_from_another_conversation(side: Side, own: bool, where: Any) -> None:
    there, event = done(side, by("alice", Recall(ref(own=own)), conversation=where))
    assert (there, event.outcome) == (NOTHING, Refused("other-conversation"))


def test_its_author_does_it_whatever_was_claimed_before(side: Side) -> None:
    _, claimed = done(side, by("mallory", Recall(ref())))
    _, entry = ledger_records.ended(claimed)
    assert protocol.admitted(entry, "") is DeliveryStep.SEND, "the event has one id, whoever claims it"
    there, event = done(side, by("alice", Recall(ref())))
    assert [sent.id for sent in there.message] == ["901"]
    assert event.outcome is None


def test_its_author_does_it_even_where_both_wait_for_the_message_together(side: Side) -> None:
    event = opened(by("mallory", Recall(ref())))
    event.rivals.append(by("alice", Recall(ref())))
    there = prepared(event, side.naming, PendingReferences(0, 0.0), 0.0)
    assert there is not None
    assert [sent.id for sent in there.message] == ["901"]
    assert (event.outcome, event.delivery.author) == (None, "alice-here")


def test_who_claims_it_many_times_takes_no_room_from_its_author(side: Side) -> None:
    event = opened(by("mallory", Recall(ref())))
    for _ in range(100):
        compete(event, by("mallory", Recall(ref())))
    compete(event, by("alice", Recall(ref())))
    assert [one.author for one in event.rivals] == ["alice-here"]
    prepared(event, side.naming, PendingReferences(0, 0.0), 0.0)
    assert (event.outcome, event.delivery.author) == (None, "alice-here")


def test_nor_of_a_message_that_has_yet_to_come(side: Side) -> None:
    where = conversation_key(direct("alice", "bob")).decode()
    spoilt = [
        structs.replace(one, event=structs.replace(one.event, conversation=direct("mallory", f"u{n}")))
        for n in range(100)
        for one in [by("mallory", Recall(ref(number="9")))]
    ]
    taken: tuple[tuple[str, str], ...] = ()
    for one in (by("alice", Recall(ref(number="9"))), *spoilt):
        taken = ledger_records.recalled(one, ref(number="9"), taken)[1].taken
    assert ("alice-here", where) in taken


def test_whom_the_platform_itself_vouches_for_may(side: Side) -> None:
    there, event = done(side, by("moderator", Recall(ref(own=False))))
    assert [sent.id for sent in there.message] == ["901"]
    assert event.outcome is None


def test_what_was_carried_here_is_recalled_by_whom_it_was_said(side: Side) -> None:
    """Of a message of the other side, its author there is known by the name under which they speak here."""
    said = delivery("77", Post(Text("from there")), source="new")
    side.carried(said, "555")
    theirs = Ref(id="555", event="", own=True)
    _, event = done(side, by("mallory", Recall(theirs)))
    assert event.outcome == Refused("other-author")
    one = by("bob", Recall(theirs))
    there, event = done(side, structs.replace(one, author=said.sender))
    assert event.outcome is None
    assert [sent.id for sent in there.message] == ["77"]


def _taken(side: Side, *claims: Delivery) -> Settled:
    """The ledger's entry of message 9, which has not come, after *claims* were not carried."""
    for offset, one in enumerate(claims, 100 * len(claims)):
        _, event = done(side, one)
        assert (event.in_vain, event.by) == (True, "denied")
        found: list[ledger_records.Pair] = []
        ledger_records.apply_followup(event, found, None, None, "easemob", side.store.get)  # type: ignore[arg-type]
        for key, entry in found:
            side.learn([(key, packed(dump(entry), offset, entry))])
    return of_kind(Settled, side.store.get("old:9"))


def test_a_message_that_has_yet_to_come_is_taken_back_by_its_author_alone(side: Side) -> None:
    where = conversation_key(direct("alice", "bob")).decode()
    entry = _taken(side, by("mallory", Recall(ref(number="9"))))
    assert protocol.as_meant(entry, "alice-here", where) is None, "it is sent"
    assert protocol.as_meant(entry, "mallory-here", where) is entry
    assert protocol.as_meant(entry, "mallory-here", "direct\x1fmallory\x1fbob") is None
    entry = _taken(side, by("alice", Recall(ref(number="9")), number="3"), by("eve", Recall(ref(number="9")), number="4"))
    assert protocol.as_meant(entry, "alice-here", where) is entry, "whoever claims it before and after"


def test_what_is_known_of_a_message_is_not_written_over_by_a_claim(side: Side) -> None:
    before = side.store.get("old:1")
    _, event = done(side, by("mallory", Recall(ref())))
    found: list[ledger_records.Pair] = []
    ledger_records.apply_followup(event, found, None, None, "easemob", side.store.get)  # type: ignore[arg-type]
    assert (found, side.store.get("old:1")) == ([], before)
    assert isinstance(before, Settled)
    assert isinstance(before.outcome, Delivered)
