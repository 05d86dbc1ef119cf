"""User ids: the customer's own id is the canonical one, and each platform's rule says how it is written there."""

from base64 import b32encode
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from string import ascii_lowercase, ascii_uppercase
from typing import Literal

from msgspec import Struct

ESCAPED = "x--"
HASHED = "h--"

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.")

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def fold(text: str) -> str:
    """*text* as ids are compared: A-Z as a-z, as the platforms do it, and every other sign as it is.

    Unicode's own folding would make one person of two: of U+212A, the sign for kelvin, it makes a `k`.
    """
    return text.lower() if text.isascii() else text.translate(_LOWER)


def canonical_id(own: str) -> str:
    """The customer's own id, folded: the platforms compare without regard to case."""
    return fold(own)


class NativeId(Struct, frozen=True):
    """How a canonical id is written on a platform."""

    native: str
    hashed: bool = False
    """It cannot be read back by rule: `identities` must hold it."""


class IdRule:
    """What a platform takes as a user id; *alphabet* must hold a-z, 0-9 and `-`, *limit* be 29 or more.

    An id that fits is used as it is. One that does not is written `x--` and its bytes, each outside a-z, 0-9 and `.` as
    `-hh`; where that is too long, `h--` and a digest of 128 bits. No two ids are written alike, up to the digest.
    """

    def __init__(self, alphabet: str, limit: int, unit: Literal["bytes", "characters"] = "bytes", cached: int = 65_536) -> None:
        self.alphabet = frozenset(alphabet)
        self.limit = limit
        self.unit = unit
        self.write = lru_cache(cached)(self._write)
        """The canonical id as it is written there."""
        self.to_canonical = lru_cache(cached)(self._to_canonical)
        """The canonical id, or None where the rule cannot tell: a digest, or what it would not have written."""

    def possible(self, native: str) -> bool:
        """Whether the platform itself could have *native*."""
        size = len(native.encode()) if self.unit == "bytes" else len(native)
        return 0 < size <= self.limit and self.alphabet.issuperset(native)

    def _write(self, canonical: str) -> NativeId:
        canonical = canonical_id(canonical)
        if self.possible(canonical) and not canonical.startswith((ESCAPED, HASHED)):
            return NativeId(canonical)
        raw = canonical.encode()
        plain = _PLAIN & self.alphabet
        escaped = ESCAPED + "".join(chr(byte) if chr(byte) in plain else f"-{byte:02x}" for byte in raw)
        if len(escaped) <= self.limit:
            return NativeId(escaped)
        digest = b32encode(blake2b(raw, digest_size=16).digest()).decode().rstrip("=").lower()
        return NativeId(HASHED + digest, hashed=True)

    def _to_canonical(self, native: str) -> str | None:
        native = fold(native)
        if not native or not native.isprintable():
            return None
        if not native.startswith((ESCAPED, HASHED)):
            return native
        if native.startswith(HASHED):
            return None
        head, *escapes = native[len(ESCAPED) :].split("-")
        try:
            raw = head.encode() + b"".join(bytes([int(part[:2], 16)]) + part[2:].encode() for part in escapes)
            canonical = raw.decode()
        except ValueError:
            return None
        return canonical if canonical and self._write(canonical).native == native else None  # `x--` alone is nobody's


class IdProblem(Struct, frozen=True):
    """What to know about an id before a move: `case`, `changed`, `hashed` or `impossible`."""

    id: str
    what: Literal["case", "changed", "hashed", "impossible"]
    detail: str


def problems(ids: Iterable[str], rule: IdRule, source: IdRule | None = None) -> list[IdProblem]:
    """What happens to *ids* under *rule*, and which of them *source*, where they are said to come from, could not have."""
    found: list[IdProblem] = []
    seen: dict[str, str] = {}
    for own in ids:
        other = seen.setdefault(canonical_id(own), own)
        if other != own:
            found.append(IdProblem(own, "case", f"the same as {other}, but for upper and lower case"))
        if source is not None and not source.possible(canonical_id(own)):
            found.append(IdProblem(own, "impossible", "the platform it comes from takes no such id"))
        written = rule.write(own)
        if written.hashed:
            found.append(IdProblem(own, "hashed", written.native))
        elif written.native != canonical_id(own):
            found.append(IdProblem(own, "changed", written.native))
    return found
