"""The deliver role on a real broker: deliveries in, requests at the target out, and what is written about them."""

import threading

import msgspec

from converters.core.model import conversation_key
from tests.deliver.target import REFUSE, THROTTLE, Say, Target
from tests.deliver.worker import Worker, delivery, ids
from tests.waiting import until


def test_each_conversation_comes_in_order(worker: Worker, target: Target, bob: str) -> None:
    many = [f"{bob}{number}" for number in range(20)]
    worker.send(*(delivery(who, str(turn)) for turn in range(8) for who in many))
    worker.settled()
    for who in many:
        assert target.texts(who) == [str(turn) for turn in range(8)]


def test_a_slow_conversation_does_not_hold_the_others(worker: Worker, target: Target, bob: str) -> None:
    admission = threading.Event()
    target.plan(bob, Say(after=admission))
    slow = [delivery(bob, str(turn)) for turn in range(3)]
    others = [delivery(f"{bob}{number}", "hi") for number in range(10)]
    try:
        worker.send(*slow, *others)
        until(lambda: all(target.texts(one.receiver) for one in others))
        assert target.texts(bob) == ["0"]
    finally:
        admission.set()
    worker.settled()
    assert target.texts(bob) == ["0", "1", "2"]


def test_conversations_are_sent_side_by_side(worker: Worker, target: Target, bob: str) -> None:
    admission = threading.Event()
    many = [f"{bob}{number}" for number in range(8)]
    for who in many:
        target.plan(who, Say(after=admission))
    try:
        worker.send(*(delivery(who, "hi") for who in many))
        until(lambda: all(target.to(who) for who in many))  # all eight are at the target, and none is answered
    finally:
        admission.set()
    worker.settled()


def test_what_was_delivered_is_in_the_ledger_with_the_targets_id(worker: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "hi")
    worker.send(one)
    worker.settled()
    entry = worker.ledger()[one.event.id]
    assert entry["outcome"]["outcome"] == "delivered"
    assert entry["outcome"]["remote_id"].startswith("9")
    assert entry["target"] == "new"


def test_a_throttled_send_is_repeated_and_holds_only_its_conversation_in_order(worker: Worker, target: Target, bob: str) -> None:
    target.plan(bob, THROTTLE, THROTTLE, Say(403, {"error": "x", "error_description": "message send reach limit"}))
    worker.send(*(delivery(bob, str(turn)) for turn in range(3)))
    worker.settled()
    assert [one.text for one in target.to(bob)] == ["0", "0", "0", "0", "1", "2"]
    assert target.texts(bob) == ["0", "1", "2"]


def test_what_is_refused_is_a_dead_letter_and_the_next_message_goes_on(worker: Worker, target: Target, bob: str) -> None:
    target.plan(bob, REFUSE)
    first, second = delivery(bob, "never"), delivery(bob, "next")
    worker.send(first, second)
    worker.settled()
    assert [one.text for one in target.to(bob)] == ["never", "next"]
    assert worker.outcome(first) == "refused"
    assert worker.outcome(second) == "delivered"
    letter = worker.letter(first)
    assert (letter.stage, letter.cause, letter.whose, letter.attempts) == ("deliver", "refused", "theirs", 1)
    assert letter.topic == f"{worker.prefix}deliveries.easemob"
    assert "never" not in letter.detail


def test_the_same_event_twice_is_sent_once(worker: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "once")
    worker.send(one, one)
    worker.settled()
    worker.send(one)
    worker.send(after := delivery(bob, "after"))
    worker.settled()
    assert target.texts(bob) == ["once", "after"]
    assert worker.outcome(after) == "delivered"


def test_an_echo_of_what_was_never_sent_proves_nothing(worker: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "on its way")
    worker.echo(one, "4711")
    worker.settled()
    worker.send(one, delivery(bob, "after"))
    worker.settled()
    assert target.texts(bob) == ["on its way", "after"]
    assert "by" not in worker.ledger()[one.event.id], "it is known by the answer"


