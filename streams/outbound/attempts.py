"""The one retry loop of the relay."""

import random
from collections.abc import Awaitable, Callable, Iterator

from converters.core.outcome import NotSent
from converters.platform import Answered

Send = Callable[[], Awaitable[Answered]]
Sleep = Callable[[float], Awaitable[None]]


def delays(first: float, largest: float, chance: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds between attempts, without end: doubled each time, and drawn between half and the whole of it."""
    delay = first
    while True:
        yield delay * (0.5 + chance() / 2)
        delay = min(delay * 2, largest)


async def attempt(send: Send, waits: Iterator[float], sleep: Sleep, patience: float, clock: Callable[[], float]) -> tuple[Answered, int]:
    """Send until it is delivered, refused, or in doubt, or *patience* seconds have passed; only NotSent is repeated.

    The platform's own wait goes before ours. The answer has the number of attempts with it.
    """
    start, attempts = clock(), 1
    outcome = await send()
    for wait in waits:
        if not isinstance(outcome, NotSent) or clock() - start >= patience:
            break
        await sleep(max(wait, outcome.retry_after or 0.0))
        outcome = await send()
        attempts += 1
    return outcome, attempts
