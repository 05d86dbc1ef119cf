"""What a task writes with: transactions that the next owner of the task fences."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError

from streams.encryption.master_key_form import MasterKeyError
from streams.exactly_once.outputs import (
    CoordinatorRefusesError,
    FencedError,
    Headers,
    OutputRecord,
    Outputs,
    ProducerSettings,
    UnknownResultError,
    WaitingError,
    first,
    stamped,
)
from streams.exactly_once.transactions_aiokafka import AiokafkaTransactions
from streams.exactly_once.transactions_direct import DirectTransactions
from streams.kafka.cluster import cluster_of
from streams.kafka.permissions import why
from streams.kafka.reachability import REACH

__all__ = ["FencedError", "Headers", "OutputRecord", "Outputs", "ProducerSettings", "Producers", "UnknownResultError", "WaitingError"]

_BROKER = (KafkaError, OSError, TimeoutError, AssertionError, IllegalOperation)
"""What the client raises about the broker or its own state; anything else is a defect of ours."""


class Producers:
    """*name* must be the same for every owner of the task: starting them fences the last owner's, whichever way that one took."""

    def __init__(self, link: ProducerSettings, name: str, group: str) -> None:
        self._link = link
        self._name = name
        self._group = group
        self.way: AiokafkaTransactions | DirectTransactions | None = None
        """How transactions are made on this cluster; known once started."""
        self._cipher = cluster_of(link.bootstrap).cipher
        self._entered = False
        self._began: float | None = None
        """When the open transaction was begun."""

    @property
    def encrypts(self) -> bool:
        """Whether a record that follows from no other is to say whose key it belongs under, with the header `AUTHOR`."""
        return self._cipher is not None and self._cipher.enabled

    async def start(self) -> None:
        """Fence the last owner, and end what it left open. Raises KafkaError, TimeoutError."""
        self._began = None
        if self._cipher is not None and not self._entered:
            self._entered = True
            self._cipher.ring.enter()
        limit = self._link.request_timeout * 2
        try:
            async with asyncio.timeout(limit):
                await self._start()
        except TimeoutError:
            if REACH.away() or not isinstance(self.way, DirectTransactions) or not self.way.refusal:
                raise
            raise CoordinatorRefusesError(self._name, limit, self.way.refusal) from None

    async def _start(self) -> None:
        if self._link.lean:
            self.way = lean = DirectTransactions(self._link, self._name, self._group)
            if await lean.possible():
                await lean.start()
                return
            await lean.close()
        self.way = AiokafkaTransactions(self._link, self._name, self._group)
        await self.way.start()

    async def write(self, outputs: Outputs) -> dict[tuple[str, int], int]:
        """Write *outputs*, and leave their transaction open for what follows; the answer and the errors are as of `commit`.

        When it returns, they are on all brokers that must have them, and the owner was not fenced until then. Whoever reads
        what is committed sees them once that is; if it never is, only a reader of everything does.
        """
        assert self.way is not None, "start() comes before"
        if self._began is None:
            self._began = asyncio.get_running_loop().time()
        with self._failures():
            async with asyncio.timeout(self._link.transaction_timeout):
                return await self.way.write(await self._ready(outputs))

    async def commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
        """Write *outputs* and *offsets* in one transaction with all that was written since the last, and end it.

        The answer is the offset after the last record of *outputs*, by partition. Raises Fenced, and Unknown for anything else:
        the caller must then throw this object away.
        """
        assert self.way is not None, "start() comes before"
        with self._failures():
            # The broker aborts an open transaction on its own after transaction_timeout: there is no sense in waiting longer.
            async with asyncio.timeout(self._link.transaction_timeout):
                written = await self.way.commit(await self._ready(outputs), offsets)
        self._began = None
        return written

    async def _ready(self, outputs: Outputs) -> Outputs:
        made = stamped(outputs, self._link.headers)
        return made if self._cipher is None else await self._cipher.sealed(made)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (BaseExceptionGroup, FencedError, MasterKeyError, *_BROKER) as errors:
            error = first(errors)
            if isinstance(error, FencedError) and self._outlived():
                # The broker fences whoever left a transaction open for too long, also where nobody else has taken over.
                raise UnknownResultError("the broker has ended a transaction that was open for too long") from None
            if isinstance(error, MasterKeyError):
                raise WaitingError(str(error)) from None
            if isinstance(error, FencedError) or not isinstance(error, _BROKER):
                raise error from None
            told = why(error, self._link.bootstrap)
            REACH.told(f"a transaction failed: {told}")
            raise UnknownResultError(told) from None

    def _outlived(self) -> bool:
        return self._began is not None and asyncio.get_running_loop().time() - self._began >= self._link.transaction_timeout

    async def close(self) -> None:
        """Let go without waiting for anything to be sent; the broker, or the next owner, ends what is open."""
        closing, self.way = self.way, None
        if closing is not None:
            await closing.close()
        if self._cipher is not None and self._entered:
            self._entered = False
            await self._cipher.ring.leave()
