"""A client that finds its cluster again: where no broker that it knows answers, it asks those of the settings, as at its start.

aiokafka does so once, and keeps the addresses of then. Source: Apache Kafka, "KIP-899: Allow producer and consumer clients to rebootstrap".
"""
# ruff: noqa: SLF001 - the client has no public way to any of this

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from aiokafka import client as module
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError
from aiokafka.protocol.metadata import MetadataRequest

from streams.kafka.reach import REACH

STAGGER = 1.0
"""Seconds until somebody else is asked, too."""
PAUSE, LONGEST = 0.1, 1.0
"""Seconds after nobody has answered: doubled each time, up to the longest."""

Ask = Callable[[], Awaitable[Any]]


async def first_of(asks: Iterable[Ask]) -> Any:
    """The first answer. Each begins when the last has failed, or has taken too long. Raises what the last of them raised."""
    running: set[asyncio.Future[Any]] = set()
    waiting = list(asks)
    failed: BaseException | None = None
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(waiting.pop(0)()))
            done, running = await asyncio.wait(running, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                if (failure := each.exception()) is None:
                    return each.result()
                failed = failure
    finally:
        for each in running:
            each.cancel()
        if running:
            await asyncio.wait(running)
    raise failed or KafkaConnectionError("there is nobody to ask")


def _fresh(client: Any, host: str, port: int, request: Any) -> Ask:
    async def ask() -> Any:
        made = await module.create_conn(
            host,
            port,
            client_id=client._client_id,
            request_timeout_ms=client._request_timeout_ms,
            ssl_context=client._ssl_context,
            security_protocol=client._security_protocol,
            sasl_mechanism=client._sasl_mechanism,
            sasl_plain_username=client._sasl_plain_username,
            sasl_plain_password=client._sasl_plain_password,
            sasl_kerberos_service_name=client._sasl_kerberos_service_name,
            sasl_kerberos_domain_name=client._sasl_kerberos_domain_name,
            sasl_oauth_token_provider=client._sasl_oauth_token_provider,
        )
        try:
            return await _answer(made, request)
        finally:
            made.close()

    return ask


async def _answer(connection: Any, request: Any) -> Any:
    try:
        found = await connection.send(request)
    except TimeoutError:
        connection.close(reason=CloseReason.CONNECTION_TIMEOUT)
        raise
    if not found.brokers:
        raise KafkaConnectionError(f"{connection.host}:{connection.port} knows of no brokers")
    return found


def _kept(client: Any, node: int, request: Any) -> Ask:
    """By a connection that stays."""

    async def ask() -> Any:
        if (made := await client._get_conn(node)) is None:
            raise KafkaConnectionError(REACH.trouble)
        return await _answer(made, request)

    return ask


def _named(client: Any, request: Any) -> list[Ask]:
    """Those of the settings, in any order."""
    return [_fresh(client, host, port, request) for host, port, _ in client.hosts]


def _known(client: Any, request: Any) -> list[Ask]:
    """Whom there is a connection to, then the others that were heard of."""
    live = [connection for connection in client._conns.values() if connection.connected()]
    random.shuffle(live)
    there = {(each.host, each.port) for each in live}
    others = [each for each in client.cluster.brokers() if (each.host, each.port) not in there]
    random.shuffle(others)
    asks: list[Ask] = [partial(_answer, each, request) for each in live]
    if not live and others:
        asks.append(_kept(client, others.pop().nodeId, request))
    return [*asks, *(_fresh(client, each.host, each.port, request) for each in others)]


class _Client(AIOKafkaClient):  # type: ignore[misc, unused-ignore]
    """These methods take the place of the client's own."""

    _failures = 0
    _sync_task: Any

    async def bootstrap(self) -> None:
        """Raises KafkaConnectionError, and what else is the reason that nobody can be asked."""
        try:
            found = await first_of(_named(self, MetadataRequest([])))
        except (KafkaError, OSError) as error:
            REACH.lost(f"{self._bootstrap_servers}: {_words(error)}")
            raise KafkaConnectionError(f"Unable to bootstrap from {self.hosts}: {_words(error)}") from error
        self.cluster.update_metadata(found)
        if self._sync_task is None:
            self._sync_task = asyncio.create_task(self._md_synchronizer())

    async def _metadata_update(self, cluster_metadata: Any, topics: Any) -> bool:
        request = MetadataRequest(list(topics) if topics else None)
        try:
            found = await first_of([*_known(self, request), *_named(self, request)])
        except Exception as error:  # noqa: BLE001 - the task that asks for metadata must not end: nobody would start it again
            REACH.lost(f"{self._bootstrap_servers}: {_words(error)}")
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
        live = sorted({
            node for (node, group), each in self._conns.items()
            if group == ConnectionGroup.DEFAULT and node in known and each.connected()
        })  # fmt: skip
        return random.choice(live or sorted(known)) if known else None  # noqa: S311 - any will do

    async def send(self, node_id: Any, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        try:
            return await _send(self, node_id, request, group=group)
        except KeyError:
            # Another request has found the connection dead, and thrown it away, before this one was sent or had failed.
            raise NodeNotReadyError(f"the connection to node {node_id} was closed") from None


def _same(one: Any, other: Any) -> bool:
    places = [{(each.nodeId, each.host, each.port) for each in cluster.brokers()} for cluster in (one, other)]
    return places[0] == places[1]


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


_send = AIOKafkaClient.send


def install() -> None:
    """For all clients of this process."""
    for name in ("bootstrap", "_metadata_update", "get_random_node", "send", "_failures"):
        setattr(AIOKafkaClient, name, _Client.__dict__[name])
