"""What was looked for or written last is looked for again soon: an event is read, intended, ended and called back within seconds."""

from typing import Generic, TypeVar

Found = TypeVar("Found")

RECENT = 8192
"""Rows of one generation."""


class Recent(Generic[Found]):
    """Two generations of rows by family and key; the older one goes when the younger is full."""

    def __init__(self) -> None:
        self._young: dict[tuple[str, bytes], Found] = {}
        self._old: dict[tuple[str, bytes], Found] = {}

    def get(self, family: str, key: bytes) -> Found | None:
        return self._young.get((family, key)) or self._old.get((family, key))

    def note(self, family: str, key: bytes, found: Found) -> None:
        if len(self._young) >= RECENT:
            self._old, self._young = self._young, {}
        self._young[family, key] = found

    def clear(self) -> None:
        self._young, self._old = {}, {}
