"""What the ledger says of an event, and what is done because of it."""

from math import inf
from typing import Literal

import pytest
from aiokafka import TopicPartition
from msgspec import structs

from converters.core.model import Echo, conversation_key
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.platform import Request
from streams.deliver import ledger_records
from streams.deliver.conversations import OpenEvent
from streams.deliver.ledger_schema import Entry, Intent, Settled
from streams.deliver.protocol import (
    MOVES,
    DeliveryStep,
    EventState,
    admitted,
    as_meant,
    decided,
    earlier,
    last_word,
    left_to_wait,
    longest_ago,
    may_leave,
    moved,
    refusal,
    released,
    repeatable,
)
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord
from tests.deliver.worker import delivery


def ended(outcome: Outcome, held: str = "", arrived: tuple[Delivered, ...] = ()) -> Settled:
    return Settled(outcome=outcome, target="new", at=7, held=held, arrived=arrived)


REQUEST = Request("POST", "/messages", {}, b"", "messages")
HERE, THERE = "deliveries:0:5", "deliveries:0:9"
STEPS: dict[str, tuple[Entry | None, str, DeliveryStep]] = {
    "nothing": (None, "", DeliveryStep.SEND),
    "an intent": (Intent(target="new", at=0), "", DeliveryStep.SETTLE),
    "an intent, and a person's word": (Intent(target="new", at=0), HERE, DeliveryStep.SETTLE),
    "delivered": (ended(Delivered("1")), "", DeliveryStep.SKIP),
    "delivered, and a person's word": (ended(Delivered("1")), HERE, DeliveryStep.SKIP),
    "refused": (ended(Refused("no")), "", DeliveryStep.SEND),
    "given up": (ended(NotSent("busy")), "", DeliveryStep.SEND),
    "held": (ended(Unsure("?"), HERE), "", DeliveryStep.HOLD),
    "held by an earlier release, which did not name the letter": (ended(Unsure("?")), "", DeliveryStep.HOLD),
    "held, and a person's word": (ended(Unsure("?"), HERE), HERE, DeliveryStep.SEND),
    "held, and a word about an earlier letter": (ended(Unsure("?"), THERE), HERE, DeliveryStep.HOLD),
    "held without a name, and a person's word": (ended(Unsure("?")), HERE, DeliveryStep.SEND),
}


@pytest.mark.parametrize(("entry", "word", "step"), STEPS.values(), ids=STEPS)
def test_what_is_done_with_a_record(entry: Entry | None, word: str, step: DeliveryStep) -> None:
    assert admitted(entry, word) is step


def test_of_what_did_not_arrive_whole_the_parts_that_did_are_not_sent_again() -> None:
    part = Delivered("1")
    found = earlier(ended(Refused("no"), arrived=(part,)))
    assert found is not None
    assert found == Intent(target="new", at=7, part=1, arrived=(part,), left=False)
    assert earlier(ended(Refused("no"))) is None
    assert earlier(ended(Delivered("2"), arrived=(part, Delivered("2")))) is None
    intent = Intent(target="new", at=0)
    assert earlier(intent) is intent
    begun = Intent(target="new", at=0, part=1, arrived=(part,))
    assert earlier(begun) is begun


def test_a_word_is_a_header() -> None:
    assert released([("version", b"1"), ("released", HERE.encode())]) == HERE
    assert released([("replay", b"x")]) == ""


def test_a_request_leaves_while_its_intent_is_young_and_nobody_has_seen_it() -> None:
    assert may_leave(1.0, 2.0, there=False)
    assert not may_leave(2.0, 2.0, there=False)
    assert not may_leave(1.0, 2.0, there=True)


@pytest.mark.parametrize(("age", "longest"), [(0.0, 20.0), (30.0, 50.0), (-20.0, 20.0), (-21.0, inf)])
def test_how_long_ago_it_was_by_another_clock(age: float, longest: float) -> None:
    assert longest_ago(Intent(target="new", at=100_000), 100.0 + age, 20.0) == longest


def test_who_waits_for_disorder_waits_no_longer_because_a_clock_is_ahead() -> None:
    assert left_to_wait(1.0, 0.25, 0.125) == 0.75
    assert left_to_wait(1.0, -3600.0, 0.5) == 0.5
    assert left_to_wait(1.0, 3600.0, 0.0) < 0


@pytest.mark.parametrize(
    ("again", "known_for", "tried", "may"),
    [(False, 0.0, 0.0, False), (True, 0.0, 1e9, True), (True, 60.0, 19.0, True), (True, 60.0, 20.0, False), (False, 60.0, 0.0, False)],
)
def test_a_request_without_an_answer_is_repeated_only_while_its_target_knows_it_again(
    again: bool, known_for: float, tried: float, may: bool
) -> None:
    request = structs.replace(REQUEST, repeatable=again, repeatable_for=known_for)
    assert repeatable(request, tried, 40.0) is may


def test_that_the_last_attempt_was_not_sent_says_nothing_of_one_before_it() -> None:
    known = structs.replace(REQUEST, repeatable=True, repeatable_for=60.0)
    assert last_word(NotSent("busy"), known, unsure=True) == Unsure("busy")
    assert last_word(NotSent("busy"), known, unsure=False) == NotSent("busy")
    assert last_word(Refused("no"), known, unsure=True) == Refused("no")
    harmless = structs.replace(REQUEST, repeatable=True)
    assert last_word(NotSent("busy"), harmless, unsure=True) == NotSent("busy")


