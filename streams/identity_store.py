"""The table of `identities` on disk, with how far of its topic it has been read. Losing it costs a reading of the topic, no more.

One process owns the directory (it holds `lock` there), so whatever cannot be read in it is damage, and never somebody else's.
Written without a time to live: rocksdict has them for ever (see decision 13).
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch

from converters.identities import COUNT, Identities
from streams.hosting import own_directory
from streams.settings import Settings

log = structlog.get_logger()

DAMAGED = "damaged"
"""A file beside the rows: the next start makes them anew."""
CACHED = 20_000
"""Rows of one generation of the cache; what is asked for again moves to the younger of the two."""
BLOCKS = 24 << 20
BUFFER = 8 << 20
_PLACE = b"@"

_MISSING = object()


def disk_of(settings: Settings, given: str, group: str) -> "Disk | None":
    """The rows of a role, where it has a directory to write to. Without one the table is held in memory."""
    state = Path(given) if given else settings.deliver.state
    try:
        return Disk(own_directory(state, group))
    except (OSError, StateError) as error:
        log.warning("no directory for the table of identities: it is held in memory", path=str(state), error=str(error))
        return None


class StateError(Exception):
    """The disk refuses. It is no fault of the record at hand: the worker leaves, and the next start makes the rows anew."""


class Place(Struct, frozen=True, omit_defaults=True):
    """How far the rows are: offsets by partition. *at*: ms since 1970."""

    cluster: str = ""
    topic: str = ""
    offsets: dict[int, int] = {}
    at: int = 0


class Disk:
    """Rows of `Identities`. What is put is seen at once, and is on disk after `keep`, with the place or not at all. Raises StateError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "identities"
        self._unkept: dict[str, str | None] = {}
        self._young: dict[str, object] = {}
        self._old: dict[str, object] = {}
        self.caching = True
        """False while many records are taken in: nobody asks for those rows again."""
        if (directory / DAMAGED).exists():
            log.warning("the table of identities was damaged, it is made anew", path=str(self._path))
            self._remove()
        try:
            self._rows = _opened(self._path)
            self.place = self._read_place()
        except Exception as error:  # noqa: BLE001 - rocksdict has no type of its own, and nobody else has this directory
            log.warning("the table of identities cannot be read, it is made anew", path=str(self._path), error=type(error).__name__)
            self.renew()

    def get(self, key: str) -> str | None:
        if not self.caching:
            return self._unkept[key] if key in self._unkept else self._look(key)
        found = self._young.get(key, _MISSING)
        if found is _MISSING:
            found = self._old.get(key, _MISSING)
            if found is _MISSING:
                found = self._unkept.get(key, _MISSING)
                if found is _MISSING:
                    found = self._look(key)
            self._cache(key, found)
        return found  # type: ignore[return-value]

    def put(self, key: str, value: str | None) -> None:
        self._unkept[key] = value
        if self._young or self._old:
            self._young.pop(key, None)
            self._old.pop(key, None)

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        self._write(WriteBatch(raw_mode=True))
        start = prefix.encode()
        for key, value in self._guarded(self._rows.items(from_key=start)):
            if not key.startswith(start):
                return
            yield bytes(key).decode(), bytes(value).decode()

    def keep(self, place: Place, counts: list[tuple[str, str, int]]) -> None:
        """Write what was put, and *place*, at once."""
        batch = WriteBatch(raw_mode=True)
        for platform, kind, count in counts:
            batch.put(f"{COUNT}\x1f{platform}\x1f{kind}".encode(), b"%d" % count)
        batch.put(_PLACE, msgspec.json.encode(place))
        self._write(batch)
        self.place = place

    def renew(self) -> None:
        """Begin with nothing."""
        self.close()
        self._remove()
        try:
            self._rows = _opened(self._path)
        except Exception as error:  # noqa: BLE001 - see above
            raise StateError(f"{self._path} cannot be made: {error}") from None
        self.place = Place()

    def close(self) -> None:
        self._unkept.clear()
        self._young.clear()
        self._old.clear()
        if hasattr(self, "_rows"):
            self._rows.close()

    def _look(self, key: str) -> str | None:
        try:
            found = self._rows.get(key.encode())
        except Exception as error:  # noqa: BLE001 - see above
            raise self._damaged(error) from None
        return bytes(found).decode() if found is not None else None

    def _cache(self, key: str, value: object) -> None:
        if len(self._young) >= CACHED:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def _write(self, batch: WriteBatch) -> None:
        for key, value in self._unkept.items():
            if value is None:
                batch.delete(key.encode())
            else:
                batch.put(key.encode(), value.encode())
        try:
            self._rows.write(batch)
        except Exception as error:  # noqa: BLE001 - see above
            raise self._damaged(error) from None
        self._unkept.clear()

    def _guarded(self, items: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        try:
            yield from items
        except Exception as error:  # noqa: BLE001 - see above
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> StateError:
        try:
            (self._directory / DAMAGED).touch()
        except OSError as full:
            log.warning("damage cannot be noted", path=str(self._directory), error=full.strerror)
        return StateError(f"{self._path}: {error}")

    def _read_place(self) -> Place:
        found = self._rows.get(_PLACE)
        return msgspec.json.decode(bytes(found), type=Place) if found is not None else Place()

    def _remove(self) -> None:
        try:
            if self._path.exists():
                shutil.rmtree(self._path)
            (self._directory / DAMAGED).unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"{self._path} cannot be removed: {error.strerror}") from None


class _Probe:
    """What *rows* would be changed to, without changing them."""

    def __init__(self, rows: Disk) -> None:
        self._rows = rows
        self.changes: dict[str, str | None] = {}

    def get(self, key: str) -> str | None:
        return self.changes[key] if key in self.changes else self._rows.get(key)

    def put(self, key: str, value: str | None) -> None:
        self.changes[key] = value

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        del prefix
        return iter(())


def agrees(rows: Disk, records: Mapping[bytes, bytes | None]) -> bool:
    """Whether *rows* hold *records*, the last of their keys that were read."""
    for key, value in records.items():
        probe = _Probe(rows)
        Identities(probe).apply(key, value)
        # The way back from a name may by now be another record's.
        if any(row[0] in "eahw" and rows.get(row) != to for row, to in probe.changes.items()):
            return False
    return True


def now() -> int:
    return int(time.time() * 1000)


def _opened(path: Path) -> Rdict:
    table = BlockBasedOptions()
    table.set_bloom_filter(10, False)
    table.set_block_cache(Cache(BLOCKS))
    # Filters and indexes stay out of the cache: one of a large file does not fit into a shard of it, and would be read at every look-up.
    table.set_cache_index_and_filter_blocks(False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(BUFFER)
    options.set_max_open_files(64)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1 << 20)
    path.parent.mkdir(parents=True, exist_ok=True)
    return Rdict(str(path), options)
