"""Which offsets of a partition the local state has taken in, and since when it therefore knows what was written there."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct


class Interval(Struct, frozen=True, array_like=True):
    """Offsets from *low*, up to and without *high*. *since*: timestamp of what lies at *low*, in ms."""

    low: int
    high: int
    since: int


class Coverage(Struct, frozen=True, array_like=True):
    """Disjoint intervals, the newest first. Every change gives a new coverage."""

    intervals: tuple[Interval, ...] = ()

    @property
    def high(self) -> int:
        return self.intervals[0].high if self.intervals else 0

    @property
    def top(self) -> Interval | None:
        """The newest interval."""
        return self.intervals[0] if self.intervals else None

    def add(self, low: int, high: int, since: int) -> "Coverage":
        """With the offsets from *low* to *high*, which were read at once; what touches becomes one interval."""
        if low >= high:
            return self
        apart: list[Interval] = []
        for one in self.intervals:
            if one.high < low or one.low > high:
                apart.append(one)
            else:
                if one.low <= low:
                    since = one.since
                low, high = min(low, one.low), max(high, one.high)
        return _sorted([*apart, Interval(low, high, since)])

    def without(self, low: int, high: int) -> "Coverage":
        """Without the offsets from *low* to *high*. What is left above them is known since no later than before."""
        if low >= high:
            return self
        left: list[Interval] = []
        for one in self.intervals:
            if one.high <= low or one.low >= high:
                left.append(one)
                continue
            if one.low < low:
                left.append(Interval(one.low, low, one.since))
            if one.high > high:
                left.append(Interval(high, one.high, one.since))
        return _sorted(left)

    def gaps(self, begin: int, end: int) -> list[tuple[int, int]]:
        """What of *begin* to *end* is missing, the newest first."""
        missing = []
        for one in self.intervals:
            if one.high < end:
                missing.append((max(begin, one.high), end))
            end = min(end, one.low)
            if end <= begin:
                break
        if begin < end:
            missing.append((begin, end))
        return [(low, high) for low, high in missing if low < high]


def _sorted(intervals: Iterable[Interval]) -> Coverage:
    return Coverage(tuple(sorted(intervals, key=lambda one: -one.low)))


dump = msgspec.msgpack.Encoder().encode
load = msgspec.msgpack.Decoder(Coverage).decode

dump_offsets = msgspec.msgpack.Encoder().encode
load_offsets = msgspec.msgpack.Decoder(dict[str, int]).decode
