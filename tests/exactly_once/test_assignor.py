"""Numbers are given out, not partitions: who gets what while members read different topics."""

from types import SimpleNamespace

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st

from streams.exactly_once.assignor import CopartitionAssignor

Owned = dict[str, dict[str, list[int]]]


def share(subscriptions: dict[str, set[str]], had: dict[str, list[int]] | None = None, partitions: int = 4) -> Owned:
    """By member and topic; each member told the group what it *had*."""
    members = {}
    for member, topics in subscriptions.items():
        assignor = CopartitionAssignor()
        assignor.on_assignment(ConsumerProtocolMemberAssignment(0, [("x", (had or {}).get(member, []))], b""))
        members[member] = ConsumerProtocolMemberMetadata.decode(assignor.metadata(topics).encode())
    cluster = SimpleNamespace(partitions_for_topic=lambda _: set(range(partitions)))
    found = CopartitionAssignor().assign(cluster, members)
    return {member: {topic: list(numbers) for topic, numbers in given.assignment} for member, given in found.items()}


def numbers(owned: Owned) -> dict[str, set[int]]:
    return {member: {number for found in topics.values() for number in found} for member, topics in owned.items()}


topics = st.sets(st.sampled_from("abcde"), min_size=1)
fleets = st.dictionaries(st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6"]), topics, min_size=1)
claims = st.dictionaries(st.sampled_from(["m1", "m2", "m3", "m4"]), st.lists(st.integers(0, 9)))


@given(fleets, claims, st.integers(1, 9))
def test_no_number_has_two_owners_shares_are_even_and_what_all_read_is_served(fleet: dict[str, set[str]], had: dict[str, list[int]], partitions: int) -> None:
    owned = share(fleet, had, partitions)
    mine = numbers(owned)
    assert sum(map(len, mine.values())) == partitions
    assert set().union(*mine.values()) == set(range(partitions))
    sizes = sorted(map(len, mine.values()))
    assert sizes[-1] - sizes[0] <= 1
    for member, found in owned.items():
        assert found.keys() == (fleet[member] if mine[member] else set())
        assert all(set(each) == mine[member] for each in found.values())


def test_who_joins_takes_no_more_than_its_share_and_who_stays_keeps_the_rest() -> None:
    before = {"m1": [0, 1], "m2": [2, 3]}
    after = numbers(share({name: {"a"} for name in ("m0", "m1", "m2")}, before))
    assert sum(len(after[member] & set(before[member])) for member in before) == 3


def test_nothing_moves_in_a_group_that_stays_as_it_is() -> None:
    before = {"m1": [1, 3], "m2": [0, 2]}
    assert numbers(share({"m1": {"a"}, "m2": {"a"}}, before)) == {"m1": {1, 3}, "m2": {0, 2}}


def test_a_topic_that_old_workers_do_not_read_is_served_where_a_new_one_owns_the_number() -> None:
    owned = share({"old": {"a"}, "new": {"a", "b"}}, {"old": [0, 1, 2, 3]})
    assert owned["old"].keys() == {"a"}
    assert owned["new"]["a"] == owned["new"]["b"]


@pytest.mark.parametrize("partitions", [1, 2])
def test_with_fewer_numbers_than_members_those_that_read_more_work(partitions: int) -> None:
    fleet = {"old1": {"a"}, "old2": {"a"}, "new1": {"a", "b"}, "new2": {"a", "b"}}
    mine = numbers(share(fleet, {"old1": [0], "old2": [1]}, partitions))
    assert not mine["old1"] | mine["old2"]


def test_a_claim_in_another_form_is_no_claim() -> None:
    cluster = SimpleNamespace(partitions_for_topic=lambda _: {0, 1})
    members = {"m1": ConsumerProtocolMemberMetadata(0, ["a"], b"\xff,x,-1,,"), "m2": ConsumerProtocolMemberMetadata(0, ["a"], None)}
    found = CopartitionAssignor().assign(cluster, members)
    assert sorted(len(one.partitions()) for one in found.values()) == [1, 1]
