"""Where every client of Kafka is made: consumers, producers, admins, and bare connections.

Whoever needs one says to which cluster, and what else differs from aiokafka's defaults. TLS, names and passwords are looked after here and
nowhere else; a test holds it so. What fails is told with the setting to change.
"""

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.protocol.metadata import MetadataRequest

from converters.core.localized import Localized, joined, localized
from streams.kafka.cluster import Cluster, Where, cluster_of
from streams.kafka.connection import KafkaConnection
from streams.kafka.connection_errors import explained
from streams.kafka.reachability import REACH
from streams.kafka.rebootstrap import RebootstrapClient, first_of, words
from streams.kafka.supported_versions import check_version

if TYPE_CHECKING:
    from streams.encryption.cipher import RecordCipher

log = structlog.get_logger()

_FAILURES = (OSError, EOFError, KafkaError, TimeoutError, ValueError, AssertionError)
"""What can become of making a connection: the system's, TLS's, the brokers' and aiokafka's own errors."""


class UnreachableError(KafkaConnectionError):  # type: ignore[misc, unused-ignore]
    """No broker could be spoken to; the text says what was met, and which setting to change."""

    def __init__(self, text: Localized) -> None:
        super().__init__(text)

    def __str__(self) -> str:
        return str(self.args[0])


class BrokerAwayError(NodeNotReadyError):  # type: ignore[misc, unused-ignore]
    """One broker could not be spoken to; the text says what was met."""

    def __str__(self) -> str:
        return str(self.args[0])


