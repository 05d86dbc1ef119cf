"""When the next batches leave: the slower the writes, the more goes together."""

import asyncio

from streams.linger import Linger

LONGEST = 0.02
"""Seconds between two turns."""
SHARE = 2.0
"""Of a write: while one is under way the next gathers, and as long again."""


class Gathering:
    """A turn comes at once after a silence. Under load the next one is the same for all partitions, and so one request of all."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._turn: asyncio.Future[float] | None = None
        self._at = 0.0
        self._linger = Linger(SHARE, LONGEST)

    async def turn(self) -> float:
        """Wait for the next turn; the answer is the loop's time when it came."""
        if self._turn is None:
            now = self._loop.time()
            if now >= self._at:
                self._at = now + float(self._linger)
                return now
            self._turn = self._loop.create_future()
            self._loop.call_at(self._at, self._come)
        return await asyncio.shield(self._turn)

    def took(self, seconds: float) -> None:
        """A write that left at a turn was acknowledged *seconds* after it."""
        self._linger.took(seconds)

    def _come(self) -> None:
        turn, self._turn = self._turn, None
        now = self._loop.time()
        self._at = now + float(self._linger)
        if turn is not None:
            turn.set_result(now)
