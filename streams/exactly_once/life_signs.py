"""Signs of life of a group's members: who gives none is put out of the group by the others, before its session is over.

Brokers count nobody out before `group.min.session.timeout.ms`, 6 s where nobody has told them otherwise. A sign lies with the group's coordinator,
as a committed offset of a topic that the stage does not read in its group: no other topic, permission or port is needed, and whoever cannot write there
cannot judge either. A worker that is put out by mistake joins again, as one whose session was over; the transactional ids keep it exact.
Source: Apache Kafka, "Protocol guide", OffsetCommit, OffsetFetch, LeaveGroup.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from math import inf
from typing import Any

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.protocol.commit import OffsetCommitRequest
from msgspec import Struct

from streams.exactly_once import kafka_protocol
from streams.observe.log import place

log = structlog.get_logger()

EVERY = 0.5
"""Seconds between two signs."""
LATE = 3 * EVERY
"""Seconds between two of a worker's own rounds after which it judges nobody by what it heard before: it, or the cluster, stood still."""
AGAIN = 30.0
"""Seconds in which no name is put out twice: whoever comes back and is silent again is left to its session."""


PUT_OUT = "a worker gives no sign of life, its partitions are given to others"


class LifeSign(Struct, frozen=True):
    """Read by workers of other releases."""

    generation: int
    member: str
    name: str
    """`group.instance.id`; empty: the member has none."""
    count: int
    """Of the signs of this process; that it has risen is all that counts, so nobody's clock does."""


class SilenceJudge:
    """Who has been silent for *patience* seconds, by rounds of a worker whose own signs were taken all the time."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._last = -inf
        self._heard: dict[str, tuple[int, float]] = {}
        self._put_out: dict[str, float] = {}

    def round(self, now: float, mine: LifeSign, signs: Iterable[LifeSign]) -> list[LifeSign]:
        """Whom to put out, after *mine* was taken and *signs* were read at *now*.

        Signs of other generations say nothing: who gave them may own nothing since, or have gone. Nobody is judged where more members are silent
        than not: then it is more likely that the cluster or the machine is at fault than that so many have died.
        """
        others = {sign.member: sign for sign in signs if sign.generation == mine.generation and sign.member != mine.member}
        if now - self._last > LATE:
            self._heard.clear()
        self._last = now
        self._heard = {
            member: heard if (heard := self._heard.get(member)) and heard[0] == sign.count else (sign.count, now)
            for member, sign in others.items()
        }
        silent = [sign for sign in others.values() if now - self._heard[sign.member][1] >= self._patience]
        if 2 * len(silent) > len(others) + 1:
            return []
        found = [sign for sign in silent if now - self._put_out.get(sign.name or sign.member, -inf) >= AGAIN]
        self._put_out |= {sign.name or sign.member: now for sign in found}
        return found


class LifeSigns:
    """Gives a worker's signs into *topic*, and looks for those of the others.

    *owned* are the partition numbers on which it works: the least is where its sign lies. *membership* is the consumer's. *told* is called for each member
    that was put out.
    """

    def __init__(
        self,
        membership: Any,
        topic: str,
        owned: Callable[[], Collection[int]],
        numbers: Callable[[], int],
        patience: float,
        told: Callable[[], None],
    ) -> None:
        self._membership = membership
        self._topic = topic
        self._owned = owned
        self._numbers = numbers
        self._judge = SilenceJudge(patience)
        self._patience = patience
        self._told = told
        self.given = 0
        """Signs that this process has given, or tried to."""
        self._slot = -1, 0
        """The generation, and the number where its signs lie: also while the worker finishes the last of what it had."""
        self._refused = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._round()
            except KafkaError:
                pass  # without a round nobody is judged, and the heartbeat tells of a cluster that is away
            except Exception as error:  # noqa: BLE001 - a worker whose signs end, and that works, would be put out
                log.error("defect in the signs of life", place=place(error))  # noqa: TRY400 - the text of the error may be anything

    async def _round(self) -> None:
        group = self._membership
        owned = self._owned()
        if owned:
            self._slot = group.generation, min(owned)
        if group.agreeing or group.generation < 0 or self._slot[0] != group.generation:
            return  # the heartbeat goes on meanwhile, and the session with it
        self.given += 1
        mine = LifeSign(group.generation, group.member_id, group.name, self.given)
        slot = (self._slot[1], 0, msgspec.json.encode(mine).decode())
        given = OffsetCommitRequest(
            group.group_id, mine.generation, mine.member, OffsetCommitRequest.DEFAULT_RETENTION_TIME, [(self._topic, [slot])]
        )
        answer = await group._send_req(given)  # noqa: SLF001 - its own way to commit would take an answer that is overtaken for the loss of its place
        if error := next((error for _, partitions in answer.topics for _, error in partitions), 0):
            if error in _REFUSED and error != self._refused:
                log.info(
                    "no sign of life may be given: whoever is killed is missed when its session is over", topic=self._topic, error=error
                )
                self._refused = error
            return
        found = await group._do_fetch_commit_offsets([TopicPartition(self._topic, number) for number in range(self._numbers())])  # noqa: SLF001 - as above
        signs = [sign for one in found.values() if (sign := _sign(one.metadata)) is not None]
        for sign in self._judge.round(asyncio.get_running_loop().time(), mine, signs):
            await self._put_out(sign)

    async def _put_out(self, sign: LifeSign) -> None:
        """The coordinator does so only where the member is the one that gave the sign: a worker that came back under its name is another."""
        call = kafka_protocol.leave(self._membership.group_id, sign.member, sign.name, f"no sign of life for {self._patience:g} s")
        if not await self._membership._send_req(call):  # noqa: SLF001 - it has no public side
            log.warning(PUT_OUT, group=self._membership.group_id, worker=sign.name or sign.member, seconds=self._patience)
            self._told()


_REFUSED = frozenset({3, 29, 30})
"""There is no such partition, or no permission."""


def _sign(metadata: str) -> LifeSign | None:
    try:
        return msgspec.json.decode(metadata, type=LifeSign)
    except msgspec.DecodeError:
        return None
