"""A circuit breaker for each API of each app: while the target fails, callers wait and few probe it; other targets are not affected."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from random import random
from types import TracebackType
from typing import Self

from msgspec import Struct


class BreakerState(IntEnum):
    """As the gauge shows it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class BreakerPolicy(Struct, frozen=True):
    """When to open, and for how long."""

    window: float = 10.0
    """Seconds over which failures are counted."""
    failures: float = 0.5
    """Share of the calls of a window that opens."""
    least: int = 20
    """Calls in a window, before which nothing opens."""
    first: float = 1.0
    """Seconds open; doubled each time a probe fails."""
    longest: float = 60.0
    """Seconds open, at the most."""
    probes: int = 3
    """Calls at once, while half open."""
    rest: float = 900.0
    """Seconds half open without a call, after which it is closed: nobody wants anything of the target, and nothing is known of it."""


_POLICY = BreakerPolicy()
_SLICES = 10  # of a window: what is older than a window goes by tenths of it


class BreakerCall:
    """One call: `async with` it, which enters when calls are let through. It counts only when its end is told; left without, it gives its
    place to the next.
    """

    __slots__ = ("_breaker", "_era", "_told")

    def __init__(self, breaker: "Breaker") -> None:
        self._breaker = breaker
        self._era = -1
        self._told = False

    async def __aenter__(self) -> Self:
        if not self.enter():
            await self._breaker.wait()
            self._era = self._breaker.era
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        del kind, error, trace
        self.left()

    def enter(self) -> bool:
        """Whether calls are let through now, so that nobody needs to wait: it is entered then, and whoever did so says when it is `left`."""
        breaker = self._breaker
        if breaker.state is not BreakerState.CLOSED:
            return False
        self._era = breaker.era
        return True

    def left(self) -> None:
        """Without its end told, its place is the next one's."""
        if not self._told and self._era == self._breaker.era:
            self._breaker.unused()

    def holds(self) -> bool:
        """Just before the call, if there was a wait since: whether it may be made; if not, leave and come again."""
        if self._breaker.state is BreakerState.CLOSED:
            self._era = self._breaker.era
        return self._era == self._breaker.era

    def ended(self, *, failed: bool) -> None:
        """*failed*: the target did not answer, or with an error of its own; not "too much", and not a refusal."""
        self._told = True
        self._breaker.record(self._era, failed=failed)


class Breaker:
    """The clock is the *loop*'s; *chance* (0 to 1) spreads the probes of many workers over half of the time open."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        policy: BreakerPolicy = _POLICY,
        chance: Callable[[], float] = random,
        on_change: Callable[[BreakerState], None] = lambda _: None,
    ) -> None:
        self._loop = loop
        self._policy = policy
        self._chance = chance
        self._on_change = on_change
        self.state = BreakerState.CLOSED
        self.era = 0
        """Goes up with each change: what began in an earlier one says nothing about this."""
        self._open_for = policy.first
        self._slices: deque[list[int]] = deque()
        """Number of the slice, calls, failures."""
        self._probing = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._called = 0.0

    # -- for BreakerCall

    async def wait(self) -> None:
        self._called = self._loop.time()
        if self.state is BreakerState.HALF_OPEN and self._probing < self._policy.probes:
            self._probing += 1
            return
        future = self._loop.create_future()
        self._waiting.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled() and self.state is BreakerState.HALF_OPEN:
                self.unused()
            raise
        if self.state is BreakerState.OPEN:  # opened again between the word and the waking
            await self.wait()

    def unused(self) -> None:
        if self.state is BreakerState.HALF_OPEN:
            self._probing -= 1
            self._probe()

    def record(self, era: int, *, failed: bool) -> None:
        if era != self.era:
            return
        if self.state is BreakerState.HALF_OPEN:
            if failed:
                self._open_for = min(self._open_for * 2, self._policy.longest)
                self._open()
            else:
                self._close()
        elif self._too_many(failed=failed):
            self._open()

    # -- states

    def _too_many(self, *, failed: bool) -> bool:
        slices, policy = self._slices, self._policy
        number = int(self._loop.time() * _SLICES / policy.window)
        if not slices or slices[-1][0] != number:
            slices.append([number, 0, 0])
            while slices[0][0] <= number - _SLICES:
                slices.popleft()
        last = slices[-1]
        last[1] += 1
        if not failed:
            return False
        last[2] += 1
        calls = sum(one[1] for one in slices)
        return calls >= policy.least and sum(one[2] for one in slices) >= calls * policy.failures

    def _open(self) -> None:
        self._change(BreakerState.OPEN)
        self._loop.call_later(self._open_for * (1 + self._chance() / 2), self._half_open)

    def _half_open(self) -> None:
        self._probing = 0
        self._change(BreakerState.HALF_OPEN)
        self._called = self._loop.time()
        self._loop.call_later(self._policy.rest, self._rest, self.era)
        self._probe()

    def _rest(self, era: int) -> None:
        if era != self.era:
            return
        left = self._policy.rest if self._probing or self._waiting else self._called + self._policy.rest - self._loop.time()
        if left <= 0:
            self._close()
        else:
            self._loop.call_later(left, self._rest, era)

    def _close(self) -> None:
        self._open_for = self._policy.first
        self._slices.clear()
        self._change(BreakerState.CLOSED)
        waiting, self._waiting = self._waiting, deque()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _probe(self) -> None:
        while self._waiting and self._probing < self._policy.probes:
            future = self._waiting.popleft()
            if not future.done():
                self._probing += 1
                future.set_result(None)

    def _change(self, state: BreakerState) -> None:
        self.state = state
        self.era += 1
        self._on_change(state)
