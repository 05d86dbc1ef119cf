"""Entries of the ledger as the local state keeps them: the same in another form, whichever was read first."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from streams.deliver.ledger_rows import is_intent, merged, packed, unpacked
from streams.deliver.ledger_schema import Entry, Intent, MessageIds, Settled, dump

ids = st.one_of(st.text(max_size=12), st.integers(0, 10**20).map(str), st.sampled_from(["", "0", "007", "١٢", "-1", "999999999999999999"]))
times = st.integers(0, 2_000_000_000_000)
delivered = st.builds(Delivered, ids, st.none() | times)
names = st.builds(MessageIds, source=ids.filter(bool), id=ids, client_id=ids, author=ids, sender=ids, at=times, conversation=ids)
ends = st.builds(
    Settled,
    outcome=st.one_of(delivered, st.builds(Unsure, ids), st.builds(Refused, ids), st.builds(NotSent, ids)),
    target=ids,
    at=times,
    attempts=st.integers(0, 9),
    by=st.sampled_from(["reply", "echo", "lookup", "ours", "recalled", "some other"]),
    names=st.none() | names,
    arrived=st.lists(delivered, max_size=2).map(tuple),
    does=st.lists(ids, max_size=2).map(tuple),
    made=st.none() | st.tuples(ids, ids),
    late=st.booleans(),
)
intents = st.builds(Intent, target=ids, at=times, part=st.integers(0, 3), attempt=st.integers(1, 3), left=st.booleans(), does=st.just(()))


@given(st.one_of(ends, intents), st.integers(0, 2**60))
def test_a_row_says_what_the_entry_says(entry: Entry, offset: int) -> None:
    value = dump(entry)
    assert unpacked(packed(value, offset, entry)) == entry
    assert unpacked(packed(value, offset)) == entry


def test_most_are_small() -> None:
    one = Settled(
        outcome=Delivered("1178274563345", 1764470000456),
        target="new",
        at=1764470000789,
        names=MessageIds(source="old", id="884562341", author="alice", sender="alice", at=1764470000123, conversation="direct:alice:bob"),
    )
    value = dump(one)
    assert len(packed(value, 1, one)) < 0.4 * len(value)


NAMES = MessageIds(source="old", id="5", client_id="c", author="alice", sender="a", at=1000, conversation="talk")
WHOLE = Settled(outcome=Delivered("77", 1500), target="new", at=2000, attempts=3, names=NAMES)


@pytest.mark.parametrize("by", ["reply", "echo", "lookup", "ours", "recalled", "resent", "held"])
@pytest.mark.parametrize("names", [NAMES, None])
def test_however_it_is_known_that_it_arrived_the_row_is_a_small_one(by: str, names: MessageIds | None) -> None:
    entry = structs.replace(WHOLE, by=by, names=names)
    row = packed(dump(entry), 7)
    assert row[:1] == b"\x01"
    assert unpacked(row) == entry


@pytest.mark.parametrize(
    "fields",
    [
        {"by": "in another way"},
        {"arrived": (Delivered("1"),)},
        {"does": ("a",)},
        {"made": ("a", "b")},
        {"late": True},
        {"spent": ("a",)},
        {"held": "d:0:1"},
        {"keyed": True},
        {"bare": True},
        {"taken": (("", "talk"),)},
        {"outcome": Refused("no")},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_the_small_form_has_no_place_for_is_kept_as_it_lies_in_the_topic(fields: dict[str, Any]) -> None:
    entry = structs.replace(WHOLE, **fields)
    row = packed(dump(entry), 258)
    assert row == b"\x02\0\0\0\0\0\0\x01\x02" + dump(entry)
    assert unpacked(row) == entry


def test_a_small_row_lies_on_disk_as_it_always_did() -> None:
    """A worker of this release reads what another one of it wrote."""
    assert packed(dump(WHOLE), 7) == b"\x01" + msgspec.msgpack.encode(
        ["new", 0, 3, 1000, 1000, 77, 500, "old", 5, "c", "alice", "a", "talk"]
    )
    bare = structs.replace(WHOLE, names=None, by="echo", outcome=Delivered("x"))
    assert packed(dump(bare), 7) == b"\x01" + msgspec.msgpack.encode(["new", 1, 3, 2000, 0, "x", None, "", "", "", "", "", ""])
    assert unpacked(b"\x01" + msgspec.msgpack.encode(["new", 1, 3, 2000, 0, "x", None])) == bare, "what stands at the end may be left out"


def test_intents_are_known_without_being_read() -> None:
    assert is_intent(dump(Intent(target="new", at=1)))
    assert not is_intent(dump(WHOLE))
    assert (
        packed(b'{"entry":"intent", and what nobody reads', 1) == b"\x02" + bytes(7) + b"\x01" + b'{"entry":"intent", and what nobody reads'
    )


def test_an_intent_whose_fields_stand_in_another_order_is_one() -> None:
    value = b'{"target":"new","at":1,"entry":"intent"}'
    assert not is_intent(value)
    assert unpacked(packed(value, 7)) == Intent(target="new", at=1)


@pytest.mark.parametrize("text", ["7", "0", "9" * 18])
def test_ids_that_are_numbers_are_kept_as_numbers(text: str) -> None:
    row = packed(dump(structs.replace(WHOLE, outcome=Delivered(text))), 1)
    assert msgspec.msgpack.decode(row[1:])[5] == int(text)


@pytest.mark.parametrize("text", ["", "007", "00", "1" * 19, "²", "١", "-1", "+1", "1_0", " 1"])
def test_other_ids_stay_as_they_are(text: str) -> None:
    row = packed(dump(structs.replace(WHOLE, outcome=Delivered(text))), 1)
    assert msgspec.msgpack.decode(row[1:])[5] == text
    assert unpacked(row) == structs.replace(WHOLE, outcome=Delivered(text))


def rows_of(*entries: Entry) -> list[bytes]:
    return [packed(dump(entry), offset, entry) for offset, entry in enumerate(entries)]


@pytest.mark.parametrize("fields", [{}, {"arrived": (Delivered("1"), Delivered("77"))}], ids=["small", "whole"])
def test_of_one_and_the_same_nothing_changes(fields: dict[str, Any]) -> None:
    row = packed(dump(structs.replace(WHOLE, **fields)), 7)
    assert merged(row, row) is None


def test_what_arrived_goes_before_what_did_not_whichever_came_later() -> None:
    arrived, refused, intent = rows_of(WHOLE, Settled(outcome=Refused("no"), target="new", at=9000), Intent(target="new", at=9001))
    for other in (refused, intent):
        assert merged(arrived, other) is None
        assert merged(other, arrived) == arrived


def test_what_arrived_and_is_no_small_row_goes_before_what_did_not() -> None:
    parts, refused = rows_of(
        structs.replace(WHOLE, arrived=(Delivered("1"), Delivered("77"))), Settled(outcome=Refused("no"), target="new", at=9)
    )
    assert parts[:1] == b"\x02"
    assert merged(parts, refused) is None
    assert merged(refused, parts) == parts


def test_the_later_entry_of_the_topic_says_more() -> None:
    first, second = rows_of(Intent(target="new", at=9), Settled(outcome=Refused("no"), target="new", at=1))
    assert merged(first, second) == second
    assert merged(second, first) is None


def test_of_the_same_offset_what_is_there_stays() -> None:
    one, two = (packed(dump(entry), 5) for entry in (Intent(target="new", at=1), Intent(target="new", at=2)))
    assert merged(one, two) is None


def test_what_was_recalled_before_it_came_has_not_arrived() -> None:
    """Another message may yet come under its id: whatever is later in the topic counts."""
    recalled = Settled(outcome=Delivered(""), target="new", at=1, by="recalled", taken=(("alice", "talk"),))
    first, later = rows_of(recalled, Intent(target="new", at=2))
    assert merged(first, later) == later
    assert merged(later, first) is None
    (whole,) = rows_of(WHOLE)
    assert merged(first, whole) == whole


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # the later one has neither names nor an id
        (WHOLE, structs.replace(WHOLE, at=3000, by="echo", names=None, outcome=Delivered("", None))),
        # the earlier one has no id, the later one no names
        (structs.replace(WHOLE, at=1999, outcome=Delivered("")), structs.replace(WHOLE, at=3000, by="echo", names=None)),
        # at the same time
        (WHOLE, structs.replace(WHOLE, names=None)),
        (WHOLE, structs.replace(WHOLE, outcome=Delivered(""))),
        (WHOLE, structs.replace(WHOLE, outcome=Delivered("77", None))),
        (WHOLE, structs.replace(WHOLE, attempts=4)),
    ],
)
def test_of_two_that_say_that_it_arrived_nothing_is_lost(one: Settled, other: Settled) -> None:
    rows = rows_of(one, other)
    ends = {take_in(rows), take_in(rows[::-1])}
    assert len(ends) == 1, "whichever was read first"
    end = unpacked(ends.pop())
    assert isinstance(end, Settled)
    assert (end.names, end.outcome) == (NAMES, Delivered("77", 1500))
    assert end.at == max(one.at, other.at)


def test_of_two_ends_the_later_one_counts_where_it_says_as_much() -> None:
    late = structs.replace(WHOLE, at=3000, outcome=Delivered("78", 1600), names=structs.replace(NAMES, id="6"))
    rows = rows_of(WHOLE, late)
    assert unpacked(take_in(rows)) == unpacked(take_in(rows[::-1])) == late
    assert merged(rows[1], rows[0]) is None, "nothing to write"


def test_of_two_ends_without_an_id_the_later_one_counts() -> None:
    early = structs.replace(WHOLE, outcome=Delivered("", 1500))
    late = structs.replace(WHOLE, at=3000, outcome=Delivered("", 1600))
    rows = rows_of(early, late)
    assert unpacked(take_in(rows)) == unpacked(take_in(rows[::-1])) == late


def test_a_part_that_arrived_is_not_the_whole() -> None:
    """Of an event of two requests, one is known to have arrived, and of the other nobody knows."""
    doubt = Settled(outcome=Unsure("cut off"), target="new", at=1, arrived=(Delivered("1"),))
    first, later = rows_of(doubt, Intent(target="new", at=2, part=1, arrived=(Delivered("1"),)))
    assert merged(first, later) == later
    assert merged(later, first) is None


@pytest.mark.parametrize("offset", [1, 255, 256, 65_536, 2**40, 2**62])
def test_the_later_entry_is_told_by_its_offset_alone(offset: int) -> None:
    before, after = (packed(dump(Intent(target="new", at=at)), number) for at, number in ((9, offset - 1), (1, offset)))
    assert merged(before, after) == after
    assert merged(after, before) is None


def take_in(rows: list[bytes]) -> bytes:
    there = rows[0]
    for comes in rows[1:]:
        now = merged(there, comes)
        there = there if now is None else now
    return there


@given(st.lists(st.one_of(ends, intents), min_size=2, max_size=5, unique_by=dump), st.data())
def test_the_order_of_reading_does_not_matter(entries: list[Entry], data: st.DataObject) -> None:
    rows = [packed(dump(entry), offset, entry) for offset, entry in enumerate(entries)]
    first, again = take_in(rows), take_in(data.draw(st.permutations(rows)))
    one, two = unpacked(first), unpacked(again)
    arrived = [(entry, entry.outcome) for entry in entries if isinstance(entry, Settled) and isinstance(entry.outcome, Delivered)]
    if not arrived:
        assert one == two == entries[-1], "the last one of the topic"
        return
    for end in (one, two):
        assert isinstance(end, Settled)
        assert isinstance(end.outcome, Delivered), "what arrived has arrived"
        assert bool(end.outcome.remote_id) == any(outcome.remote_id for _, outcome in arrived), "nor what it is called there"
        assert (end.names is None) == all(entry.names is None for entry, _ in arrived), "how it is called is not forgotten"


def test_an_echo_without_names_does_not_hide_them() -> None:
    named = Settled(
        outcome=Delivered("7", None),
        target="new",
        at=10,
        names=MessageIds(source="old", id="1", author="a", sender="b", at=5, conversation="c"),
    )
    echo = Settled(outcome=Delivered("7", 12), target="new", at=20, by="echo")
    for rows in ([named, echo], [echo, named]):
        end = unpacked(take_in([packed(dump(entry), 0, entry) for entry in rows]))
        assert isinstance(end, Settled)
        assert end.names == named.names
        assert end.outcome == Delivered("7", 12)


def test_an_intent_after_a_dead_letter_is_a_doubt_and_one_before_it_is_not() -> None:
    refused = Settled(outcome=Refused("no"), target="new", at=2)
    late = Intent(target="new", at=3)
    entries: list[Intent | Settled] = [Intent(target="new", at=1), refused, late]
    rows = [packed(dump(entry), offset, entry) for offset, entry in enumerate(entries)]
    assert unpacked(take_in([rows[1], rows[0]])) == refused
    assert unpacked(take_in([rows[2], rows[1], rows[0]])) == late
    assert unpacked(take_in([rows[1], rows[0], rows[2]])) == late


def test_unreadable_rows_say_so() -> None:
    for row in (b"\x01\x90", b"\x02" + bytes(8) + b"{}"):
        try:
            unpacked(row)
        except msgspec.DecodeError:
            continue
        raise AssertionError(row)
