"""Sums of fates: by conversation, and by hour and app. Counts and hashes of the two sides are equal exactly where the same events are on both."""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec
from msgspec import Struct

from streams.report import fates
from streams.report.fates import AT_TARGET, OPEN, Fate
from streams.report.reading import Period
from streams.report.sorted_rows import SortedRows

_SIZE = 8
"""Bytes of a hash that is shown."""


class Totals(Struct):
    """Of one conversation in one hour; or, without *conversation*, of one app in one hour."""

    hour: int
    app: str
    conversation: str = ""
    received: int = 0
    """Events, each once."""
    copies: int = 0
    carried: int = 0
    """Those that had to arrive."""
    there: int = 0
    confirmed: int = 0
    source: str = ""
    """The hash of the ids that had to arrive; of an hour, of its conversations' hashes."""
    target: str = ""
    """The same of those at the target."""
    left_out: Counter[str] = msgspec.field(default_factory=Counter)
    open: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def equal(self) -> bool:
        return self.source == self.target and self.carried == self.there and not self.open


def bucket(one: Fate, period: Period) -> bytes:
    """By which fates are sorted: hour, app, conversation."""
    return b"%015d\x1e%s\x1e%s" % (period.hour(one.at), one.app.encode(), one.conversation.encode())


def conversations(rows: SortedRows, period: Period) -> Iterator[tuple[Totals, list[Fate]]]:
    """Each conversation of each hour in turn, with those of its events that are open. The rows are fates under their `bucket`."""
    for _, contents in rows.groups():
        found, totals = [fates.load(one) for one in contents], None
        source, target = blake2b(digest_size=_SIZE), blake2b(digest_size=_SIZE)
        for one in found:
            totals = totals or Totals(period.hour(one.at), one.app, one.conversation)
            _add(totals, one)
            if one.word != "left-out":
                source.update(one.event.encode() + b"\n")
            if one.word in AT_TARGET:
                target.update(one.event.encode() + b"\n")
        if totals is not None:
            totals.source, totals.target = source.hexdigest(), target.hexdigest()
            yield totals, [one for one in found if one.word in OPEN]


def _add(totals: Totals, one: Fate) -> None:
    totals.received += one.word != "not-called-back"
    totals.copies += one.copies
    if one.word == "left-out":
        totals.left_out[one.detail] += 1
        return
    totals.carried += 1
    totals.there += one.word in AT_TARGET
    totals.confirmed += one.word == "confirmed"
    if one.word in OPEN:
        totals.open[one.word] += 1


class HourTotals:
    """Sums up the totals of conversations, which come sorted by hour and app."""

    def __init__(self) -> None:
        self._hours: dict[tuple[int, str], Totals] = {}
        self._hashes: dict[tuple[int, str], tuple[blake2b, blake2b]] = {}

    def add(self, one: Totals) -> None:
        name = one.hour, one.app
        into = self._hours.setdefault(name, Totals(*name))
        source, target = self._hashes.setdefault(name, (blake2b(digest_size=_SIZE), blake2b(digest_size=_SIZE)))
        for field in ("received", "copies", "carried", "there", "confirmed"):
            setattr(into, field, getattr(into, field) + getattr(one, field))
        into.left_out.update(one.left_out)
        into.open.update(one.open)
        # Beside their conversation: the same events in another one are something else.
        source.update(f"{one.conversation} {one.source}\n".encode())
        target.update(f"{one.conversation} {one.target}\n".encode())
        into.source, into.target = source.hexdigest(), target.hexdigest()

    def nothing(self, counts: "Iterable[tuple[tuple[int, str, str], int]]") -> None:
        """Callbacks that say nothing to carry: (hour, app, reason), count."""
        for (hour, app, reason), count in counts:
            self._hours.setdefault((hour, app), Totals(hour, app)).left_out[f"callback:{reason}"] += count

    def each(self) -> list[Totals]:
        return [self._hours[name] for name in sorted(self._hours)]
