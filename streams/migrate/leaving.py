"""How a request of a migration leaves: while its run is open, behind live traffic at the quotas, and only once its intent is committed."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from converters.core.outcome import NotSent, Unsure
from converters.platform import Reply, Request
from converters.routing.route import App
from streams.exactly_once.shutdown import RevokedError, Shutdown, clock
from streams.migrate.book import Book
from streams.migrate.context import Around
from streams.outbound.admission import GateWaiters
from streams.outbound.slots import Slots

T = TypeVar("T", bound=Struct)

GROWN_OLD = NotSent("its intent had grown old")


class Leaving:
    """Of one partition."""

    def __init__(self, around: Around, book: Book, drain: Shutdown) -> None:
        self._around = around
        self._book = book
        self._drain = drain
        self._slots = Slots(around.in_flight)
        self._waiters = GateWaiters()
        self.under_way = 0

    def wake(self) -> None:
        """The partition is let go: nobody waits at the gate any more."""
        self._waiters.wake()

    async def one(
        self, request: Request, app: App, source: bytes, read: Callable[[Request, Reply], T], *, again: bool, ready: Callable[[], None]
    ) -> T | NotSent | Unsure:
        """One attempt, and what *read* makes of its answer; *ready* puts its intent down when its turn has come. Raises RevokedError."""
        gate, slots = self._around.gates[app.name], self._slots
        if not slots.take():
            await slots.wait()
        try:
            while True:
                if not self._goes(app.name):
                    await self._may_go(app.name, source)
                passage = gate.at_once(request) or await self._waiters.turn(gate, request, live=False, again=again, source=app.name)
                if passage is not None:
                    break
                again = True
            try:
                ready()
                until = await self._book.license() + self._around.settings.lease
                began = clock()
                if began >= until or self._drain.order.is_set():
                    return GROWN_OLD
                client = self._around.clients[app.name]
                self.under_way += 1
                try:
                    answer = await client.reply(request, lambda: clock() < until)
                finally:
                    self.under_way -= 1
                outcome = read(request, answer) if isinstance(answer, Reply) else answer
                client.count(request.api, outcome, clock() - began)
                gate.learn(passage, request, outcome)  # type: ignore[arg-type]  # it tells apart what it knows
                return outcome
            finally:
                passage.left()
        except asyncio.CancelledError:
            if self._drain.order.is_set():
                raise RevokedError from None
            raise
        finally:
            slots.give_back()

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
