"""Connections to brokers that notice when they are dead, and that no balancer forgets.

A flow that a balancer or a firewall has forgotten looks alive: what is written into it is never answered. So a connection at rest is tried
every few seconds, by the kernel (TCP keepalive) and, through proxies that keep the kernel's probes to themselves, by a small request.
aiokafka's connection does neither, tries one address of a name, and waits for every answer as long as for the slowest.
"""

import asyncio
import socket
import sys
import time
import weakref
from contextlib import suppress
from typing import Any, NamedTuple

import aiohappyeyeballs
from aiokafka.conn import READER_LIMIT, AIOKafkaConnection, AIOKafkaProtocol, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.admin import ApiVersionRequest

from streams.kafka.reachability import REACH
from streams.observe import metrics


class ConnectionTimings(NamedTuple):
    """How connections are made and kept; seconds."""

    connect_timeout: float = 3.0
    """For one address; those of a name are tried beside each other."""
    request_timeout: float = 5.0
    """For an answer that a broker can give at once."""
    keepalive: float = 5.0
    """Of rest, until a connection is tried."""


_ways = [ConnectionTimings()]


def use(ways: ConnectionTimings) -> None:
    """For all connections from now on."""
    _ways[0] = ways


def ways() -> ConnectionTimings:
    return _ways[0]


AT_ONCE = frozenset({2, 3, 8, 9, 10, 12, 13, 18, 22, 24, 25, 26, 28, 61, 65, 66})
"""Answered without waiting for anybody. Of the others, a produce waits for copies, a group's join for its members. Source: Apache Kafka,
"Protocol guide: API keys"."""
FETCH, FETCHED = 1, 20.0
"""Much data may come over a thin line: seconds."""
TRIED = 2.0
"""Seconds in which a connection at rest must answer."""
STAGGER = 0.25
"""Seconds between two addresses of a name. Source: RFC 8305, section 8."""


class KeepaliveConnection(AIOKafkaConnection):  # type: ignore[misc, unused-ignore]
    """What all of ours have in common; `streams.kafka.connection` makes them."""

    _request_timeout: float
    _muted = 0.0
    """Until when the broker reads nothing more from here, because of its quotas."""

    async def connect(self) -> Any:
        """Raises KafkaError, OSError, TimeoutError; whatever answers there need not be a broker."""
        where = f"{self._host}:{self._port}"
        try:
            await self._open()
            await self._do_version_lookup()
            if self._security_protocol in {"SASL_SSL", "SASL_PLAINTEXT"}:
                await self._do_sasl_handshake()
        except BaseException as error:
            self.close()
            if isinstance(error, Exception):
                REACH.told(f"{where}: {_words(error)}")
            if isinstance(error, KafkaError | OSError) or not isinstance(error, Exception):
                raise
            raise KafkaConnectionError(f"what answers at {where} is no broker: {_words(error)}") from error
        self._warm(weakref.ref(self))
        return self._reader, self._writer

    async def _open(self) -> None:
        loop = self._loop
        tls = self._ssl_context if self._security_protocol in {"SSL", "SASL_SSL"} else None
        self._closed_fut = loop.create_future()
        async with asyncio.timeout(min(self._request_timeout, ways().connect_timeout)):
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            made = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=STAGGER, interleave=1, loop=loop)
        reader = asyncio.StreamReader(limit=READER_LIMIT, loop=loop)
        protocol = AIOKafkaProtocol(self._closed_fut, reader, loop=loop)
        try:
            _set(made)
            async with asyncio.timeout(self._request_timeout):
                transport, _ = await loop.create_connection(
                    lambda: protocol, sock=made, ssl=tls, server_hostname=self._host if tls else None
                )
        except BaseException:
            made.close()
            raise
        self._reader, self._protocol = reader, protocol
        self._writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        self._read_task = self._create_reader_task()
        if self._max_idle_ms is not None:
            self._idle_handle = loop.call_soon(self._idle_check, weakref.ref(self))

    def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 - the client's
        whole, key = self._request_timeout, _key(request)
        limit = ways().request_timeout if key in AT_ONCE else FETCHED if key == FETCH else whole
        # A broker whose quota is used up answers later, and is not dead.
        self._request_timeout = min(whole, limit) + max(0.0, self._muted - time.monotonic())
        try:
            return super().send(request, expect_response)
        finally:
            self._request_timeout = whole

    def _handle_frame(self, resp: bytes) -> None:
        _, request, answered = self._requests[0]
        super()._handle_frame(resp)
        REACH.heard()
        if request is None or answered.cancelled() or not answered.done() or answered.exception() is not None:
            return
        told = getattr(answered.result(), "throttle_time_ms", None) or getattr(request, "throttle_time_ms", 0)
        if told:
            self._muted = time.monotonic() + told / 1000
            metrics.BROKER_THROTTLED.labels(str(_key(request))).inc(told / 1000)

    # -- kept warm

    @staticmethod
    def _warm(itself: "weakref.ref[KeepaliveConnection]") -> None:
        """Again and again, as long as it is open."""
        self = itself()
        if self is None or not self.connected():
            return
        every = ways().keepalive
        rested = time.monotonic() - self._last_action
        if not self._requests and rested >= every * 0.9:
            self._trying = self._loop.create_task(self._try())
            rested = 0.0
        self._loop.call_later(max(0.05, every - rested), self._warm, itself)

    async def _try(self) -> None:
        try:
            async with asyncio.timeout(min(TRIED, ways().request_timeout)):
                await self.send(ApiVersionRequest())
        except TimeoutError:
            REACH.told(f"{self._host}:{self._port}: a connection at rest was dead")
            self.close(reason=CloseReason.CONNECTION_TIMEOUT)
        except KafkaError:
            pass  # closed meanwhile


def _set(made: socket.socket) -> None:
    """What lies in a dead connection is given up after as long as its probes take. Source: Linux, tcp(7)."""
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    every = max(1, int(ways().keepalive))
    options = {"TCP_KEEPIDLE": every, "TCP_KEEPINTVL": max(1, every // 2), "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": every * 2500}
    if sys.platform != "linux":
        options = {"TCP_KEEPALIVE": every}
    for name, value in options.items():
        if (option := getattr(socket, name, None)) is not None:
            with suppress(OSError):  # a kernel without it has its own times
                made.setsockopt(socket.IPPROTO_TCP, option, value)


def _key(request: Any) -> int:
    key = getattr(request, "API_KEY", None)
    return int(request.api.key if key is None else key)


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
