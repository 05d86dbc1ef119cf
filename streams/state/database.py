"""RocksDB as this package uses it: one database a store, a column family for each stretch of time.

Never with a time to live of its own: once one store of a process was opened with it, rocksdict 0.3.29 puts the filter into every
store that is opened later, and compaction drops what it takes for old. See `docs/upstream-rocksdict-ttl.md`.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch, WriteBufferManager

from converters.core.localized import localized
from streams.state import damage, disk
from streams.state.errors import DamagedError, StateError

Put = tuple[str, bytes, bytes | None]
"""(column family, key, value); None takes the row away."""

DEFAULT = "default"

WRITE_BUFFER = 8 << 20
BUFFERS = 64 << 20
"""Bytes of everything that is not on disk yet, of all stores of this process."""
CACHE = 48 << 20
"""Bytes of blocks in memory, of all stores of this process, unless they are opened with another number."""

CORRUPTION, IO_ERROR = "Corruption", "IO error"
CODES = frozenset(
    {
        CORRUPTION,
        IO_ERROR,
        "NotFound",
        "Not implemented",
        "Invalid argument",
        "Shutdown in progress",
        "Operation timed out",
        "Operation aborted",
        "Resource busy",
        "Operation failed. Try again.",
        "Column family dropped",
    }
)
"""What RocksDB begins its messages with, up to the first colon. Source: RocksDB, util/status.cc. All that follows is for people."""

_open: set[Path] = set()
"""The stores that are open in this process."""


class Database:
    """Raises StateError where the disk refuses, DamagedError where the files cannot be read; the damage is noted beside them then."""

    def __init__(self, path: Path, *, blocks: int = CACHE) -> None:
        """*blocks*: bytes of blocks in memory, of all stores of this process that were opened with so many."""
        self._path = path.absolute()
        self._blocks = blocks
        if self._path in _open:
            raise StateError(localized("{path} is still open in this process", path=path), "locked")
        if (refused := disk.tried(self._path.parent)) is not None:
            raise refused
        self._handles: dict[str, Any] = {}
        self._columns: dict[str, Any] = {}
        self._refused = False
        """A write has failed: the store takes nothing more until it is opened anew."""
        self._open()

    def _open(self) -> None:
        path, blocks = self._path, self._blocks
        _open.add(path)
        try:
            names = Rdict.list_cf(str(path), _options(blocks)) if (path / "CURRENT").exists() else []
            known = {name: _options(blocks) for name in names if name != DEFAULT}
            self._rows = Rdict(str(path), _options(blocks), column_families=known)
            for name in known:
                self._attach(name)
        except Exception as error:  # noqa: BLE001 - rocksdict raises nothing more telling
            if hasattr(self, "_rows"):
                self.close()
            _open.discard(self._path)
            raise self._fault(error, opening=True) from None
        self._columns[DEFAULT] = self._rows

    @property
    def path(self) -> Path:
        return self._path

    def names(self) -> list[str]:
        return sorted(self._columns.keys() - {DEFAULT})

    def get(self, name: str, key: bytes) -> bytes | None:
        try:
            found = self._columns[name].get(key)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._fault(error) from None
        return bytes(found) if found is not None else None

    def get_many(self, name: str, keys: list[bytes]) -> list[bytes | None]:
        """A third of the time of as many calls of `get`."""
        try:
            found: list[bytes | None] = self._columns[name].get(keys)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._fault(error) from None
        return found

    def scan(self, name: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Rows whose keys begin so, in their order."""
        # Not `items`: it takes a block that cannot be read for the end.
        rows = self._columns[name].iter()
        try:
            rows.seek(prefix)
            while rows.valid() and (key := bytes(rows.key())).startswith(prefix):
                yield key, bytes(rows.value())
                rows.next()
            rows.status()
        except Exception as error:  # noqa: BLE001 - as above
            raise self._fault(error) from None
        finally:
            del rows  # it keeps the store open, and the traceback of an error would keep it

    def write(self, puts: Iterable[Put]) -> None:
        """All or nothing. After a refusal it is opened anew, once the disk takes something again; until then it can be read."""
        self._renew()
        batch = WriteBatch(raw_mode=True)
        handles = self._handles
        for name, key, value in puts:
            if value is None:
                batch.delete(key) if name == DEFAULT else batch.delete(key, handles[name])
            elif name == DEFAULT:
                batch.put(key, value)
            else:
                batch.put(key, value, handles[name])
        try:
            self._rows.write(batch)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._fault(error, writing=True) from None

    def create(self, name: str) -> None:
        if name in self._columns:
            return
        self._renew()
        try:
            self._rows.create_column_family(name, _options(self._blocks)).close()
            self._attach(name)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._fault(error, writing=True) from None

    def drop(self, name: str) -> None:
        """Its files go at once."""
        del self._columns[name], self._handles[name]
        try:
            self._rows.drop_column_family(name)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._fault(error, writing=True) from None

    def estimate(self, name: str) -> int:
        """How many keys it has; more where one was written more than once, never fewer."""
        try:
            return int(self._columns[name].property_int_value("rocksdb.estimate-num-keys") or 0)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._fault(error) from None

    def compact(self) -> None:
        """All of it, now. For tests: it does this by itself."""
        for column in self._columns.values():
            column.flush()
            column.compact_range(None, None)

    def close(self) -> None:
        """What was written is written: that it cannot be put in order on a disk that refuses is no fault of the caller's."""
        close(self._rows, self._columns, self._handles)
        _open.discard(self._path)

    def _renew(self) -> None:
        """Raises StateError."""
        if not self._refused:
            return
        if (refused := disk.tried(self._path.parent)) is not None:
            raise refused
        self.close()
        self._open()
        self._refused = False

    def _attach(self, name: str) -> None:
        self._columns[name] = self._rows.get_column_family(name)
        self._handles[name] = self._rows.get_column_family_handle(name)

    def _fault(self, error: Exception, *, opening: bool = False, writing: bool = False) -> StateError:
        """What *error* is: first what we find ourselves, and only then what RocksDB's code says."""
        self._refused = self._refused or writing
        if (refused := disk.tried(self._path.parent)) is not None:
            return refused
        if (reason := disk.unreadable(self._path, whole=False)) is not None:
            return disk.refusal(Path(reason.filename or self._path), reason)
        if opening and (process := disk.holder(self._path)) is not None:
            return StateError(
                localized(
                    "{path} is in use by {process}: end that, or give this one a directory of its own", path=self._path, process=process
                ),
                "locked",
            )
        code = str(error).partition(":")[0]
        lost = disk.unreadable(self._path, whole=True) if code == IO_ERROR and not writing else None
        if code != CORRUPTION and (lost is None or lost.errno != errno.EIO):
            return StateError(
                localized(
                    "{path}: RocksDB says {code}; it is opened anew",
                    path=self._path,
                    code=code if code in CODES else localized("what is no code of its"),
                )
            )
        try:
            damage.found(self._path, f"{code}: {lost.strerror if lost is not None else 'a file does not hold what was written'}")
        except StateError as refused_note:
            return refused_note
        return DamagedError(localized("{path}: {code}", path=self._path, code=code))


