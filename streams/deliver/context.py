"""What all partitions of a deliver worker share."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from converters.platform import Answered
from converters.routing.route import App
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.deliver.event_counts import EventCounts
from streams.deliver.parked import ParkingBudget
from streams.deliver.progress import Progress
from streams.deliver.settings import DeliverSettings
from streams.kafka.cluster import Where
from streams.kafka.linger import AdaptiveLinger
from streams.kafka.log_reader import LogReader
from streams.outbound.admission import Admission
from streams.outbound.client import PlatformClient
from streams.state.turns import FairTurns


class DeliverTopics(Struct, frozen=True):
    """The topics of one target platform."""

    deliveries: str
    backfill: str
    echoes: str
    ledger: str
    dead: str
    identities: str
    results: str
    imported: str
    """What a migration has put at this platform; empty where there is no such topic, as before the first one."""
    mirrored: tuple[str, ...]
    """Ledgers, and what was imported, of the platforms whose messages come here: their people name by the ids in there what was carried to them."""
    partitions: int
    """Of every topic."""


class SentRequest(Struct, frozen=True):
    """A request that has left."""

    part: int
    answer: "asyncio.Task[Answered]"


class DeliverContext(Struct, frozen=True):
    platform: str
    names: DeliverTopics
    apps: Mapping[str, App]
    clients: Mapping[str, PlatformClient]
    admissions: Mapping[str, Admission]
    settings: DeliverSettings
    counts: EventCounts
    state: Path
    bootstrap: Where
    dead_letter_limit: DeadLetterLimit
    parking: ParkingBudget
    progress: Progress
    linger: AdaptiveLinger
    mirrored: frozenset[str]
    """The apps whose people can name, to somebody on this platform, what was carried to them."""
    logs: tuple[LogReader, LogReader]
    """What reads topics back: only what is committed, and everything."""
    restoring: FairTurns
    """Of the partitions that read their state back."""
    carry: bool = True
    """Whether files are brought over, so that messages wait for theirs."""
    under_way: dict[str, SentRequest] = {}
    """By event id, until the answer is written down. They outlive a partition's work that has to start anew."""

    def timed(self, target: str) -> bool:
        """Whether the callbacks of that app tell its own time of a message."""
        app = self.apps.get(target)
        return app is not None and app.platform.echo_tells_time
