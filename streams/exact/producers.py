"""What a task writes with: transactions that the next owner of the task fences."""

import asyncio
from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError

from streams.exact.classic import Classic
from streams.exact.outputs import Fenced, Headers, Link, Outputs, Record, Unknown, first
from streams.exact.transaction import Transactions

__all__ = ["Fenced", "Headers", "Link", "Outputs", "Producers", "Record", "Unknown"]

_BROKER = (KafkaError, OSError, TimeoutError, AssertionError, IllegalOperation)
"""What the client raises about the broker or its own state; anything else is a defect of ours."""


class Producers:
    """*name* must be the same for every owner of the task: starting them fences the last owner's, whichever way that one took."""

    def __init__(self, link: Link, name: str, group: str) -> None:
        self._link = link
        self._name = name
        self._group = group
        self.way: Classic | Transactions | None = None
        """How transactions are made on this cluster; known once started."""

    async def start(self) -> None:
        """Fence the last owner, and end what it left open. Raises KafkaError, TimeoutError."""
        async with asyncio.timeout(self._link.request_timeout * 2):
            if self._link.lean:
                self.way = lean = Transactions(self._link, self._name, self._group)
                if await lean.possible():
                    await lean.start()
                    return
                await lean.close()
            self.way = Classic(self._link, self._name, self._group)
            await self.way.start()

    async def commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
        """Write *outputs* and *offsets* in one transaction; the answer is the offset after the last record, by partition.

        Raises Fenced, and Unknown for anything else: the caller must then throw this object away.
        """
        assert self.way is not None, "start() comes before"
        try:
            # The broker aborts an open transaction on its own after transaction_timeout: there is no sense in waiting longer.
            async with asyncio.timeout(self._link.transaction_timeout):
                return await self.way.commit(outputs, offsets)
        except Fenced:
            raise
        except (BaseExceptionGroup, *_BROKER) as errors:
            error = first(errors)
            raise Unknown(f"{type(error).__name__}: {error}") if isinstance(error, _BROKER) else error from None

    async def close(self) -> None:
        """Let go without waiting for anything to be sent; the broker, or the next owner, ends what is open."""
        closing, self.way = self.way, None
        if closing is not None:
            await closing.close()
