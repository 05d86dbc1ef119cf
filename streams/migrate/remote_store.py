"""What the lists of a platform named to be asked about next, on disk: users, groups, rooms, conversations; groups that several lists tell of."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import structs

from converters.core import wire
from converters.core.localized import localized
from converters.inventory import Group, Room, read_item
from converters.source_records import merged
from streams.migrate.errors import SourceError

SAID, UNSEEN = "said", "unseen"
"""Kinds of names beside those of subjects: messages that one history has told, and what could not be seen."""


class RemoteStore:
    """Raises SourceError. Names keep the order in which they were found, in every run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._rows = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._rows.execute("PRAGMA journal_mode = WAL")
            self._rows.execute("PRAGMA synchronous = OFF")  # what a crash of the machine loses is asked for again
            self._rows.execute("CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, kind TEXT, name TEXT, UNIQUE (kind, name))")
            self._rows.execute("CREATE TABLE IF NOT EXISTS places (kind TEXT, name TEXT, item BLOB, PRIMARY KEY (kind, name))")
        except (sqlite3.Error, OSError) as error:
            raise self._fault(error) from None

    def add(self, kind: str, names: Iterable[str]) -> None:
        # Told at once: what *names* reads may be of this very store.
        self._run("INSERT OR IGNORE INTO names (kind, name) VALUES (?, ?)", [(kind, name) for name in names])

    def forget(self, kind: str, prefix: str) -> None:
        self._run("DELETE FROM names WHERE kind = ? AND substr(name, 1, ?) = ?", [(kind, len(prefix), prefix)])

    def has(self, kind: str, name: str) -> bool:
        return next(self._ask("SELECT 1 FROM names WHERE kind = ? AND name = ?", (kind, name)), None) is not None

    def names(self, kind: str, after: int = 0) -> Iterator[tuple[int, str]]:
        """(place, name) of those behind *after*; some may be added meanwhile."""
        while True:
            page = list(self._ask("SELECT id, name FROM names WHERE kind = ? AND id > ? ORDER BY id LIMIT 500", (kind, after)))
            if not page:
                return
            for place, name in page:
                yield int(place), str(name)
            after = int(page[-1][0])

    def count(self, kind: str) -> int:
        return int(next(self._ask("SELECT count(*) FROM names WHERE kind = ?", (kind,)))[0])

    def tell(self, place: Group | Room) -> None:
        """One of the lists tells this of a group or room."""
        kind = "group" if isinstance(place, Group) else "room"
        known = next(self._ask("SELECT item FROM places WHERE kind = ? AND name = ?", (kind, place.id)), None)
        whole = merged(_place(known[0]), place) if known is not None else place
        # Its owner may not be known yet, which no item of a bundle is without.
        self._run("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", [(kind, place.id, wire.dump(_owned(whole)))])

    def places(self, kind: str) -> Iterator[Group | Room]:
        after = ""
        while True:
            page = list(self._ask("SELECT name, item FROM places WHERE kind = ? AND name > ? ORDER BY name LIMIT 500", (kind, after)))
            if not page:
                return
            for _, raw in page:
                yield _place(raw)
            after = str(page[-1][0])

    def close(self) -> None:
        self._rows.close()

    def _ask(self, text: str, values: tuple[object, ...]) -> Iterator[tuple[Any, ...]]:
        try:
            with self._lock:
                rows = self._rows.execute(text, values).fetchall()
        except sqlite3.Error as error:
            raise self._fault(error) from None
        return iter(rows)

    def _run(self, text: str, rows: Iterable[tuple[object, ...]]) -> None:
        try:
            with self._lock:
                self._rows.execute("BEGIN")
                self._rows.executemany(text, rows)
                self._rows.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def _fault(self, error: Exception) -> SourceError:
        return SourceError(
            localized(
                "{path}: {kind}; is there room on the disk, and may it be written? It can be deleted",
                path=self._path,
                kind=type(error).__name__,
            )
        )


NOBODY = "?"
"""Stands for an owner whom no list tells: no user has such an id, and `check` says so."""


def _owned(place: Group | Room) -> Group | Room:
    return place if place.owner else structs.replace(place, owner=NOBODY)


def _place(raw: bytes) -> Group | Room:
    item = read_item(raw)
    assert isinstance(item, Group | Room)
    return structs.replace(item, owner="") if item.owner == NOBODY else item
