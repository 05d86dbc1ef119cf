"""Dead letters that are open: those in the topic, less those that a person has replayed or dropped.

Counters of the stages begin anew with each process; the topic does not forget.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError
from msgspec import Struct

from streams.kafka.log_reader import LogReader
from streams.observe.labels import word
from streams.operate.dead_letter_reader import Resolution, is_end

GONE = 0xFFFF
"""In place of a class: the letter was replayed or dropped."""
STEPS = 200
"""Fetches of a partition in one look, at 1 MiB each: a long topic is read in several looks."""


class LetterClass(NamedTuple):
    """What open letters are counted by. *app* is "" where it is not known, or not of the settings."""

    stage: str
    cause: str
    whose: str
    app: str


class _Letter(Struct):
    """What is needed of a letter; its bytes are passed over."""

    stage: str
    cause: str
    whose: str
    headers: dict[str, str] = {}


_letter = msgspec.json.Decoder(_Letter).decode
_resolution = msgspec.json.Decoder(Resolution).decode


class _Partition:
    """Offsets and classes of its open letters, ten bytes each."""

    def __init__(self) -> None:
        self.next = 0
        self.offsets = array("q")
        self.classes = array("H")
        self.gone = 0

    def add(self, offset: int, number: int) -> None:
        self.offsets.append(offset)
        self.classes.append(number)

    def end(self, offset: int) -> int:
        """The class of the letter at *offset*, which is open no more; GONE where none is."""
        place = bisect_left(self.offsets, offset)
        if place == len(self.offsets) or self.offsets[place] != offset:
            return GONE
        was, self.classes[place] = self.classes[place], GONE
        if was != GONE:
            self.gone += 1
        if self.gone > 1000 and 2 * self.gone > len(self.offsets):
            self._compact(0)
        return was

    def expire(self, begin: int) -> list[int]:
        """The classes of those that the topic no longer keeps."""
        if not self.offsets or self.offsets[0] >= begin:
            return []
        place = bisect_left(self.offsets, begin)
        lost = [number for number in self.classes[:place] if number != GONE]
        self._compact(place)
        return lost

    def _compact(self, start: int) -> None:
        kept = [(offset, number) for offset, number in zip(self.offsets[start:], self.classes[start:], strict=True) if number != GONE]
        self.offsets, self.classes = array("q", [one for one, _ in kept]), array("H", [one for _, one in kept])
        self.gone = 0


class OpenLetters:
    """Follows the *topic* from its beginning. *apps*: those that are labels."""

    def __init__(self, reader: LogReader, topic: str, apps: Collection[str]) -> None:
        self._reader = reader
        self._topic = topic
        self._apps = frozenset(apps)
        self._numbers: dict[LetterClass, int] = {}
        self._classes: list[LetterClass] = []
        self._parts: dict[int, _Partition] = {}
        self._open: Counter[LetterClass] = Counter()

    def counts(self) -> dict[LetterClass, int]:
        """Also those of which none is open any more, as 0."""
        return {name: self._open[name] for name in self._classes}

    async def look(self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> bool:
        """Read on, to *ends* at the most; whether all of it is read. Raises KafkaError."""
        whole = True
        for tp, end in ends.items():
            part = self._parts.setdefault(tp.partition, _Partition())
            begin = begins.get(tp, 0)
            if part.next > end:  # the topic was made anew
                self._forget(part)
                part = self._parts[tp.partition] = _Partition()
            for number in part.expire(begin):
                self._open[self._classes[number]] -= 1
            part.next = max(part.next, begin)
            whole = await self._read(tp, part, end) and whole
        return whole

    async def _read(self, tp: TopicPartition, part: _Partition, end: int) -> bool:
        for _ in range(STEPS):
            if part.next >= end:
                return True
            try:
                found = await self._reader.read(tp, part.next)
            except OffsetOutOfRangeError:
                return False  # deleted meanwhile: the next look knows where it begins
            for record in found.records:
                self._take(part, record.offset, record.key or b"", record.value or b"", record.headers)
            if found.next <= part.next:
                return True  # the rest is of an open transaction
            part.next = found.next
        return part.next >= end

    def _take(self, part: _Partition, offset: int, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]) -> None:
        try:
            if is_end(headers):
                number = part.end(_resolution(value).offset)
                if number != GONE:
                    self._open[self._classes[number]] -= 1
                return
            letter = _letter(value)
        except msgspec.DecodeError:
            return  # nobody's; `im-relay dead list` tells of those
        name = LetterClass(
            word("letter stage", letter.stage), word("letter cause", letter.cause), _whose(letter.whose), self._app(key, letter)
        )
        number = self._number(name)
        self._open[self._classes[number]] += 1
        part.add(offset, number)

    def _number(self, name: LetterClass) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._classes)
            self._classes.append(name)
        return self._numbers[name]

    def _app(self, key: bytes, letter: _Letter) -> str:
        """Of an event id, which names it, or of a callback's header, as JSON keeps bytes."""
        parts = key.decode(errors="replace").split(":")
        if len(parts) > 2 and parts[1] in self._apps:
            return parts[1]
        if (raw := letter.headers.get("app")) is not None and (name := _text(raw)) in self._apps:
            return name
        return ""

    def _forget(self, part: _Partition) -> None:
        for number in part.classes:
            if number != GONE:
                self._open[self._classes[number]] -= 1


def _whose(value: str) -> str:
    return value if value in ("ours", "theirs") else "theirs"


def _text(raw: str) -> str:
    try:
        return msgspec.convert(raw, bytes).decode(errors="replace")
    except msgspec.ValidationError:
        return ""
