"""Lists of a platform, read through its `Reader`s: within its quotas, behind everything live."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import islice
from typing import TypeVar

from msgspec import Struct

from converters.inventory import AnyItem
from converters.migration import AnyReader, Cursor, Found, NoAnswer
from converters.platform import FoundCallback, TimeRange
from converters.routing.route import App
from streams.outbound.asking import Asking
from streams.outbound.vendor_client import VendorClient

SIDE_BY_SIDE = 16
"""Subjects that are asked about at once."""

Yielded = AnyItem | Found | Cursor | FoundCallback
T = TypeVar("T")
R = TypeVar("R")


class ReadingEnd(Struct):
    """How a reading ended."""

    why: str = ""
    """What could not be seen, in the platform's own fixed words."""
    silent: bool = False
    """The platform did not answer, or is not well: it may tell later."""


class ListReader:
    """*unseen*: what the platform could not tell, in its own fixed words, and how often."""

    def __init__(self, app: App, client: VendorClient) -> None:
        self._app, self._client = app, client
        self._readers = {one.name: one for one in app.platform.readers}
        self.unseen: Counter[str] = Counter()

    def reader(self, name: str) -> AnyReader | None:
        return self._readers.get(name)

    async def read(
        self,
        reader: AnyReader,
        subjects: Sequence[str] = (),
        span: TimeRange | None = None,
        cursor: str = "",
        ended: ReadingEnd | None = None,
    ) -> AsyncIterator[Yielded]:
        """What the platform tells of *subjects*, which are in its own words. What it does not is noted in `unseen`, and in *ended*."""
        ended = ended or ReadingEnd()
        asking: Asking[Yielded] = Asking(reader.ask(subjects, span, cursor, self._app.account), self._client.ask)
        async with aclosing(aiter(asking)) as steps:
            async for step in steps:
                yield step
        if asking.unseen:
            ended.why, ended.silent = str(asking.unseen), isinstance(asking.unseen, NoAnswer)
            self.unseen[ended.why] += 1

    async def items(self, reader: AnyReader, subjects: Sequence[str]) -> list[AnyItem] | None:
        """All of it at once; None where the platform did not tell."""
        ended = ReadingEnd()
        found: list[AnyItem] = []
        async with aclosing(self.read(reader, subjects, ended=ended)) as reading:  # type: ignore[type-var]
            async for one in reading:
                found += [] if isinstance(one, Found | Cursor | FoundCallback) else [one]
        return None if ended.why else found


async def in_order(given: Iterable[T], work: Callable[[T], Awaitable[R]], width: int = SIDE_BY_SIDE) -> AsyncIterator[tuple[T, R]]:
    """*work* done for each of *given*, *width* at once; results in the order of *given*."""
    source: Iterator[T] = iter(given)
    running: list[tuple[T, asyncio.Task[R]]] = []
    try:
        while True:
            running += [(one, asyncio.ensure_future(work(one))) for one in islice(source, width - len(running))]
            if not running:
                return
            one, task = running.pop(0)
            yield one, await task
    finally:
        for _, task in running:
            task.cancel()
