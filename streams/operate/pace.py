"""How fast a command writes."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class RateCap:
    """At most *rate* a second on average, from the first on; 0 is no limit."""

    def __init__(
        self, rate: float, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._start: float | None = None
        self._count = 0
        self.chunk = max(1, min(500, int(rate / 2))) if rate else 500
        """How many at once, so that what is written comes evenly."""

    async def wait(self, count: int) -> None:
        """*count* more were written."""
        if self._start is None:
            self._start = self._clock()
        self._count += count
        if self._rate:
            ahead = self._start + self._count / self._rate - self._clock()
            if ahead > 0:
                await self._sleep(ahead)
