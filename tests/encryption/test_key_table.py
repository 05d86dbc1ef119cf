"""The keys of a process, in memory: found, replaced and removed, and as small as the decision says."""

import os

from hypothesis import given
from hypothesis import strategies as st

from streams.encryption.headers import PERSON
from streams.encryption.key_records import DIGEST, PersonKey, digest, new_period, new_person
from streams.encryption.key_table import KeyTable

owners = st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=12)


@given(owners, st.sets(st.integers(0, 11)))
def test_it_holds_what_was_put_and_not_removed(each: list[bytes], gone: set[int]) -> None:
    table, keys = KeyTable(), [new_person(one) for one in each]
    for key in keys:
        table.put(key)
    for number in gone & set(range(len(keys))):
        assert table.remove(keys[number].id)
        assert not table.remove(keys[number].id)
    left = [key for number, key in enumerate(keys) if number not in gone]
    assert table.persons == len(left)
    for owner in (b"a", b"b", b"c"):
        assert table.of(digest(owner)) == [key.id for key in left if key.id[:DIGEST] == digest(owner)]
    assert [table.person(key.id) for key in left] == [key.secret for key in left]
    assert all(table.person(keys[number].id) is None for number in gone & set(range(len(keys))))


def test_an_id_inside_a_secret_is_no_entry() -> None:
    table = KeyTable()
    id_ = os.urandom(PERSON)
    table.put(PersonKey(id_[:2] + os.urandom(PERSON - 2), id_ + os.urandom(16)))
    assert table.person(id_) is None
    assert not table.remove(id_)
    table.put(PersonKey(id_, b"s" * 32))
    assert table.person(id_) == b"s" * 32


def test_a_key_that_comes_again_takes_the_place_of_the_first() -> None:
    table, key = KeyTable(), new_person(b"a")
    table.put(key)
    table.put(PersonKey(key.id, b"t" * 32))
    assert (table.persons, table.person(key.id)) == (1, b"t" * 32)
    period = new_period(5)
    table.put(period)
    assert table.periods == {period.id: period}
    assert table.remove(period.id)
    assert table.periods == {}
