"""How far a move is, told from who says what on which platform: pure counting, some 200 bytes a person and conversation."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from msgspec import Struct

from converters.core.model import Conversation, conversation_key
from converters.core.operations import Post
from converters.platform import DecodedEvent

DAY = 86_400_000
OVER = 0.01
"""The share of the active that the old app may still have when the relay goes."""
LEAST_DAYS = 4
"""Days that a trend needs."""


class CutoverReport(Struct, frozen=True, kw_only=True):
    messages: Mapping[str, int]
    """By app: what people said there."""
    shared: float
    """Share of messages in conversations of which people spoke from both apps."""
    last_seen: Mapping[str, int]
    """People by the app from which they last said something."""
    days: tuple[tuple[int, float], ...]
    """(day since 1970, share of the old app in the people who were active)."""
    end: int | None
    """The day since 1970 on which that share falls below `OVER`, if it goes on like this; None where no trend says so."""


class Cutover:
    """Takes what was called back, in any order. *old* and *new* are apps."""

    def __init__(self, old: str, new: str) -> None:
        self._old, self._new = old, new
        self._messages: Counter[str] = Counter()
        self._people: dict[int, tuple[int, str]] = {}
        self._talks: dict[int, list[int]] = {}
        """Messages, and from which apps, by conversation: 1 the old one, 2 the new one."""
        self._active: dict[int, dict[str, set[int]]] = defaultdict(lambda: {old: set(), new: set()})

    def take(self, app: str, one: DecodedEvent, person: str, place: Conversation) -> None:
        """*person* and *place* are canonical: the same for both apps."""
        if app not in (self._old, self._new) or not isinstance(one.event.operation, Post) or not person:
            return
        at, mark = one.event.at, _mark(person.encode())
        self._messages[app] += 1
        if at >= self._people.get(mark, (0, ""))[0]:
            self._people[mark] = (at, app)
        talk = self._talks.setdefault(_mark(conversation_key(place)), [0, 0])
        talk[0] += 1
        talk[1] |= 1 if app == self._old else 2
        self._active[at // DAY][app].add(mark)

    def report(self, today: int) -> CutoverReport:
        """*today*: day since 1970; it is not over yet, and does not count for the trend."""
        total = sum(talk[0] for talk in self._talks.values())
        both = sum(talk[0] for talk in self._talks.values() if talk[1] == 3)
        days = tuple(
            (day, len(active[self._old]) / len(active[self._old] | active[self._new]))
            for day, active in sorted(self._active.items())
            if day < today
        )
        return CutoverReport(
            messages={name: self._messages[name] for name in (self._old, self._new)},
            shared=both / total if total else 0.0,
            last_seen=Counter(app for _, app in self._people.values()),
            days=days,
            end=end_day(days),
        )


def end_day(days: Sequence[tuple[int, float]]) -> int | None:
    """By a straight line through the shares; a share that does not fall has no end."""
    if not days:
        return None
    if days[-1][1] <= OVER:
        return days[-1][0]
    if len(days) < LEAST_DAYS:
        return None
    count = len(days)
    middle, mean = sum(day for day, _ in days) / count, sum(share for _, share in days) / count
    spread = sum((day - middle) ** 2 for day, _ in days)
    slope = sum((day - middle) * (share - mean) for day, share in days) / spread if spread else 0.0
    if slope >= -1e-6:
        return None
    end = middle + (OVER - mean) / slope
    return max(int(end + 0.999), days[-1][0] + 1)


def _mark(key: bytes) -> int:
    return int.from_bytes(blake2b(key, digest_size=8).digest())
