"""Who of a consumer group works on which partition numbers.

A task is one partition number of all inputs, and its transactional ids know nothing but the number: two owners of one number
fence each other. An assignor that goes topic by topic makes two owners as soon as members read different topics, as they do while
a platform is added and old and new workers run side by side. This one gives out numbers.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.protocol.group import JoinGroupRequest

Members = Mapping[str, ConsumerProtocolMemberMetadata]


class CopartitionAssignor(AbstractPartitionAssignor):  # type: ignore[misc, unused-ignore]
    """Number *p* of all topics goes to one member. Of these topics it gets those that it reads; the others wait, at *p*, until a
    member owns it that reads them. What all members read is always served.

    A number stays with the member that has it, as long as nobody has more than a fair share. Where shares are uneven, or there are
    more members than numbers, those that read the most topics come first: with them the least waits.

    One object a consumer: it tells the group what its member has.
    """

    name = "im-relay.numbers"
    version = 0

    def __init__(self) -> None:
        self._owned: list[int] = []

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:  # type: ignore[override, unused-ignore]
        owned = ",".join(map(str, self._owned)).encode()
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), owned)

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:  # type: ignore[override, unused-ignore]
        self._owned = sorted({tp.partition for tp in assignment.partitions()})

    def assign(  # type: ignore[override, unused-ignore]
        self, cluster: ClusterMetadata, members: Members
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        topics = sorted({topic for metadata in members.values() for topic in metadata.subscription})
        numbers = {topic: cluster.partitions_for_topic(topic) or frozenset() for topic in topics}
        owners = _shared(sorted(frozenset().union(*numbers.values())), members)
        given: dict[str, ConsumerProtocolMemberAssignment] = {}
        for member, metadata in members.items():
            own = {number for number, owner in owners.items() if owner == member}
            mine = [(topic, sorted(own & numbers[topic])) for topic in sorted(metadata.subscription)]
            given[member] = ConsumerProtocolMemberAssignment(self.version, [one for one in mine if one[1]], b"")
        return given


def also_range(coordinator: Any) -> None:
    """Have a consumer's *coordinator* offer the range protocol, too, behind its own: workers of 0.1.0 know no other.

    A group takes the first protocol that all its members know. The client itself, given two assignors, joins twice: with the first
    alone, then with both (aiokafka 0.14; mended in its pull request 1168). So it has one, and its request is completed here.
    """
    send, lookup = coordinator._send_req, coordinator._lookup_assignor  # noqa: SLF001 - there is no public way
    more = RangePartitionAssignor

    async def complete(request: Any) -> Any:
        if isinstance(request, JoinGroupRequest):
            protocols = request._group_protocols  # noqa: SLF001
            if all(name != more.name for name, _ in protocols):
                topics = ConsumerProtocolMemberMetadata.decode(protocols[0][1]).subscription
                protocols.append((more.name, more.metadata(topics).encode()))
        return await send(request)

    coordinator._send_req = complete  # noqa: SLF001
    coordinator._lookup_assignor = lambda name: lookup(name) or (more if name == more.name else None)  # noqa: SLF001


def _shared(numbers: list[int], members: Members) -> dict[int, str]:
    """The owner of each number."""
    had = {member: _had(metadata) for member, metadata in members.items()}
    order = sorted(members, key=lambda member: (-len(set(members[member].subscription)), -len(had[member]), member))
    least, more = divmod(len(numbers), len(order))
    room = {member: least + (place < more) for place, member in enumerate(order)}
    owners: dict[int, str] = {}
    for member in order:
        for number in sorted(had[member] & set(numbers) - owners.keys())[: room[member]]:
            owners[number] = member
            room[member] -= 1
    free = iter([number for number in numbers if number not in owners])
    for member in order:
        for _ in range(room[member]):
            owners[next(free)] = member
    return owners


def _had(metadata: ConsumerProtocolMemberMetadata) -> set[int]:
    words = (metadata.user_data or b"").split(b",")
    return {int(word) for word in words if word.isdigit()}
