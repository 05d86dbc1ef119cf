"""When the next batches leave: what comes within some milliseconds goes together, unless nobody else is likely to come."""

import asyncio

from streams.kafka.linger import AdaptiveLinger

SHORTEST, LONGEST = 0.005, 0.02
"""Seconds between two turns."""
SHARE = 1.0
"""Of a write, within those: a cluster that is busy gets fewer."""
ENOUGH = 0.9
"""Of the most that have waited for a turn lately: who else would come? All connections may be waiting for this one."""
FORGOTTEN = 0.98
"""What is left of that number after a turn."""


class SendBatcher:
    """A turn is the same for all partitions, and so one request of all. It comes at once after a silence."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._turn: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0.0
        self._linger = AdaptiveLinger(SHARE, LONGEST, SHORTEST)
        self._waiting = 0
        self._most = 0.0

    def came(self) -> None:
        """One more record waits for a turn."""
        self._waiting += 1
        if self._turn is not None and self._waiting >= self._most * ENOUGH:
            self._come()

    def took(self, seconds: float) -> None:
        """A write was acknowledged *seconds* after its turn."""
        self._linger.took(seconds)

    async def turn(self) -> None:
        if self._turn is None:
            now = self._loop.time()
            if now >= self._at or self._waiting >= self._most * ENOUGH:
                self._begin(now)
                return
            self._turn = self._loop.create_future()
            self._timer = self._loop.call_at(self._at, self._come)
        await asyncio.shield(self._turn)

    def _come(self) -> None:
        turn, self._turn = self._turn, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._begin(self._loop.time())
        if turn is not None:
            turn.set_result(None)

    def _begin(self, now: float) -> None:
        self._at = now + float(self._linger)
        self._most = max(self._waiting, self._most * FORGOTTEN)
        self._waiting = 0
