"""The fuse of a stage: a fault of ours must not empty a whole topic into the dead letters, and nobody's input may hold a stage."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from msgspec import Struct

from converters.core.causes import Cause, Evidence, evidence_of
from streams.observe import metrics
from streams.settings.root import HoldSettings

FRESH = 200
"""Sources that one hold tries before its time is over, each once."""


class HeldApp(Struct):
    """An app that is held."""

    app: str
    cause: Cause
    dead: int
    since: float
    """Seconds since 1970."""
    retry_at: float
    """By the fuse's clock: when one message may try."""
    sources: set[bytes]
    """Of which a message has died of it."""
    tries: int = 0

    def __str__(self) -> str:
        return (
            f"{self.dead} records of {self.app or 'no known app'} in a row became dead letters ({self.cause}): the rest waits; "
            "see im-relay dead list, mend the cause, and say im-relay release"
        )


class _Streak(Struct):
    cause: Cause
    began: float
    dead: int
    sources: set[bytes]
    people: set[bytes]
    """Who is behind those, as far as it is known."""


class DeadLetterLimit:
    """Holds an app once *records* of it in a row, within *window* seconds, have become dead letters of one cause that is a fault of ours.

    What input brings about is not counted, see `causes.Evidence`. What it may bring about counts only from *sources* different sources, and only as
    long as nobody's message gets through; and while an app is held for it, who is not among these sources may try. After *retry* seconds one
    message tries, whoever's: it closes the fuse, or the app is held again. *told* is called with every change.
    """

    def __init__(
        self,
        stage: str,
        settings: HoldSettings | None = None,
        *,
        told: Callable[[Mapping[str, HeldApp]], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stage = stage
        self._settings = settings or HoldSettings()
        self._clock = clock
        self._streaks: dict[str, _Streak] = {}
        self.held: dict[str, HeldApp] = {}
        """By app."""
        self.told = told

    def admits(self, app: str, source: bytes) -> bool:
        """Whether a record of *app* may be worked on; `passed` or `died` is to be told what came of it."""
        held = self.held.get(app)
        if held is None:
            return True
        now = self._clock()
        if now >= held.retry_at:
            held.retry_at = now + self._settings.retry  # whatever becomes of this one, the next waits for its turn
            return True
        if self._is_fresh(held, source):
            held.tries += 1
            held.sources.add(source)
            return True
        return False

    def passed(self, app: str) -> None:
        """A record of *app* got through: whatever others died of, it is not us."""
        self._streaks.pop(app, None)
        if app in self.held:
            self.release((app,), by="message")

    def died(self, app: str, source: bytes, cause: Cause, by: bytes = b"") -> None:
        """A record of *app* becomes a dead letter; *by* is who said it, where that is known and *source* is not who."""
        evidence = evidence_of(cause)
        held = self.held.get(app)
        if evidence is Evidence.INPUT:
            # It tells nothing: what tried is no try.
            if held is not None:
                held.retry_at = min(held.retry_at, self._clock())
            return
        now = self._clock()
        if held is not None:
            held.dead += 1
            return
        streak = self._streaks.get(app)
        if streak is None or streak.cause != cause or now - streak.began > self._settings.window:
            streak = self._streaks[app] = _Streak(cause, now, 0, set(), set())
        streak.dead += 1
        if len(streak.sources) < FRESH:
            streak.sources.add(source)
        if len(streak.people) < FRESH:
            streak.people.add(by or source)
        if streak.dead < self._settings.records:
            return
        if evidence is Evidence.SHARED and len(streak.people) < self._settings.sources:
            return
        del self._streaks[app]
        self.held[app] = HeldApp(app, cause, streak.dead, time.time(), now + self._settings.retry, streak.sources)
        self.told(self.held)

    def pause(self, app: str, source: bytes) -> float:
        """Seconds until `admits` may be asked again, as far as time alone decides it."""
        held = self.held.get(app)
        if held is None or self._is_fresh(held, source):
            return 0.0
        return max(0.0, held.retry_at - self._clock())

    def _is_fresh(self, held: HeldApp, source: bytes) -> bool:
        shared = evidence_of(held.cause) is Evidence.SHARED
        return shared and source not in held.sources and held.tries < FRESH

    def release(self, apps: Iterable[str], by: Literal["message", "command"]) -> list[str]:
        """Close it for *apps*; the answer is which of them were held."""
        were = [app for app in apps if self.held.pop(app, None) is not None]
        for app in were:
            self._streaks.pop(app, None)
        if were:
            self.told(self.held)
            metrics.RELEASED.labels(self._stage, by).inc(len(were))
        return were
