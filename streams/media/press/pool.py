"""Worker processes that press files: each with its limits, none worth more than the order that it works at."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from signal import SIGXCPU

import msgspec
from msgspec import json

from streams.media.press.order import Failed, Limits, Made, Order
from streams.media.press.wire import LENGTH, LONGEST_ANSWER, Answer, Ready, decode_answer, encode, framed

__all__ = ["Failed", "Limits", "Made", "NoWorker", "Order", "Pool"]

_ROOT = Path(__file__).parents[3]
_START = 60.0
"""Seconds in which a worker has to have read its libraries."""
_LAST = 2.0
"""Seconds that a process which has closed its pipe is given to end of itself, so that its exit code says why."""


class NoWorker(Exception):
    """No process can be started on this machine, or the pool is closed: nothing is said of the file."""


class _Ended(Exception):
    """The worker said nothing more, or nonsense."""


class _Worker:
    """One place of the pool: a process, and another when that is gone."""

    def __init__(self, limits: Limits, program: str) -> None:
        self._limits = limits
        self._program = program
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def lives(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """In place of whatever was there before. Raises `NoWorker`."""
        await self.end()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", self._program, str(os.getpid()), json.encode(self._limits).decode(),
                stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd="/", start_new_session=True,
                env={"PYTHONPATH": str(_ROOT), "MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"},  # and none of our secrets
            )  # fmt: skip
            async with asyncio.timeout(_START):
                await self._read()
        except (_Ended, OSError, TimeoutError, msgspec.DecodeError) as error:
            await self.end()
            raise NoWorker("no worker process comes up") from error
        except BaseException:
            await self.end()
            raise

    async def press(self, order: Order) -> Made | Failed:
        try:
            async with asyncio.timeout(self._limits.seconds):
                answer = await self._asked(order)
        except TimeoutError:
            await self.end()
            return Failed("timeout", crashed=True)
        except (_Ended, OSError, msgspec.DecodeError):
            code = await self.end(_LAST)
            return Failed("cpu" if code == -SIGXCPU else "crashed", crashed=True)
        except BaseException:  # who waited has gone; the answer must not be taken for the next one's
            await self.end()
            raise
        if answer.failed is not None and answer.failed.reason == "memory":
            await self.end()  # what is left of it is worth little
        return answer.made or answer.failed or Failed("crashed")

    async def _asked(self, order: Order) -> Answer:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(framed(encode(order)))
        await self._process.stdin.drain()
        answer = await self._read()
        if not isinstance(answer, Answer):
            raise _Ended
        return answer

    async def _read(self) -> Ready | Answer:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            length = int.from_bytes(await self._process.stdout.readexactly(LENGTH), "big")
            if length > LONGEST_ANSWER:
                raise _Ended
            return decode_answer(await self._process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            raise _Ended from None

    async def end(self, patience: float = 0.0) -> int | None:
        """Its exit code, after *patience* seconds by our hand."""
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(TimeoutError):
            return await asyncio.wait_for(process.wait(), patience)
        with suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


class Pool:
    """*workers* processes; an order waits until one of them is free."""

    def __init__(self, workers: int, limits: Limits, program: str = "streams.media.press.worker") -> None:
        self._workers = [_Worker(limits, program) for _ in range(workers)]
        self._free: list[_Worker] = []
        self._turn = asyncio.Semaphore(0)
        """One for each that is free. It serves who came first; a queue gives to whoever asks at the right moment."""
        self._restarts: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that run now."""
        return tuple(worker.pid for worker in self._workers if worker.pid is not None and worker.lives)

    async def start(self) -> None:
        """Raises `NoWorker`."""
        try:
            await asyncio.gather(*(worker.start() for worker in self._workers))
        except BaseException:
            await self.close()
            raise
        for worker in self._workers:
            self._release(worker)

    async def press(self, order: Order) -> Made | Failed:
        """What became of *order*; its time begins when a worker takes it up. Raises `NoWorker`, which is not the file's fault.

        The order's directory is its own: names in it are always the same. When the process dies, what it wrote there stays.
        """
        await self._turn.acquire()
        if self._closed:
            self._turn.release()  # the next is told, too
            raise NoWorker("the pool is closed")
        worker = self._free.pop()
        try:
            if not worker.lives:
                await worker.start()
            answer = await worker.press(order)
        finally:
            await self._back(worker)
        if self._closed:
            raise NoWorker("the pool is closed")
        return answer

    async def _back(self, worker: _Worker) -> None:
        if self._closed:
            await worker.end()  # it may have come up behind the back of `close`
            return
        if worker.lives:
            self._release(worker)
            return
        task = asyncio.create_task(self._restart(worker))  # at once, not when the next order comes
        self._restarts.add(task)
        task.add_done_callback(self._restarts.discard)

    async def _restart(self, worker: _Worker) -> None:
        with suppress(NoWorker):  # the next order tries again, and says so
            await worker.start()
        self._release(worker)

    def _release(self, worker: _Worker) -> None:
        self._free.append(worker)
        self._turn.release()

    async def close(self) -> None:
        """Ends every process; who still waits gets `NoWorker`."""
        self._closed = True
        self._turn.release()
        for task in tuple(self._restarts):
            task.cancel()
        await asyncio.gather(*self._restarts, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in self._workers))
