"""Who is who where a rule is not enough: groups, rooms, and users whose id had to be hashed or was chosen by hand."""

from typing import Literal

from msgspec import Struct

from converters import wire

Kind = Literal["user", "group", "room"]
KINDS: tuple[Kind, ...] = ("user", "group", "room")


class _Value(Struct, frozen=True):
    canonical: str


def record(platform: str, kind: Kind, native: str, canonical: str) -> tuple[bytes, bytes]:
    """Key and value of an entry in the topic `identities`."""
    return f"{platform}\x1f{kind}\x1f{native.lower()}".encode(), wire.dump(_Value(canonical.lower()))


class Identities:
    """The table that the compacted topic builds, in memory. Ids are compared in lower case."""

    def __init__(self) -> None:
        self._canonical: dict[tuple[str, str, str], str] = {}
        self._native: dict[tuple[str, str, str], str] = {}

    def __len__(self) -> int:
        return len(self._canonical)

    def entries(self) -> list[tuple[str, str, str, str]]:
        """(platform, kind, native id, canonical id), sorted."""
        return sorted((*key, canonical) for key, canonical in self._canonical.items())

    def counts(self) -> list[tuple[str, str, int]]:
        """(platform, kind, entries)."""
        found: dict[tuple[str, str], int] = {}
        for platform, kind, _ in self._canonical:
            found[platform, kind] = found.get((platform, kind), 0) + 1
        return [(platform, kind, count) for (platform, kind), count in found.items()]

    def apply(self, key: bytes, value: bytes | None) -> str | None:
        """Take in a record of the topic, None as value deletes; returns what is wrong with it, if anything is."""
        try:
            platform, kind, native = key.decode().lower().split("\x1f")
        except ValueError:
            return "identities: the key is not platform, kind and id"
        if kind not in KINDS or not native:
            return f"identities: of {platform}, not one of {', '.join(KINDS)}"
        canonical = None
        if value is not None:
            try:
                canonical = wire.load(value, _Value).canonical.lower()
            except wire.Malformed as error:
                return f"identities: {kind} {native} of {platform}: {error}"
            if not canonical or "\x1f" in canonical:
                return f"identities: {kind} {native} of {platform} has no usable canonical id"
        self._set(platform, kind, native, canonical)
        return None

    def canonical(self, platform: str, kind: Kind, native: str) -> str | None:
        return self._canonical.get((platform, kind, native))

    def native(self, platform: str, kind: Kind, canonical: str) -> str | None:
        return self._native.get((platform, kind, canonical))

    def _set(self, platform: str, kind: str, native: str, canonical: str | None) -> None:
        before = self._canonical.pop((platform, kind, native), None)
        # The reverse entry may by now be another native id's: that one stays.
        if before is not None and self._native.get((platform, kind, before)) == native:
            del self._native[platform, kind, before]
        if canonical is not None:
            self._canonical[platform, kind, native] = canonical
            self._native[platform, kind, canonical] = native
