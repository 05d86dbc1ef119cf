"""What all partitions of a media worker share."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from converters.files.media import MediaJob
from converters.routing.route import App
from streams.media.fetch import Fetcher
from streams.media.scan.clamd import Clamd
from streams.media.store import MediaStore
from streams.media.transcode.pool import TranscodePool
from streams.outbound.admission import Admission
from streams.outbound.client import PlatformClient
from streams.settings.root import MediaSettings
from streams.state.turns import FairTurns


class MediaContext(Struct, frozen=True):
    apps: Mapping[str, App]
    clients: Mapping[str, PlatformClient]
    """Of every app: files come from each and go to each."""
    admissions: Mapping[str, Admission]
    fetcher: Fetcher
    pool: TranscodePool
    store: MediaStore | None
    """For the files of platforms whose servers take none."""
    settings: MediaSettings
    directory: Path
    """This worker's own: whatever lies in it is temporary."""
    slots: asyncio.Semaphore
    partitions: int
    """Of every topic."""
    restoring: FairTurns = field(default_factory=FairTurns)
    """How many partitions read their state back at once."""
    scanner: Clamd | None = None

    def platform(self, app: str) -> str:
        found = self.apps.get(app)
        return found.platform.name if found is not None else "unknown"

    def is_canary(self, job: MediaJob) -> bool:
        """Whether it is of the relay's own test users, see `App`."""
        source = self.apps.get(job.source)
        return source is not None and source.canary == job.conversation

    def direction(self, job: MediaJob) -> str:
        return f"{self.platform(job.source)}>{self.platform(job.target)}"
