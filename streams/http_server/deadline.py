"""The one time limit that a connection has at the moment."""

import asyncio
from collections.abc import Callable


class Deadline:
    """True while one is set; what is called then is held no longer than that, or its owner would wait for a collection."""

    __slots__ = ("_timer",)

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return self._timer is not None

    def set(self, loop: asyncio.AbstractEventLoop, seconds: float, missed: Callable[[str], None], reason: str) -> None:
        """In place of the one before: *missed* is told *reason*."""
        self.clear()
        self._timer = loop.call_later(seconds, self._over, missed, reason)

    def clear(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self, missed: Callable[[str], None], reason: str) -> None:
        self._timer = None
        missed(reason)
