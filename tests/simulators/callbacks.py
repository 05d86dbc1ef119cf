"""Callbacks on their way to the receiver: in order within a conversation, side by side across conversations."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from tests.simulators.clock import now_ms
from tests.simulators.journal import Journal
from tests.simulators.moods import Moods
from tests.simulators.posting import AnswerError, Poster

CONCURRENCY = 64
RESTS = 4.0
"""Seconds that a connection may rest."""
STRAY = (0.02, 0.4)
"""Seconds by which a doubled or reordered callback comes late."""


class Parcel:
    """One callback; ``message`` is ``<type>:<id>``, ``settled`` is set when somebody waits for the first attempt."""

    __slots__ = ("attempts", "body", "due", "lane", "message", "settled", "tally", "url")

    def __init__(self, url: str, lane: str, message: str, body: bytes, tally: Counter[str] | None = None) -> None:
        self.url = url
        self.lane = lane
        self.message = message
        self.body = body
        self.tally = tally
        self.attempts = 0
        self.due = 0.0
        self.settled: asyncio.Future[None] | None = None


class Policy(Protocol):
    """How a vendor delivers: what it signs, what it takes for delivered, and when it gives up."""

    timeout: float

    def headers(self, body: bytes) -> Mapping[str, str]: ...

    def delivered(self, status: int, answer: bytes) -> bool: ...

    def banned(self, now: float) -> bool:
        """Whether callbacks are dropped unsent at present."""

    def retry_after(self, attempts: int, now: float) -> float | None:
        """Seconds until the next attempt after *attempts* that failed, the last one at *now*; None gives up."""


class Courier:
    """Sends parcels while ``running``; unordered, it has one lane a parcel."""

    def __init__(
        self,
        policy: Policy,
        moods: Moods,
        journal: Journal,
        *,
        early: float = 0.0,
        ordered: bool = True,
        lost: Callable[[Parcel], None] | None = None,
        address: Callable[[str, bytes], str] = lambda url, _: url,
    ) -> None:
        """*lost* is given every parcel that was given up or fell into a ban; *address* makes the URL of one attempt
        from the parcel's and its body."""
        self._policy = policy
        self._moods = moods
        self._journal = journal
        self._early = early
        self._ordered = ordered
        self._lost = lost
        self._address = address
        self._lanes: dict[object, deque[Parcel]] = {}
        self._ready: asyncio.Queue[object] = asyncio.Queue()
        self._poster = Poster(policy.timeout, RESTS)
        self.queued = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        workers = [asyncio.create_task(self._work()) for _ in range(CONCURRENCY)]
        for worker in workers:
            worker.add_done_callback(report)
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self._poster.close()

    async def probe(self, url: str) -> int | str:
        """Post ``{}`` as a console does when the URL is saved; the status, or why there is none."""
        return (await self._post(url, b"{}"))[0]

    def send(self, parcel: Parcel) -> None:
        """Put *parcel* in its lane; the mood may lose it, delay it, let it fall behind, or double it."""
        mood, chance = self._moods.now, self._moods.chance
        if chance(mood.lose_callbacks):
            self._lose(parcel)
            return
        now = asyncio.get_running_loop().time()
        if chance(max(self._early, mood.callbacks_before_answer)):
            parcel.settled = asyncio.get_running_loop().create_future()
        if mood.delay_callbacks:
            parcel.due = now + self._moods.between(mood.delay_callbacks)
        if chance(mood.reorder_callbacks):
            parcel.due = max(now, parcel.due) + self._moods.between(STRAY)
            self._put(object(), parcel)
        else:
            self._put((parcel.url, parcel.lane) if self._ordered else object(), parcel)
        if chance(mood.double_callbacks):
            twin = Parcel(parcel.url, parcel.lane, parcel.message, parcel.body)
            twin.due = max(now, parcel.due) + self._moods.between(STRAY)
            self._put(object(), twin)

    def _lose(self, parcel: Parcel) -> None:
        self._journal.note("callback", now_ms(), id=parcel.message, lane=parcel.lane, attempt=0, status=None, outcome="lost")
        if parcel.tally is not None:
            parcel.tally["failed"] += 1

    def _put(self, key: object, parcel: Parcel) -> None:
        self.queued += 1
        lane = self._lanes.get(key)
        if lane is not None:
            lane.append(parcel)
            return
        self._lanes[key] = deque((parcel,))
        self._schedule(key, parcel.due)

    def _schedule(self, key: object, due: float) -> None:
        loop = asyncio.get_running_loop()
        if due > loop.time():
            loop.call_at(due, self._ready.put_nowait, key)
        else:
            self._ready.put_nowait(key)

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            lane = self._lanes[key]
            if await self._attempt(lane[0]):
                lane.popleft()
                self.queued -= 1
            if lane:
                self._schedule(key, lane[0].due)
            else:
                del self._lanes[key]

    async def _attempt(self, parcel: Parcel) -> bool:
        """Whether the parcel is done with: acknowledged or lost."""
        loop = asyncio.get_running_loop()
        status: int | str | None
        if self._policy.banned(loop.time()):
            status, outcome = None, "banned"
        else:
            parcel.attempts += 1
            status, answer = await self._post(parcel.url, parcel.body)
            if isinstance(status, int) and self._policy.delivered(status, answer):
                outcome = "acknowledged"
            else:
                delay = self._policy.retry_after(parcel.attempts, loop.time())
                outcome = "again" if delay is not None else "lost"
                parcel.due = loop.time() + (delay or 0.0)
        now = now_ms()
        self._journal.note("callback", now, id=parcel.message, lane=parcel.lane, attempt=parcel.attempts, status=status, outcome=outcome)
        if parcel.settled and not parcel.settled.done():
            parcel.settled.set_result(None)
        if outcome == "again":
            return False
        if outcome == "acknowledged":
            self._journal.ended(parcel.message, now)
        elif self._lost:
            self._lost(parcel)
        if parcel.tally is not None:
            parcel.tally["acknowledged" if outcome == "acknowledged" else "failed"] += 1
        return True

    async def _post(self, url: str, body: bytes) -> tuple[int | str, bytes]:
        try:
            return await self._poster.post(self._address(url, body), body, self._policy.headers(body))
        except (OSError, TimeoutError, AnswerError) as error:
            return type(error).__name__, b""


def report(worker: asyncio.Task[None]) -> None:
    """Let the loop log what ended a worker; none ends by itself."""
    if not worker.cancelled():
        worker.result()
