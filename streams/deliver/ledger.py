"""What became of every event, as the topic `ledger` holds it, and one partition of it on this machine's disk."""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from rocksdict import AccessType, Options, Rdict, WriteBatch

from streams import metrics, record_kinds
from streams.deliver.entries import Entry, load
from streams.deliver.tail import Tail
from streams.identities import read_to_end

log = structlog.get_logger()

KEPT = 30 * 24 * 3600
"""Seconds an entry is kept on disk; as long as the topic keeps it."""


_OFFSET = b"\x00offset"

Batch = list[tuple[bytes, bytes | None]]


class Store:
    """One partition's entries by event id. Losing it costs time, never truth: it is rebuilt from the topic."""

    def __init__(self, path: Path) -> None:
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_max_open_files(64)
        options.set_write_buffer_size(8 << 20)
        options.set_keep_log_file_num(2)
        access = AccessType.with_ttl(KEPT)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._rows = Rdict(str(path), options, access_type=access)
        except Exception as error:  # rocksdict has no type of its own
            if "lock" in str(error).lower():
                raise  # another process has it: not ours to delete
            log.warning("local state is unreadable, it is made anew", path=str(path))
            shutil.rmtree(path, ignore_errors=True)
            self._rows = Rdict(str(path), options, access_type=access)

    def offset(self, topic: str = "") -> int:
        """Up to where the ledger has been taken in; with *topic*, another target's ledger."""
        found = self._rows.get(_OFFSET + topic.encode())
        return int(found) if found is not None else 0

    def raw(self, key: bytes) -> bytes | None:
        found = self._rows.get(key)
        return bytes(found) if found is not None else None

    def get(self, event: str) -> Entry | None:
        found = self._rows.get(event.encode())
        return load(found) if found is not None else None

    def put(self, entries: Iterable[tuple[bytes, bytes | None]], offset: int | None = None, topic: str = "") -> None:
        batch = WriteBatch(raw_mode=True)
        for key, value in entries:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        if offset is not None:
            batch.put(_OFFSET + topic.encode(), b"%d" % offset)
        self._rows.write(batch)

    def close(self) -> None:
        self._rows.close()


Rows = Callable[[bytes, bytes], Iterable[tuple[bytes, bytes | None]]]
"""(key, value) of a ledger's record -> what the local state holds because of it."""


async def caught_up(
    store: Store, bootstrap: str, topics: Mapping[str, Rows], partition: int, tail: Tail | None = None
) -> None:
    """Bring *store* up to what lies now in *partition* of each topic; the store's own ledger is called "" in its offsets.

    With *tail*, to what was written as well as to what is committed, and *tail* takes in what of its own ledger may not be.
    The last owner must be fenced before. Raises KafkaError.
    """
    start = time.monotonic()
    isolation = "read_committed" if tail is None else "read_uncommitted"
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level=isolation, enable_auto_commit=False)
    await consumer.start()
    try:
        for number, (topic, rows) in enumerate(topics.items()):
            name = topic if number else ""
            batch: list[tuple[bytes, bytes | None]] = []

            def take(
                raw: ConsumerRecord, rows: Rows = rows, batch: Batch = batch, tail: Tail | None = None if number else tail
            ) -> None:
                key = raw.key or b""
                record_kinds.hold(raw.topic, raw.headers)
                if tail is not None:
                    tail.take(raw)
                if raw.value is None:
                    batch.append((key, None))
                else:
                    batch.extend(rows(key, raw.value))
                if len(batch) >= 5000:
                    store.put(batch)
                    batch.clear()

            end = await read_to_end(consumer, topic, partition, take, store.offset(name))
            # Until the tail is committed it has to be found again.
            store.put(batch, end if number or tail is None else tail.begins(end), name)
    finally:
        await consumer.stop()
    metrics.REBUILD_SECONDS.labels("deliver").observe(time.monotonic() - start)
