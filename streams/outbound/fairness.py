"""Turns by source: whoever sends much waits for himself, and not the others for him."""

import asyncio
from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """One from each source in turn; within a source, in the order in which they came."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()
        self._len = 0

    def __len__(self) -> int:
        return self._len

    def append(self, source: str, item: T) -> None:
        line = self._lines.get(source)
        if line is None:
            line = self._lines[source] = deque()
        line.append(item)
        self._len += 1

    def appendleft(self, source: str, item: T) -> None:
        """Before all others."""
        line = self._lines.get(source)
        if line is None:
            line = self._lines[source] = deque()
        line.appendleft(item)
        self._lines.move_to_end(source, last=False)
        self._len += 1

    def first(self) -> T:
        return next(iter(self._lines.values()))[0]

    def popleft(self) -> T:
        """The first; its source is the last one from then on."""
        source, line = next(iter(self._lines.items()))
        item = line.popleft()
        self._len -= 1
        if line:
            self._lines.move_to_end(source)
        else:
            del self._lines[source]
        return item


class FairSlots:
    """As `slots.Slots`: *most* at once, *each* of one source; who waits is let in by source in turn."""

    def __init__(self, most: int, each: int) -> None:
        self._free, self._each = most, max(1, each)
        self._taken: dict[str, int] = {}
        self._full: dict[str, deque[asyncio.Future[None]]] = {}
        """Those whose source has all it may."""
        self._waiting: FairQueue[tuple[str, asyncio.Future[None]]] = FairQueue()

    def take(self, source: str) -> bool:
        """Whether there was one for it, which is taken."""
        taken = self._taken.get(source, 0)
        if not self._free or taken >= self._each or self._waiting:
            return False
        self._free -= 1
        self._taken[source] = taken + 1
        return True

    async def wait(self, source: str) -> None:
        """Until one is given to the caller, who found none to take."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._taken.get(source, 0) < self._each:
            self._waiting.append(source, (source, turn))
        else:
            self._full.setdefault(source, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was given, and is not wanted any more
                self.give_back(source)
            raise

    def give_back(self, source: str) -> None:
        """To the first whose turn it is, or to whoever comes."""
        self._free += 1
        left = self._taken[source] - 1
        if left:
            self._taken[source] = left
        else:
            del self._taken[source]
        full = self._full.get(source)
        if full:
            self._waiting.append(source, (source, full.popleft()))
            if not full:
                del self._full[source]
        if self._waiting:
            self._move()

    def _move(self) -> None:
        back: list[tuple[str, asyncio.Future[None]]] = []
        while self._free and self._waiting:
            source, turn = one = self._waiting.popleft()
            if turn.done():
                # Cancelled: another one of its source may stand in its place.
                full = self._full.get(source)
                if full:
                    self._waiting.append(source, (source, full.popleft()))
                    if not full:
                        del self._full[source]
            elif self._taken.get(source, 0) >= self._each:
                back.append(one)
            else:
                self._free -= 1
                self._taken[source] = self._taken.get(source, 0) + 1
                turn.set_result(None)
        for source, turn in back:
            self._full.setdefault(source, deque()).appendleft(turn)