class KafkaConsumer(AIOKafkaConsumer):  # type: ignore[misc, unused-ignore]
    """aiokafka's, which decrypts what it reads, and whose end is nobody else's cancellation."""

    cipher: "RecordCipher | None" = None
    _entered = False

    async def start(self) -> None:
        await super().start()
        if self.cipher is not None and not self._entered:
            self._entered = True
            self.cipher.ring.enter()

    async def getmany(self, *partitions: Any, timeout_ms: int = 0, max_records: int | None = None) -> dict[Any, list[Any]]:
        """Raises MasterKeyError besides."""
        found = await self.fetch_undecrypted(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        return found if self.cipher is None else await self.cipher.opened(found)

    async def getone(self, *partitions: Any) -> Any:
        del partitions
        raise NotImplementedError("getmany() decrypts")

    async def fetch_undecrypted(self, *partitions: Any, timeout_ms: int = 0, max_records: int | None = None) -> dict[Any, list[Any]]:
        """As they lie there. Whoever cannot wait once the position has moved decrypts them himself, by `cipher.open_now`."""
        found: dict[Any, list[Any]] = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        return found

    async def stop(self) -> None:
        if self.cipher is not None and self._entered:
            self._entered = False
            await self.cipher.ring.leave()
        try:
            await super().stop()
        except asyncio.CancelledError:
            # It cancels its fetches, and takes it for ours where one was waiting for a broker that is away; then it has not closed anything.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            fetching = [self._fetcher._fetch_task, *self._fetcher._pending_tasks] if self._fetcher else []  # noqa: SLF001 - no other way to them
            for each in fetching:
                each.cancel()
            await asyncio.gather(*fetching, return_exceptions=True)
            await self._client.close()


def consumer(where: Where, *, opens: bool = True, **options: Any) -> KafkaConsumer:
    """*opens*: what it reads is decrypted."""
    made = KafkaConsumer(bootstrap_servers=str(where), **options)
    made.cipher = cluster_of(where).cipher if opens else None
    _adopt(made._client, where)  # noqa: SLF001 - aiokafka makes its client itself, and takes no other
    return made


def producer(where: Where, **options: Any) -> AIOKafkaProducer:
    made = AIOKafkaProducer(bootstrap_servers=str(where), **options)
    _adopt(made.client, where)
    return made


def admin(where: Where, **options: Any) -> AIOKafkaAdminClient:
    made = AIOKafkaAdminClient(bootstrap_servers=str(where), **options)
    _adopt(made._client, where)  # noqa: SLF001 - as above
    return made


def client(where: Where, **options: Any) -> "KafkaClient":
    made = AIOKafkaClient(bootstrap_servers=str(where), **options)
    return _adopt(made, where)


def _adopt(made: AIOKafkaClient, where: Where) -> "KafkaClient":
    made.__class__ = KafkaClient
    made.where = cluster_of(where)
    return made  # type: ignore[no-any-return, unused-ignore]


class KafkaClient(RebootstrapClient):
    """aiokafka's, which makes its connections as `where` says."""

    where: Cluster
    _sync_task: Any
    _away = ""
    """What was met at the last broker that could not be spoken to."""

    async def bootstrap(self) -> None:
        """Learn of the cluster from the first broker that answers. Raises UnreachableError."""
        met: list[BaseException] = []
        try:
            found = await first_of(self.named(MetadataRequest([]), again=True), met)
        except _FAILURES as error:
            told = joined(list(dict.fromkeys(map(words, met))), "; ")
            REACH.lost(told)
            raise UnreachableError(told) from error
        self.cluster.update_metadata(found)
        if self._sync_task is None:
            self._sync_task = self._loop.create_task(self._md_synchronizer())

    async def _get_conn(self, node_id: Any, *, group: Any = ConnectionGroup.DEFAULT, no_hint: bool = False) -> KafkaConnection | None:
        """The connection to a broker, a new one where there is none; None, said once in a while, where there can be none."""
        del no_hint
        key = node_id, group
        if key in self._conns and self._conns[key].connected():
            return self._conns[key]  # type: ignore[no-any-return, unused-ignore]
        try:
            broker = self.cluster.broker_metadata(node_id)
            if broker is None:
                # Usual at a start and after an election: the metadata are asked for anew, and whoever waits in vain says so.
                self._away = f"broker {node_id} is not known at the moment"
                return None
            async with self._get_conn_lock:
                if key not in self._conns or not self._conns[key].connected():
                    self._conns.pop(key, None)
                    self._conns[key] = await self._connect(broker.host, broker.port, self._on_connection_closed)
                self._away = ""
                return self._conns[key]  # type: ignore[no-any-return, unused-ignore]
        except KafkaError as error:
            self._away = str(error)
            if self.where.new(self._away):
                log.warning("broker unreachable", node=node_id, why=self._away)
            self.force_metadata_update()  # it may have moved
            return None

    async def send(self, node_id: Any, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        try:
            return await super().send(node_id, request, group=group)
        except NodeNotReadyError as error:
            raise (BrokerAwayError(self._away) if self._away else error) from None

    async def coordinator_lookup(self, coordinator_type: Any, coordinator_key: str) -> Any:
        """Its errors say of what: aiokafka's own do not."""
        try:
            return await super().coordinator_lookup(coordinator_type, coordinator_key)
        except (GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed) as error:
            raise type(error)(coordinator_key) from None

    async def _met(self, error: BaseException, host: str, port: int, *, again: bool) -> Exception:
        return UnreachableError(await explained(error, self.where, host, port, again=again))

    async def _connect(self, host: str, port: int, on_close: Any = None, *, again: bool = False) -> KafkaConnection:
        """Every connection of ours is made here. Raises UnreachableError; *again*, it takes a while more to say why."""
        where = self.where
        try:
            made = KafkaConnection(
                host,
                port,
                proof=where.credentials.proof,
                protocol=where.security.protocol,
                client_id=self._client_id,
                request_timeout_ms=self._request_timeout_ms,
                max_idle_ms=self._connections_max_idle_ms,
                on_close=on_close,
            )
            await made.connect()
        except _FAILURES as error:
            raise UnreachableError(await explained(error, where, host, port, again=again)) from error
        try:
            check_version(made.versions, where)
        except KafkaError as error:
            made.close()
            raise UnreachableError(localized("{host}:{port}: {error}", host=host, port=port, error=error)) from error
        return made
