"""When the next batches leave: the slower the writes, the more goes together."""

import asyncio

SHORTEST = 0.001
LONGEST = 0.02
"""Seconds between two turns."""
SHARE = 2.0
"""Turns are this many times as far apart as a write takes: while one is under way the next gathers, and as long again."""
WEIGHT = 0.25
"""Of the newest write in the mean."""


class Gathering:
    """A turn comes at once after a silence. Under load the next one is the same for all partitions, and so one request of all."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._turn: asyncio.Future[float] | None = None
        self._at = 0.0
        self._mean = SHORTEST
        self._pause = SHORTEST

    async def turn(self) -> float:
        """Wait for the next turn; the answer is the loop's time when it came."""
        if self._turn is None:
            now = self._loop.time()
            if now >= self._at:
                self._at = now + self._pause
                return now
            self._turn = self._loop.create_future()
            self._loop.call_at(self._at, self._come)
        return await asyncio.shield(self._turn)

    def took(self, seconds: float) -> None:
        """A write that left at a turn was acknowledged *seconds* after it."""
        self._mean += (seconds - self._mean) * WEIGHT
        self._pause = min(LONGEST, max(SHORTEST, self._mean * SHARE))

    def _come(self) -> None:
        turn, self._turn = self._turn, None
        now = self._loop.time()
        self._at = now + self._pause
        if turn is not None:
            turn.set_result(now)
