"""A store is filled from its topics: what is new first, and then backwards, the newest first, while work goes on.

An event cannot have been delivered before it was said. So whoever knows a ledger from a time on may decide every event that was said
after it; older ones wait until the restore, which runs backwards in time, has reached them.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from typing import Any, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.kafka.log_reader import LogReader
from streams.observe import metrics
from streams.state.rows import Row, RowCover
from streams.state.store import Store
from streams.state.turns import FairTurns

log = structlog.get_logger()

CHUNK = 20_000
"""Offsets that are restored at once, at first; more where compaction has left few records of them."""
MOST = 2_000_000
SLICE = 200
"""Records between two turns of the event loop: live work goes on beside a restore."""
BYTES = 64 << 10
"""Of one answer of the brokers: to unpack it takes milliseconds, in which nothing else is done."""
BEGIN = 60.0
"""Seconds of a topic that are taken in before live work begins."""
LEAST = 1000
"""Offsets that are taken in then, at the least."""
SAMPLES = 3
SAMPLED = 50
"""Records of each sample of a topic that are looked for in the store."""
AGAIN = 1.0
"""Seconds before a restore that the brokers broke off goes on."""
EXPIRE = 3600.0
"""Seconds between two looks for what is over."""


class RestoreSource(Struct, frozen=True):
    """A topic that the store is filled from. *reader* says what of it is read."""

    topic: str
    reader: LogReader
    rows: Callable[[bytes, bytes | None, int], Iterable[Row]]
    """(key, value, offset) of a record -> the rows that the store holds because of it."""
    check: Callable[[str, Any], None] | None = None
    """(topic, headers) of each record: raises what ends the restore where it may not be read."""
    told: Callable[[Any], bool] | None = None
    """Whether the store knows of a record that it has taken in; None: there is nothing to ask."""
    keyed: bool = True
    """Whether of a key the last record says all; else each says something of its own."""


class TailReader(Protocol):
    """Whoever has to see the end of a topic, and whether it is committed."""

    def starts(self, since: int | None) -> None: ...

    def take(self, raw: Any) -> None: ...

    def begins(self, end: int) -> int: ...


class _Known(Struct):
    """Of a topic, as far as it matters here."""

    since: float = inf
    oldest: float = -inf
    begin: int = 0
    """The offset to restore back to."""
    end: int = 0
    written: int = 0
    """The offset behind all that lay there, committed or not."""
    left: int = 0
    """Offsets that are to be restored."""
    span: int = CHUNK
    """Offsets that are read at once."""


class Restore:
    """Of one partition's *store*. *moved* is called with every step forward; *turns* are those of the process."""

    def __init__(
        self, store: Store, partition: int, sources: Iterable[RestoreSource], turns: FairTurns, stage: str, moved: Callable[[], None],
        chunk: int = CHUNK,
    ) -> None:  # fmt: skip
        self._store = store
        self._partition = partition
        self._sources = {source.topic: source for source in sources}
        self._turns = turns
        self._stage = stage
        self._moved = moved
        self._chunk_size = chunk
        self._known = {topic: _Known(span=chunk) for topic in self._sources}
        self._checked = False
        self._wanted = inf
        self._asked = asyncio.Event()
        self._speed = 0.0
        """Offsets a second."""

    # -- asking

    def since(self, topic: str) -> float:
        """Milliseconds: what was written to *topic* from then on is known. -inf: all that there is."""
        return self._known[topic].since

    def written(self, topic: str) -> int:
        """The offset behind all that lay in *topic* at the beginning, committed or not."""
        return self._known[topic].written

    def oldest(self, topic: str) -> float:
        """Milliseconds: what was written to *topic* before then has been deleted from it; -inf: nothing has, or it is not known yet."""
        return self._known[topic].oldest

    @property
    def left(self) -> int:
        """Offsets that are to be restored."""
        return sum(known.left for known in self._known.values())

    @property
    def eta(self) -> float:
        """Seconds until that is done, as it goes now; 0 where that is not known."""
        return self.left / self._speed if self._speed else 0.0

    def want(self, since: float) -> None:
        """Somebody waits for what was written from *since* on, in ms, however long ago that is; inf: nobody does."""
        if since < self._wanted:
            self._asked.set()
        self._wanted = since

    async def begin(self, topic: str, tail: TailReader | None = None) -> None:
        """Take in the end of *topic*; if that is long, only the last of it. Raises KafkaError, StateError.

        The first time, the store is checked against all its topics before: where one does not agree, the rows of all are made anew.

        *tail* is told of each record of that end, and says up to where it is committed: only that is taken in for good.
        """
        async with self._turns.first():
            if not self._checked:
                for source in self._sources.values():
                    await self._check(source)
                self._checked = True
            await self._begin(topic, tail)

    async def _begin(self, topic: str, tail: TailReader | None) -> None:
        source, known, tp = self._sources[topic], self._known[topic], self._tp(topic)
        known.begin, known.end = await source.reader.bounds(tp)
        known.written = known.end
        covered = self._store.covered(topic).high
        recent = await source.reader.at(tp, int((time.time() - BEGIN) * 1000))
        low = max(covered, known.begin, known.end - self._chunk_size, min(known.end - LEAST, known.end if recent is None else recent))
        high = known.end
        while True:
            if tail is not None and high == known.end:
                tail.starts((covered or None) if low == covered else None)
            await self._chunk(source, tp, low, high, tail)
            committed = tail.begins(known.end) if tail is not None else known.end
            high, low = low, max(covered, known.begin, committed, low - self._chunk_size) if committed < low else low
            if low == high:
                break
        known.end = min(known.end, committed)
        await self._floor(source)

    async def _check(self, source: RestoreSource) -> None:
        """Whether the store is of this topic, and has not forgotten: it is asked for some of what it has taken in."""
        await source.reader.start()
        self._store.belongs_to(await source.reader.cluster())
        tp, covered = self._tp(source.topic), self._store.covered(source.topic)
        begin, end = await source.reader.bounds(tp)
        if covered.high > end:
            self._store.remake("topic", f"{source.topic} ends at {end}, {covered.high} was taken in")
            return
        places = [one for one in covered.intervals if one.high > begin]
        if source.told is None or not places:
            return
        for turn in range(SAMPLES):
            one = random.choice(places) if turn else places[0]  # noqa: S311 - a sample
            low = max(one.low, begin)
            start = random.randrange(low, one.high) if turn else max(low, one.high - SAMPLED)  # noqa: S311
            part = await source.reader.read(tp, start, 64 << 10)
            for record in part.records[:SAMPLED]:
                if record.offset < one.high and not source.told(record):
                    self._store.remake("sample", f"{source.topic} {self._partition}: what lies at {record.offset} is not known")
                    return

    # -- the rest of it

    async def keep_on(self) -> None:
        """Restore what is missing, the newest first; then, as long as it runs, what somebody wants, and drop what is over."""
        while True:
            try:
                await self._run()
            except (KafkaError, TimeoutError, OSError) as error:
                log.warning("restore interrupted, retrying", stage=self._stage, partition=self._partition, error=type(error).__name__)
                await asyncio.sleep(AGAIN)

    async def _run(self) -> None:
        looked = time.monotonic()
        while True:
            missing = [topic for topic, known in self._known.items() if known.left]
            if missing:
                async with self._turns.beside():
                    await self._step(self._sources[max(missing, key=self.since)])
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), EXPIRE)
            self._asked.clear()
            if time.monotonic() - looked > EXPIRE and self._wanted == inf:
                looked = time.monotonic()
                self._store.expire()
            for source in self._sources.values():
                await self._floor(source)

    async def _floor(self, source: RestoreSource) -> None:
        """How far back it has to be known: as long as its rows are remembered, or as somebody wants it."""
        known, tp = self._known[source.topic], self._tp(source.topic)
        begin, _ = await source.reader.bounds(tp)
        wanted = min(self._store.newest - self._store.longest, self._wanted)
        found = await source.reader.at(tp, int(wanted)) if wanted > -inf else None
        known.begin = max(begin, found or 0)
        self._measure(source.topic, begin, wanted)

    def _measure(self, topic: str, begin: int, wanted: float) -> None:
        known, covered = self._known[topic], self._store.covered(topic)
        known.left = sum(high - low for low, high in covered.gaps(known.begin, known.end))
        top = covered.top
        known.oldest = -inf
        if top is None or top.low <= begin:
            known.since = -inf if not known.left else inf
            if top is not None and begin:
                known.oldest = top.since
        else:
            known.since = top.since if known.left else min(top.since, wanted)
        metrics.RESTORE_LEFT.labels(self._stage, topic, str(self._partition)).set(known.left)
        self._moved()

    async def _step(self, source: RestoreSource) -> None:
        topic, known = source.topic, self._known[source.topic]
        (low, high), *_ = self._store.covered(topic).gaps(known.begin, known.end)
        start, before = time.monotonic(), known.left
        count = await self._chunk(source, self._tp(topic), max(low, high - known.span), high, None)
        if count is None:
            known.span = max(self._chunk_size, known.span // 8)
            return
        known.span = min(MOST, known.span * 2) if count < self._chunk_size // 2 else max(self._chunk_size, known.span // 2)
        await self._floor(source)
        speed = (before - known.left) / max(time.monotonic() - start, 0.001)
        self._speed = 0.8 * self._speed + 0.2 * speed if self._speed else speed

    async def _chunk(self, source: RestoreSource, tp: TopicPartition, low: int, high: int, tail: TailReader | None) -> int | None:
        """Take in what lies from *low* up to *high*; the answer is how many keys that were, None where they are too many at once."""
        last: dict[bytes, Any] = {}
        check, seen = source.check, None
        offset, since, at = low, 0, 0
        while offset < high:
            part = await source.reader.read(tp, offset, BYTES)
            if part.next == offset:
                break  # compaction has left nothing more
            offset, start = part.next, time.monotonic()
            for record in part.records:
                if record.offset >= high:
                    break
                if check is not None and record.headers != seen:
                    check(tp.topic, record.headers)
                    seen = record.headers
                if tail is not None:
                    tail.take(record)
                since, at = since or record.timestamp, max(at, record.timestamp)
                last[(record.key or b"") if source.keyed else b"%d" % record.offset] = record
            if len(last) > 4 * self._chunk_size:
                return None
            await self._turns.rest(time.monotonic() - start)
        found = list(last.values())
        for first in range(0, len(found), SLICE):
            start = time.monotonic()
            rows: list[Row] = []
            for record in found[first : first + SLICE]:
                rows += source.rows(record.key or b"", record.value, record.offset)
            self._store.take(rows, at)
            await self._turns.rest(time.monotonic() - start)
        covered = self._store.covered(tp.topic)
        above = [one.since for one in covered.intervals if one.low >= high]
        since = since or (above[-1] if above else int(time.time() * 1000))
        good = min(high, tail.begins(high)) if tail is not None else high
        self._store.put((), at, RowCover(tp.topic, covered.add(low, good, since), good))
        metrics.RESTORED.labels(self._stage).inc(len(found))
        self._moved()
        return len(found)

    def _tp(self, topic: str) -> TopicPartition:
        return TopicPartition(topic, self._partition)
