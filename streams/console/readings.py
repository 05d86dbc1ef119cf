"""What the page shows, read from Kafka for it: kept for some seconds, and never read twice at once, however often it is asked for."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka.errors import KafkaError
from msgspec import Struct

from converters.core.localized import localized, text_of
from converters.routing.id_mapping import UnmappedError, map_user
from converters.routing.identity_table import IdentityTable, Kind
from converters.routing.route import App
from converters.routing.user_ids import fold
from streams.audit.act import Act
from streams.audit.log import latest
from streams.console.scrape import Scraped, scrape
from streams.exactly_once.producers import ProducerSettings
from streams.kafka import record_kinds, topics
from streams.kafka.permissions import why
from streams.kafka.topics import DEAD_LETTERS, IDENTITIES
from streams.migrate import status as migration
from streams.operate.dead_letter_reader import FoundLetters, LetterFilter, LetterSummary, Resolution, find
from streams.operate.resolve_dead_letters import ResolvedCounts, end
from streams.operate.stage_status import StageStatus, stages_of, status
from streams.operate.topic_reader import OperateError, TopicReader
from streams.operate.trace import TraceRecord, TraceSearch, topics_of
from streams.operate.trace_state import MessageState, committed_by, groups_of, message_state
from streams.plugins import with_plugins
from streams.settings.root import Settings, SettingsError, marking
from streams.state.errors import StateError

FRESH = 10.0
"""Seconds for which a reading is shown again."""
PATIENCE = 120.0
"""Seconds after which a reading is given up."""
AT_ONCE = 3
"""Readings under way: each has connections and buffers of its own."""
KEPT = 50

Found = Any


class Way(Struct, frozen=True):
    event: str
    sightings: list[TraceRecord]
    state: MessageState


class UserSides(Struct, frozen=True):
    """*ids* by platform: (id, whether the table names it; else the rule makes it)."""

    name: str
    kind: str
    ids: Mapping[str, tuple[str, bool]]
    accounts: Mapping[str, str]
    cohort: str


class Readings:
    """Of the relay that *settings* describe. Every method may raise OperateError, whose text says what to do."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self.apps: dict[str, App] = with_plugins(marking(settings), settings.plugins.use)
        self.platforms = settings.platforms()
        kafka = settings.kafka
        self._kafka = kafka
        self._dead = kafka.topic(DEAD_LETTERS)
        self._link = ProducerSettings(kafka.cluster, transaction_timeout=kafka.transaction_timeout, headers=record_kinds.headers_of)
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._kept: dict[object, tuple[float, asyncio.Task[Found]]] = {}

    async def stages(self) -> list[StageStatus]:
        stages = stages_of(self.platforms, self._kafka.prefix)
        return await self._once("stages", lambda: status(self._kafka.cluster, stages))  # type: ignore[no-any-return]

    async def metrics(self) -> Scraped:
        return await self._once("metrics", lambda: scrape(self.settings.console.metrics))  # type: ignore[no-any-return]

    async def letters(self, choice: LetterFilter) -> FoundLetters:
        return await self._once(("letters", choice), lambda: self._letters(choice))  # type: ignore[no-any-return]

    async def causes(self) -> Counter[tuple[str, str, str]]:
        """Open letters by (whose, stage, cause)."""
        found = await self.letters(LetterFilter())
        return Counter((one.letter.whose, one.letter.stage, one.letter.cause) for one in found.letters)

    async def message(self, message: str, since: int) -> list[Way]:
        return await self._once(("message", message, since // 60_000), lambda: self._message(message, since))  # type: ignore[no-any-return]

    async def acts(self) -> list[Act]:
        async def read() -> list[Act]:
            async with self._reader() as reader:
                return await latest(reader, self._kafka.topic(topics.AUDIT))

        return await self._bounded(read)  # type: ignore[no-any-return]

    async def migrations(self) -> list[migration.Seen]:
        return await self._once("migrations", self._migrations)  # type: ignore[no-any-return]

    async def sides(self, kind: Kind, given: str, platform: str = "") -> UserSides | None:
        """Whom *given*, canonical or, with *platform*, an id there, is on each platform; None for a group or room that nobody has named."""
        table: IdentityTable = await self._once("identities", self._identities)
        apps = {app.platform.name: app for app in self.apps.values()}
        canonical = given
        if platform and kind == "user":
            try:
                canonical = map_user(given, apps[platform], table)
            except UnmappedError:
                return None
        elif platform:
            canonical = table.canonical(platform, kind, given) or given
        canonical = fold(canonical) if kind == "user" else canonical
        ids: dict[str, tuple[str, bool]] = {}
        for name in self.platforms:
            there = table.native(name, kind, canonical)
            if there:
                ids[name] = there, True
            elif kind == "user":
                ids[name] = apps[name].user_ids.write(canonical).native, False
        if not ids:
            return None
        accounts = {name: held for name in self.platforms if kind == "user" and (held := table.account(name, canonical))}
        return UserSides(canonical, kind, ids, accounts, table.cohort(canonical) if kind == "user" else "")

    async def resolve(self, letters: list[LetterSummary], mark: Resolution) -> ResolvedCounts:
        """Put back, or set aside, exactly these."""

        async def work() -> ResolvedCounts:
            silent = mark.at - int(self.settings.deliver.max_age * 1000)
            async with self._reader() as reader:
                return await end(reader, self._link, self._dead, self._kafka.prefix, letters, mark, silent_before=silent)

        try:
            return await self._bounded(work)  # type: ignore[no-any-return]
        finally:
            self._kept.clear()

    def _reader(self) -> TopicReader:
        return TopicReader(self._kafka.cluster, None, names=topics.names(self.platforms, prefix=self._kafka.prefix))

    async def _identities(self) -> IdentityTable:
        table = IdentityTable()
        async with self._reader() as reader:
            async for record in reader.records(await reader.spans(reader.partitions(self._kafka.topic(IDENTITIES)))):
                table.apply(record.key or b"", record.value)
        return table

    async def _letters(self, choice: LetterFilter) -> FoundLetters:
        identities: IdentityTable = await self._identities()
        async with self._reader() as reader:
            return await find(reader, self._dead, choice, self.apps, identities)

    async def _message(self, message: str, since: int) -> list[Way]:
        there = topics_of(self.platforms, self._kafka.prefix)
        async with self._reader() as reader:
            found = await TraceSearch(reader, there, self.apps).find(message, since)
        inputs = {name: [self._kafka.topic(topic, name) for topic in (topics.DELIVERIES, topics.BACKFILL)] for name in self.platforms}
        asked = committed_by(self._kafka.cluster, groups_of(self.apps, self._kafka.prefix, sorted(there.callbacks), inputs))
        now = int(time.time() * 1000)
        return [Way(event, sightings, await message_state(sightings, asked, now)) for event, sightings in list(found.items())[:KEPT]]

    async def _migrations(self) -> list[migration.Seen]:
        found = [await migration.seen(self.settings, app, self.apps) for app in sorted(self.apps)]
        return [one for one in found if one is not None]

    async def _once(self, key: object, read: Callable[[], Awaitable[Found]]) -> Found:
        """Who asks while it is read waits for the same reading; who leaves does not end it."""
        now = self._clock()
        kept = self._kept.get(key)
        if kept is None or (kept[1].done() and (now - kept[0] > FRESH or kept[1].cancelled() or kept[1].exception() is not None)):
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[key] = (now, asyncio.create_task(self._bounded(read)))
        return await asyncio.shield(kept[1])

    async def _bounded(self, read: Callable[[], Awaitable[Found]]) -> Found:
        try:
            async with asyncio.timeout(PATIENCE), self._turns:
                return await read()
        except TimeoutError:
            raise OperateError(localized("no answer within {patience:g} s: look at less, or later", patience=PATIENCE)) from None
        except (KafkaError, OSError) as error:
            raise OperateError(why(error, self._kafka.cluster)) from None
        except (SettingsError, StateError) as error:
            raise OperateError(text_of(error)) from None
