"""The one time limit that a connection has at the moment."""

import asyncio
from collections.abc import Callable


class Deadline:
    """*missed* is told the reason that was set. True while one is set."""

    __slots__ = ("_loop", "_missed", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, missed: Callable[[str], None]) -> None:
        self._loop, self._missed = loop, missed
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return self._timer is not None

    def set(self, seconds: float, reason: str) -> None:
        """In place of the one before."""
        self.clear()
        self._timer = self._loop.call_later(seconds, self._over, reason)

    def clear(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self, reason: str) -> None:
        self._timer = None
        self._missed(reason)
