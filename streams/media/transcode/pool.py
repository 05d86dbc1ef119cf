"""A worker process for each file: it has its own limits, sees no other file, and is worth no more than the order that it works at."""

import asyncio
import os
from contextlib import nullcontext, suppress
from signal import SIGSYS, SIGXCPU

import msgspec

from streams.media.transcode.processes import LAST, ChannelClosedError, NotSandboxedError, NoWorkerError, WorkerProcess, ZygoteProcess
from streams.media.transcode.request import Reason, Transcoded, TranscodeFailed, TranscodeLimits, TranscodeRequest, for_films
from streams.media.transcode.results import FalseResultError, RequestFiles
from streams.media.transcode.wire import WorkerAnswer, WorkerReady
from streams.media.transcode.worker import UNSEALED, Sandbox

__all__ = [
    "NoWorkerError",
    "NotSandboxedError",
    "TranscodeFailed",
    "TranscodeLimits",
    "TranscodePool",
    "TranscodeRequest",
    "Transcoded",
    "WorkerReady",
]

_SIGNALS: dict[int, Reason] = {-SIGXCPU: "cpu", -SIGSYS: "forbidden-call"}


class TranscodePool:
    """At most *workers* processes at once, of which films leave one to the others, since they take long.

    An order waits until there is room for one. Who came first is served first.
    """

    def __init__(
        self, workers: int, limits: TranscodeLimits, sandbox: Sandbox = "prefer", program: str = "streams.media.transcode.zygote"
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
    def ready(self) -> WorkerReady:
        """What keeps the workers in."""
        return self._zygote.ready

    async def start(self) -> None:
        """Raises `NoWorkerError`, `NotSandboxedError`."""
        await self._zygote.start()
        self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        """When it dies another is started at once, not when the next order comes."""
        while True:
            await self._zygote.gone()
            try:
                await self._zygote.start()
            except NoWorkerError:  # the next order tries, and says so
                await asyncio.sleep(LAST)

    async def press(self, order: TranscodeRequest) -> Transcoded | TranscodeFailed:
        """What became of *order*; its time begins when there is room for it. Raises `NoWorkerError`, which is not the file's fault.

        The order's directory is its own: names in it are always the same. What was written there for an order that failed is gone.
        """
        async with self._room_of_films if order.film else nullcontext(), self._room:
            self._open()
            await self._zygote.start()
            if self._closed:
                await self._zygote.end()  # it may have come up behind the back of `close`
            self._open()
            with RequestFiles(order, self._limits) as files:
                worker = WorkerProcess(self._zygote, files)
                try:
                    return await self._pressed(worker, order, files)
                finally:
                    self._working.discard(worker.pid)
                    worker.close()

    def _open(self) -> None:
        if self._closed:
            raise NoWorkerError("the pool is closed")

    async def _pressed(self, worker: WorkerProcess, order: TranscodeRequest, files: RequestFiles) -> Transcoded | TranscodeFailed:
        answer: WorkerAnswer | None = None
        try:
            async with asyncio.timeout((for_films(self._limits) if files.film else self._limits).seconds):
                worker.pid = await worker.begun()
                self._working.add(worker.pid)
                with suppress(ChannelClosedError, OSError, msgspec.DecodeError):  # its exit code says why
                    answer = await worker.answer(order.wanted)
        except TimeoutError:
            await worker.killed()
            return TranscodeFailed("timeout", crashed=True)
        except BaseException:  # who waited has gone
            await worker.killed()
            raise
        code = await worker.code(LAST)
        if code is None or code == UNSEALED:
            raise NoWorkerError("the process that forks the workers is gone" if code is None else "the kernel keeps no worker in")
        if code or answer is None or not await worker.silent():
            return TranscodeFailed(_SIGNALS.get(code, "crashed"), crashed=True)
        if answer.failed is not None:
            return TranscodeFailed(answer.failed)
        try:
            return files.taken(answer.made) if answer.made is not None else TranscodeFailed("crashed", crashed=True)
        except FalseResultError:
            return TranscodeFailed("crashed", crashed=True)

    async def close(self) -> None:
        """Ends every process; who still waits gets `NoWorkerError`."""
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