def test_a_record_that_cannot_be_read_is_a_dead_letter_and_costs_nothing_else(worker: Worker, target: Target, bob: str) -> None:
    one, other = delivery(bob, "before"), delivery(bob, "after")
    key = conversation_key(one.event.conversation)
    poison = (b"\xff\x00 what people write", None, b"{}", b'{"event": 1}', b"[" * 100_000)
    worker.send(one)
    for raw in poison:
        worker.put("deliveries.easemob", key, raw)
    worker.send(other)
    worker.settled()
    assert target.texts(bob) == ["before", "after"]
    letters = [letter for letter in worker.letters() if letter.cause == "malformed"]
    assert sorted(letter.value for letter in letters) == sorted(raw or b"" for raw in poison)
    assert {(letter.stage, letter.whose) for letter in letters} == {("deliver", "theirs")}
    assert not any("people write" in letter.detail for letter in letters)


def test_an_unreadable_echo_costs_nothing(worker: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "hi")
    for raw in (b"\xff", None, b"{}"):
        worker.put("echoes.easemob", conversation_key(one.event.conversation), raw)
    worker.send(one)
    worker.settled()
    assert target.texts(bob) == ["hi"]


def test_an_event_for_an_app_that_is_not_in_the_settings_is_a_dead_letter(worker: Worker, target: Target, bob: str) -> None:
    lost, after = delivery(bob, "lost", target="gone"), delivery(bob, "after")
    worker.send(lost, after)
    worker.settled()
    assert worker.letter(lost).cause == "target-unknown"
    assert target.texts(bob) == ["after"]


def test_nothing_to_say_ends_without_a_request(worker: Worker, target: Target, bob: str) -> None:
    worker.send(empty := delivery(bob, ""), delivery(bob, "after"))
    worker.settled()
    assert [one.text for one in target.to(bob)] == ["after"]
    assert worker.outcome(empty) == "delivered"


def test_a_long_text_comes_in_its_parts_in_order(worker: Worker, target: Target, bob: str) -> None:
    said = "".join(f"{number:05}长" for number in range(2000))
    worker.send(delivery(bob, said), delivery(bob, "after"))
    worker.settled()
    *parts, last = target.texts(bob)
    assert len(parts) > 2
    assert ("".join(parts), last) == (said, "after")


def test_a_part_that_is_throttled_is_repeated_alone(worker: Worker, target: Target, bob: str) -> None:
    said = "".join(f"{number:05}长" for number in range(2000))
    target.plan(bob, Say(), THROTTLE)
    worker.send(delivery(bob, said))
    worker.settled()
    assert "".join(target.texts(bob)) == said


def test_many_events_of_many_conversations_are_each_sent_once(worker: Worker, target: Target, bob: str) -> None:
    events = [delivery(f"{bob}{number % 30}", str(number)) for number in range(300)]
    worker.send(*events)
    worker.settled()
    seen = [one.event for one in target.requests if one.receiver.startswith(bob)]
    assert sorted(seen) == sorted(ids(events))
    entries = worker.ledger()
    assert {entries[name]["outcome"]["outcome"] for name in ids(events)} == {"delivered"}


def test_the_metrics_count_what_ended(worker: Worker, target: Target, bob: str) -> None:
    worker.send(delivery(bob, "hi"))
    worker.settled()
    worker.role.counts('im_relay_sends_total{api="messages/users",app="new",outcome="delivered",platform="easemob"}')
    worker.role.counts("im_relay_open_events")


def test_a_ledger_entry_is_readable_json(worker: Worker, target: Target, bob: str) -> None:
    worker.send(one := delivery(bob, "hi"))
    worker.settled()
    raw = [record for record in worker.read("ledger.easemob") if record.key == one.event.id.encode()]
    assert raw
    assert all(isinstance(msgspec.json.decode(record.value or b""), dict) for record in raw)