def close(rows: Any, columns: dict[str, Any], handles: dict[str, Any]) -> None:
    """Close *rows*, a database, behind all its *columns*, and forget these: each that is open would keep the files. Nothing is raised."""
    for name, column in columns.items():
        if name != DEFAULT:
            with suppress(Exception):
                column.close()
    columns.clear()
    handles.clear()
    with suppress(Exception):
        rows.close()


def remove(path: Path) -> None:
    """Raises StateError."""
    try:
        if path.exists():
            shutil.rmtree(path)
    except OSError as error:
        raise disk.refusal(path, error) from None


@cache
def _shared(blocks: int) -> tuple[Cache, WriteBufferManager]:
    cache_ = Cache(blocks)
    return cache_, WriteBufferManager.new_write_buffer_manager_with_cache(BUFFERS, False, cache_)


def _options(blocks: int) -> Options:
    cache_, buffers = _shared(blocks)
    table = BlockBasedOptions()
    table.set_bloom_filter(10, False)
    table.set_block_cache(cache_)
    table.set_block_size(8 << 10)
    table.set_format_version(5)
    # Filters and indexes in memory, 10 bits a row: in a cache of this size they would be read from the files at every look.
    table.set_cache_index_and_filter_blocks(False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_bottommost_compression_type(DBCompressionType.zstd())
    options.set_level_compaction_dynamic_level_bytes(True)
    options.set_max_background_jobs(2)
    options.set_level_zero_file_num_compaction_trigger(10)
    # A restore writes faster than is compacted: files may pile up, but no write of the event loop may be made to wait for it.
    options.set_level_zero_slowdown_writes_trigger(200)
    options.set_level_zero_stop_writes_trigger(400)
    options.set_soft_pending_compaction_bytes_limit(0)
    options.set_hard_pending_compaction_bytes_limit(0)
    options.set_max_open_files(64)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1 << 20)
    options.set_arena_block_size(64 << 10)
    # Most keys that are looked for are new.
    options.set_memtable_whole_key_filtering(True)
    options.set_memtable_prefix_bloom_ratio(0.05)
    options.set_write_buffer_manager(buffers)
    # Tests have every store compact many times.
    options.set_write_buffer_size(int(os.environ.get("IM_RELAY_TEST_WRITE_BUFFER", WRITE_BUFFER)))
    return options
