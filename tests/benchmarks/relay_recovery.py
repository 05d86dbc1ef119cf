"""How long after the `kill -9` of a role the relay carries the full rate again. The role is started again at once."""

import os
import signal
import time
from typing import Any

from tests.benchmarks.relay_lag import at_rest
from tests.stack import Stack

LOW, WIDE = 1.0, 2.0
"""Seconds over which a rate is taken: to see that it fell, and to see that it is full again."""
STEP = 0.25
FULL = 0.9
"""Of what is said; the rest is the chance of a short span."""
BEFORE, AFTER = 4, 26
"""Seconds of load before and after the kill."""


def recovery(stack: Stack, role: str, rate: int, conversations: int, seed: int) -> float:
    """Seconds from the kill until both targets receive at the full rate; 0 where neither ever fell."""
    sides = (stack.yunxin, stack.easemob)
    marks = [_last(side) for side in sides]
    seconds = BEFORE + AFTER
    begin = time.time()
    for number, side in enumerate(sides):
        side.load(rate=rate / 2, count=rate * seconds // 2, conversations=conversations, seed=seed + number)
    time.sleep(BEFORE)
    child = stack.roles[role].child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    killed = time.time()
    child.wait()
    stack.roles[role].start()
    time.sleep(max(0.0, begin + seconds - time.time()))
    stack.wait_ready(stack.roles[role])
    recovered = killed
    for side, mark in zip(sides, marks, strict=True):
        took = [entry["time"] / 1000 for entry in side.journal("accepted", since=mark) if entry["api"] == "send"]
        recovered = max(recovered, _full_again(took, killed, begin + seconds - 1.0, rate / 2))
    at_rest(stack)
    return recovered - killed


def _full_again(took: list[float], killed: float, end: float, rate: float) -> float:
    """When the first span at the full *rate* begins after the rate has fallen; *end* where it never does."""

    def full(start: float, width: float) -> bool:
        return sum(start <= at < start + width for at in took) >= FULL * rate * width

    start = killed
    while full(start, LOW):
        start += STEP
        if start + LOW > end:
            return killed
    while not full(start, WIDE):
        start += STEP
        if start + WIDE > end:
            return end
    return start


def _last(simulator: Any) -> int:
    entries = simulator.journal("said", "accepted")
    return int(entries[-1]["seq"]) if entries else 0
