"""Whose turn it is: restores of a process share one event loop with live work, and are never in its way for longer than a slice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

AT_ONCE = 2
"""Partitions of a process that are restored at once: while one waits for the broker, another works."""
LIVE = 1.0
"""Seconds that live work is expected to go on after the last of it was seen."""
SHARE = 3.0
"""Seconds that a partition's restore leaves to live work, for each that it took itself: with `AT_ONCE`, half of the time."""


class FairTurns:
    """Of one process. The beginnings, which live work waits for, go before everything that is restored beside it."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._beginning = 0
        self._begun = asyncio.Event()
        self._begun.set()
        self._live = -LIVE
        self.restoring = 0
        """Steps of restores that are under way beside live work: only then is it asked whether there is any."""

    @asynccontextmanager
    async def first(self) -> AsyncIterator[None]:
        """For the beginning of a partition."""
        self._beginning += 1
        self._begun.clear()
        try:
            yield
        finally:
            self._beginning -= 1
            if not self._beginning:
                self._begun.set()

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """For a step of what can wait."""
        async with self._slots:
            await self._begun.wait()
            self.restoring += 1
            try:
                yield
            finally:
                self.restoring -= 1

    def live(self) -> None:
        """Live work has come."""
        self._live = monotonic()

    async def rest(self, took: float) -> None:
        """After *took* seconds of work without a pause."""
        await asyncio.sleep(took * SHARE if not self._beginning and monotonic() - self._live < LIVE else 0)
