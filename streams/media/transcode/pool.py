"""A worker process for each file: it has its own limits, sees no other file, and is worth no more than the order that it works at."""

import asyncio
import os
from contextlib import nullcontext, suppress
from signal import SIGSYS, SIGXCPU

import msgspec

from streams.media.transcode.processes import (
    LAST,
    EndedError,
    NoWorker,
    Unsealed,
    WorkerProcess,
    ZygoteProcess,
)
from streams.media.transcode.request import Failed, Limits, Made, Order, Reason, for_films
from streams.media.transcode.results import Files, UntrueError
from streams.media.transcode.wire import Answer, Ready
from streams.media.transcode.worker import UNSEALED, Sandbox

__all__ = ["Failed", "Limits", "Made", "NoWorker", "Order", "Pool", "Ready", "Unsealed"]

_SIGNALS: dict[int, Reason] = {-SIGXCPU: "cpu", -SIGSYS: "forbidden-call"}


class Pool:
    """At most *workers* processes at once, of which films leave one to the others, since they take long.

    An order waits until there is room for one. Who came first is served first.
    """

    def __init__(
        self, workers: int, limits: Limits, sandbox: Sandbox = "prefer", program: str = "streams.media.transcode.zygote"
    ) -> None:
        self._limits = limits
        self._zygote = ZygoteProcess(limits, sandbox, program)
        self._room = asyncio.Semaphore(workers)
        self._room_of_films = asyncio.Semaphore(max(1, workers - 1))
        self._keeping: asyncio.Task[None] | None = None
        self._working: set[int] = set()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the process that forks the workers."""
        return self._zygote.pid if self._zygote.lives else None

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the workers that have an order."""
        return tuple(self._working)

    @property
    def ready(self) -> Ready:
        """What keeps the workers in."""
        return self._zygote.ready

    async def start(self) -> None:
        """Raises `NoWorker`, `Unsealed`."""
        await self._zygote.start()
        self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        """When it dies another is started at once, not when the next order comes."""
        while True:
            await self._zygote.gone()
            try:
                await self._zygote.start()
            except NoWorker:  # the next order tries, and says so
                await asyncio.sleep(LAST)

    async def press(self, order: Order) -> Made | Failed:
        """What became of *order*; its time begins when there is room for it. Raises `NoWorker`, which is not the file's fault.

        The order's directory is its own: names in it are always the same. What was written there for an order that failed is gone.
        """
        async with self._room_of_films if order.film else nullcontext(), self._room:
            self._open()
            await self._zygote.start()
            if self._closed:
                await self._zygote.end()  # it may have come up behind the back of `close`
            self._open()
            with Files(order, self._limits) as files:
                worker = WorkerProcess(self._zygote, files)
                try:
                    return await self._pressed(worker, order, files)
                finally:
                    self._working.discard(worker.pid)
                    worker.close()

    def _open(self) -> None:
        if self._closed:
            raise NoWorker("the pool is closed")

    async def _pressed(self, worker: WorkerProcess, order: Order, files: Files) -> Made | Failed:
        answer: Answer | None = None
        try:
            async with asyncio.timeout((for_films(self._limits) if files.film else self._limits).seconds):
                worker.pid = await worker.begun()
                self._working.add(worker.pid)
                with suppress(EndedError, OSError, msgspec.DecodeError):  # its exit code says why
                    answer = await worker.answer(order.wanted)
        except TimeoutError:
            await worker.killed()
            return Failed("timeout", crashed=True)
        except BaseException:  # who waited has gone
            await worker.killed()
            raise
        code = await worker.code(LAST)
        if code is None or code == UNSEALED:
            raise NoWorker("the process that forks the workers is gone" if code is None else "the kernel keeps no worker in")
        if code or answer is None or not await worker.silent():
            return Failed(_SIGNALS.get(code, "crashed"), crashed=True)
        if answer.failed is not None:
            return Failed(answer.failed)
        try:
            return files.taken(answer.made) if answer.made is not None else Failed("crashed", crashed=True)
        except UntrueError:
            return Failed("crashed", crashed=True)

    async def close(self) -> None:
        """Ends every process; who still waits gets `NoWorker`."""
        self._closed = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._zygote.end()
        for pid in self.pids:
            await _ended(pid)


async def _ended(pid: int) -> None:
    """The kernel kills workers with their zygote; until it has."""
    while True:
        try:
            os.kill(pid, 0)
        except OSError:
            return
        await asyncio.sleep(0.01)
