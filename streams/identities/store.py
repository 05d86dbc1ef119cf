"""The table of `identities` on disk, with how far of its topic it has been read. Losing it costs a reading of the topic, no more.

One process owns the directory (it holds `lock` there).
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from converters.core.localized import localized
from converters.routing.identity_table import COUNT, IdentityTable
from streams.observe import metrics
from streams.settings.root import Settings, SettingsError
from streams.state import damage
from streams.state.database import DEFAULT, Database, Put, remove
from streams.state.errors import DamagedError, StateError
from streams.state.opening import mended, opened
from streams.state.own_directory import do_without, own_directory
from streams.state.watched import DiskMonitor

log = structlog.get_logger()

DAMAGED = "damaged"
"""A file beside the rows with which the release before noted damage."""
CACHED = 20_000
"""Rows of one generation of the cache; what is asked for again moves to the younger of the two."""
BLOCKS = 24 << 20
REFUSED = "identities"
"""The stage of `im_relay_state_refused`, and what lies there."""
RETRY = 5.0
"""Seconds after which a disk that has refused is asked again."""
_PLACE = b"@"

_MISSING = object()


def disk_of(settings: Settings, given: str, group: str) -> "IdentityDisk | None":
    """The rows of a role, where it has a directory to write to. Without one the table is held in memory, and that is counted as refused."""
    state = Path(given) if given else settings.deliver.state
    try:
        return IdentityDisk(own_directory(state, group))
    except (SettingsError, StateError) as error:
        do_without(REFUSED, "the table of identities", state, error)
        return None


class TablePosition(Struct, frozen=True, omit_defaults=True):
    """How far the rows are: offsets by partition. *at*: ms since 1970."""

    cluster: str = ""
    topic: str = ""
    offsets: dict[int, int] = {}
    at: int = 0


class IdentityDisk:
    """Rows of `IdentityTable`. What is put is seen at once, and is on disk after `keep`, with the place or not at all.

    Raises StateError; where it is a DamagedError, the next start makes the rows anew.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = directory / "identities"
        self._unkept: dict[str, str | None] = {}
        self._young: dict[str, object] = {}
        self._old: dict[str, object] = {}
        self._refused = ""
        """Why the last `keep` was refused, by its kind."""
        self._again = 0.0
        self._room = DiskMonitor({REFUSED: directory})
        self.caching = True
        """False while many records are taken in: nobody asks for those rows again."""
        if (directory / DAMAGED).exists():
            damage.found(self._path, "noted by the release before")
            (directory / DAMAGED).unlink()
        self._rows = opened(self._path, REFUSED, blocks=BLOCKS)
        try:
            self.place = self._read_place()
        except DamagedError as error:
            self._rows.close()
            self._rows = mended(self._path, REFUSED, str(error), blocks=BLOCKS)
            self.place = TablePosition()

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
        self._write([])
        for key, value in self._rows.scan(DEFAULT, prefix.encode()):
            yield key.decode(), value.decode()

    def keep(self, place: TablePosition, counts: list[tuple[str, str, int]]) -> None:
        """Write what was put, and *place*, at once. Where the disk refuses, it is all seen as before, and the next call tries again."""
        puts: list[Put] = [(DEFAULT, f"{COUNT}\x1f{platform}\x1f{kind}".encode(), b"%d" % count) for platform, kind, count in counts]
        puts.append((DEFAULT, _PLACE, msgspec.json.encode(place)))
        try:
            self._write(puts)
        except DamagedError:
            raise
        except StateError as error:
            self._tell(error.kind, str(error))
            raise
        self._tell("", "")
        self.place = place

    def due(self) -> bool:
        """Whether the disk has refused, and it is time to ask it again. Tells of its room meanwhile; to be called now and then, in an event loop."""
        self._room.show()
        if not self._refused or time.monotonic() < self._again:
            return False
        self._again = time.monotonic() + RETRY
        return True

    def renew(self) -> None:
        """Begin with nothing."""
        self.close()
        remove(self._path)
        self._rows = Database(self._path, blocks=BLOCKS)
        self.place = TablePosition()

    def close(self) -> None:
        self._unkept.clear()
        self._young.clear()
        self._old.clear()
        if hasattr(self, "_rows"):
            self._rows.close()

    def _tell(self, kind: str, why: str) -> None:
        if kind == self._refused:
            return
        if self._refused:
            metrics.STATE_REFUSED.labels(REFUSED, self._refused).set(0)
        if kind:
            metrics.STATE_REFUSED.labels(REFUSED, kind).set(1)
            log.error("the table of identities cannot be kept, it is held in memory meanwhile", kind=kind, why=why)
        else:
            log.info("the table of identities is kept again", path=str(self._path))
        self._refused = kind

    def _look(self, key: str) -> str | None:
        found = self._rows.get(DEFAULT, key.encode())
        return found.decode() if found is not None else None

    def _cache(self, key: str, value: object) -> None:
        if len(self._young) >= CACHED:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def _write(self, puts: list[Put]) -> None:
        unkept = [(DEFAULT, key.encode(), None if value is None else value.encode()) for key, value in self._unkept.items()]
        if unkept or puts:
            self._rows.write([*puts, *unkept])
        self._unkept.clear()

    def _read_place(self) -> TablePosition:
        found = self._rows.get(DEFAULT, _PLACE)
        try:
            return msgspec.json.decode(found, type=TablePosition) if found is not None else TablePosition()
        except msgspec.DecodeError:
            raise DamagedError(localized("{path}: what was read last is no place", path=self._path)) from None


class _Probe:
    """What *rows* would be changed to, without changing them."""

    def __init__(self, rows: IdentityDisk) -> None:
        self._rows = rows
        self.changes: dict[str, str | None] = {}

    def get(self, key: str) -> str | None:
        return self.changes[key] if key in self.changes else self._rows.get(key)

    def put(self, key: str, value: str | None) -> None:
        self.changes[key] = value

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        del prefix
        return iter(())


def agrees(rows: IdentityDisk, records: Mapping[bytes, bytes | None]) -> bool:
    """Whether *rows* hold *records*, the last of their keys that were read."""
    for key, value in records.items():
        probe = _Probe(rows)
        IdentityTable(probe).apply(key, value)
        # The way back from a name may by now be another record's.
        if any(row[0] in "eahw" and rows.get(row) != to for row, to in probe.changes.items()):
            return False
    return True


def now() -> int:
    return int(time.time() * 1000)
