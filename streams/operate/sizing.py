"""What a relay of a given size needs, from what was measured. Without effects."""

import math
from collections.abc import Callable

from msgspec import Struct

from streams.kafka.topics import CALLBACKS, DELIVERIES, ECHOES, LEDGER
from streams.operate.measured import FIGURES

DAY = 86_400.0
BUSY = 0.5
"""Share of a core that a process is planned to use at the peak: the rest is for bursts, restores and the loss of a neighbour."""
LEDGER_KEPT = (LEDGER.kept or 0) / 1000 / DAY
STATE_KEPT = 10.7
"""Days of rows on disk: 8 are remembered, in buckets of a third of that which are dropped whole."""
STATE_TABLES = 2
"""The ledger's own, and the names of the other direction."""
COMPACTION = 1.25
"""Room for the bucket that a compaction writes anew."""
KAFKA_ROOM = 1.4
"""What brokers need beside what is kept: the segment that is not full yet, compaction, and a fifth free."""
READERS = 2
"""Processes of one `media` that read files, as `media.processes` is by default."""
STEP = 12
"""Partitions come in multiples of it: it has many divisors, so that workers have equal shares."""


class Wanted(Struct, frozen=True, kw_only=True):
    peak: float
    """Messages a second, both directions together."""
    average: float
    """The same, over day and night."""
    users: int = 0
    days: float = 7.0
    """For which callbacks and deliveries are kept."""
    files: float = 0.1
    """Share of messages with a file."""
    target_ms: float = 100.0
    """Milliseconds that a platform takes for an answer."""
    replication: int = 3
    platforms: int = 2


class RoleSize(Struct, frozen=True):
    role: str
    replicas: int
    cores: float
    """All of them together, at the peak."""
    memory: float
    """MiB, each."""
    disk: float
    """GB, each; 0: none that grows."""


class Sized(Struct, frozen=True, kw_only=True):
    roles: tuple[RoleSize, ...]
    partitions: int
    kafka_cores: float
    kafka_disk: float
    """GB over all brokers, copies and room included."""
    kafka_by_topic: dict[str, float]
    """GB before copies and room."""
    state: float
    """GB of each `deliver`."""

    @property
    def cores(self) -> float:
        return sum(one.cores for one in self.roles)

    @property
    def memory(self) -> float:
        """GiB of all roles."""
        return sum(one.memory * one.replicas for one in self.roles) / 1024


def size(wanted: Wanted) -> Sized:
    peak, gb = wanted.peak, 1e9
    ingress, convert = peak * _of("ingress-cpu"), peak * _of("convert-cpu")
    deliver = peak * _of("deliver-cpu") / wanted.platforms
    media = peak * wanted.files * _of("media-cpu")
    each = wanted.average * DAY
    by_topic = {
        CALLBACKS.template: each * wanted.days * _of("callback-bytes") / gb,
        DELIVERIES.template: each * wanted.days * _of("delivery-bytes") / gb,
        ECHOES.template: each * (ECHOES.kept or 0) / 1000 / DAY * _of("echo-bytes") / gb,
        LEDGER.template: each * LEDGER_KEPT * _of("ledger-bytes") / gb,
    }
    # Each direction is one platform's `deliver`; a worker may come to own all of its partitions.
    state = each / wanted.platforms * STATE_KEPT * STATE_TABLES * _of("state-bytes") * COMPACTION / gb
    identities = wanted.users * _of("identity-bytes") * 2 / gb
    partitions = _partitions(wanted, (convert, deliver, media / READERS))
    spare: Callable[[float], int] = lambda cores: max(2, math.ceil(cores / BUSY))  # noqa: E731
    roles = (
        RoleSize("ingress", spare(ingress), ingress, _of("ingress-memory"), 0.0),
        RoleSize(
            "convert",
            min(partitions, spare(convert)),
            convert,
            _of("convert-memory") + wanted.users / 1e6 * _of("identity-memory"),
            identities,
        ),
        *(
            RoleSize(f"deliver {number} of {wanted.platforms}", min(partitions, spare(deliver)), deliver, _of("deliver-memory"), state)
            for number in range(1, wanted.platforms + 1)
        ),
        *(
            (RoleSize("media", min(partitions, spare(media / READERS)), media, _of("media-memory") + READERS * _of("file-memory"), 0.0),)
            if wanted.files
            else ()
        ),
        RoleSize("watch", 1, _of("watch-cpu"), _of("watch-memory"), 0.0),
    )
    disk = sum(by_topic.values()) * wanted.replication * KAFKA_ROOM
    return Sized(
        roles=roles,
        partitions=partitions,
        kafka_cores=peak * _of("broker-cpu") * wanted.replication,
        kafka_disk=disk,
        kafka_by_topic=by_topic,
        state=state,
    )


def _partitions(wanted: Wanted, cores: tuple[float, ...]) -> int:
    """Enough for the workers of each role, and for the requests that one partition may have in flight."""
    in_flight = wanted.peak / wanted.platforms * wanted.target_ms / 1000 / _of("in-flight") / BUSY
    least = max([in_flight, *(one / BUSY for one in cores), STEP])
    return math.ceil(least / STEP) * STEP


def _of(name: str) -> float:
    return FIGURES[name].value
