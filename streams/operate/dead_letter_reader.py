"""Dead letters as they lie in their topic, each with what became of it since.

A letter's end is a record of its own in the same topic, under the letter's key and so in its partition, which names the
letter by its offset: the same event may die again, and that is another letter.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Literal

import msgspec
from msgspec import Struct

from converters.routing.identity_table import IdentityLookup
from converters.routing.route import App
from streams.dead_letters import dead_letter
from streams.dead_letters.dead_letter import DeadLetter, Whose
from streams.kafka.topics import partition_of
from streams.observe.printable import meant
from streams.operate.filters import Filter, RecordSubjects, of_bytes
from streams.operate.topic_reader import OffsetRange, Tell, TopicReader

RESOLVED = "resolved"
"""The header by which a letter's end is told from a letter."""

End = Literal["replayed", "dropped"]


class Resolution(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person did with the letter at *offset* of the same partition."""

    resolved: End
    offset: int
    at: int
    by: str
    reason: str = ""


class LetterSummary(Struct, frozen=True, kw_only=True):
    """A letter without its bytes, so that many can be held."""

    partition: int
    """Its own place in the topic of dead letters, with *offset*."""
    offset: int
    key: bytes
    size: int
    letter: DeadLetter
    """*value* and *headers* left out."""
    about: RecordSubjects
    resolved: Resolution | None = None

    @property
    def name(self) -> str:
        return self.key.decode(errors="replace")

    @property
    def origin(self) -> tuple[str, int, int]:
        """Where the record lay that it was made of; in this order letters are put back."""
        return self.letter.topic, self.letter.partition, self.letter.offset


class LetterFilter(Struct, frozen=True, kw_only=True):
    """Which letters are meant; what is empty chooses all. Times in ms since 1970, *until* not included."""

    keys: frozenset[str] = frozenset()
    """As they are, or as the list shows them."""
    since: int | None = None
    until: int | None = None
    cause: str = ""
    stage: str = ""
    whose: Whose | None = None
    filter: Filter = Filter()
    users: frozenset[str] = frozenset()
    """Any of them, folded; a person has several names."""
    resolved: bool = False
    """Also those that were replayed or dropped."""

    def takes(self, key: bytes, letter: DeadLetter) -> bool:
        """All but *filter* and *users*, which need what the record is about."""
        return (
            (not self.keys or any(meant(one, key.decode(errors="replace")) for one in self.keys))
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
            and self.cause in ("", letter.cause)
            and self.stage in ("", letter.stage)
            and self.whose in (None, letter.whose)
        )


class FoundLetters(Struct, frozen=True):
    letters: list[LetterSummary]
    """In the order in which they would be put back."""
    unreadable: int
    """Records of the topic that are neither letters nor ends."""


async def find(
    reader: TopicReader, topic: str, choice: LetterFilter, apps: Mapping[str, App], identities: IdentityLookup, tell: Tell | None = None
) -> FoundLetters:
    """The letters that *choice* takes. Raises OperateError."""
    chosen: dict[tuple[int, int], LetterSummary] = {}
    unreadable = 0
    # An end lies behind its letter: the topic is read to its end whatever *until* says.
    tps = reader.partitions(topic)
    if choice.keys and not any("\\" in key for key in choice.keys):  # else it may be as it is shown, and lie in another one
        theirs = {partition_of(key.encode(), len(tps)) for key in choice.keys}
        tps = [tp for tp in tps if tp.partition in theirs]
    spans = await reader.spans(tps, choice.since)
    async for record in reader.records(spans, tell):
        try:
            if is_end(record.headers):
                _settle(chosen, record.partition, _resolved(record.value or b""), choice)
                continue
            letter = dead_letter.load(record.value or b"")
        except msgspec.DecodeError:
            unreadable += 1
            continue
        key = record.key or b""
        if not choice.takes(key, letter):
            continue
        about = of_bytes(letter.value, letter.headers, apps, identities)
        if choice.filter.takes(about) and (not choice.users or choice.users & about.users):
            chosen[record.partition, record.offset] = LetterSummary(
                partition=record.partition,
                offset=record.offset,
                key=key,
                size=len(letter.value),
                letter=msgspec.structs.replace(letter, value=b"", headers={}),
                about=about,
            )
    return FoundLetters(sorted(chosen.values(), key=lambda letter: letter.origin), unreadable)


async def ends(reader: TopicReader, topic: str, letters: Iterable[LetterSummary]) -> set[tuple[int, int]]:
    """(partition, offset) of those of *letters* that have come to an end by now."""
    first: dict[int, int] = {}
    for letter in letters:
        first[letter.partition] = min(letter.offset, first.get(letter.partition, letter.offset))
    tps = [tp for tp in reader.partitions(topic) if tp.partition in first]
    spans = [OffsetRange(tp, max(start, first[tp.partition]), end) for tp, start, end in await reader.spans(tps)]
    found: set[tuple[int, int]] = set()
    async for record in reader.records([span for span in spans if span.start < span.end]):
        if is_end(record.headers):
            with suppress(msgspec.DecodeError):  # nobody's end
                found.add((record.partition, _resolved(record.value or b"").offset))
    return found


def is_end(headers: Sequence[tuple[str, bytes]]) -> bool:
    return any(name == RESOLVED for name, _ in headers)


_resolved = msgspec.json.Decoder(Resolution).decode


def _settle(chosen: dict[tuple[int, int], LetterSummary], partition: int, end: Resolution, choice: LetterFilter) -> None:
    where = partition, end.offset
    if where not in chosen:
        return
    if choice.resolved:
        chosen[where] = msgspec.structs.replace(chosen[where], resolved=end)
    else:
        del chosen[where]
