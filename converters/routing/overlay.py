"""What is not in the table of identities yet, laid over it: a table is changed by what is committed, and by nothing before."""

from converters.routing.identity_table import Account, IdentityLookup, IdentityTable, Kind


class IdentityOverlay:
    """*below*, which it never changes, with what is new on top of it. What *below* knows counts first."""

    __slots__ = ("_top", "below")

    def __init__(self, below: IdentityLookup) -> None:
        self.below = below
        self._top: IdentityTable | None = None

    def add(self, key: bytes, value: bytes) -> None:
        """A record of the topic that is not in it yet."""
        if self._top is None:
            self._top = IdentityTable()
        self._top.apply(key, value)

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None:
        found = self.below.canonical(platform, kind, native)
        return self._top.canonical(platform, kind, native) if found is None and self._top is not None else found

    def knows(self, platform: str, kind: Kind, native: str) -> bool | None:
        return self.canonical(platform, kind, native) is not None or self.below.knows(platform, kind, native)

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        found = self.below.native(platform, kind, canonical)
        return self._top.native(platform, kind, canonical) if found is None and self._top is not None else found

    def origin(self, kind: Kind, canonical: str) -> str:
        found = self.below.origin(kind, canonical)
        return self._top.origin(kind, canonical) if not found and self._top is not None else found

    def forgotten(self, platform: str, kind: Kind, native: str) -> str | None:
        return self.below.forgotten(platform, kind, native)

    def account(self, platform: str, canonical: str) -> Account | None:
        return self.below.account(platform, canonical)

    def cohort(self, canonical: str) -> str:
        return self.below.cohort(canonical)
