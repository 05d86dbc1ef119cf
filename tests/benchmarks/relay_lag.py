"""The highest rate at which no role falls behind: the rate goes up in steps, and each role's lag is looked at in each.

A step that was too much is tried once more before it counts: other work on the machine comes and goes.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

import httpx

from tests.stack import Stack

GROWTH = 0.05
"""Of what comes in: a lag that grows faster is growing; slower, it is the jitter of a batch."""
LOOKS = 4
"""Looks at the lag in each half of a step. A role's gauge moves every 2 s."""
STATED = "im_relay_lag_records"
WAITING = "im_relay_callbacks_waiting"


class Step(NamedTuple):
    rate: int
    growth: dict[str, float]
    """Records a second by which each role's lag grew: from its largest in the first half to its least in the second."""

    def behind(self) -> list[str]:
        return [role for role, grown in self.growth.items() if grown > self.rate * GROWTH]


def lags(stack: Stack) -> dict[str, float]:
    """Records that wait before each role: what Kafka holds; before the ingress, the callbacks that the platforms hold."""
    found = {name: summed(role.metrics(), STATED) for name, role in stack.roles.items() if name != "ingress"}
    queued = sum(float(side.progress()["waiting"]) for side in (stack.yunxin, stack.easemob))
    return {"ingress": queued, **found}


def step(stack: Stack, rate: int, seconds: int, conversations: int, seed: int) -> Step:
    for number, side in enumerate((stack.yunxin, stack.easemob)):
        side.load(rate=rate / 2, count=rate * seconds // 2, conversations=conversations, seed=seed + number)
    looks = []
    pause = seconds * 0.8 / (2 * LOOKS)
    time.sleep(seconds * 0.15)
    for _ in range(2 * LOOKS):
        looks.append(lags(stack))
        time.sleep(pause)
    at_rest(stack)
    growth = {
        role: (min(look[role] for look in looks[LOOKS:]) - max(look[role] for look in looks[:LOOKS])) / (LOOKS * pause) for role in looks[0]
    }
    _drained(stack)
    return Step(rate, growth)


def highest(stack: Stack, rates: Iterable[int], seconds: int, conversations: int, say: Callable[[str], None]) -> int:
    """The last of *rates* before the first at which some role falls behind; 0 where even that is too much."""
    found = 0
    for number, rate in enumerate(rates):
        for attempt in range(2):
            taken = step(stack, rate, seconds, conversations, 1000 + 4 * number + 2 * attempt)
            shown = ", ".join(f"{role} {max(0.0, grown):.0f}" for role, grown in taken.growth.items())
            behind = taken.behind()
            say(f"  at {rate}/s {'falls behind' if behind else 'steady'}; lags grow by, records a second: {shown}")
            if not behind:
                found = rate
                break
        else:
            break
    return found


def rates(first: int, last: int = 20_000, factor: float = 1.15) -> Iterator[int]:
    """From *first* on, each *factor* times the one before, in tens."""
    rate = float(first)
    while rate < last:
        yield round(rate / 10) * 10
        rate *= factor


def at_rest(stack: Stack) -> None:
    """When all is said and taken from the platforms, or after long enough: a relay that falls behind is judged as it stands."""
    for side in (stack.yunxin, stack.easemob):
        with suppress(TimeoutError):
            side.settled()


def summed(exposition: str, metric: str) -> float:
    """All series of *metric* together."""
    return sum(float(line.rpartition(" ")[2]) for line in exposition.splitlines() if line.startswith(metric + "{"))


def _drained(stack: Stack, patience: float = 30.0) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if not any(lags(stack).values()):
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
