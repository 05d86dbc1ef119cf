"""Ids that differ in case alone become one user: how they are written tells which of the two a record means."""

from collections.abc import Iterable

from converters.inventory import AnyItem, needs
from converters.routing.user_ids import canonical_id
from streams.migrate.store import FATES, Store

_LEFT_OUT = b"c"


class Spellings:
    """Users who were left out because another of their id was kept. *merged*: a person says that they are the same, and nothing is."""

    def __init__(self, store: Store, *, merged: bool = False) -> None:
        self._store, self._merged = store, merged
        self._any = next(store.scan(FATES, _LEFT_OUT), None) is not None

    def leave_out(self, name: str) -> None:
        """What names a user exactly so is left out, too."""
        if not self._merged:
            self._store.put(FATES, _LEFT_OUT + name.encode(), b"")
            self._any = True

    def left_out(self, names: Iterable[str]) -> str:
        """The first of *names*, as they are written, that is one of these; empty where none is."""
        if not self._any:
            return ""
        return next((name for name in names if self._store.get(FATES, _LEFT_OUT + name.encode()) is not None), "")

    def named_by(self, given: AnyItem) -> str:
        """The same of the users that an item names, as the source has it."""
        return self.left_out(name for kind, _, name in (need.partition("\x1f") for need in needs(given)) if kind == "user")


def written(names: Iterable[str]) -> str:
    """Those of *names* that are not written as they are held, for `read` to tell; empty for most."""
    return "".join(f"\x1f{name}" for name in dict.fromkeys(names) if name and name != canonical_id(name))


def read(row: str, names: Iterable[str]) -> tuple[str, list[str]]:
    """(the sender, who stands before what was `written`; that one and all *names* as they are written)."""
    sender, *others = row.split("\x1f")
    as_written = {canonical_id(name): name for name in others}
    return sender, [as_written.get(name, name) for name in (sender, *names)]
