"""Friendships by each of their two sides: a bundle holds one item for both. Lies on disk while it is needed."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from converters.inventory import AnyItem, Friendship
from streams.migrate.bundle import Bundle
from streams.migrate.store import META, SIDES, Store

_COMPLETE = b"complete"


class Sides:
    """Raises BundleError. *lost*: whether a field of the item does not fit at the target."""

    def __init__(self, directory: Path, bundle: Bundle, lost: Callable[[AnyItem], bool]) -> None:
        self._path = directory
        self._store = Store(directory)
        if self._store.get(META, _COMPLETE) != bundle.meta.sha256.encode():
            self._store.clear(SIDES)
            for row in bundle.items("friendship"):
                item = row.item
                assert isinstance(item, Friendship)
                cut = b"1" if lost(item) else b"0"
                self._store.put(SIDES, f"{item.owner}\x1f{item.friend}".encode(), cut + item.remark.encode())
                self._store.put(SIDES, f"{item.friend}\x1f{item.owner}".encode(), cut + item.friend_remark.encode())
            self._store.flush()
            self._store.put(META, _COMPLETE, bundle.meta.sha256.encode())
            self._store.flush()

    def friends(self, after: str) -> Iterator[tuple[str, list[tuple[str, str, bool]]]]:
        """(user, (friend, what the user calls the friend, whether something of it does not fit)), of users behind *after*."""
        user, rows = "", list[tuple[str, str, bool]]()
        for key, raw in self._store.scan(SIDES, after=f"{after}\x1f\U0010ffff".encode() if after else b""):
            one, _, friend = key.decode().partition("\x1f")
            if one != user and rows:
                yield user, rows
                rows = []
            user = one
            rows.append((friend, raw[1:].decode(), raw[:1] == b"1"))
        if rows:
            yield user, rows

    def close(self) -> None:
        self._store.close()

    def remove(self) -> None:
        self._store.close()
        shutil.rmtree(self._path, ignore_errors=True)
