"""What all partitions of a media worker share."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from converters.files.media import Job
from converters.routing.route import App
from streams.media.fetch import Fetcher
from streams.media.scan.clamd import Clamd
from streams.media.store import Store
from streams.media.transcode.pool import Pool
from streams.outbound.admission import Gate
from streams.outbound.client import Client
from streams.settings.root import Media
from streams.state.turns import Turns


class Surroundings(Struct, frozen=True):
    apps: Mapping[str, App]
    clients: Mapping[str, Client]
    """Of every app: files come from each and go to each."""
    gates: Mapping[str, Gate]
    fetcher: Fetcher
    pool: Pool
    store: Store | None
    """For the files of platforms whose servers take none."""
    settings: Media
    directory: Path
    """This worker's own: whatever lies in it is temporary."""
    slots: asyncio.Semaphore
    partitions: int
    """Of every topic."""
    restoring: Turns = field(default_factory=Turns)
    """How many partitions read their state back at once."""
    owned: set[int] = set()
    scanner: Clamd | None = None

    def own(self, partition: int, *, mine: bool) -> None:
        """A partition comes or goes, and with it a part of the quotas."""
        (self.owned.add if mine else self.owned.discard)(partition)
        for gate in self.gates.values():
            gate.own(frozenset(self.owned), self.partitions)

    def platform(self, app: str) -> str:
        found = self.apps.get(app)
        return found.platform.name if found is not None else "unknown"

    def direction(self, job: Job) -> str:
        return f"{self.platform(job.source)}>{self.platform(job.target)}"
