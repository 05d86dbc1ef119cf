"""Who passes the limits of one app, and when, on a clock of the test's own."""

import asyncio
from typing import Any

from converters.platform import OTHERS, RateLimit
from streams.outbound.rate_limiter import RateLimiter
from streams.outbound.token_bucket import QuotaPolicy

TEN = (RateLimit("ten", ("a", "b"), 10), RateLimit("alone", ("c",), 10), RateLimit("others", (OTHERS,), 10))
EXACT = QuotaPolicy(used=1.0)


def limiter_of(limits: tuple[RateLimit, ...] = TEN, pace: QuotaPolicy = EXACT) -> RateLimiter:
    return RateLimiter(limits, asyncio.get_running_loop(), pace)


class Passed:
    """Who passed, and when."""

    def __init__(self, limiter: RateLimiter) -> None:
        self.limiter = limiter
        self.loop = asyncio.get_running_loop()
        self.start = self.loop.time()
        self.who: list[str] = []
        self.at: list[float] = []

    def asks(self, who: str, api: str = "a", **how: Any) -> asyncio.Task[None]:
        async def ask() -> None:
            await self.limiter.acquire(api, **how)
            self.who.append(who)
            self.at.append(round(self.loop.time() - self.start, 3))

        return asyncio.create_task(ask())


def scheduled(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    """Its timers; asyncio has no public way to them."""
    timers: list[asyncio.TimerHandle] = loop._scheduled  # type: ignore[attr-defined]
    return timers
