"""How a request of a migration leaves: while its run is open, behind live traffic at the quotas, and only once its intent is committed."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from msgspec import Struct

from converters.core.outcome import NotSent, Unsure
from converters.platform import Reply, Request
from converters.routing.route import App
from streams.exactly_once.shutdown import RevokedError, Shutdown, clock
from streams.migrate.book import Book
from streams.migrate.context import Around

T = TypeVar("T", bound=Struct)

GROWN_OLD = NotSent("its intent had grown old")


def _is_before(until: float) -> bool:
    return clock() < until


class Leaving:
    """Of one partition."""

    def __init__(self, around: Around, book: Book, drain: Shutdown) -> None:
        self._around = around
        self._book = book
        self._drain = drain
        self._slots = asyncio.Semaphore(around.in_flight)
        self._at_the_gate: set[asyncio.Task[object]] = set()
        self.under_way = 0

    def wake(self) -> None:
        """The partition is let go: nobody waits at the gate any more."""
        for waiting in self._at_the_gate:
            waiting.cancel()

    async def one(
        self, request: Request, app: App, source: bytes, read: Callable[[Request, Reply], T], *, again: bool, ready: Callable[[], None]
    ) -> T | NotSent | Unsure:
        """One attempt, and what *read* makes of its answer; *ready* puts its intent down when its turn has come. Raises RevokedError."""
        gate, client = self._around.gates[app.name], self._around.clients[app.name]
        me = asyncio.current_task()
        assert me is not None
        async with self._slots:
            while True:
                if not self._goes(app.name):
                    await self._may_go(app.name, source)
                self._at_the_gate.add(me)
                try:
                    async with gate.breaker_call(request) as passage:
                        if not await gate.admit(passage, request, live=False, again=again, source=app.name):
                            again = True
                            continue
                        self._at_the_gate.discard(me)
                        ready()
                        until = await self._book.license() + self._around.settings.lease
                        if clock() >= until or self._drain.order.is_set():
                            return GROWN_OLD
                        began = time.perf_counter()
                        self.under_way += 1
                        try:
                            answer = await client.reply(request, partial(_is_before, until))
                        finally:
                            self.under_way -= 1
                        outcome = read(request, answer) if isinstance(answer, Reply) else answer
                        client.count(request.api, outcome, time.perf_counter() - began)
                        gate.learn(passage, request, outcome)  # type: ignore[arg-type]  # it tells apart what it knows
                        return outcome
                except asyncio.CancelledError:
                    if self._drain.order.is_set():
                        raise RevokedError from None
                    raise
                finally:
                    self._at_the_gate.discard(me)

    def _goes(self, app: str) -> bool:
        """Whether nothing has to be asked or waited for."""
        return not self._drain.order.is_set() and self._around.orders.open(app) and app not in self._around.fuse.held

    async def _may_go(self, app: str, source: bytes) -> None:
        """Raises RevokedError."""
        orders, fuse = self._around.orders, self._around.fuse
        while True:
            if self._drain.order.is_set():
                raise RevokedError
            if not orders.open(app):
                await self._drain.rest(1.0)
            elif app in fuse.held and not fuse.admits(app, source):
                await self._drain.rest(min(1.0, max(0.01, fuse.pause(app, source))))
            else:
                return
