"""The processes of the pool, as it sees them: the one that forks, and each that it has forked. See `zygote` for what they say."""

import asyncio
import socket
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress

import msgspec

from streams.media.transcode.request import TranscodeLimits, TranscodeSpec
from streams.media.transcode.results import RequestFiles, pair
from streams.media.transcode.wire import LENGTH, LONGEST_ANSWER, WorkerAnswer, WorkerReady, decode_answer, decode_ready, encode, framed
from streams.media.transcode.worker import Sandbox
from streams.media.transcode.zygote import ALONE, FILM, NUMBER, THREADS, command

_START = 60.0
"""Seconds in which the zygote has to have read its libraries."""
LAST = 2.0
"""Seconds that a worker which has said its last word is given to end of itself, so that its exit code says why."""


class NoWorkerError(Exception):
    """No process can be started on this machine, or the pool is closed: nothing is said of the file."""


class NotSandboxedError(NoWorkerError):
    """One can, and the kernel does not keep it in, as the settings require."""


class ChannelClosedError(Exception):
    """The other side said nothing more, or nonsense."""


class ZygoteProcess:
    """The process that forks the workers, and another when that is gone."""

    def __init__(self, limits: TranscodeLimits, sandbox: Sandbox, program: str) -> None:
        self._limits = limits
        self._sandbox: Sandbox = sandbox
        self._program = program
        self._process: Process | None = None
        self._control: socket.socket | None = None
        self._starting = asyncio.Lock()
        self.ready = WorkerReady()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def lives(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """If it does not live. Raises `NoWorkerError`."""
        async with self._starting:
            if not self.lives:
                await self._start()

    async def _start(self) -> None:
        await self.end()
        self._control, theirs = pair()
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    *command(self._program, self._limits, self._sandbox),
                    stdin=theirs.fileno(),
                    stdout=DEVNULL,
                    stderr=DEVNULL,
                    cwd="/",
                    start_new_session=True,
                    env={},  # and none of our secrets
                )
            async with asyncio.timeout(_START):
                self.ready = decode_ready(await _message(self._control))
        except (ChannelClosedError, OSError, TimeoutError, msgspec.DecodeError) as error:
            await self.end()
            raise NoWorkerError("no worker process comes up") from error
        except BaseException:
            await self.end()
            raise
        if self._sandbox == "require" and not self.ready.seccomp:
            await self.end()
            raise NotSandboxedError("the kernel does not keep a worker from what it must not do")

    async def gone(self) -> None:
        if self._process is not None:
            await self._process.wait()

    def hand(self, word: bytes, descriptors: list[int]) -> None:
        """For one worker; *word* is the zygote's. Raises `NoWorkerError`."""
        try:
            assert self._control is not None
            socket.send_fds(self._control, [word], descriptors)  # a byte and a handful: it fits, or the other side is gone
        except OSError as error:
            raise NoWorkerError("no worker process can be started") from error

    async def end(self) -> None:
        """Its workers end with it."""
        process, self._process = self._process, None
        if self._control is not None:
            self._control.close()
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class WorkerProcess:
    """The process of one order, seen from here: a channel to it, and what the zygote tells of it."""

    def __init__(self, zygote: ZygoteProcess, files: RequestFiles) -> None:
        """Raises `NoWorkerError`."""
        self._channel, channel = pair()
        self._told, told = pair()
        self.pid = 0
        with channel, told:
            try:
                zygote.hand(
                    FILM if files.film else THREADS if files.threaded else ALONE, [told.fileno(), channel.fileno(), *files.descriptors]
                )
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        self._channel.close()
        self._told.close()

    async def begun(self) -> int:
        """Its process id. Raises `NoWorkerError`."""
        pid = await self._number()
        if pid is None:
            raise NoWorkerError("no worker process can be started")
        return pid

    async def answer(self, wanted: TranscodeSpec) -> WorkerAnswer:
        """Raises EndedError, OSError, DecodeError."""
        await asyncio.get_running_loop().sock_sendall(self._channel, framed(encode(wanted)))
        return decode_answer(await _message(self._channel))

    async def silent(self) -> bool:
        """Whether it said nothing more; of one that has ended."""
        try:
            async with asyncio.timeout(LAST):
                return not await asyncio.get_running_loop().sock_recv(self._channel, 1)
        except TimeoutError:  # somebody whom it left behind holds the other end
            return False
        except OSError:
            return True

    async def code(self, patience: float) -> int | None:
        """Its exit code, after *patience* seconds by the zygote's hand; None where the zygote itself is gone."""
        try:
            async with asyncio.timeout(patience):
                return await self._number()
        except TimeoutError:
            return await self.killed()

    async def killed(self) -> int | None:
        with suppress(OSError):
            self._told.shutdown(socket.SHUT_WR)
        if not self.pid:  # it has not been told yet, and comes first
            await self._number()
        return await self._number()

    async def _number(self) -> int | None:
        try:
            return int.from_bytes(await _exactly(self._told, NUMBER), "big", signed=True)
        except (ChannelClosedError, OSError):
            return None


async def _message(source: socket.socket) -> bytes:
    length = int.from_bytes(await _exactly(source, LENGTH), "big")
    if length > LONGEST_ANSWER:
        raise ChannelClosedError
    return await _exactly(source, length)


async def _exactly(source: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        piece = await asyncio.get_running_loop().sock_recv(source, length - len(found))
        if not piece:
            raise ChannelClosedError
        found += piece
    return found
