"""A server on loopback that says exactly the bytes it is told to, and the names by which it is found."""

import asyncio
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from types import TracebackType
from typing import Self

from aiohttp.abc import AbstractResolver, ResolveResult

Speech = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; underscores in names of headers are hyphens."""
    told = {"Content_Length": str(len(body)), "Connection": "close"} | headers
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in told.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Origin:
    """`paths` says what is answered: bytes, after which the connection is closed, or what then happens on it."""

    def __init__(self, host: str = "127.0.0.1", tls: SSLContext | None = None) -> None:
        self.host = host
        self._tls = tls
        self.paths: dict[str, bytes | Speech] = {}
        self.heads: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0, ssl=self._tls)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str, host: str = "") -> str:
        return f"http{'s' if self._tls else ''}://{host or self.host}:{self.port}{path}"

    @property
    def asked(self) -> list[str]:
        return [head.split(" ")[1] for head in self.heads]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            speech = self.paths[head.split(" ")[1]]
            if isinstance(speech, bytes):
                writer.write(speech)
                await writer.drain()
            else:
                await speech(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side has heard enough
        finally:
            writer.close()
            self._tasks.discard(task)


class Names(AbstractResolver):
    """Answers for a name one after the other what it was given; the last for ever. Nothing else is known."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(one) for name, one in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        self.asked.append(host)
        if host not in self._answers:
            raise OSError(-2, "no such name")
        answers = self._answers[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0) for one in found]

    async def close(self) -> None:
        pass
