"""What an open port may take: connections, the bytes that they hold, and which one has to go when there are too many."""

import asyncio
import resource
from typing import Protocol

import structlog
from msgspec import Struct

from streams.http_server.reading_turns import ReadingTurns
from streams.observe import metrics

log = structlog.get_logger(__name__)

OTHERS = 192
"""Descriptors that are no connections of the port: the brokers, the other port, files, and what is listened on."""
BACKLOG = 2048
"""Connections that the kernel may keep for us; all of them may be accepted before the first one of them can be looked at."""
GRACE = 0.1
"""Seconds in which a new connection may show what it wants, before it goes for a newer one."""


class PortLimits(Struct, frozen=True):
    """The limits of one port, whoever connects to it. Seconds and bytes."""

    connections: int = 2048
    """At once. A proxy needs some hundred; each takes up to 30 KiB."""
    head: int = 32 * 1024
    """Bytes of the head of a request, and of the trailers behind its body."""
    fields: int = 100
    """Lines of the head: a short one takes thirty times its bytes."""
    head_seconds: float = 10.0
    """For a head to be there, once the connection or the request has begun."""
    body_seconds: float = 0.0
    """For a body to be there, once its head is; 0 where the application sees to it."""
    memory: int = 32 * 1024 * 1024
    """Bytes of unfinished heads and of bodies, all together."""
    strangers_rate: int = 4 * 1024 * 1024
    """Bytes a second that are read, of bodies beyond 16 KiB, of those who have proved nothing; 0 is no limit."""
    streams: bool = False
    """Bodies are taken in pieces by the application, and not held."""
    idle: float = 75.0
    """Between two requests."""
    ending: float = 1.0
    """For an answer to be taken after which the connection is closed."""
    queued: int = 128
    """Requests that may follow one another without waiting for answers."""


class EvictableConnection(Protocol):
    """One that can be told to go."""

    held: int
    """Bytes that it keeps."""

    def evict(self) -> None: ...

    def relieve(self) -> None: ...


ENDING, STRANGER, IDLE, KNOWN = range(4)
"""Who goes first: an answered one that does not close; one that has proved nothing; an idle one that has; one that is sending again."""
BUSY = 4
"""Its request is there, whole, and is being answered: it stays."""


class Connections:
    """Those of one port. *name* is its section of the settings."""

    def __init__(self, bounds: PortLimits, name: str) -> None:
        self.bounds = bounds
        self.most, self.backlog = _affordable(bounds.connections, name)
        self._spare = self.backlog
        """Of new ones, beyond *most*, that are in their grace."""
        self.turns = ReadingTurns(bounds.strangers_rate)
        self._held = 0
        self._places: dict[EvictableConnection, int] = {}
        self._tiers: tuple[dict[EvictableConnection, float], ...] = ({}, {}, {}, {}, {})
        """Until when each is in its grace. Within a tier, who is there longest comes first."""
        self._trimming: asyncio.TimerHandle | None = None
        metrics.CONNECTIONS.labels(name).set_function(self.__len__)
        metrics.CONNECTION_BYTES.labels(name).set_function(lambda: self._held)
        self._name = name

    def __len__(self) -> int:
        return len(self._places)

    @property
    def held(self) -> int:
        return self._held

    def admit(self, new: EvictableConnection) -> bool:
        """Take *new* in, and let another one go for it where there are too many; false where every other one is being answered."""
        loop = asyncio.get_running_loop()
        if len(self._places) >= self.most:
            until = self._evict(loop.time(), patient=len(self._places) < self.most + self._spare)
            if until is None:
                return False
            if until and self._trimming is None:
                self._trimming = loop.call_at(until, self._trim, loop)
        self._places[new] = STRANGER
        self._tiers[STRANGER][new] = loop.time() + GRACE
        return True

    def _evict(self, now: float, *, patient: bool) -> float | None:
        """Let the first one go: 0. While it is in its grace and there is room to be *patient*: until when. None where nobody can go."""
        for tier in self._tiers[:BUSY]:
            for other, until in tier.items():
                if patient and until > now:
                    return until
                self.gone(other)
                other.evict()
                return 0.0
        return None

    def _trim(self, loop: asyncio.AbstractEventLoop) -> None:
        """Those in their grace made them more than there is room for, and now it is over."""
        self._trimming = None
        while len(self._places) > self.most:
            until = self._evict(loop.time(), patient=True)
            if until is None:
                return
            if until:
                self._trimming = loop.call_at(until, self._trim, loop)
                return

    def move(self, one: EvictableConnection, tier: int) -> None:
        """*one* is in *tier* from now on, as the latest; nothing, where it is gone."""
        before = self._places.get(one)
        if before is not None:
            del self._tiers[before][one]
            self._places[one] = tier
            self._tiers[tier][one] = 0.0

    def tier(self, one: EvictableConnection) -> int:
        """Of one that is gone: ENDING."""
        return self._places.get(one, ENDING)

    def hold(self, one: EvictableConnection, size: int) -> bool:
        """*one* keeps *size* bytes now. Where that is too much, those that send slowest let go of theirs; false where that is not enough."""
        grows = size > one.held
        self._held += size - one.held
        one.held = size
        if grows and self._held > self.bounds.memory:
            self._relieve(one)
            return self._held <= self.bounds.memory
        return True

    def _relieve(self, but: EvictableConnection) -> None:
        # Some more than is needed: it is not to be looked for again at once.
        enough = self.bounds.memory - self.bounds.memory // 8
        for tier in self._tiers[:BUSY]:
            for other in list(tier):
                if self._held <= enough:
                    return
                if other is not but and other.held:
                    other.relieve()
                    self.hold(other, 0)

    def gone(self, one: EvictableConnection) -> None:
        """*one* is closed, or about to be."""
        self.hold(one, 0)
        tier = self._places.pop(one, None)
        if tier is not None:
            del self._tiers[tier][one]

    def count(self, reason: str) -> None:
        """One more was closed by us for *reason*."""
        metrics.CONNECTIONS_CLOSED.labels(self._name, reason).inc()


def peer(transport: asyncio.BaseTransport) -> tuple[str, int] | None:
    """The address of the other end; None where it has gone already."""
    address = transport.get_extra_info("peername")
    return (address[0], address[1]) if address else None


def _affordable(asked: int, name: str) -> tuple[int, int]:
    """Connections and backlog that the limit of descriptors leaves room for, once it is raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = asked + 3 * BACKLOG + OTHERS
    if soft != resource.RLIM_INFINITY and soft < needed and (hard == resource.RLIM_INFINITY or soft < hard):
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    if soft == resource.RLIM_INFINITY:
        return asked, BACKLOG
    room = max(8, soft - OTHERS)
    backlog = min(BACKLOG, room // 6)
    # A burst is accepted as one, what is closed for it gives its descriptor back a moment later, and as many may be in their grace.
    most = min(asked, room - 3 * backlog)
    if most < asked:
        log.warning("fewer connections than asked for: raise the limit of descriptors", port=name, asked=asked, most=most, descriptors=soft)
    return most, backlog
