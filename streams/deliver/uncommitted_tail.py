"""Ledger entries after the last known commit.

An intent counts from when the brokers have it, not from when its transaction ends: its request may be at the target by then. So
the next owner of a partition believes what its last one wrote, committed or not, and writes it once more, committed.
"""

from collections.abc import Iterable

from aiokafka import ConsumerRecord

from streams.exactly_once.producers import Headers

_MARK = "committed"
_MANY = 2000


def mark(offset: int) -> Headers:
    """What the first record of a write carries: everything before *offset* is committed, there or once more behind it."""
    return [(_MARK, b"%d" % offset)]


class UncommittedTail:
    """*since* is the offset before which all is committed; None where only the marks can tell. Without any, all is committed."""

    def __init__(self, since: int | None = None) -> None:
        self._since = since
        self._entries: dict[bytes, tuple[int, bytes | None]] = {}

    def starts(self, since: int | None) -> None:
        """Before the first record: see the class."""
        self._since = since

    def take(self, raw: ConsumerRecord) -> None:
        """A record of the ledger's end, in whatever order."""
        if (marked := _marked(raw.headers)) is not None and marked <= raw.offset:  # else it is none of ours
            self._since = max(self._since or 0, marked)
            if len(self._entries) > _MANY:
                self._entries = dict(self._newest())
        key = raw.key or b""
        if (known := self._entries.get(key)) is None or known[0] < raw.offset:
            self._entries[key] = (raw.offset, raw.value)

    def entries(self) -> dict[bytes, bytes | None]:
        """The newest of each key."""
        return {key: value for key, (_, value) in sorted(self._newest(), key=lambda one: one[1][0])}

    def begins(self, end: int) -> int:
        """The offset before which all is committed, in a ledger that ends at *end*."""
        return self._since if self._since is not None and self.entries() else end

    def _newest(self) -> Iterable[tuple[bytes, tuple[int, bytes | None]]]:
        since = self._since
        if since is None:
            return ()
        return ((key, (offset, value)) for key, (offset, value) in self._entries.items() if offset >= since)


def _marked(headers: Iterable[tuple[str, bytes]]) -> int | None:
    return next((int(value) for name, value in headers if name == _MARK and value.isdigit() and len(value) < 20), None)
