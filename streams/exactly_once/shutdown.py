"""Waiting that ends when the partition is to be let go, and the clock by which it is measured."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial

# Runs on while the machine sleeps, and, like every clock, while the process is stopped.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


clock: Callable[[], float] = partial(time.clock_gettime, _CLOCK)
"""Seconds, by the clock of leases. No function of ours stands before it: a message asks it a dozen times."""


class RevokedError(Exception):
    """The partition moves on: what waits is left to its next owner."""


class Shutdown:
    """*order* is set when the partition is to be let go: what waits does not hold up its move to another worker."""

    def __init__(self, order: asyncio.Event) -> None:
        self.order = order

    async def rest(self, seconds: float) -> None:
        """Wait. Raises RevokedError."""
        await self.within(max(0.0, seconds), self.order.wait())

    async def within(self, seconds: float, ending: Coroutine[object, object, object]) -> None:
        """Wait until *ending* is done, *seconds* at most. Raises RevokedError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ending
        if self.order.is_set():
            raise RevokedError

    async def unless(self, work: Coroutine[object, object, object]) -> None:
        """Wait until *work* is done. Raises RevokedError, and what *work* raises."""
        working, ending = asyncio.ensure_future(work), asyncio.ensure_future(self.order.wait())
        try:
            await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise RevokedError
            working.result()
        finally:
            working.cancel()
            ending.cancel()
