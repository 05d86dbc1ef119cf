"""Puts the requests of a platform's own generator, one after the other, and gives out what it finds between them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Generic, TypeVar

from converters.platform import FileRequest, Reply, Request

F = TypeVar("F")


class Asking(Generic[F]):
    """`async for` each thing that *steps* finds, while *ask* answers its requests; *told* hears how many it has answered."""

    def __init__(
        self,
        steps: Generator[F | Request | FileRequest, Reply | None, str],
        ask: Callable[[Request | FileRequest], Awaitable[Reply | None]],
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._steps, self._ask, self._told = steps, ask, told
        self.unseen = ""
        """Once it is over: what could not be seen, in the platform's own words."""

    async def __aiter__(self) -> AsyncGenerator[F, None]:
        answer: Reply | None = None
        answered = 0
        try:
            while True:
                step = self._steps.send(answer)
                answer = None
                if isinstance(step, Request | FileRequest):
                    answer = await self._ask(step)
                    answered += 1
                    self._told(answered)
                else:
                    yield step
        except StopIteration as end:
            self.unseen = end.value
        finally:
            self._steps.close()
