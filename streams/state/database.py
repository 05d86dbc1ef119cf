"""RocksDB as this package uses it: one database a store, a column family for each stretch of time.

Never with a time to live of its own: once one store of a process was opened with it, rocksdict 0.3.29 puts the filter into every
store that is opened later, and compaction drops what it takes for old. See `docs/upstream-rocksdict-ttl.md`.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteBufferManager,
)

from streams.state.errors import DamagedError, StateError

Put = tuple[str, bytes, bytes]
"""(column family, key, value)"""

DEFAULT = "default"

WRITE_BUFFER = 8 << 20
BUFFERS = 64 << 20
"""Bytes of everything that is not on disk yet, of all stores of this process."""
CACHE = 48 << 20
"""Bytes of blocks in memory, of all stores of this process."""
SPARE = 64 << 20
"""Bytes that must be free on the disk for a store to be opened."""

_open: set[Path] = set()
"""The stores that are open in this process: RocksDB's own lock cannot be told from damage."""


class Database:
    """Raises StateError where the disk refuses, DamagedError where the files cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        if self._path in _open:
            raise StateError(f"{path} is still open in this process")
        _writable(self._path.parent)
        _open.add(self._path)
        self._handles: dict[str, Any] = {}
        self._columns: dict[str, Any] = {}
        try:
            names = Rdict.list_cf(str(path), _options()) if (path / "CURRENT").exists() else []
            known = {name: _options() for name in names if name != DEFAULT}
            self._rows = Rdict(str(path), _options(), column_families=known)
            for name in known:
                self._attach(name)
        except Exception as error:  # noqa: BLE001 - rocksdict raises nothing more telling
            _open.discard(self._path)
            _writable(self._path.parent)  # a disk that is full damages nothing
            raise DamagedError(f"{path}: {error}") from None

    def names(self) -> list[str]:
        return sorted(self._columns)

    def get(self, name: str, key: bytes) -> bytes | None:
        try:
            found = (self._columns[name] if name != DEFAULT else self._rows).get(key)
        except Exception as error:  # noqa: BLE001 - as above
            raise DamagedError(f"{self._path}: {error}") from None
        return bytes(found) if found is not None else None

    def get_many(self, name: str, keys: list[bytes]) -> list[bytes | None]:
        """A third of the time of as many calls of `get`."""
        try:
            found: list[bytes | None] = self._columns[name].get(keys)
        except Exception as error:  # noqa: BLE001 - as above
            raise DamagedError(f"{self._path}: {error}") from None
        return found

    def scan(self, name: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Rows whose keys begin so, in their order."""
        try:
            for key, value in self._columns[name].items(from_key=prefix):
                if not bytes(key).startswith(prefix):
                    return
                yield bytes(key), bytes(value)
        except Exception as error:  # noqa: BLE001 - as above
            raise DamagedError(f"{self._path}: {error}") from None

    def write(self, puts: Iterable[Put]) -> None:
        """All or nothing."""
        batch = WriteBatch(raw_mode=True)
        handles = self._handles
        for name, key, value in puts:
            if name == DEFAULT:
                batch.put(key, value)
            else:
                batch.put(key, value, handles[name])
        try:
            self._rows.write(batch)
        except Exception as error:  # noqa: BLE001 - as above
            _writable(self._path.parent)
            raise DamagedError(f"{self._path}: {error}") from None

    def create(self, name: str) -> None:
        if name not in self._columns:
            self._rows.create_column_family(name, _options()).close()
            self._attach(name)

    def drop(self, name: str) -> None:
        """Its files go at once."""
        del self._columns[name], self._handles[name]
        self._rows.drop_column_family(name)

    def estimate(self, name: str) -> int:
        """How many keys it has; more where one was written more than once, never fewer."""
        return int(self._columns[name].property_int_value("rocksdb.estimate-num-keys") or 0)

    def compact(self) -> None:
        """All of it, now. For tests: it does this by itself."""
        for column in (self._rows, *self._columns.values()):
            column.flush()
            column.compact_range(None, None)

    def close(self) -> None:
        for column in self._columns.values():
            column.close()
        self._columns.clear()
        self._handles.clear()
        self._rows.close()
        _open.discard(self._path)

    def _attach(self, name: str) -> None:
        self._columns[name] = self._rows.get_column_family(name)
        self._handles[name] = self._rows.get_column_family_handle(name)


def remove(path: Path) -> None:
    """Raises StateError."""
    try:
        if path.exists():
            shutil.rmtree(path)
    except OSError as error:
        raise StateError(f"{path} cannot be removed: {error.strerror}") from None


def _writable(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(directory).free
    except OSError as error:
        raise StateError(f"{directory}: {error.strerror}; the local state has to lie on a disk that can be written") from None
    if free < SPARE:
        raise StateError(f"{directory}: {free >> 20} MiB are free on that disk, {SPARE >> 20} MiB are needed at least")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StateError(f"{directory} cannot be written by this user")


@cache
def _shared() -> tuple[Cache, WriteBufferManager]:
    cache_ = Cache(CACHE)
    return cache_, WriteBufferManager.new_write_buffer_manager_with_cache(BUFFERS, False, cache_)


def _options() -> Options:
    cache_, buffers = _shared()
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
