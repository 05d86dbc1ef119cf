"""What became of every event, as the topic `ledger` holds it, and one partition of it on this machine's disk.

The rows that are asked for are told by the first byte of their key: event ids begin with a platform's name.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import structlog

from streams.deliver.ledger_rows import merged, unpacked
from streams.deliver.ledger_schema import Entry
from streams.deliver.settings import DeliverSettings
from streams.state.rows import GONE, Row, RowCover, RowFamily
from streams.state.store import Store

log = structlog.get_logger()

DAY = 86_400_000

KNOWN, INDEX, LATEST, DOINGS, FILES = "known", "index", "latest", "doings", "files"
_FAMILIES = {1: INDEX, 2: INDEX, 3: LATEST, 4: DOINGS, 5: LATEST, 6: LATEST, 7: FILES, 8: DOINGS}
_OF = tuple(KNOWN if byte >= ord(" ") else _FAMILIES.get(byte, LATEST) for byte in range(256))

Pair = tuple[bytes, bytes | None]


def families(settings: DeliverSettings) -> tuple[RowFamily, ...]:
    delivered, names = int(settings.remember_delivered * 1000), int(settings.remember_names * 1000)
    return (
        RowFamily(KNOWN, delivered, _span(delivered), counted=True),
        RowFamily(INDEX, names, _span(names), unique=True),
        RowFamily(LATEST, names, _span(names)),
        # A platform keeps a callback for three days where it cannot hand it over.
        RowFamily(DOINGS, 3 * DAY, DAY, unique=True),
        RowFamily(FILES, 3 * DAY, DAY, unique=True),
    )


_ROWS = ".rows"


def kept(directory: Path, platform: str) -> dict[int, float]:
    """Partitions of which there is state, with when it was last written: seconds since 1970."""
    found = {}
    with suppress(OSError):
        for path in directory.glob(f"{platform}-*{_ROWS}"):
            number = path.name.removesuffix(_ROWS).rpartition("-")[2]
            if number.isdecimal():
                found[int(number)] = path.stat().st_mtime
    return found


class LedgerStore:
    """See `streams.state.store.Store`, which it is for the rows of a ledger."""

    def __init__(self, directory: Path, name: str, settings: DeliverSettings) -> None:
        self._path = directory / f"{name}{_ROWS}"
        _forget_released(directory / name)
        self.rows = Store(self._path, families(settings), _merge, stage="deliver")

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All rows whose keys begin so; *prefix* names their family."""
        return self.rows.scan(_family(prefix), prefix)

    def get(self, event: str) -> Entry | None:
        found = self.rows.get(KNOWN, event.encode())
        return unpacked(found) if found is not None else None

    def raw(self, key: bytes) -> bytes | None:
        """A row of any family."""
        return self.rows.get(_family(key), key)

    def put(self, pairs: Iterable[Pair], at: int) -> None:
        """Take in rows of what was written *at*, in ms; None as a value takes the row back."""
        self.rows.put(as_rows(pairs), at)

    def covers(self, topic: str, low: int, high: int, at: int, pairs: Iterable[Pair] = ()) -> None:
        """What lies in *topic* from *low* to *high*, written since *at*, has been taken in; with *pairs*, the rows that it adds."""
        self.rows.put(as_rows(pairs), at, RowCover(topic, self.rows.covered(topic).add(low, high, at), high))

    def close(self) -> None:
        self.rows.close()


def as_rows(pairs: Iterable[Pair]) -> list[Row]:
    return [(_OF[key[0]] if key else LATEST, key, GONE if value is None else value) for key, value in pairs]


def _family(key: bytes) -> str:
    return _OF[key[0]] if key else LATEST


def _merge(key: bytes, there: bytes, comes: bytes) -> bytes | None:
    family = _family(key)
    if family == KNOWN:
        return merged(there, comes)
    # All others begin with the time of what they tell of, so that the later one is the greater.
    return comes if comes[:8] > there[:8] else None


def _span(life: int) -> int:
    """Of a bucket: a third of the life is kept too long at the most, and few are asked for a key."""
    return max(60_000, life // 3)


def _forget_released(path: Path) -> None:
    """The state of 0.1.0 lies there: it may have lost entries, and is never to be believed again."""
    if (path / "CURRENT").exists():
        log.warning("local state of an earlier release is removed; it is made anew from the ledger", path=str(path))
        shutil.rmtree(path, ignore_errors=True)
