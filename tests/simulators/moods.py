"""Bad moods: what a platform does on its worse days, drawn from a seed."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from random import Random
from typing import Annotated

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0)]


class Fate(Enum):
    """What becomes of one API call."""

    WELL = auto()
    THROTTLED = auto()
    BROKEN = auto()
    HANGS = auto()
    ANSWER_LOST = auto()
    LATE = auto()


class Mood(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Shares are of calls, or of callbacks. A token call is never touched and never counted.

    ``hang`` up to 1 is the share of calls that are neither carried out nor answered until the caller goes; above
    1 every call hangs that many seconds and is then cut off, not carried out. ``accept_but_lose_answer``: carried
    out and called back, then cut off. ``late``: every call is cut off at once, and carried out so many seconds later. ``swallow`` and
    ``double``: of what a migration writes (users, friends, members, imports), the share that is answered as good and not stored, or stored
    twice; Easemob swallows sends as well. ``lose_callbacks``: never sent. ``count``: API calls after which the mood ends.
    """

    throttle: Share = 0.0
    error_500: Share = 0.0
    hang: Seconds = 0.0
    accept_but_lose_answer: Share = 0.0
    late: Seconds = 0.0
    swallow: Share = 0.0
    double: Share = 0.0
    answer_delay: Seconds = 0.0
    token_expire_now: bool = False
    double_callbacks: Share = 0.0
    reorder_callbacks: Share = 0.0
    lose_callbacks: Share = 0.0
    delay_callbacks: tuple[Seconds, Seconds] | None = None
    callbacks_before_answer: Share = 0.0
    count: Annotated[int, Meta(ge=1)] | None = None
    seed: int = 0


GOOD = Mood()


class Moods:
    """The present mood, and the draws made from it."""

    def __init__(self) -> None:
        self.now = GOOD
        self._left: int | None = None
        self._random = Random(0)

    def set(self, mood: Mood) -> None:
        self.now = mood
        self._left = mood.count
        self._random = Random(mood.seed)

    @contextmanager
    def call(self) -> Iterator[tuple[Fate, Mood]]:
        """What becomes of the next API call, and the mood that it and its callbacks meet."""
        mood = self.now
        yield self._draw(mood), mood
        if self._left is not None and mood is self.now:
            self._left -= 1
            if not self._left:
                self.set(GOOD)

    def _draw(self, mood: Mood) -> Fate:
        if mood is GOOD:
            return Fate.WELL
        draw = self._random.random()
        hang = 1.0 if mood.hang > 1 else mood.hang
        for share, fate in (
            (mood.throttle, Fate.THROTTLED),
            (mood.error_500, Fate.BROKEN),
            (hang, Fate.HANGS),
            (mood.accept_but_lose_answer, Fate.ANSWER_LOST),
            (1.0 if mood.late else 0.0, Fate.LATE),
        ):
            if draw < share:
                return fate
            draw -= share
        return Fate.WELL

    def chance(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def between(self, bounds: tuple[float, float]) -> float:
        return self._random.uniform(*bounds)
