"""Files of the history that the role `media` brings over: a few at a time, so that those of live messages do not wait behind a backlog.

A job that a restart has cut off is asked for again: the role remembers what it has brought over, and answers at once.
"""

import asyncio
from collections.abc import Iterable

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import structs

from converters.core import wire
from converters.core.bodies import files_of
from converters.core.model import NOTHING, Delivery, StoredFile, TargetContext
from converters.core.operations import Post
from converters.files.media import WITHHELD, MediaJob, MediaResult, jobs
from streams.encryption.headers import is_lost
from streams.exactly_once.outputs import Headers
from streams.exactly_once.shutdown import Shutdown
from streams.kafka import foreign_records
from streams.migrate.book import Book, now
from streams.migrate.context import Around
from streams.migrate.state import STAGE

log = structlog.get_logger()

AT_ONCE = 8
"""Messages of one partition whose files are on their way."""


class Carrying:
    """Of one partition; *tp* is where the answers lie."""

    def __init__(self, partition: int, around: Around, book: Book, drain: Shutdown) -> None:
        self.tp = TopicPartition(around.names.results, partition)
        self._around = around
        self._book = book
        self._drain = drain
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting: dict[tuple[str, int], asyncio.Future[MediaResult]] = {}
        """By event and place."""

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """What has come of jobs; of most of them somebody else wants to know."""
        if not self._waiting:
            return
        for record in records:
            if is_lost(record.headers):
                continue
            try:
                result = wire.load(record.value or b"", MediaResult)
            except wire.Malformed:
                foreign_records.note(STAGE, record.topic, record.partition, record.offset, "unreadable")
                continue
            waiting = self._waiting.get((result.event, result.place))
            if waiting is None or waiting.done():
                continue
            if why := foreign_records.of_result(result, self._around.apps, self._around.platform):
                foreign_records.note(STAGE, record.topic, record.partition, record.offset, why)
                continue
            waiting.set_result(result)

    async def there(self, delivery: Delivery, key: bytes, headers: Headers) -> TargetContext:
        """Where the files of *delivery* lie at the target, or that they do not; *key* is its conversation's, *headers* are for jobs. It waits without end. Raises RevokedError."""
        operation, app = delivery.event.operation, self._around.apps[delivery.target]
        wanted = jobs(delivery, app.platform.media, app.account, key, self.tp.partition)
        if not wanted or not isinstance(operation, Post):
            return NOTHING
        await self._drain.unless(self._places.acquire())
        try:
            results = await self._asked(wanted, headers)
        finally:
            self._places.release()
        files: list[StoredFile | None] = [None] * len(files_of(operation.body))
        for result in results:
            files[result.place] = result.carried
        return TargetContext(files=tuple(files), withheld=any(result.reason in WITHHELD for result in results))

    async def _asked(self, wanted: tuple[tuple[bytes, MediaJob], ...], headers: Headers) -> list[MediaResult]:
        results: list[MediaResult] = []
        coming = {job.place: asyncio.get_running_loop().create_future() for _, job in wanted}
        names = {(job.event, job.place): coming[job.place] for _, job in wanted}
        self._waiting |= names
        try:
            for same, job in wanted:
                # Its age is nobody's delay.
                self._book.job(same, structs.replace(job, received=now()), headers)
            await self._drain.unless(asyncio.wait(coming.values()))
            results = [future.result() for future in coming.values()]
        finally:
            for name in names:
                self._waiting.pop(name, None)
        return results
