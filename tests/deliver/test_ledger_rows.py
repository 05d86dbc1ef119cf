"""Entries of the ledger as the local state keeps them: the same in another form, whichever was read first."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from streams.deliver.ledger_rows import merged, packed, unpacked
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
