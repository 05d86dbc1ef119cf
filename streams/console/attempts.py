"""How often a password may be tried: by source, by name, and by all together."""

from collections.abc import Callable

SPAN = 900.0
"""Seconds within which failures count."""
PER_SOURCE = 10
PER_NAME = 30
"""More than of a source: nobody locks a colleague out from one place."""
MOST = 10_000
"""Sources and names that are remembered; beyond it the oldest is forgotten."""


class Attempts:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failed: dict[tuple[str, str], list[float]] = {}

    def wait(self, source: str, name: str) -> int:
        """Seconds until the next try may be made; 0 for now."""
        left = max(self._left(("source", source), PER_SOURCE), self._left(("name", name), PER_NAME))
        return int(left) + 1 if left > 0 else 0

    def begin(self, source: str, name: str) -> float:
        """Count a try as a failure before it is made, so that many at once are no more than many one after another."""
        at = self._clock()
        for key, most in ((("source", source), PER_SOURCE), (("name", name), PER_NAME)):
            self._failed[key] = [*self._failed.pop(key, []), at][-most:]
        while len(self._failed) > MOST:
            del self._failed[next(iter(self._failed))]
        return at

    def succeeded(self, source: str, name: str, at: float) -> None:
        """*at* is what `begin` answered. Of the name only this try is forgotten: its owner's login does not help who guesses."""
        self._failed.pop(("source", source), None)
        if at in (times := self._failed.get(("name", name), [])):
            times.remove(at)

    def _left(self, key: tuple[str, str], most: int) -> float:
        now = self._clock()
        times = [at for at in self._failed.get(key, ()) if now - at < SPAN]
        return SPAN - (now - times[-most]) if len(times) >= most else 0.0
