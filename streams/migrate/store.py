"""The RocksDB of a bundle: column families, sorted reading, and writes that are on disk once `flush` returns.

Without a log of its own: a kill loses what was not flushed, and `check` reads that again. Memory is bounded by the write buffers.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from rocksdict import AccessType, BlockBasedOptions, Cache, DBCompressionType, MemtableFactory, Options, Rdict, WriteBatch, WriteOptions

from converters.core.localized import localized
from streams.migrate.errors import BundleError
from streams.state.database import DEFAULT, close

META = DEFAULT
GIVEN, ITEMS, MESSAGES, INDEX, TALKS, FATES, SIDES, PROBLEMS, FOUND = (
    "given",
    "items",
    "messages",
    "index",
    "talks",
    "fates",
    "sides",
    "problems",
    "found",
)
"""given: items as read. index: messages by id. sides: users by what they have. These three go once a check is complete.
problems are of single records, found of records put together."""
PASSING = (GIVEN, INDEX, SIDES)
FAMILIES = (GIVEN, ITEMS, MESSAGES, INDEX, TALKS, FATES, SIDES, PROBLEMS, FOUND)
_SORTED_LATER = {MESSAGES, INDEX, GIVEN, SIDES}
"""Written in no order, and read only once all is flushed: rows are sorted when a buffer is full, not one by one."""
BUFFER = 24 << 20
BATCH = 512


class Store:
    """Raises BundleError."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        cache = Cache(16 << 20)
        families = [META, *FAMILIES]
        try:
            if read_only or (path / "CURRENT").exists():
                there = Rdict.list_cf(str(path), _options(META, cache))
                families = there if read_only else list(dict.fromkeys([*families, *there]))
            given = {name: _options(name, cache) for name in families if name != META}
            access = AccessType.read_only() if read_only else AccessType.read_write()
            self._rows = Rdict(str(path), _options(META, cache), column_families=given, access_type=access)
        except Exception as error:  # noqa: BLE001 - rocksdict raises nothing more telling
            raise _fault(path, error) from None
        self._columns: dict[str, Any] = {META: self._rows}
        self._handles: dict[str, Any] = {}
        how = WriteOptions()
        how.disable_wal = True
        for name in families:
            if name != META:
                self._columns[name] = self._rows.get_column_family(name)
                self._handles[name] = self._rows.get_column_family_handle(name)
        if not read_only:
            self._rows.set_write_options(how)
        self._batch = WriteBatch(raw_mode=True)
        self._size = 0
        self._changed: set[str] = set()
        """Families with rows that may not be on disk yet."""

    def get(self, family: str, key: bytes) -> bytes | None:
        try:
            found = self._columns[family].get(key)
        except Exception as error:  # noqa: BLE001 - as above
            raise _fault(self.path, error) from None
        return bytes(found) if found is not None else None

    def put(self, family: str, key: bytes, value: bytes) -> None:
        """Seen by readers after `write`."""
        if family == META:
            self._batch.put(key, value)
        else:
            self._batch.put(key, value, self._handles[family])
        self._changed.add(family)
        self._size += 1
        if self._size >= BATCH:
            self.write()

    def put_both(self, one: str, key: bytes, value: bytes, other: str, other_key: bytes, other_value: bytes) -> None:
        """Two rows of which neither is of use alone; for what there are very many of."""
        batch, handles = self._batch, self._handles
        batch.put(key, value, handles[one])
        batch.put(other_key, other_value, handles[other])
        self._size += 2
        if self._size >= BATCH or one not in self._changed:
            self._changed |= {one, other}
            self.write()

    def delete(self, family: str, key: bytes) -> None:
        self._batch.delete(key) if family == META else self._batch.delete(key, self._handles[family])
        self._changed.add(family)
        self._size += 1

    def write(self) -> None:
        if not self._size:
            return
        batch, self._batch, self._size = self._batch, WriteBatch(raw_mode=True), 0
        try:
            self._rows.write(batch)
        except Exception as error:  # noqa: BLE001 - as above
            raise _fault(self.path, error) from None

    def flush(self) -> None:
        """All that was put is on disk."""
        self.write()
        try:
            for family in sorted(self._changed):
                self._columns[family].flush()
        except Exception as error:  # noqa: BLE001 - as above
            raise _fault(self.path, error) from None
        self._changed.clear()

    def scan(self, family: str, prefix: bytes = b"", after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Rows whose keys begin so and are greater than *after*, in their order; written rows only."""
        # Not `items`: it takes a block that cannot be read for the end.
        rows = self._columns[family].iter()
        try:
            rows.seek(max(prefix, after))
            valid, key_of, value_of, step = rows.valid, rows.key, rows.value, rows.next
            if not prefix:
                while valid():
                    key = key_of()
                    if key > after:
                        yield key, value_of()
                    step()
            else:
                while valid():
                    key = key_of()
                    if not key.startswith(prefix):
                        break
                    if key > after:
                        yield key, value_of()
                    step()
            rows.status()
        except BundleError:
            raise
        except GeneratorExit:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            raise _fault(self.path, error) from None
        finally:
            del rows  # it keeps the store open

    def drop(self, family: str) -> None:
        """Its files go at once."""
        self.write()
        if family not in self._columns:
            return
        self._changed.discard(family)
        with suppress(Exception):
            self._columns[family].close()
        del self._columns[family], self._handles[family]
        try:
            self._rows.drop_column_family(family)
        except Exception as error:  # noqa: BLE001 - as above
            raise _fault(self.path, error) from None

    def clear(self, family: str) -> None:
        """Empty, and there."""
        self.drop(family)
        try:
            self._rows.create_column_family(family, _options(family, Cache(4 << 20))).close()
            self._columns[family] = self._rows.get_column_family(family)
            self._handles[family] = self._rows.get_column_family_handle(family)
            how = WriteOptions()
            how.disable_wal = True
            self._rows.set_write_options(how)
        except Exception as error:  # noqa: BLE001 - as above
            raise _fault(self.path, error) from None

    def close(self) -> None:
        close(self._rows, self._columns, self._handles)


def _options(family: str, cache: Cache) -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_block_size(16 << 10)
    table.set_format_version(5)
    if family in (ITEMS, FATES):
        table.set_bloom_filter(10, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_bottommost_compression_type(DBCompressionType.zstd())
    options.set_write_buffer_size(BUFFER)
    options.set_max_write_buffer_number(2)
    options.set_db_write_buffer_size(3 * BUFFER)
    options.set_max_background_jobs(2)
    options.set_target_file_size_base(64 << 20)
    options.set_level_zero_file_num_compaction_trigger(12)
    options.set_level_zero_slowdown_writes_trigger(200)
    options.set_level_zero_stop_writes_trigger(400)
    options.set_soft_pending_compaction_bytes_limit(0)
    options.set_hard_pending_compaction_bytes_limit(0)
    options.set_max_open_files(256)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1 << 20)
    if family in _SORTED_LATER:
        options.set_memtable_factory(MemtableFactory.vector())
    options.set_allow_concurrent_memtable_write(False)
    return options


def _fault(path: Path, error: Exception) -> BundleError:
    code = str(error).partition(":")[0]
    if "lock" in str(error).lower():
        return BundleError(localized("{path} is in use by another process: end that first", path=path))
    if code == "Corruption":
        return BundleError(localized("{path} is damaged: delete it, and run check again", path=path))
    return BundleError(localized("{path}: RocksDB says {code}; is there room on the disk, and may it be written?", path=path, code=code))
