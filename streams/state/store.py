"""Rows that are remembered for a stated time: each family of rows in buckets of time, dropped whole when they are over.

What it holds does not depend on the order in which records are taken in, so that it may be filled from the newest record backwards.
No clock of this machine alone decides what is forgotten: a bucket is named after the time of the records that its rows come from, and
goes when both this machine's clock and the newest record are past its end by the family's life.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import structlog

from converters.core.localized import localized
from streams.observe import metrics
from streams.state import coverage, damage
from streams.state.coverage import Coverage
from streams.state.database import DEFAULT, Database, Put, remove
from streams.state.errors import DamagedError, StateError
from streams.state.recent import Recent
from streams.state.rows import GONE, Merge, Row, RowCover, RowFamily

log = structlog.get_logger()
_COVERAGE, _COUNT, _CLUSTER, _NEWEST, _LAST = "coverage\x1f", "count\x1f", b"cluster", b"newest", "last\x1f"


class _Bucket(NamedTuple):
    start: int
    name: str


_Found = tuple[bytes, _Bucket | None]
_NOWHERE: _Found = GONE, None


class Store:
    """One partition's rows. Losing them costs time, never truth: they are rebuilt from the topics.

    Raises StateError where the disk refuses. Found damaged when it is opened, it is made anew, counted and logged, but not a second time within
    `damage.AGAIN` seconds. Found damaged later, it raises DamagedError, and is made anew by the next opening.
    """

    def __init__(self, path: Path, families: Iterable[RowFamily], merge: Merge, *, stage: str) -> None:
        self._path = path
        self._families = {family.name: family for family in families}
        self.longest = max(family.life + family.span for family in self._families.values() if family.counted)
        """Milliseconds that counted rows are remembered for."""
        self._merge = merge
        self._stage = stage
        self._buckets: dict[str, list[_Bucket]] = {}
        """The newest first."""
        self._counts: dict[str, int] = {}
        self._lasts: dict[str, dict[str, int]] = {}
        """Of a bucket: by topic, the offset behind the last record that may have rows in it."""
        self._uncovered: dict[str, set[str]] = {}
        """Of a bucket that was written to: the topics that were covered since."""
        self._coverage: dict[str, Coverage] = {}
        self._cluster = b""
        self._recent = Recent[_Found]()
        try:
            damage.met(path)
            self._open()
            self._check_counts()
        except DamagedError as error:
            self.remake("damaged", str(error))
        except StateError:
            self.close()
            raise

    # -- reading

    def get(self, family: str, key: bytes) -> bytes | None:
        return self._find(family, key)[0] or None

    def scan(self, family: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All rows whose keys begin so; of a family in which a key has one value for ever."""
        assert self._families[family].unique
        for bucket in self._buckets[family]:
            yield from self._data.scan(bucket.name, prefix)

    def covered(self, topic: str) -> Coverage:
        """What of *topic* has been taken in."""
        found = self._coverage.get(topic)
        if found is None:
            raw = self._data.get(DEFAULT, (_COVERAGE + topic).encode())
            found = self._coverage[topic] = coverage.load(raw) if raw is not None else Coverage()
        return found

    # -- writing

    def put(self, rows: Iterable[Row], at: int, cover: RowCover | None = None) -> None:
        """Take in rows of records written *at*; with *cover*, with it what of a topic is thereby taken in."""
        puts: dict[tuple[str, bytes], bytes] = {}
        fresh: dict[str, int] = {}
        family, told, newest = "", None, None
        for row in rows:
            name, key, value = row
            if name != family or told is None:
                family, told = name, self._families[name]
                newest = self._bucket(told, at)
            if newest is None:
                continue
            target = newest
            if told.unique:
                puts[target.name, key] = value
                self._recent.note(family, key, (value, target))
                continue
            there, place = self._find(family, key)
            if place is not None:
                if there and value:
                    merged = self._merge(key, there, value)
                    if merged is None and place.start >= target.start:
                        continue
                    value = there if merged is None else merged  # as it is, but for longer
                target = max(target, place)
            if told.counted:
                fresh[target.name] = fresh.get(target.name, 0) + (target is not place)
            puts[target.name, key] = value
            self._recent.note(family, key, (value, target))
        self._write([(name, key, value) for (name, key), value in puts.items()], fresh, at, cover)

    def take(self, rows: Iterable[Row], at: int) -> None:
        """As `put`, for hundreds of rows at once; none of them is kept in memory."""
        told: dict[str, dict[bytes, bytes]] = {name: {} for name in self._families}
        for name, key, value in rows:
            of = told[name]
            of[key] = self._merged(key, of[key], value) if key in of else value
        puts: list[Put] = []
        fresh: dict[str, int] = {}
        for name, of in told.items():
            family = self._families[name]
            target = self._bucket(family, at) if of else None
            if target is None:
                continue
            if not family.unique:
                puts += self._meet(name, of, target)
            if family.counted:
                fresh[target.name] = len(of)
            puts += [(target.name, key, value) for key, value in of.items()]
        self._recent.clear()
        self._write(puts, fresh, at, None)

    def belongs_to(self, cluster: str) -> None:
        """It is made anew if it is another cluster's."""
        known, self._cluster = self._data.get(DEFAULT, _CLUSTER), cluster.encode()
        if known is None:
            self._data.write([(DEFAULT, _CLUSTER, self._cluster)])
        elif known != self._cluster:
            self.remake("cluster", "it is of another cluster")

    def expire(self) -> None:
        """Drop the buckets that are over."""
        for family in self._families.values():
            for bucket in [one for one in self._buckets[family.name] if self._is_over(family, one.start)]:
                self._drop(family, bucket)

    def remake(self, why: str, detail: str) -> None:
        """Begin with nothing. Raises StateError, DamagedError."""
        self.close()
        if why == "damaged":
            damage.found(self._path, detail)
            damage.renewing(self._path)
        log.error("local state rebuilding", path=str(self._path), why=why, detail=detail)
        metrics.STATE_REBUILT.labels(self._stage, why).inc()
        remove(self._path)
        if why == "damaged":
            damage.renewed(self._path)
        self._open()
        if self._cluster:
            self._data.write([(DEFAULT, _CLUSTER, self._cluster)])

    def compact(self) -> None:
        self._data.compact()

    def close(self) -> None:
        if hasattr(self, "_data"):
            self._data.close()

    # -- within

    def _open(self) -> None:
        self._data = Database(self._path)
        self._recent.clear()
        self._buckets = {name: [] for name in self._families}
        self._coverage.clear()
        self._counts.clear()
        self._lasts.clear()
        self._uncovered.clear()
        for name in self._data.names():
            family, _, start = name.rpartition(".")
            if family in self._families:
                self._buckets[family].append(_Bucket(int(start), name))
                self._counts[name] = int(self._data.get(DEFAULT, (_COUNT + name).encode()) or 0)
        for buckets in self._buckets.values():
            buckets.sort(reverse=True)
        self.newest = int(self._data.get(DEFAULT, _NEWEST) or 0)
        """Time of the newest record that was taken in, in ms since 1970."""

    def _check_counts(self) -> None:
        """Raises DamagedError where rows are missing: a store that forgets would have everything sent twice."""
        for name, count in self._counts.items():
            if (found := self._data.estimate(name)) < count:
                raise DamagedError(localized("{name} has {found} rows of {count}", name=name, found=found, count=count))

    def _merged(self, key: bytes, there: bytes, comes: bytes) -> bytes:
        merged = self._merge(key, there, comes) if there and comes else comes
        return there if merged is None else merged

    def _meet(self, family: str, comes: dict[bytes, bytes], target: _Bucket) -> list[Put]:
        """Take out of *comes* what a bucket as new as *target* knows already; the answer is what to write of that."""
        puts: list[Put] = []
        renewed: dict[bytes, bytes] = {}
        for bucket in self._buckets[family]:
            keys = list(comes)
            if not keys:
                break
            for key, there in zip(keys, self._data.get_many(bucket.name, keys), strict=True):
                if there is None:
                    continue
                value = comes.pop(key)
                merged = self._merge(key, there, value) if there and value else value
                if bucket.start < target.start:
                    renewed[key] = there if merged is None else merged
                elif merged is not None:
                    puts.append((bucket.name, key, merged))
        comes.update(renewed)
        return puts

    def _find(self, family: str, key: bytes) -> _Found:
        known = self._recent.get(family, key)
        if known is None:
            known = _NOWHERE
            get = self._data.get
            for bucket in self._buckets[family]:
                if (found := get(bucket.name, key)) is not None:
                    known = found, bucket
                    break
            self._recent.note(family, key, known)
        return known

    def _bucket(self, family: RowFamily, at: int) -> _Bucket | None:
        """None where what is put there would be over already."""
        start = at - at % family.span
        buckets = self._buckets[family.name]
        for bucket in buckets:
            if bucket.start == start:
                return bucket
        if not family.counted and self._is_over(family, start):
            return None
        made = _Bucket(start, f"{family.name}.{start:015d}")
        self._data.create(made.name)
        buckets.append(made)
        buckets.sort(reverse=True)
        self._counts[made.name] = 0
        return made

    def _is_over(self, family: RowFamily, start: int) -> bool:
        return start + family.span + family.life < min(self.newest, int(time.time() * 1000))

    def _drop(self, family: RowFamily, bucket: _Bucket) -> None:
        puts: list[Put] = []
        if family.counted:
            for topic, high in self._last(bucket.name).items():
                now = self._coverage[topic] = self.covered(topic).without(0, high)
                puts.append((DEFAULT, (_COVERAGE + topic).encode(), coverage.dump(now)))
        self._data.write(puts)
        self._recent.clear()
        self._data.drop(bucket.name)
        self._buckets[family.name].remove(bucket)
        for told in (self._counts, self._lasts, self._uncovered):
            told.pop(bucket.name, None)
        log.info("local state: a bucket is over", path=str(self._path), bucket=bucket.name)

    def _last(self, bucket: str) -> dict[str, int]:
        found = self._lasts.get(bucket)
        if found is None:
            raw = self._data.get(DEFAULT, (_LAST + bucket).encode())
            found = self._lasts[bucket] = coverage.load_offsets(raw) if raw is not None else {}
        return found

    def _write(self, batch: list[Put], fresh: dict[str, int], at: int, cover: RowCover | None) -> None:
        for name, count in fresh.items():
            self._uncovered[name] = set()
            if count:
                self._counts[name] += count
                batch.append((DEFAULT, (_COUNT + name).encode(), b"%d" % self._counts[name]))
        if at > self.newest:
            self.newest = at
            batch.append((DEFAULT, _NEWEST, b"%d" % at))
        if cover is not None:
            self._coverage[cover.topic] = cover.coverage
            batch.append((DEFAULT, (_COVERAGE + cover.topic).encode(), coverage.dump(cover.coverage)))
            for name, told in self._uncovered.items():
                if cover.topic not in told:
                    told.add(cover.topic)
                    last = self._last(name)
                    last[cover.topic] = max(last.get(cover.topic, 0), cover.high)
                    batch.append((DEFAULT, (_LAST + name).encode(), coverage.dump_offsets(last)))
        self._data.write(batch)
