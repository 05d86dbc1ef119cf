"""What became of every event, as the topic `ledger` holds it, and one partition of it on this machine's disk."""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer
from msgspec import Struct
from rocksdict import AccessType, Options, Rdict, WriteBatch

from converters.outcome import Outcome
from streams import metrics
from streams.identities import read_to_end

log = structlog.get_logger()

KEPT = 30 * 24 * 3600
"""Seconds an entry is kept on disk; as long as the topic keeps it."""


class Intent(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="intent", tag_field="entry"):
    """A request may be under way from now on; without an `Ended` after it, the event is in doubt."""

    target: str
    """The app that is told."""
    at: int
    """When it was written, in ms since 1970, for people and look-ups: no decision about a lease rests on it."""
    part: int = 0
    """Which of the event's requests; those before it have arrived."""
    attempt: int = 1


class Ended(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="ended", tag_field="entry"):
    outcome: Outcome
    target: str
    """The app that was told."""
    at: int
    """When it was known, in ms since 1970."""
    attempts: int = 1
    by: str = "reply"
    """How it is known: `reply`, `echo` (the target's own callback), `lookup` (the target was asked)."""


Entry = Intent | Ended
"""The value of a ledger record; its key is the event id."""


dump = msgspec.json.Encoder().encode
load = msgspec.json.Decoder(Entry).decode

_OFFSET = b"\x00offset"


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

    @property
    def offset(self) -> int:
        """Up to where the topic has been taken in."""
        found = self._rows.get(_OFFSET)
        return int(found) if found is not None else 0

    def get(self, event: str) -> Entry | None:
        found = self._rows.get(event.encode())
        return load(found) if found is not None else None

    def put(self, entries: Iterable[tuple[bytes, bytes | None]], offset: int | None = None) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, value in entries:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        if offset is not None:
            batch.put(_OFFSET, b"%d" % offset)
        self._rows.write(batch)

    def close(self) -> None:
        self._rows.close()


async def opened(path: Path, bootstrap: str, topic: str, partition: int) -> Store:
    """The store of a partition, brought up to what is committed now. The last owner must be fenced before. Raises KafkaError."""
    start = time.monotonic()
    store = Store(path)
    try:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        await consumer.start()
        try:
            batch: list[tuple[bytes, bytes | None]] = []

            def take(key: bytes | None, value: bytes | None) -> None:
                batch.append((key or b"", value))
                if len(batch) >= 5000:
                    store.put(batch)
                    batch.clear()

            end = await read_to_end(consumer, topic, partition, take, store.offset)
            store.put(batch, end)
        finally:
            await consumer.stop()
    except BaseException:
        store.close()
        raise
    metrics.REBUILD_SECONDS.labels("deliver").observe(time.monotonic() - start)
    return store
