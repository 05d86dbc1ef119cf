"""The fuse of a stage: a fault of settings or of a platform must not empty a whole topic into the dead letters."""

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from streams.dead import Whose


class Blown(Struct, frozen=True):
    whose: Whose
    dead: int
    records: int
    seconds: float
    """In which they came."""

    def __str__(self) -> str:
        return (
            f"{self.dead} of the last {self.records} records became dead letters ({self.whose}) within {self.seconds:.0f} s: "
            "stopped before the rest follows; see im-relay dead list, mend the cause, and start again"
        )


class _Slice(NamedTuple):
    at: float
    records: int
    ours: int
    theirs: int


class Fuse:
    """Blows when *share* of the records in the window became dead letters, of `ours` or of `theirs`, each by itself.

    The window holds what was noted in the last *window* seconds, and of that only the last *most* records, or a busy stage
    would bury thousands before its share moved. Under *least* records it never blows. A blown fuse stays blown.
    """

    def __init__(
        self,
        share: float = 0.5,
        least: int = 100,
        window: float = 60.0,
        most: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not (0 < share <= 1 and 1 <= least <= most and window > 0):
            raise ValueError("expected 0 < share <= 1, 1 <= least <= most, window > 0")
        self._share = share
        self._least = least
        self._window = window
        self._most = most
        self._clock = clock
        self._slices: deque[_Slice] = deque()
        self._records = self._ours = self._theirs = 0
        self.blown: Blown | None = None

    def note(self, records: int, *, ours: int = 0, theirs: int = 0) -> Blown | None:
        """*records* were handled, of which some became dead letters; note them before they are committed, and stop if it blows."""
        now = self._clock()
        self._forget(now - self._window, records)
        self._slices.append(_Slice(now, records, ours, theirs))
        self._count(self._slices[-1], 1)
        if self.blown is None and self._records >= self._least:
            whose: Whose = "ours" if self._ours >= self._theirs else "theirs"
            dead = max(self._ours, self._theirs)
            if dead >= self._share * self._records:
                self.blown = Blown(whose, dead, self._records, now - self._slices[0].at)
        return self.blown

    def _forget(self, before: float, coming: int) -> None:
        while self._slices and (
            self._slices[0].at <= before or self._records - self._slices[0].records + coming >= self._most
        ):
            self._count(self._slices.popleft(), -1)

    def _count(self, one: _Slice, sign: int) -> None:
        self._records += sign * one.records
        self._ours += sign * one.ours
        self._theirs += sign * one.theirs
