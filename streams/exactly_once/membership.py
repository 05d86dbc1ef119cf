"""A worker's membership in its consumer group, where aiokafka's coordinator does not do what a stage with tasks needs.

It keeps what it has while the group agrees anew; comes back under its own name; and hands over at once when it leaves.
Sources: Apache Kafka, "KIP-429: Kafka Consumer Incremental Rebalance Protocol", "KIP-345: Introduce static membership protocol".
"""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.errors import for_code
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest

from streams.exactly_once import kafka_protocol
from streams.exactly_once.assignor import CopartitionAssignor

log = structlog.get_logger()

FENCED_INSTANCE_ID = 82


class NameTakenError(Exception):
    """Another worker has joined the group under this one's name."""


class Membership(GroupCoordinator):  # type: ignore[misc, unused-ignore]
    """Made of a consumer's coordinator by `of`, before it joins: the client makes its coordinator itself, and takes no other."""

    _numbers: CopartitionAssignor
    _group_instance_id: str | None
    _taken: Callable[[Exception], None]
    _keeps = False
    """Whether the group went by our protocol when it last agreed: by another one it takes numbers from their owners without asking them."""

    _first = True
    """Whether it has been given nothing yet."""
    _left_outdated = False
    """Whether it has left what it was given for being outdated, and is to join again."""
    agreeing = True
    """Until the tasks are those of what the group has agreed on last."""

    @classmethod
    def of(cls, consumer: AIOKafkaConsumer, assignor: CopartitionAssignor, taken: Callable[[Exception], None]) -> "Membership":
        """*taken* is called when another worker has the name."""
        made = consumer._coordinator  # noqa: SLF001 - it has no public side
        made.__class__ = cls
        made._numbers, made._taken = assignor, taken  # noqa: SLF001 - as above
        return made  # type: ignore[no-any-return, unused-ignore]

    @property
    def keeps(self) -> bool:
        """Whether what the worker has stays its own until it lets go."""
        return self._keeps and not self._numbers.lost

    @property
    def name(self) -> str:
        """`group.instance.id`; empty where it has none."""
        return self._group_instance_id or ""

    def settled(self) -> None:
        """The tasks are those of the last assignment."""
        self.agreeing = False
        if self._keeps:
            self._numbers.joined(self.generation)

    def reset_generation(self) -> None:
        self._numbers.lose()
        super().reset_generation()

    async def _on_join_prepare(self, previous_assignment: Any) -> None:
        self.agreeing = True
        if self._left_outdated:
            self._left_outdated = False
            self._group_subscription = None
            # The client has begun a heartbeat, which sees now that there is no member and ends. Cancelled before its first step, as the client
            # does next, it would end the client's routine as well, and nobody would ever join again.
            await asyncio.sleep(0)
        elif self.keeps:
            self._group_subscription = None
        else:
            await super()._on_join_prepare(previous_assignment)

    async def _on_join_complete(self, generation: int, member_id: str, protocol: str, member_assignment_bytes: bytes) -> None:
        first, self._first = self._first, False
        if first and protocol == CopartitionAssignor.name and self._outdated(member_assignment_bytes):
            log.info("leaves and joins again: it reads other topics than when it was killed", group=self.group_id)
            await self._maybe_leave_group()
            self._left_outdated = True
            return
        before, self._keeps = self._keeps, protocol == CopartitionAssignor.name
        if before and not self._keeps:
            # Somebody has come who does not know our protocol; until now nothing was let go.
            self._numbers.lose()
        await super()._on_join_complete(generation, member_id, protocol, member_assignment_bytes)

    def _outdated(self, assignment: bytes) -> bool:
        """Whether it is of other topics than ours: who comes back under its name gets what it was given when it had other settings."""
        given = set(ConsumerProtocolMemberAssignment.decode(assignment).partitions())
        mine = {TopicPartition(topic, tp.partition) for topic in self._subscription.topics for tp in given}
        return given != {tp for tp in mine if tp.partition in (self._cluster.partitions_for_topic(tp.topic) or ())}

    async def _maybe_leave_group(self) -> None:
        """Also where it has a name: it is stopped in good order, and the others need not wait whether it comes back."""
        name, self._group_instance_id = self._group_instance_id, None
        try:
            await super()._maybe_leave_group()
        finally:
            self._group_instance_id = name

    # -- requests that the client lacks

    async def _send_req(self, request: Any) -> Any:
        if isinstance(request, JoinGroupRequest):
            self._also_range(request)
        if isinstance(request, HeartbeatRequest) and self._group_instance_id is not None:
            # The client's own says no name, and whoever has lost it would be told that it is nobody, and take it back.
            call = kafka_protocol.heartbeat(self.group_id, self.generation, self.member_id, self._group_instance_id)
            answer = SimpleNamespace(error_code=await super()._send_req(call))
        else:
            answer = await super()._send_req(request)
        if getattr(answer, "error_code", 0) == FENCED_INSTANCE_ID:
            self._taken(NameTakenError(f"another worker of {self.group_id} has joined as {self._group_instance_id}"))
            raise for_code(FENCED_INSTANCE_ID)(self._group_instance_id)
        return answer

    def _also_range(self, request: Any) -> None:
        """Offer the range protocol, too, behind our own: workers of 0.1.0 know no other.

        A group takes the first protocol that all its members know. The client itself, given two assignors, joins twice: with the first
        alone, then with both (aiokafka 0.14; mended in its pull request 1168).
        """
        protocols = request._group_protocols  # noqa: SLF001 - there is no public way
        if all(name != RangePartitionAssignor.name for name, _ in protocols):
            topics = ConsumerProtocolMemberMetadata.decode(protocols[0][1]).subscription
            protocols.append((RangePartitionAssignor.name, RangePartitionAssignor.metadata(topics).encode()))

    def _lookup_assignor(self, name: str) -> Any:
        return super()._lookup_assignor(name) or (RangePartitionAssignor if name == RangePartitionAssignor.name else None)
