"""A client that finds its cluster again: where no broker that it knows answers, it asks those of the settings, as at its start.

aiokafka does so once, and keeps the addresses of then. Source: Apache Kafka, "KIP-899: Allow producer and consumer clients to rebootstrap".
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError
from aiokafka.protocol.metadata import MetadataRequest

from converters.core.localized import Localized, text_of
from streams.kafka.reachability import REACH

STAGGER = 1.0
"""Seconds until somebody else is asked, too."""
PAUSE, LONGEST = 0.1, 1.0
"""Seconds after nobody has answered: doubled each time, up to the longest."""

Ask = Callable[[], Awaitable[Any]]


async def first_of(asks: Iterable[Ask], met: list[BaseException] | None = None) -> Any:
    """The first answer. Each begins when the last has failed, or has taken too long. Raises what the last of them raised; *met* gets all."""
    running: set[asyncio.Future[Any]] = set()
    waiting = list(asks)
    failed: BaseException | None = None
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(waiting.pop(0)()))
            done, running = await asyncio.wait(running, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED)
            failures = [each.exception() for each in done]  # of all: one that nobody looks at is a defect in the log
            for each, failure in zip(done, failures, strict=True):
                if failure is None:
                    return each.result()
                failed = failure
                if met is not None:
                    met.append(failure)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    raise failed or KafkaConnectionError("there is nobody to ask")


async def answer(connection: Any, request: Any) -> Any:
    """Of one who knows of brokers. Raises KafkaError, TimeoutError."""
    try:
        found = await connection.send(request)
    except TimeoutError:
        connection.close(reason=CloseReason.CONNECTION_TIMEOUT)
        raise
    if not found.brokers:
        raise KafkaConnectionError(f"{connection.host}:{connection.port} knows of no brokers")
    return found


class RebootstrapClient(AIOKafkaClient):  # type: ignore[misc, unused-ignore]
    """What all clients of ours have in common; `streams.kafka.clients` makes them."""

    _failures = 0

    async def _connect(self, host: str, port: int, on_close: Any = None, *, again: bool = False) -> Any:
        raise NotImplementedError

    def fresh(self, host: str, port: int, request: Any, *, again: bool = False) -> Ask:
        """By a connection for this one question; *again* as of `_connect`."""

        async def ask() -> Any:
            made = await self._connect(host, port, again=again)
            try:
                return await answer(made, request)
            except (KafkaError, OSError) as error:
                raise await self._met(error, host, port, again=again) from error
            finally:
                made.close()

        return ask

    async def _met(self, error: BaseException, host: str, port: int, *, again: bool) -> Exception:
        """*error* as a person is to read it."""
        raise NotImplementedError

    def named(self, request: Any, *, again: bool = False) -> list[Ask]:
        """Those of the settings, in any order."""
        return [self.fresh(host, port, request, again=again) for host, port, _ in self.hosts]

    def _known(self, request: Any) -> list[Ask]:
        """Whom there is a connection to, then the others that were heard of."""
        live = [connection for connection in self._conns.values() if connection.connected()]
        random.shuffle(live)
        there = {(each.host, each.port) for each in live}
        others = [each for each in self.cluster.brokers() if (each.host, each.port) not in there]
        random.shuffle(others)
        asks: list[Ask] = [partial(answer, each, request) for each in live]
        if not live and others:
            asks.append(self._kept(others.pop().nodeId, request))
        return [*asks, *(self.fresh(each.host, each.port, request) for each in others)]

    def _kept(self, node: int, request: Any) -> Ask:
        """By a connection that stays."""

        async def ask() -> Any:
            if (made := await self._get_conn(node)) is None:
                raise KafkaConnectionError(REACH.trouble)
            return await answer(made, request)

        return ask

    async def _metadata_update(self, cluster_metadata: Any, topics: Any) -> bool:
        request = MetadataRequest(list(topics) if topics else None)
        try:
            found = await first_of([*self._known(request), *self.named(request)])
        except Exception as error:  # noqa: BLE001 - the task that asks for metadata must not end: nobody would start it again
            REACH.lost(f"{self._bootstrap_servers}: {words(error)}")
            cluster_metadata.failed_update(None)
            self._failures += 1
            pause = min(LONGEST, PAUSE * 2 ** min(self._failures, 6))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            return False
        self._failures = 0
        cluster_metadata.update_metadata(found)
        if cluster_metadata is not self.cluster and not _same(cluster_metadata, self.cluster):
            self.force_metadata_update()
        return True

    def get_random_node(self) -> Any:
        """One that there is a connection to, where there is one: it is more likely to answer."""
        known = {each.nodeId for each in self.cluster.brokers()}
        live = sorted(
            {node for (node, group), each in self._conns.items() if group == ConnectionGroup.DEFAULT and node in known and each.connected()}
        )
        return random.choice(live or sorted(known)) if known else None  # noqa: S311 - any will do

    async def send(self, node_id: Any, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        try:
            return await super().send(node_id, request, group=group)
        except KeyError:
            # Another request has found the connection dead, and thrown it away, before this one was sent or had failed.
            raise NodeNotReadyError(f"the connection to node {node_id} was closed") from None


def _same(one: Any, other: Any) -> bool:
    places = [{(each.nodeId, each.host, each.port) for each in cluster.brokers()} for cluster in (one, other)]
    return places[0] == places[1]


def words(error: BaseException) -> Localized:
    return text_of(error) or Localized(type(error).__name__)