def test_what_is_read_of_a_clock_that_is_ahead_counts_from_the_reading() -> None:
    assert left_to_wait(2.0, 0.5, 1.5) == 0.5


def test_an_attempt_is_as_old_as_the_first_of_its_request() -> None:
    assert longest_ago(Intent(target="new", at=100_000, began=90_000), 100.0, 20.0) == 30.0


def test_a_word_that_is_no_text_is_still_a_word() -> None:
    assert released([("released", b"\xff")]) == "\ufffd"


@pytest.mark.parametrize("state", EventState)
def test_an_event_stays_or_goes_on_and_nothing_leaves_its_end(state: EventState) -> None:
    for to in EventState:
        if to is state or to in MOVES[state]:
            assert moved(state, to) is to
        else:
            with pytest.raises(AssertionError, match=f"from {state.name} to {to.name}"):
                moved(state, to)
    assert MOVES[EventState.ENDED] == frozenset()
    assert (EventState.ASKED in MOVES[state]) is (state is EventState.LICENSED), "a request leaves under a licence alone"
    assert (EventState.LICENSED in MOVES[state]) is (state is EventState.GATE)


SENT = Intent(target="new", at=0, keyed=True)
ECHOES: dict[str, tuple[Entry | None, str, bool, str]] = {
    "nothing was sent": (None, "new", False, "no-intent"),
    "it was sent to this app": (SENT, "new", False, ""),
    "it was sent to another app": (SENT, "old", False, "other-app"),
    "what was sent bears no mark": (Intent(target="new", at=0, bare=True), "new", False, "other-kind"),
    "what was sent bears a mark with a key": (SENT, "new", True, "unkeyed"),
    "what was sent bears a mark without one": (Intent(target="new", at=0), "new", True, ""),
    "it has arrived": (ended(Delivered("1")), "new", True, "unkeyed"),
    "it has arrived, and the mark is one with a key": (ended(Delivered("1")), "new", False, ""),
    "it is in doubt": (ended(Unsure("?")), "new", True, ""),
}


@pytest.mark.parametrize(("entry", "app", "unkeyed", "why"), ECHOES.values(), ids=ECHOES)
def test_an_echo_is_evidence_of_what_was_sent_there_and_so(entry: Entry | None, app: str, unkeyed: bool, why: str) -> None:
    assert refusal(entry, app, unkeyed=unkeyed) == why


def recalled(*taken: tuple[str, str]) -> Settled:
    return Settled(outcome=Delivered(""), target="new", at=7, by="recalled", taken=taken)


@pytest.mark.parametrize(
    ("entry", "counts"),
    [
        (recalled(("alice", "talk")), True),
        (recalled(("", "talk")), True),
        (recalled(("alice", "elsewhere")), False),
        (recalled(("", "elsewhere")), False),
        (recalled(("eve", "talk")), False),
        (recalled(("eve", "talk"), ("alice", "talk")), True),
        (recalled(), True),
        (ended(Delivered("1")), True),
        (SENT, True),
    ],
)
def test_what_was_recalled_before_it_came_is_the_message_of_that_author_in_that_place(entry: Entry, counts: bool) -> None:
    assert as_meant(entry, "alice", "talk") is (entry if counts else None)


def test_of_what_is_not_there_nothing_is_meant() -> None:
    assert as_meant(None, "alice", "talk") is None


DOUBT, THERE_BY_ECHO, FOUND = Unsure("cut off"), Delivered("1"), Delivered("2")


@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_a_doubt_is_settled_by_the_echo_then_by_what_the_target_says(policy: Literal["resend", "hold"]) -> None:
    assert decided(DOUBT, THERE_BY_ECHO, FOUND, policy) == (THERE_BY_ECHO, "echo")
    assert decided(DOUBT, THERE_BY_ECHO, None, policy) == (THERE_BY_ECHO, "echo")
    assert decided(DOUBT, None, FOUND, policy) == (FOUND, "lookup")


@pytest.mark.parametrize("found", [None, NotSent("not there"), Unsure("no answer")])
def test_without_evidence_the_settings_decide(found: Outcome | None) -> None:
    assert decided(DOUBT, None, found, "resend") == (NotSent("in doubt, sent again"), "resent")
    assert decided(DOUBT, None, found, "hold") == (DOUBT, "held")


def open_event(outcome: Outcome) -> OpenEvent:
    one = delivery("bob", "0")
    lane = OffsetTracker(TopicPartition("deliveries", 0), live=True)
    return OpenEvent(lane, 5, conversation_key(one.event.conversation), OutputRecord(None, None, []), one, outcome=outcome, requests=2)


def test_evidence_that_comes_after_the_end_and_before_it_is_written_goes_before_it() -> None:
    event = open_event(Unsure("?"))
    name = event.delivery.event.id
    assert ledger_records.ended(event)[1].held == "deliveries:0:5"
    event.heard[0] = Echo(event=name, target="new", remote_id="1", at=1, more=True)
    ledger_records.accept_echo(event)
    assert (event.outcome, event.arrived) == (Unsure("?"), (Delivered("1", 1),))
    event.whole = Echo(event=name, target="new", remote_id="2", at=2, part=1)
    ledger_records.accept_echo(event)
    entry = ledger_records.ended(event)[1]
    assert (entry.outcome, entry.by, entry.held) == (Delivered("2", 2), "echo", "")
    assert ledger_records.verdict(event) is None, "no letter"
