"""A look at the broker that serves all who ask before it is made."""

import asyncio
from collections.abc import Awaitable, Callable


class Coalescer:
    """Each call returns once *made* was called after it and has returned. Raises what *made* raises."""

    def __init__(self, made: Callable[[], Awaitable[None]]) -> None:
        self._made = made
        self._next: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        if self._next is None:
            self._next = asyncio.create_task(self._make())
        await asyncio.shield(self._next)

    def cancel(self) -> None:
        """One that is not begun is not made."""
        if self._next is not None:
            self._next.cancel()

    async def _make(self) -> None:
        await asyncio.sleep(0)
        self._next = None
        await self._made()
