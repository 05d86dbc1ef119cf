"""Who of a consumer group works on which partition numbers.

A task is one partition number of all inputs, and its transactional ids know nothing but the number: two owners of one number
fence each other. An assignor that goes topic by topic makes two owners as soon as members read different topics, as they do while
a platform is added and old and new workers run side by side. This one gives out numbers.
"""

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

import msgspec
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from msgspec import Struct

Members = Mapping[str, ConsumerProtocolMemberMetadata]


class Claim(Struct, frozen=True, omit_defaults=True):
    """What a member says of itself when it joins; the form is read by workers of other releases."""

    generation: int = -1
    """In which the group gave it what it has; -1 when the group has counted it out since."""
    owned: tuple[int, ...] = ()
    """Numbers on which it works, and goes on working until they are given to nobody."""
    kept: dict[int, float] = {}
    """Numbers whose state lies on its disk, and since when (seconds since 1970) it was not written."""


class CopartitionAssignor(AbstractPartitionAssignor):  # type: ignore[misc, unused-ignore]
    """Number *p* of all topics goes to one member. Of these topics it gets those that it reads; the others wait, at *p*, until a
    member owns it that reads them. What all members read is always served.

    A number stays with the member that has it, as long as nobody has more than a fair share; one that nobody has goes to the member
    whose disk holds its state. Where shares are uneven, or there are more members than numbers, those that read the most topics come
    first: with them the least waits.

    A number that is to move is given to nobody at first. Its owner finishes what it has in hand, and joins again without it; then it is given
    to the next. All the while the owners of the other numbers work on. Source: Apache Kafka, "KIP-429: Kafka Consumer Incremental Rebalance Protocol".

    One object a consumer: it tells the group what its member has. *kept* as in `Claim`; *given* is called with the partitions of each assignment.
    """

    name = "im-relay.numbers"
    version = 0

    def __init__(self, kept: Callable[[], Mapping[int, float]] = dict, given: Callable[[list[Any]], None] = lambda _: None) -> None:
        self._kept = kept
        self._given = given
        self._owned: list[int] = []
        self._joined = -1

    def lose(self) -> None:
        """The group has counted its member out: whatever that had may be somebody else's."""
        self._joined = -1

    @property
    def lost(self) -> bool:
        return self._joined < 0

    def joined(self, generation: int) -> None:
        """What was given last, was given in *generation*."""
        self._joined = generation

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:  # type: ignore[override, unused-ignore]
        claim = Claim(self._joined, tuple(self._owned), dict(self._kept()))
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), msgspec.json.encode(claim))

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:  # type: ignore[override, unused-ignore]
        partitions = assignment.partitions()
        self._owned = sorted({tp.partition for tp in partitions})
        self._given(partitions)

    def assign(  # type: ignore[override, unused-ignore]
        self, cluster: ClusterMetadata, members: Members
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        topics = sorted({topic for metadata in members.values() for topic in metadata.subscription})
        numbers = {topic: cluster.partitions_for_topic(topic) or frozenset() for topic in topics}
        claims = {member: _claim(metadata.user_data) for member, metadata in members.items()}
        holders = _holders(claims)
        owners = _shared(sorted(frozenset().union(*numbers.values())), members, claims, holders)
        given: dict[str, ConsumerProtocolMemberAssignment] = {}
        for member, metadata in members.items():
            own = {number for number, owner in owners.items() if owner == member and holders.get(number, member) == member}
            mine = [(topic, sorted(own & numbers[topic])) for topic in sorted(metadata.subscription)]
            given[member] = ConsumerProtocolMemberAssignment(self.version, [one for one in mine if one[1]], b"")
        return given


def _claim(data: bytes | None) -> Claim:
    try:
        return msgspec.json.decode(data or b"{}", type=Claim)
    except msgspec.DecodeError:
        return Claim()


def _holders(claims: Mapping[str, Claim]) -> dict[int, str]:
    """Who works on which number now: of two who say so the one who was told later."""
    said = sorted((claim.generation, member) for member, claim in claims.items() if claim.generation >= 0)
    return {number: member for _, member in said for number in claims[member].owned}


def _shared(numbers: list[int], members: Members, claims: Mapping[str, Claim], holders: Mapping[int, str]) -> dict[int, str]:
    """The owner that each number is to have."""
    held = {member: [number for number in numbers if holders.get(number) == member] for member in members}
    order = sorted(members, key=lambda member: (-len(set(members[member].subscription)), -len(held[member]), member))
    least, more = divmod(len(numbers), len(order))
    room = {member: least + (place < more) for place, member in enumerate(order)}
    owners: dict[int, str] = {}
    for member in order:
        # Too many: those go first that somebody else has the latest state of.
        others = {
            number: max((claims[other].kept.get(number, -inf) for other in order if other != member), default=-inf)
            for number in held[member]
        }
        for number in sorted(held[member], key=lambda number: (others[number], number))[: room[member]]:
            owners[number] = member
            room[member] -= 1
    latest = sorted(((-at, number, member) for member in order for number, at in claims[member].kept.items()))
    for _, number, member in latest:
        if room[member] and number not in owners and number in numbers:
            owners[number] = member
            room[member] -= 1
    free = iter([number for number in numbers if number not in owners])
    for member in order:
        for _ in range(room[member]):
            owners[next(free)] = member
    return owners
