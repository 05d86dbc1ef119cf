"""A target with a quota, what is offered to it, and workers between them, on a clock of their own."""

import asyncio
from collections import deque
from random import Random

from msgspec import Struct

from converters.platform import RateLimit
from streams.outbound.rate_limiter import RateLimiter
from tests.deliver.virtual import run


class Target:
    """Counts by fixed and by sliding windows at once, and refuses what is too much for either; *block* as Yunxin does."""

    def __init__(self, most: int, seconds: float = 1.0, block: float = 0.0) -> None:
        self.most, self.seconds, self.block = most, seconds, block
        self.sliding: deque[tuple[float, int]] = deque()
        self.fixed, self.in_fixed, self.blocked = -1, 0, 0.0
        self.refused = 0
        self.taken: list[tuple[str, int]] = []
        self.delays: dict[tuple[str, int], float] = {}

    def arrives(self, now: float, messages: int) -> bool:
        while self.sliding and self.sliding[0][0] <= now - self.seconds:
            self.sliding.popleft()
        if int(now // self.seconds) != self.fixed:
            self.fixed, self.in_fixed = int(now // self.seconds), 0
        counted = max(self.in_fixed, sum(number for _, number in self.sliding))
        if now < self.blocked or counted + messages > self.most:
            self.refused += 1
            if now >= self.blocked:
                self.blocked = now + self.block
            return False
        self.sliding.append((now, messages))
        self.in_fixed += messages
        return True


class Offer(Struct, frozen=True):
    """Of *api*: so many messages a second, live and backfill, in conversations that go on one by one."""

    api: str
    live: float
    backfill: float
    seconds: float
    messages: int = 1
    """Of one call."""


def network(random: Random) -> float:
    """Seconds on the way: 8 ms and a little, and two in a thousand held up by up to 0.2 s."""
    late = random.uniform(0.05, 0.2) if random.random() < 0.002 else 0.0
    return 0.008 + random.expovariate(1 / 0.004) + late


def offered(offer: Offer, *, seed: int = 1) -> dict[str, list[tuple[int, float]]]:
    """Conversation -> its calls, each a number and when it was written; numbers go up in each conversation."""
    said: dict[str, list[tuple[int, float]]] = {}
    for kind, rate in (("live", offer.live), ("backfill", offer.backfill)):
        random, at, number = Random(f"{seed} {kind}"), 0.0, 0
        while rate:
            at += random.expovariate(rate / offer.messages)
            if at > offer.seconds:
                break
            said.setdefault(f"{kind} {random.randrange(500)}", []).append((number, at))
            number += 1
    return said


async def converse(offer: Offer, limiters: list[RateLimiter], target: Target, seed: int = 1) -> None:
    """Offer it all, conversations spread over the workers; what is not sent when the time is over is let go."""
    loop, random = asyncio.get_running_loop(), Random(seed)
    start = loop.time()

    async def one(name: str, calls: list[tuple[int, float]], limiter: RateLimiter) -> None:
        for number, at in calls:
            await asyncio.sleep(start + at - loop.time())
            again = False
            while True:
                await limiter.acquire(offer.api, offer.messages, live=name.startswith("live"), again=again)
                await asyncio.sleep(network(random))
                taken = target.arrives(loop.time(), offer.messages)
                arrived = loop.time()
                await asyncio.sleep(network(random))
                if taken:
                    break
                limiter.throttled(offer.api, target.block or None)
                again = True
            target.taken.append((name, number))
            target.delays[name, number] = arrived - start - at

    said = offered(offer)
    tasks = [asyncio.create_task(one(name, said[name], limiters[place % len(limiters)])) for place, name in enumerate(sorted(said))]
    await asyncio.sleep(offer.seconds)
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [end for end in ends if isinstance(end, Exception)]


def simulated(offer: Offer, limits: tuple[RateLimit, ...], target: Target, workers: int = 1, seed: int = 1) -> Target:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        limiters = [RateLimiter(limits, loop) for _ in range(workers)]
        for number, limiter in enumerate(limiters):
            limiter.own({partition for partition in range(12) if partition % workers == number}, 12)
        await converse(offer, limiters, target, seed)

    lag = Random(seed)
    run(main(), lambda: lag.expovariate(1 / 0.0005))
    return target


def in_order(target: Target) -> bool:
    last: dict[str, int] = {}
    for name, number in target.taken:
        if number <= last.get(name, -1):
            return False
        last[name] = number
    return True
