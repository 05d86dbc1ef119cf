"""Numbers are given out, not partitions: who gets what while members read different topics."""

from types import SimpleNamespace

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st

from streams.exactly_once.assignor import CopartitionAssignor

Owned = dict[str, dict[str, list[int]]]
Kept = dict[str, dict[int, float]]


def member(topics: set[str], had: list[int], kept: dict[int, float] | None = None, generation: int = 1) -> ConsumerProtocolMemberMetadata:
    """As the group is told of it."""
    assignor = CopartitionAssignor(lambda: kept or {})
    assignor.on_assignment(ConsumerProtocolMemberAssignment(0, [("x", had)], b""))
    if generation >= 0:
        assignor.joined(generation)
    return ConsumerProtocolMemberMetadata.decode(assignor.metadata(topics).encode())


def step(members: dict[str, ConsumerProtocolMemberMetadata], partitions: int = 4) -> Owned:
    """What the members may work on when the group has agreed once; by member and topic."""
    cluster = SimpleNamespace(partitions_for_topic=lambda _: set(range(partitions)))
    found = CopartitionAssignor().assign(cluster, members)
    return {name: {topic: list(numbers) for topic, numbers in given.assignment} for name, given in found.items()}


def share(
    subscriptions: dict[str, set[str]], had: dict[str, list[int]] | None = None, partitions: int = 4, kept: Kept | None = None
) -> Owned:
    """The same when all have let go of what was to move, and the group has agreed again; each member told what it *had*."""
    mine, found = dict(had or {}), Owned()
    for generation in (1, 2):
        fleet = {name: member(topics, mine.get(name, []), (kept or {}).get(name), generation) for name, topics in subscriptions.items()}
        found = step(fleet, partitions)
        mine = {name: sorted(given) for name, given in numbers(found).items()}
    return found


def numbers(owned: Owned) -> dict[str, set[int]]:
    return {member: {number for found in topics.values() for number in found} for member, topics in owned.items()}


topics = st.sets(st.sampled_from("abcde"), min_size=1)
fleets = st.dictionaries(st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6"]), topics, min_size=1)
claims = st.dictionaries(st.sampled_from(["m1", "m2", "m3", "m4"]), st.lists(st.integers(0, 9)))


@given(fleets, claims, st.integers(1, 9))
def test_no_number_has_two_owners_shares_are_even_and_what_all_read_is_served(
    fleet: dict[str, set[str]], had: dict[str, list[int]], partitions: int
) -> None:
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


def test_what_is_to_move_is_nobodys_until_its_owner_has_let_go_and_all_else_stays() -> None:
    fleet = {"m1": member({"a"}, [0, 1]), "m2": member({"a"}, [2, 3]), "new": member({"a"}, [], generation=-1)}
    mine = numbers(step(fleet))
    assert (len(mine["m1"] & {0, 1}), len(mine["m2"] & {2, 3}), mine["new"]) == (2, 1, set())


def test_who_comes_back_gets_what_its_disk_holds_the_state_of() -> None:
    kept = {"back": {1: 50.0, 2: 50.0}, "m1": {1: 10.0}}
    assert numbers(share({"m1": {"a"}, "m2": {"a"}, "back": {"a"}}, {"m1": [0, 1, 4], "m2": [2, 3, 5]}, 6, kept)) == {
        "m1": {0, 4},
        "m2": {3, 5},
        "back": {1, 2},
    }


def test_what_nobody_has_goes_to_the_latest_state_of_it() -> None:
    kept = {"m1": {0: 10.0, 1: 30.0}, "m2": {0: 20.0, 1: 20.0}}
    assert numbers(share({"m1": {"a"}, "m2": {"a"}}, {}, 2, kept)) == {"m1": {1}, "m2": {0}}


def test_who_was_counted_out_holds_nothing_and_of_two_the_later_one_does() -> None:
    gone = step({"m1": member({"a"}, [0, 1, 2, 3], generation=-1), "m2": member({"a"}, [], generation=4)})
    assert sorted(len(each) for each in numbers(gone).values()) == [2, 2]
    both = numbers(step({"m1": member({"a"}, [0, 1], generation=3), "m2": member({"a"}, [1, 2], generation=4)}))
    assert both["m1"] == {0, 3}
    assert both["m2"] == {1, 2}


@given(
    st.dictionaries(
        st.sampled_from("pqrst"),
        st.tuples(st.lists(st.integers(0, 9)), st.dictionaries(st.integers(0, 12), st.floats(0, 2e9)), st.integers(-1, 5)),
        min_size=1,
    )
)
def test_nobody_is_given_what_another_works_on(fleet: dict[str, tuple[list[int], dict[int, float], int]]) -> None:
    mine = numbers(step({name: member({"a"}, *said) for name, said in fleet.items()}, 10))
    latest: dict[int, int] = {}
    for had, _, generation in fleet.values():
        for number in had:
            latest[number] = max(latest.get(number, -1), generation)
    for name, given_now in mine.items():
        for number in given_now:
            had, _, generation = fleet[name]
            assert latest.get(number, -1) < 0 or (number in had and generation == latest[number])
