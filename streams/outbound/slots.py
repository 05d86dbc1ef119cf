"""So many at once; whoever waits has a place in his turn."""

import asyncio
from collections import deque


class Slots:
    """A semaphore that costs a message nothing where there is a place: `take` it, or `wait` for it, and `give_back` what was had."""

    __slots__ = ("_free", "_waiting")

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()
        """Nobody waits while a place is free."""

    def take(self) -> bool:
        """Whether there was one, which is taken."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Until one is given to the caller, who found none to take."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was given, and is not wanted any more
                self.give_back()
            raise

    def give_back(self) -> None:
        """To the first who waits, or to whoever comes."""
        waiting = self._waiting
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
