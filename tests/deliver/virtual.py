"""Time that passes only while everyone waits: hours of waiting in a moment, and the same each time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop on a clock that jumps to the next timer; *lag* is by how many seconds it wakes too late."""

    def __init__(self, lag: Callable[[], float] = lambda: 0.0) -> None:
        self.now = 1000.0
        super().__init__(_Jumping(self, lag))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop, lag: Callable[[], float]) -> None:
        super().__init__()
        self._loop = loop
        self._lag = lag

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everyone waits, and no timer is set")
        if timeout > 0:
            self._loop.now += timeout + self._lag()
        return super().select(0)


def run(main: Coroutine[object, object, T], lag: Callable[[], float] = lambda: 0.0) -> T:
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(lag)) as runner:
        return runner.run(main)


async def settle() -> None:
    """Let everyone run who can, without time."""
    for _ in range(20):
        await asyncio.sleep(0)
