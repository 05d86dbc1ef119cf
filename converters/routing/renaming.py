"""What `im-relay identities set` and `forget` write, so that a conversation keeps its key whatever it is called."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from converters.routing.identity_table import IdentityEntry, IdentityTable, Kind, forgotten_record, record
from converters.routing.user_ids import fold

Native = tuple[str, str]
"""Platform, and the id there."""
Implied = Callable[[str, str], str | None]
"""(platform, native id): the canonical id of a user by rule."""
Record = tuple[bytes, bytes | None]


class IdentityUpdate(Struct, frozen=True):
    """*natives* are to be *canonical*. More than one of *origins*: what were several conversations becomes one."""

    kind: Kind
    natives: tuple[Native, ...]
    canonical: str
    origins: tuple[str, ...]
    """By which they were keyed so far, each once; the common name first, if it is one of them."""
    beside: tuple[IdentityEntry, ...]
    """Other entries of that name."""
    left: tuple[IdentityEntry, ...]
    """Entries that keep a name which others lose."""
    taken: bool
    """Another conversation is keyed by that name: it was called so before."""

    def records(self, origin: str) -> list[Record]:
        """As they are written with *origin*, one of `origins`, or "" where there is none."""
        if not origin:
            platform, native = self.natives[0]
            origin = f"{self.canonical}~{platform}-{native}" if self.taken else self.canonical
        made: list[Record] = [record(platform, self.kind, native, self.canonical, origin) for platform, native in self.natives]
        # One name has one origin.
        return made + [record(one.platform, self.kind, one.native, self.canonical, origin) for one in self.beside]


def setting(table: IdentityTable, kind: Kind, natives: Sequence[Native], canonical: str, implied: Implied) -> IdentityUpdate:
    canonical = fold(canonical)
    named = {(platform, fold(native)) for platform, native in natives}
    origins: dict[str, None] = {}
    losing: set[str] = set()
    beside: list[IdentityEntry] = []
    left: list[IdentityEntry] = []
    for platform, native in natives:
        before = table.canonical(platform, kind, native)
        if before is None:
            origin = table.forgotten(platform, kind, native) or (implied(platform, native) if kind == "user" else None)
        else:
            origin = table.origin(kind, before) or before
            losing.add(before)
        if origin:
            origins[origin] = None
    taken = False
    for one in table.each():
        if one.kind != kind:
            continue
        if one.canonical == canonical and (one.platform, fold(one.native)) not in named:
            beside.append(one)
        elif one.canonical in losing - {canonical} and (one.platform, fold(one.native)) not in named:
            left.append(one)
        taken |= one.canonical != canonical and one.origin == canonical
    if beside or kind == "user":
        own = table.origin(kind, canonical) or canonical
        origins = {own: None, **origins}
    return IdentityUpdate(kind, tuple(natives), canonical, tuple(origins), tuple(beside), tuple(left), taken)


class IdentityRemoval(Struct, frozen=True):
    """*kept* is written before *records*: an entry that is set again keeps its key."""

    kept: list[Record]
    records: list[Record]
    moved: tuple[str, ...]
    """Origins of users whose talks have another key from then on."""


def forgetting(table: IdentityTable, kind: Kind, natives: Sequence[Native], implied: Implied) -> IdentityRemoval:
    kept: list[Record] = []
    records: list[Record] = []
    moved: dict[str, None] = {}
    for platform, native in natives:
        records.append((record(platform, kind, native, "-")[0], None))
        canonical = table.canonical(platform, kind, native)
        if canonical is None:
            continue
        origin = table.origin(kind, canonical) or canonical
        kept.append(forgotten_record(platform, kind, native, origin))
        ruled = implied(platform, native) if kind == "user" else None
        if ruled and (table.origin(kind, ruled) or ruled) != origin:
            moved[origin] = None
    return IdentityRemoval(kept, records, tuple(moved))
